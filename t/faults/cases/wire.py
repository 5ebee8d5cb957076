"""Faults of the wire: a proxy between the module and Redis delays, splits,
joins, swaps, cuts and loses what Redis says, and never makes a lie of it."""

import socket
import threading
import time

from kit import keys
from kit.case import case, check, until


@case(redis='timeout=10s connect_timeout=10s', cache='16m bound=10s')
def byte_by_byte(env):
    """Every byte comes alone, on both links."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    stranger = keys.Key()

    def slowly(reply):
        for n in range(len(reply.raw)):
            time.sleep(0.0003)
            yield reply.raw[n:n + 1]

    proxy.on_reply = slowly
    env.start(proxy).ready()
    env.expect(200, key, 5)
    env.expect(403, stranger, reason='unknown_key')
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 5, reason='key_disabled')


@case(redis='timeout=10s', cache='16m bound=10s')
def all_in_one_piece(env):
    """Replies to many lookups in one piece are told apart."""
    proxy = env.add_proxy()
    known = keys.new(env.redis, 40)
    env.start(proxy).ready()
    env.expect(200, known[0], 2)
    wanted = 4 * (len(known) - 1)
    held = []

    def join(reply):
        if not reply.link.data:
            return reply.raw
        held.append(reply.raw)
        return b''.join(held) if len(held) == wanted else b''

    proxy.on_reply = join
    clients = [env.client() for _ in known[1:]]
    for client, key in zip(clients, known[1:]):
        client.send('/', key)
    for client, key in zip(clients, known[1:]):
        answer = client.read()
        check(answer.status == 200 and answer.body == key.id.encode(),
              answer, 'for the wrong key')


@case(fault='Redis answers, but later than `timeout`',
      clients='503, `Retry-After: 1`, after `timeout`; cached keys go on, '
              'and so do lookups behind it if it comes within twice that',
      log=('redis connection to … lost: no reply in time',
           'redis connection to … is up again'),
      lasts='as long as it is slow; the late reply is thrown away',
      redis='', cache='16m bound=1s', lines=30)
def later_than_the_time_out(env):
    proxy = env.add_proxy()
    cached, first, second = keys.new(env.redis, 3)
    env.start(proxy).ready()
    env.expect(200, cached, 2)
    late = []

    def delay(reply):
        if reply.answers(b'EXEC') and not late:
            late.append(reply)
            time.sleep(1)
        return reply.raw

    proxy.on_reply = delay
    answer = env.expect(503, first, reason='store_unavailable')
    check(0.2 < answer.seconds < 2, answer)
    check(answer.headers.get('retry-after') == '1', answer.headers)
    env.expect(200, cached)
    env.expect(200, second, 2.5)
    time.sleep(1)
    for key in (first, second, cached):
        check(env.expect(200, key).body == key.id.encode(), 'another key')


@case(fault='the reply of another key comes',
      clients='403 `unknown_key`: a record carries the digest of its key',
      lasts='`negative`, or until the key is changed', cache='16m negative=1s')
def replies_swapped(env):
    proxy = env.add_proxy()
    strong = keys.new(env.redis, scopes=('**:*',))
    weak = keys.new(env.redis, scopes=('mail:read',))
    plain = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, plain, 2)
    held = []

    def swap(reply):
        """Holds eight replies, and gives the two of EXEC crosswise."""
        if not reply.link.data:
            return reply.raw
        held.append(reply.raw)
        if len(held) < 8:
            return b''
        held[3], held[7] = held[7], held[3]
        return b''.join(held)

    proxy.on_reply = swap
    clients = [env.client(), env.client()]
    for client, key in zip(clients, (weak, strong)):
        client.send('/', key)
    for client in clients:
        answer = client.read()
        check(answer.status == 403 and answer.reason == 'unknown_key', answer)
    proxy.heal()
    env.expect(403, weak, 2, reason='insufficient_scope')
    env.expect(200, strong, 2)


def cut_everywhere(env, middle):
    """Both links are cut before, or within, their reply n; for each n."""
    with open(env.dir + '/password', 'w') as file:
        file.write('secret\n')
    env.redis.do('CONFIG', 'SET', 'requirepass', 'secret')
    env.redis.do('SELECT', '1')
    proxy = env.add_proxy()
    known = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, known, 2)
    longest = 0

    for step in range(9):
        cuts = []

        def cut(reply):
            if reply.number != step:
                return reply.raw
            cuts.append(step)
            half = len(reply.raw) // 2 if middle else 0
            reply.link.client.sendall(reply.raw[:half])
            reply.link.cut()
            return b''

        proxy.on_reply = cut
        for link in list(proxy.links):
            link.cut()
        fresh = keys.new(env.redis)
        until(3, lambda: cuts, 'a cut at reply', step)
        if step == 0 and not middle:
            # the cut may have been the tracking link's: a request asks for the
            # other one, when its back-off is over
            until(3, lambda: env.get(fresh) and
                  env.lines('redis connection to … could not be made'),
                  'a connection that was cut in its greeting')
        for _ in range(5):
            answer = env.get(fresh)
            check(answer.status in (200, 503), answer, 'at reply', step)
            check(answer.seconds < 2, answer, 'at reply', step)
        proxy.heal()
        longest = max(longest, env.back(keys.new(env.redis)))
        # tracking is back as well when a change is known at once
        env.redis.do('HSET', fresh.record, 'enabled', '0')
        env.expect(403, fresh, 2.5, reason='key_disabled')
    env.figure = 'at most %.2f s until all is well' % longest


CUT = dict(redis='password_file=DIR/password db=1', cache='16m bound=2s',
           lines=80)


@case(fault='the connection is cut, at any step of its greeting',
      clients='503; cached keys go on within `bound`',
      log=('redis connection to … lost: closed by the server',
           'redis connection to … could not be made: …',
           'redis tracking link to … lost: closed by the server',
           'redis tracking link to … is up again'),
      lasts='at most 2 s after it can be made again', **CUT)
def cut_between_replies(env):
    cut_everywhere(env, middle=False)


@case(**CUT)
def cut_within_replies(env):
    cut_everywhere(env, middle=True)


@case(fault='everything that Redis says is lost on the way',
      clients='cached keys go on within `bound`; then, and for other keys, '
              '503 after `timeout`, and at once when it is known',
      log=('redis connection to … lost: no reply in time',
           'redis connection to … could not be made: greeting timed out',
           'redis tracking link to … lost: no heartbeat'),
      lasts='at most 2 s after it is heard again', cache='16m bound=3s',
      lines=12)
def replies_vanish(env):
    proxy = env.add_proxy()
    cached, other = keys.new(env.redis, 2)
    env.start(proxy).ready()
    env.expect(200, cached, 2)
    until(2, lambda: env.get(cached).cache == 'hit', 'a hit')
    start = time.monotonic()
    proxy.on_reply = lambda reply: b''
    env.expect(503, other)
    env.expect(503, cached, 5.5)
    took = time.monotonic() - start
    check(took <= 4.5, 'allowed for %.2f s' % took)
    check(env.get(cached).seconds < 1, 'not at once')
    until(6, lambda: env.lines('no heartbeat'), 'the tracking link is lost')
    proxy.heal()
    back = env.back(cached)
    env.figure = 'allowed for %.2f s, back after %.2f s' % (took, back)


@case(fault='what Redis reports of changes is lost on the way, nothing else',
      clients='a revoked key is refused within `bound`',
      log=('redis tracking link to … lost: no heartbeat',
           'redis tracking link to … could not be made: greeting timed out'),
      lasts='at most `bound`, 5 s', lines=8)
def tracking_vanishes(env):
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, key, 2)
    time.sleep(1.2)
    proxy.on_reply = lambda reply: reply.raw if reply.link.data else b''
    env.redis.do('HSET', key.record, 'enabled', '0')
    start = time.monotonic()
    env.expect(403, key, 7, reason='key_disabled')
    took = time.monotonic() - start
    check(took <= 6, 'allowed for %.2f s' % took)
    env.figure = 'refused after %.2f s' % took
    # and stays refused, while the record is read again each bound
    env.expect(403, key, reason='key_disabled')
    until(4, lambda: env.lines('greeting timed out'), 'tried again')


@case(fault='nobody answers at the address of Redis',
      clients='503 after `connect_timeout`, then at once',
      log=('redis connection to … could not be made: connect timed out',),
      lasts='at most 2 s after it answers', lines=6)
def connect_hangs(env):
    key = keys.new(env.redis)
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    # the kernel lets one wait and drops what comes then
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    env.start('127.0.0.1:%d' % listener.getsockname()[1])
    answer = env.get(key)
    check(answer.status == 503 and answer.seconds < 2, answer)
    until(3, lambda: env.lines('connect timed out'), 'the log says so')
    answer = env.get(key)
    check(answer.status == 503 and answer.seconds < 1, answer)
    for filler in fillers:
        filler.close()
    listener.close()


@case(cache='16m bound=2s', lines=40)
def slow_but_in_time(env):
    """Every reply and message is late by 0.15 s: lookups pipeline, and a
    revocation is late by no more than that."""
    proxy = env.add_proxy()
    known = keys.new(env.redis, 20)
    seen = threading.local()

    def delay(reply):
        now = time.monotonic()
        if now - getattr(seen, 'last', 0) > 0.05:
            time.sleep(0.15)
        seen.last = time.monotonic()
        return reply.raw

    env.start(proxy).ready()
    env.expect(200, known[0], 2)
    proxy.on_reply = delay
    time.sleep(0.5)
    for key in known:
        answer = env.expect(200, key, 2.5)
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1.5, reason='key_disabled')


@case(cache='16m bound=60s', lines=10)
def more_messages_than_a_turn_takes(env):
    """3,000 messages in one piece, and then silence: the last is heard too.
    Heartbeats, which would wake the link, are lost meanwhile."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, key, 2)
    count = 3000
    held = []

    def join(reply):
        if not reply.link.tracking:
            return reply.raw
        if reply.command is not None:
            return b''
        held.append(reply.raw)
        return b''.join(held) if len(held) == count else b''

    proxy.on_reply = join
    env.redis.pipe([('PUBLISH', keys.CHANNEL, keys.Key().id)
                      for _ in range(count - 2)])
    # one message for the change, one for its publication
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.redis.do('PUBLISH', keys.CHANNEL, key.id)
    took = until(1.2, lambda: env.get(key).status == 403, 'refused')
    check(len(held) == count, len(held), 'messages')
    env.figure = 'refused after %.3f s' % took
