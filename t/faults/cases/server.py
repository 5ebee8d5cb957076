"""Faults of the server: Redis is killed, hangs, comes back empty, is full, is
loading, is a replica, turns us away."""

import signal
import time

from kit import keys
from kit.case import case, check, until
from kit.resp import RedisError


def outage(env, begin, end, reason='store_unavailable', bound=2):
    """From the fault until all is well: cached keys go on within the bound,
    then nothing is decided.  (allowed for, back after) in seconds."""
    cached = keys.new(env.redis)
    env.ready()
    env.expect(200, cached, 2)
    until(3, lambda: env.get(cached).cache == 'hit', 'a hit')
    other = keys.Key()
    start = time.monotonic()
    begin()
    env.expect(503, other, 2, reason=reason)
    env.expect(503, cached, bound + 2, reason=reason)
    allowed = time.monotonic() - start
    check(allowed <= bound + 1, 'allowed for %.2f s' % allowed)
    answer = env.expect(503, cached)
    check(answer.headers.get('retry-after') == '1', answer.headers)
    check(b'store_unavailable' in answer.body, answer.body)
    end()
    back = env.back(cached)
    env.figure = 'allowed for %.2f s, back after %.2f s' % (allowed, back)


@case(fault='Redis is killed',
      clients='cached keys go on within `bound` (`$scoped_key_cache` says '
              '`stale`), then 503 with `Retry-After: 1`; others get 503 at '
              'once',
      log=('redis connection to … lost: …',
           'redis tracking link to … lost: …',
           'redis connection to … could not be made: connect() failed',
           'redis connection to … is up again',
           'redis tracking link to … is up again'),
      lasts='at most 2 s after it is back', workers=2, lines=16)
def killed(env):
    key = keys.new(env.redis)
    env.start().ready()
    workers = env.each_worker()
    for client in workers.values():
        client.get('/', key)
        check(client.get('/', key).cache == 'hit', 'no hit')
    time.sleep(1)
    start = time.monotonic()
    env.redis.kill()
    stale = False
    for client in workers.values():
        check(client.get('/', key).status == 200, 'not kept')
        check(client.get('/', keys.Key()).status == 503, 'no 503')
    while True:
        answers = [client.get('/', key) for client in workers.values()]
        allowed = time.monotonic() - start
        stale = stale or any(answer.cache == 'stale' for answer in answers)
        if all(answer.status == 503 for answer in answers):
            break
        check(allowed < 6.5, 'allowed for %.2f s' % allowed)
        time.sleep(0.02)
    check(allowed > 3, 'not even %.2f s' % allowed)
    check(stale, 'never stale')
    check(answers[0].headers.get('retry-after') == '1', answers[0].headers)
    env.redis.start()
    env.redis.pipe(key.commands())
    start = time.monotonic()
    for client in workers.values():
        until(2.5, lambda: client.get('/', key).status == 200, 'back')
    env.ready()
    env.figure = 'allowed for %.2f s, back after %.2f s' % (
        allowed, time.monotonic() - start)


@case(fault='Redis dies while requests wait for it',
      clients='503 at once to each who waits', redis='timeout=20s',
      cache='16m bound=20s',
      lasts='at most 2 s after it is back', log=('… lost: …',))
def killed_under_waiters(env):
    waiting = keys.new(env.redis, 50)
    env.start().ready()
    env.redis.pause()
    clients = [env.client() for _ in waiting]
    for client, key in zip(clients, waiting):
        client.send('/', key)
    until(5, lambda: env.counted() >= len(waiting), 'all wait')
    start = time.monotonic()
    env.redis.kill()
    for client in clients:
        answer = client.read()
        check(answer.status == 503, answer)
    took = time.monotonic() - start
    check(took < 2, 'answered after %.2f s' % took)
    env.redis.start()
    env.redis.pipe(waiting[0].commands())
    env.back(waiting[0])
    env.figure = 'answered after %.2f s' % took


@case(fault='Redis comes back empty',
      clients='403 `unknown_key`: what was cached is forgotten',
      lasts='until the keys are restored; a restored key works at once',
      log=('redis tracking link to … is up again',))
def comes_back_empty(env):
    key = keys.new(env.redis)
    env.start().ready()
    env.expect(200, key, 2)
    env.redis.kill()
    env.expect(200, key)
    env.redis.start()
    env.ready(3)
    env.expect(403, key, 1, reason='unknown_key')
    env.redis.pipe(key.commands())
    env.expect(200, key, 1)


@case(fault='Redis hangs (SIGSTOP)',
      clients='503 after `timeout`, then at once; cached keys go on within '
              '`bound`',
      log=('redis connection to … lost: no reply in time',
           'redis connection to … could not be made: greeting timed out',
           'redis tracking link to … lost: no heartbeat'),
      lasts='at most 2 s after it goes on', cache='16m bound=4s', lines=14)
def hangs(env):
    env.start()
    outage(env, env.redis.pause, lambda: (
        until(3, lambda: env.lines('no heartbeat'), 'no heartbeat'),
        env.redis.go_on()), bound=4)


@case(fault='a password is set on the running Redis',
      clients='nothing, until a connection is made again: then as if it were '
              'down',
      log=('could not be made: PING was refused: NOAUTH',
           'redis connection to … is up again'),
      lasts='until `password_file` and a reload, or until it is taken back',
      cache='16m bound=2s', lines=14)
def password_set(env):
    env.start().ready()
    key = keys.new(env.redis)
    env.redis.do('CONFIG', 'SET', 'requirepass', 'secret')
    env.expect(200, key, 1)
    outage(env, env.redis.drop_links,
           lambda: env.redis.do('CONFIG', 'SET', 'requirepass', ''))


@case(fault='the password is wrong',
      clients='503', log=('could not be made: AUTH was refused: WRONGPASS',),
      lasts='until `password_file` is right and nginx is reloaded',
      redis='password_file=DIR/password', cache='16m bound=2s', lines=14)
def password_wrong(env):
    with open(env.dir + '/password', 'w') as file:
        file.write('first secret\n')
    env.redis.do('CONFIG', 'SET', 'requirepass', 'first secret')
    env.start()

    def change():
        env.redis.do('CONFIG', 'SET', 'requirepass', 'second secret')
        env.redis.drop_links()

    def follow():
        with open(env.dir + '/password', 'w') as file:
            file.write('second secret\n')
        env.signal(signal.SIGHUP)

    outage(env, change, follow)
    check(not env.lines('secret'), 'a password is in the log')


QUOTED = (
    b"-ERR unknown command `AUTH`, with args beginning with: `first secret`, ",
    b'-WRONGPASS first secret', b'-ERR first secret', b'-first secret',
    b'-ERR unknown command first secret', b'-FIRSTsecret first secret',
    b'+first secret', b'$12\r\nfirst secret', b'*1\r\n$12\r\nfirst secret')


@case(redis='password_file=DIR/password', cache='16m bound=2s', lines=60)
def password_quoted(env):
    """A server, or whatever is between, may refuse AUTH with the arguments."""
    with open(env.dir + '/password', 'w') as file:
        file.write('first secret\n')
    env.redis.do('CONFIG', 'SET', 'requirepass', 'first secret')
    proxy = env.add_proxy()
    env.start(proxy)
    env.back(keys.new(env.redis))

    for quoted in QUOTED:
        said = []

        def quote(reply):
            if not reply.answers(b'AUTH'):
                return reply.raw
            said.append(quoted)
            return quoted + b'\r\n'

        before = len(env.lines('could not be made'))
        proxy.on_reply = quote
        for link in list(proxy.links):
            link.cut()
        # lines of one reason come after 1, 2, 4 s ... at most
        until(20, lambda: said and len(env.lines('could not be made'))
              > before, 'a line at', quoted)
        proxy.heal()
        env.back(keys.new(env.redis), 4)

    check(env.lines('AUTH was refused'), 'refused without a line')
    check(not env.lines('secret'), 'a password is in the log')


@case(fault='Redis has no room for another client (`maxclients`)',
      clients='503, as long as no connection can be made',
      log=('could not be made: PING was refused: ERR max number of clients '
           'reached',),
      lasts='at most 2 s after there is room', cache='16m bound=2s', lines=14)
def no_more_clients(env):
    env.start()

    def fill():
        env.redis.do('CONFIG', 'SET', 'maxclients', '1')
        env.redis.drop_links()

    outage(env, fill,
           lambda: env.redis.do('CONFIG', 'SET', 'maxclients', '1000'))


@case(fault='Redis is loading its data',
      clients='503 until it is loaded',
      log=('could not be made: PING was refused: LOADING',
           'redis connection to … is up again'),
      lasts='at most 2 s longer than the loading', cache='16m bound=2s',
      lines=14)
def loading(env):
    key = keys.new(env.redis)
    env.redis.pipe([('SET', 'k%d' % n, 'v' * 64) for n in range(3000)])
    env.redis.do('SAVE')
    env.start().ready()
    env.expect(200, key, 2)
    env.redis.kill()
    env.redis.start('--key-load-delay', '1500',
                      '--loading-process-events-interval-bytes', '1024',
                      wait=False)
    until(3, lambda: env.lines('LOADING'), 'it is loading')
    env.expect(503, key, 4)
    check(not env.lines('unknown_key'), 'a key was said to be unknown')
    until(20, env.redis.greets, 'it has loaded')
    env.figure = 'back after %.2f s' % env.back(key)


@case(fault='the server is a replica',
      clients='nothing: it reports changes too; last uses are not written',
      log=('does not take last uses: "READONLY',),
      lasts='a revocation is as quick as the replication',
      cache='16m bound=2s')
def replica(env):
    second = env.add_redis('second')
    port = listen_on_tcp(env.redis)
    second.do('REPLICAOF', '127.0.0.1', port)
    until(10, lambda: b'master_link_status:up' in second.do(
        'INFO', 'replication'), 'the replica is in step')
    key = keys.new(env.redis)
    env.start(second)
    until(3, lambda: b' sub=2 ' in second.do('CLIENT', 'LIST', 'TYPE',
                                             'pubsub'), 'tracking')
    env.expect(200, key, 3)
    try:
        second.do('SET', 'a', 'b')
        check(False, 'the replica can be written to')
    except RedisError as error:
        check('READONLY' in str(error), error)
    env.redis.do('HSET', key.record, 'enabled', '0')
    start = time.monotonic()
    env.expect(403, key, 2, reason='key_disabled')
    env.figure = 'refused after %.3f s' % (time.monotonic() - start)
    until(3, lambda: env.lines('READONLY'), 'a last use was not taken')


@case(cache='16m ttl=60s bound=2s')
def replica_comes_back(env):
    """One that serves old data is outside the promise until it is in step
    again; then all that it had missed counts at once."""
    second = env.add_redis('second')
    port = listen_on_tcp(env.redis)
    env.redis.do('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
    in_step = lambda: b'master_link_status:up' in second.do(  # noqa: E731
        'INFO', 'replication')
    second.do('REPLICAOF', '127.0.0.1', port)
    until(10, in_step, 'the replica is in step')
    key, other = keys.new(env.redis, 2)
    env.start(second)
    for known in (key, other):
        env.expect(200, known, 3)
        until(3, lambda: env.get(known).cache == 'hit', 'kept')
    # away from its primary, which forgets what it would have sent
    second.do('REPLICAOF', '127.0.0.1', '1')
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.redis.do('DEBUG', 'CHANGE-REPL-ID')
    env.expect(200, key)
    second.do('REPLICAOF', '127.0.0.1', port)
    start = time.monotonic()
    until(15, in_step, 'the replica is in step')
    env.expect(403, key, 1, reason='key_disabled')
    env.expect(200, other)
    env.figure = 'refused after %.3f s' % (time.monotonic() - start)


def listen_on_tcp(redis):
    """A loopback port that was free."""
    for port in range(21000, 22000):
        try:
            redis.do('CONFIG', 'SET', 'bind', '127.0.0.1')
            redis.do('CONFIG', 'SET', 'port', port)
            return port
        except RedisError:
            continue
    raise OSError('no free port')


@case(fault='a replica has lost its primary and may not serve old data',
      clients='503',
      log=('redis connection to … lost: a command was refused: MASTERDOWN',
           'could not be made: PING was refused: MASTERDOWN',
           'redis tracking link to … lost: PING was refused: MASTERDOWN'),
      lasts='at most 2 s after it serves again', cache='16m bound=2s',
      lines=14)
def primary_lost(env):
    env.start()

    def lose():
        env.redis.do('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
        env.redis.do('REPLICAOF', '127.0.0.1', '1')

    outage(env, lose, lambda: env.redis.do('REPLICAOF', 'NO', 'ONE'))


def refuses_to_queue(redis):
    """Reads too, as Redis up to 7 does without memory."""
    redis.do('MULTI')
    try:
        redis.do('GET', 'a')
        return False
    except RedisError as error:
        check('OOM' in str(error), error)
        return True
    finally:
        redis.do('DISCARD')


@case(fault='Redis has no memory left (`maxmemory`, `noeviction`)',
      clients='503 to keys that are not cached with Redis 7 and older, which '
              'refuse all within MULTI; nothing with Redis 8 and Valkey, '
              'which answer reads. Cached keys go on, and changes are told',
      log=('refuses lookups: "OOM command not allowed', 'answers lookups '
           'again'),
      lasts='until there is memory; the next request works')
def out_of_memory(env):
    cached, other = keys.new(env.redis, 2)
    env.start().ready()
    env.expect(200, cached, 2)
    env.redis.do('CONFIG', 'SET', 'maxmemory', '1')
    try:
        env.redis.do('SET', 'a', 'b')
        check(False, 'there is room')
    except RedisError as error:
        check('OOM' in str(error), error)
    refused = refuses_to_queue(env.redis)
    if refused:
        env.expect(503, other, reason='store_unavailable')
    else:
        env.expect(200, other)
        env.needs_no_line()
    env.expect(200, cached)
    env.redis.do('SREM', cached.scopes, 'dns:read')
    if refused:
        env.expect(503, cached, 1)
    else:
        env.expect(403, cached, 1, reason='insufficient_scope')
    env.redis.do('CONFIG', 'SET', 'maxmemory', '0')
    env.expect(403, cached, reason='insufficient_scope')
    env.expect(200, other)


@case(fault='the ACL forbids to read the records',
      clients='503 to keys that are not cached; the others go on, and '
              'changes are told',
      log=('refuses lookups: …NOPERM', 'answers lookups again'),
      lasts='until it is allowed; the next request works', lines=4)
def not_permitted(env):
    cached, other = keys.new(env.redis, 2)
    env.start().ready()
    env.expect(200, cached, 2)
    env.redis.do('ACL', 'SETUSER', 'default', '-hgetall')
    for _ in range(20):
        env.expect(503, other, reason='store_unavailable')
    env.expect(200, cached)
    env.redis.do('HSET', cached.record, 'enabled', '0')
    env.expect(503, cached, 1)
    env.redis.do('ACL', 'SETUSER', 'default', '+hgetall')
    env.expect(200, other)
    env.expect(403, cached, reason='key_disabled')


@case(fault='a cluster does not serve the slot',
      clients='503', log=('refuses lookups: …CLUSTERDOWN',
                          'answers lookups again'),
      lasts='until it is served', cache='16m bound=2s', lines=14)
def cluster_down(env):
    node = env.add_redis('node', '--cluster-enabled', 'yes', '--port',
                           str(listen_on_tcp(env.redis) + 1))
    key = keys.Key()
    env.start(node)
    env.expect(503, key, 2, reason='store_unavailable')
    node.do('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    until(15, lambda: b'cluster_state:ok' in node.do('CLUSTER', 'INFO'),
          'the cluster is whole')
    node.pipe(key.commands())
    env.back(key)


@case(fault="a key's data are of another type",
      clients='403 `record_invalid`', lasts='until they are repaired',
      log=('unreadable record "wrong type" in record of id=',), lines=0)
def wrong_type(env):
    broken, unscoped, fine = keys.new(env.redis, 3)
    env.redis.do('DEL', broken.record)
    env.redis.do('SET', broken.record, 'text')
    env.redis.do('DEL', unscoped.scopes)
    env.redis.do('SET', unscoped.scopes, 'text')
    env.start().ready()
    env.expect(403, broken, 2, reason='record_invalid')
    env.expect(403, unscoped, reason='record_invalid')
    env.expect(200, fine)
    env.redis.do('DEL', broken.record)
    env.redis.pipe(broken.commands())
    env.expect(200, broken, 1)


@case(fault='the ACL or the service refuses `CLIENT TRACKING`',
      clients='a published change works at once, any other within `bound`',
      log=('does not tell of changed keys, only the channel …: CLIENT '
           'TRACKING was refused: NOPERM',),
      lasts='as long as it is refused; records are used no longer than '
            '`bound`', cache='16m bound=2s', lines=3)
def tracking_refused(env):
    env.redis.do('ACL', 'SETUSER', 'default', '-client|tracking')
    told, quiet = keys.new(env.redis, 2)
    env.start().ready()
    for key in (told, quiet):
        env.expect(200, key, 2)
    env.redis.do('HSET', told.record, 'enabled', '0')
    env.redis.do('PUBLISH', keys.CHANNEL, told.id)
    env.expect(403, told, 1, reason='key_disabled')
    env.redis.do('HSET', quiet.record, 'enabled', '0')
    start = time.monotonic()
    env.expect(403, quiet, 3.5, reason='key_disabled')
    env.figure = 'not published: %.2f s' % (time.monotonic() - start)
    check(len(env.lines('does not tell')) == 1, 'not said once')


@case(fault='Redis ends our connections (`CLIENT KILL`, full output buffer)',
      clients='nothing but one lookup more for each key',
      log=('redis connection to … lost: closed by the server',
           'redis tracking link to … lost: closed by the server',
           'redis tracking link to … is up again'),
      lasts='a fraction of a second', cache='16m bound=4s', lines=80)
def links_killed(env):
    key = keys.new(env.redis)
    env.start().ready()
    env.expect(200, key, 2)
    for _ in range(10):
        env.redis.drop_links()
        env.expect(200, key)
        env.ready(3)
        env.redis.do('HSET', key.record, 'enabled', '0')
        env.expect(403, key, 1.5, reason='key_disabled')
        env.redis.do('HSET', key.record, 'enabled', '1')
        env.expect(200, key, 2.5)
