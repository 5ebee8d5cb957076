"""Lies and monsters: what Redis, or whoever stands in for it, must never be
able to do with a reply: let anyone in, stop a worker, take its memory."""

import itertools
import time

from kit import keys
from kit.case import case, check, until
from kit.env import memory

MEBIBYTE = 1024 * 1024
RECORD = b'*2\r\n$7\r\nenabled\r\n$1\r\n1\r\n'
SCOPES = b'*1\r\n$8\r\ndns:read\r\n'

NUMBERS = (2147483647, 9223372036854775807, 9223372036854775808, -2,
           1073741825, 4294967296, 18446744073709551615)

TEXTS = [b'', b'1', b'+', b'-', b' 1', b'1 ', b'0x1', b'1e9', b'nan']


def endless(piece):
    return lambda: itertools.repeat(piece * (65536 // len(piece)))


def bulk(size):
    return lambda: itertools.chain([b'$%d\r\n' % size],
                                   itertools.repeat(b'a' * MEBIBYTE,
                                                    size // MEBIBYTE))


def lies():
    """(name, what is said in place of a reply)"""
    for number in NUMBERS:
        for kind in b'*$':
            yield '%c%d' % (kind, number), b'%c%d\r\n' % (kind, number)
    for text in TEXTS:
        for kind in b'*$:':
            yield '%c%s' % (kind, text.decode()), b'%c%s\r\n' % (kind, text)
    yield 'depth 100,000', b'*1\r\n' * 100000
    yield 'depth 6', b'*1\r\n' * 6 + b':1\r\n'
    yield 'bulk of 64 MiB', bulk(64 * MEBIBYTE)
    yield 'endless status', endless(b'+aaaaaaa')
    yield 'endless error', lambda: itertools.chain([b'-'], endless(b'E')())
    yield 'endless number', lambda: itertools.chain([b':'], endless(b'1')())
    yield 'endless length', lambda: itertools.chain([b'*'], endless(b'1')())
    yield 'endless array', lambda: itertools.chain(
        [b'*1000000000\r\n'], endless(b':1\r\n')())
    yield '20,000 elements', b'*20000\r\n' + b':1\r\n' * 20000
    yield '1 MiB and a byte', b'$1048577\r\n' + b'a' * 1048577 + b'\r\n'
    yield 'HTTP', b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    yield 'zeroes', b'\0' * 4096
    yield 'line ends', b'\r\n' * 100
    yield 'RESP3 map', b'%1\r\n$1\r\na\r\n$1\r\nb\r\n'
    yield 'RESP3 push', b'>3\r\n+message\r\n+a\r\n+b\r\n'
    yield 'RESP3 null', b'_\r\n'
    yield 'RESP3 true', b'#t\r\n'
    yield 'RESP3 attribute', b'|1\r\n+a\r\n+b\r\n+OK\r\n'
    yield 'RESP3 streamed', b'$?\r\n;4\r\nabcd\r\n;0\r\n'
    yield 'nil', b'$-1\r\n'
    yield 'nil array', b'*-1\r\n'
    yield 'empty array', b'*0\r\n'
    yield 'empty error', b'-\r\n'
    yield 'OK', b'+OK\r\n'
    yield 'zero', b':0\r\n'
    yield 'error', b'-ERR something\r\n'
    yield 'control bytes', b'-ERR \0\x1b[31m\n[alert] forged\r\n'
    yield 'MOVED', b'-MOVED 1234 127.0.0.1:6379\r\n'
    yield 'ASK', b'-ASK 1234 127.0.0.1:6379\r\n'
    yield 'wrong line end', b'+OK\n+OK\n'
    yield 'two at once', b'+OK\r\n+OK\r\n'
    yield 'a record too many', b'*2\r\n' + RECORD + SCOPES + b'+OK\r\n'
    yield 'a record', b'*2\r\n' + RECORD + SCOPES


def transactions():
    """(name, what is said in place of EXEC's reply)"""
    yield 'no scopes', b'*1\r\n' + RECORD
    yield 'three', b'*3\r\n' + RECORD + SCOPES + SCOPES
    yield 'swapped', b'*2\r\n' + SCOPES + RECORD
    yield 'odd fields', b'*2\r\n*3\r\n+a\r\n+b\r\n+c\r\n' + SCOPES
    yield 'numbers', b'*2\r\n*2\r\n:1\r\n:1\r\n*1\r\n:1\r\n'
    yield 'nil fields', b'*2\r\n*2\r\n$-1\r\n$-1\r\n' + SCOPES
    yield 'nil members', b'*2\r\n' + RECORD + b'*1\r\n$-1\r\n'
    yield 'nil list', b'*2\r\n' + RECORD + b'*-1\r\n'
    yield 'nil record', b'*2\r\n*-1\r\n' + SCOPES
    yield 'nested', b'*2\r\n*2\r\n' + RECORD + RECORD + SCOPES
    yield 'errors', b'*2\r\n-ERR a\r\n-ERR b\r\n'
    yield 'half an error', b'*2\r\n' + RECORD + b'-NOPERM b\r\n'
    yield 'wrong types', (b'*2\r\n-WRONGTYPE a\r\n-WRONGTYPE b\r\n')
    yield 'no digest', b'*2\r\n' + RECORD + SCOPES
    yield 'empty digest', (b'*2\r\n*4\r\n$6\r\ndigest\r\n$0\r\n\r\n$7\r\n'
                           b'enabled\r\n$1\r\n1\r\n') + SCOPES
    yield 'global, no digest', (
        b'*2\r\n*4\r\n$4\r\nmode\r\n$6\r\nglobal\r\n$7\r\nenabled\r\n'
        b'$1\r\n1\r\n') + SCOPES
    yield '3,000 members', (b'*2\r\n' + RECORD + b'*3000\r\n'
                            + b'$8\r\ndns:read\r\n' * 3000)
    yield 'a field of 900 KiB', (
        b'*2\r\n*2\r\n$4\r\nname\r\n$921600\r\n' + b'a' * 921600 + b'\r\n'
        + SCOPES)
    yield 'empty', b'*2\r\n*0\r\n*0\r\n'
    yield '20,000 members', (b'*2\r\n' + RECORD + b'*20000\r\n'
                             + b'$8\r\ndns:read\r\n' * 20000)
    yield 'a field of 2 MiB', (
        b'*2\r\n*2\r\n$4\r\nname\r\n$2097152\r\n' + b'a' * 2097152
        + b'\r\n' + SCOPES)
    yield 'a member too many', (b'*2\r\n' + RECORD + b'*20000\r\n'
                                + b'$8\r\ndns:read\r\n' * 20000
                                + b'$8\r\ndns:read\r\n')
    yield '20,000 members, announced', (
        b'*2\r\n' + RECORD + b'*20000\r\n' + b'$8\r\ndns:read\r\n')
    yield '20,000 numbers', (b'*2\r\n' + RECORD + b'*20000\r\n'
                             + b':1\r\n' * 20000)
    yield '3 records of 20,000', (b'*3\r\n' + (
        b'*20000\r\n' + b'$1\r\na\r\n' * 20000) * 3)


# Redis may say that, of its own
ERRORS = ('errors', 'half an error', 'error', 'empty error', 'MOVED', 'ASK')

# of these
WELL_FORMED = ('swapped', 'wrong types', 'no digest', 'empty digest',
               'global, no digest', '3,000 members', 'a field of 900 KiB',
               'empty', '20,000 members', 'a field of 2 MiB',
               'a member too many')


def tell(env, lie_of, *places):
    """Each lie once, the first at the first place, the second at the second,
    with --full each at each; then all has to be well again.  What a client
    gets meanwhile is what its key deserves, or 503, or 403."""
    proxy = env.add_proxy()
    env.start(proxy).ready()
    worker = env.workers()[0]
    env.expect(200, keys.new(env.redis), 2)
    before = memory(worker)

    for number, (name, said) in enumerate(lie_of):
        some = places if env.setting.full else [places[number % len(places)]]
        for place in some:
            tell_once(env, proxy, name, said, place)
            check(env.workers() == [worker], 'a worker fell for', name)

    for link in list(proxy.links):
        link.cut()
    time.sleep(0.1)
    env.ready()
    trusted = keys.new(env.redis)
    env.back(trusted)
    env.redis.do('HSET', trusted.record, 'enabled', '0')
    env.expect(403, trusted, 2, reason='key_disabled')

    peak = memory(worker, 'VmHWM') - before
    env.figure = 'highest memory %+.0f MiB' % peak
    check(peak < (256 if env.setting.sanitizer else 32), env.figure)


def tell_once(env, proxy, name, said, place):
    told = []

    def lie(reply):
        if told or not place(reply):
            return reply.raw
        told.append(name)
        return said() if callable(said) else said

    proxy.on_reply = lie
    if place not in (of_exec, of_multi):
        # these are said to new links alone
        for link in list(proxy.links):
            link.cut()
    stranger = keys.Key()
    until(4, lambda: refused(env, stranger, name) and told, 'telling', name)
    refused(env, keys.Key(), name)
    proxy.heal()
    env.back(keys.new(env.redis))


def refused(env, key, name):
    """A key that Redis does not know: no lie lets it in."""
    answer = env.get(key)
    check(answer.status in (403, 503), answer, 'at', name)
    return True


def of_exec(reply):
    return reply.answers(b'EXEC')


def of_multi(reply):
    return reply.answers(b'MULTI')


def of_greeting(reply):
    return reply.number == 0


def of_id(reply):
    return reply.answers(b'CLIENT', b'ID')


def of_tracking(reply):
    return reply.answers(b'CLIENT', b'TRACKING')


def of_subscribe(reply):
    return reply.answers(b'SUBSCRIBE')


def never_allowed(env, lie_of, said_well):
    """A lie in place of a record is never an allow, and an error of Redis
    unless it has the form of an answer."""
    proxy = env.add_proxy()
    env.start(proxy).ready()
    statuses = set()
    for name, said in lie_of:
        env.back(keys.new(env.redis))
        proxy.on_reply = lambda reply: (
            (said() if callable(said) else said) if of_exec(reply)
            else reply.raw)
        key = keys.new(env.redis)
        links = [link for link in proxy.links if link.data and not link.over]
        answer = env.get(key)
        check(answer.status == 503 or answer.status == 403
              and name in said_well, answer, 'at', name)
        check(answer.seconds < 3, answer, 'at', name)
        statuses.add(answer.reason)
        proxy.heal()
        if answer.status == 503:
            # nothing of it was kept, and nobody reads what follows it
            env.back(key)
            check(name in ERRORS or all(link.over for link in links),
                  'the connection stays after', name)
    env.figure = ' '.join(sorted(statuses))


LIES = dict(lines=400, cache='16m negative=1ms bound=60s')


@case(fault='Redis answers with what is no answer: `*2147483647`, a text of '
            '64 MiB, 100,000 arrays in each other, a status without end',
      clients='503; never an allow, and nothing is kept',
      log=('redis connection to … lost: broken reply',
           'redis connection to … lost: an unexpected reply',
           'redis connection to … lost: reply too large'),
      lasts='at most 2 s after it answers well', **LIES)
def lies_for_a_record(env):
    never_allowed(env, lies(), ('a record', 'a record too many'))


@case(log=('refuses lookups', 'lost: an unexpected reply'), **LIES)
def lies_in_a_record(env):
    never_allowed(env, transactions(), WELL_FORMED)


@case(**LIES)
def lies_memory_of_a_record(env):
    tell(env, lies(), of_exec)


@case(log=('redis connection to … lost: …',), **LIES)
def lies_for_multi(env):
    tell(env, lies(), of_multi)


@case(log=('redis connection to … could not be made: …',), **LIES)
def lies_in_the_greeting(env):
    tell(env, lies(), of_greeting)


@case(log=('redis tracking link to … lost: …',), **LIES)
def lies_about_changes(env):
    tell(env, lies(), of_id, of_tracking, of_subscribe)


@case(cache='16m bound=2s', lines=60)
def lies_as_a_message(env):
    """What comes on the link of changes beside what is true."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, key, 2)
    messages = [
        (keys.CHANNEL, 'x' * 100000), (keys.CHANNEL, ''),
        (keys.CHANNEL, '\0\r\n\x1b'), ('__redis__:invalidate', ''),
        ('__redis__:invalidate', keys.PREFIX + '{'),
        ('__redis__:invalidate', keys.PREFIX + '{}'),
        ('__redis__:invalidate', keys.PREFIX + '{' + 'x' * 100000 + '}'),
        ('__redis__:invalidate', 'something else'),
        ('__redis__:invalidate', 'x' * 2000000),
    ]
    for channel, text in messages:
        env.redis.do('PUBLISH', channel, text)
        env.expect(200, key, 2.5)
    time.sleep(1.2)
    env.ready()
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1.5, reason='key_disabled')
