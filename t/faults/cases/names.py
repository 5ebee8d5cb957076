"""Redis by name: names that are not there yet, that move, that have several
addresses; name servers that are silent or wrong; /etc/hosts and
/etc/resolv.conf."""

import random
import socket
import time

from kit import dns, keys
from kit.case import Skipped, case, check, until
from kit.env import listen

NAME = 'redis.test'
FIRST, SECOND, NOBODY = '127.0.0.1', '127.0.0.2', '127.0.0.3'


def free_port(*addresses):
    """One that is free at all of them, below those that the system gives to
    clients, and not likely to be another case's."""
    for _ in range(100):
        made = [socket.socket(socket.AF_INET6 if ':' in where
                              else socket.AF_INET) for where in addresses]
        try:
            port = random.randrange(12000, 32000)
            for one, where in zip(made, addresses):
                one.bind((where, port))
            return str(port)
        except OSError as error:
            reason = error
        finally:
            for one in made:
                one.close()
    raise Skipped('no free port: %s' % reason)


def servers(env, *addresses):
    """A Redis at each, on one port."""
    port = free_port(*addresses, NOBODY)
    return port, [env.add_redis('redis%d' % n, '--port', port, '--bind',
                                  where) for n, where in enumerate(addresses)]


def start(env, names, to, http=''):
    return env.start(to, http='resolver %s:%d;%s'
                       % (names.address, names.port, http))


def linked(server):
    return server.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=')


def cached(env, key):
    return env.get(key).cache == 'hit'


def timed(env, key=None, path='/'):
    start = time.monotonic()
    answer = env.get(key, path)
    return answer.status, time.monotonic() - start


@case(fault='the name of Redis does not exist yet',
      clients='503 at once; nginx starts, and asks again',
      log=('redis connection to "redis.test:…" (no address) could not be '
           'made: "redis.test" could not be resolved (3: Host not found)',
           'redis connection to … is up again'),
      lasts='at most 2 s after the name is there', workers=2, lines=12)
def name_appears(env):
    names = env.add_names()
    port, (redis,) = servers(env, FIRST)
    key = keys.new(redis)
    start(env, names, NAME + ':' + port)
    env.expect(503, key, reason='store_unavailable')
    until(5, lambda: names.questions(NAME) >= 4, 'asked again')
    status, seconds = timed(env, key)
    check(status == 503 and seconds < 1, status, seconds)
    asked, begin = names.questions(NAME), time.monotonic()
    names.names[NAME] = [FIRST]
    env.figure = 'back after %.2f s' % env.back(key)
    # two workers, at most once a second each
    check(names.questions(NAME) - asked
          <= 2 * (2 + time.monotonic() - begin), 'asked too often')
    until(3, lambda: cached(env, key), 'a hit')


@case(fault='the name of Redis gets another address',
      clients='nothing: lookups that are in flight end where they began, '
              'records are read again from the new server',
      log=('redis connection to … lost: the server has another address',
           'redis tracking link to … lost: the server has another address',
           'redis connection to "redis.test:…" (127.0.0.2:…) is up again',
           'redis tracking link to "redis.test:…" (127.0.0.2:…) is up again'),
      lasts='a second after the TTL has ended', cache='16m bound=2s')
def name_moves(env):
    names = env.add_names()
    port, (first, second) = servers(env, FIRST, SECOND)
    names.names[NAME], names.ttl = [FIRST], 1
    both, gone, fresh = keys.new(first, 3)
    for key in (both, fresh):
        second.pipe(key.commands())
    first.do('DEL', fresh.record, fresh.scopes)
    start(env, names, NAME + ':' + port)
    for key in (both, gone):
        env.expect(200, key, 3)
        until(3, lambda: cached(env, key), 'a hit')
    names.names[NAME] = [SECOND]
    begin = time.monotonic()
    while not linked(second) or linked(first):
        check(time.monotonic() - begin < 5, 'it does not move')
        check(env.get(both).status == 200, 'refused while it moves')
        # unknown to both
        check(env.get(keys.Key()).status == 403, 'undecided meanwhile')
    env.figure = 'moved after %.2f s' % (time.monotonic() - begin)
    env.expect(200, fresh)
    env.expect(403, gone, 1, reason='unknown_key')
    until(3, lambda: cached(env, both), 'a hit of the second')
    second.do('HSET', both.record, 'enabled', '0')
    env.expect(403, both, 1, reason='key_disabled')


@case(cache='16m bound=2s', lines=30)
def name_keeps_one_address(env):
    """A link stays where it is as long as its address is one of the name's,
    in whatever order they come."""
    names = env.add_names()
    port, (first, second) = servers(env, FIRST, SECOND)
    names.names[NAME], names.ttl = [SECOND], 1
    key = keys.new(second)
    start(env, names, NAME + ':' + port)
    env.expect(200, key, 3)
    until(3, lambda: linked(second), 'linked')
    names.names[NAME] = [FIRST, SECOND]
    asked = names.questions(NAME)
    until(6, lambda: names.questions(NAME) >= asked + 2, 'asked again')
    check(linked(second) and not linked(first), 'it has moved')
    check(not env.lines('another address'), 'it has moved')
    second.kill()
    keys_there = keys.new(first)
    env.expect(200, keys_there, 3)
    until(3, lambda: linked(first), 'linked to the first')


@case(fault='of several addresses of a name, or of several `ADDRESS`es, some '
            'are dead',
      clients='requests wait until the one that lives is found: '
              '`connect_timeout` for each that is silent',
      log=('(127.0.0.1:…) could not be made: connect() failed',
           '(unix:…) could not be made: connect() failed'),
      lasts='until it is found', lines=20)
def some_are_dead(env):
    names = env.add_names()
    port, (redis,) = servers(env, SECOND)
    names.names[NAME] = [FIRST, SECOND, NOBODY]
    key = keys.new(redis)
    start(env, names, 'unix:DIR/nobody.sock nobody.test:1 %s:%s'
          % (NAME, port))
    env.expect(200, key, 3)
    until(3, lambda: cached(env, key), 'a hit')
    redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')


@case(lines=24)
def waits_for_the_next_address(env):
    """Who came while the first addresses were tried, in vain, is answered by
    the one that lives; who came to none of them is told so."""
    port, (redis,) = servers(env, FIRST)
    silent = [house_listen(env, n) for n in range(3)]
    key = keys.new(redis)
    env.start(' '.join(['unix:' + path for path in silent]
                         + ['%s:%s' % (FIRST, port)]))
    client = env.client()
    answer = client.get('/', key)
    check(answer.status == 200, answer)
    redis.kill()
    until(5, lambda: len(env.lines('greeting timed out')) >= 2, 'all tried')
    env.expect(503, keys.Key(), 3)
    status, seconds = timed(env, keys.Key())
    check(status == 503 and seconds < 1, status, seconds)


def house_listen(env, n):
    """Somebody who lets one connect and says nothing."""
    path = '%s/silent%d.sock' % (env.dir, n)
    env.proxies.append(listen(path))
    return path


@case(lines=12)
def literal_behind_a_silent_name(env):
    """A name that nobody answers for delays the addresses behind it by one
    connect_timeout at the start, and never after that."""
    names = env.add_names()
    names.silent = True
    port, (redis,) = servers(env, FIRST)
    key = keys.new(redis)
    start(env, names, '%s:1 %s:%s' % (NAME, FIRST, port))
    env.expect(200, key, 2)
    redis.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    env.expect(200, keys.new(redis), 1)


@case(lines=12)
def only_ipv6(env):
    names = env.add_names()
    try:
        port, (redis,) = servers(env, '::1')
    except OSError as error:
        raise Skipped('no IPv6: %s' % error)
    names.names[NAME] = ['::1']
    key = keys.new(redis)
    start(env, names, NAME + ':' + port)
    env.expect(200, key, 3)
    until(3, lambda: linked(redis), 'linked')


@case(fault='the name server is silent',
      clients='while no address is known: 503 within `connect_timeout`, then '
              'at once; else nothing, the last addresses stay',
      log=('redis connection to … could not be made: "redis.test" … resolved',
           '[warn]…redis "redis.test:…" could not be resolved (110: Operation '
           'timed out), its last addresses stay'),
      lasts='at most 4 s after it answers', lines=12)
def name_server_silent(env):
    names = env.add_names()
    names.silent, names.ttl = True, 1
    port, (redis,) = servers(env, FIRST)
    names.names[NAME] = [FIRST]
    key = keys.new(redis)
    start(env, names, NAME + ':' + port)
    slowest = 0
    begin = time.monotonic()
    while time.monotonic() - begin < 3:
        status, seconds = timed(env, key)
        check(status == 503 and seconds < 1, status, seconds)
        status, seconds = timed(env, path='/pid')
        slowest = max(slowest, seconds)
    names.silent = False
    back = env.back(key, 6)
    env.figure = ('back after %.2f s, slowest other request %.0f ms'
                    % (back, slowest * 1000))
    names.silent = True
    until(8, lambda: env.lines('its last addresses stay'), 'a warning')
    env.expect(200, keys.new(redis))
    time.sleep(1.5)
    check(len(env.lines('its last addresses stay')) == 1, 'warned often')


@case(fault='the name of Redis is no longer resolved (NXDOMAIN, SERVFAIL)',
      clients='nothing: its last addresses stay',
      log=('[warn]…redis "redis.test:…" could not be resolved (2: Server '
           'failure), its last addresses stay',),
      lasts='at most 2 s after it is resolved again')
def name_vanishes(env):
    names = env.add_names()
    names.ttl = 1
    port, (first, second) = servers(env, FIRST, SECOND)
    names.names[NAME] = [FIRST]
    key, later = keys.new(first), keys.new(second)
    start(env, names, NAME + ':' + port)
    env.expect(200, key, 3)
    names.codes[NAME] = dns.SERVFAIL
    until(5, lambda: env.lines('could not be resolved (2'), 'a warning')
    env.expect(200, keys.new(first))
    del names.codes[NAME]
    names.names[NAME] = [SECOND]
    env.expect(200, later, 4)


@case(lines=8)
def ttl_of_zero(env):
    """An answer that is old at once is asked for once a second, not more often;
    nor do lookups ask."""
    names = env.add_names()
    names.ttl = 0
    port, (redis,) = servers(env, FIRST)
    names.names[NAME] = [FIRST]
    key = keys.new(redis)
    start(env, names, NAME + ':' + port)
    env.expect(200, key, 3)
    asked, begin = names.questions(NAME), time.monotonic()
    while time.monotonic() - begin < 4:
        env.expect(200, keys.new(redis))
    seconds = time.monotonic() - begin
    count = names.questions(NAME) - asked
    check(1 <= count <= seconds + 1, count, 'questions in', seconds)
    env.figure = '%d questions in %.1f s' % (count, seconds)


@case(lines=20)
def failures_do_not_ask_more(env):
    """A Redis that is down does not make the name server busy."""
    names = env.add_names()
    names.names[NAME] = [NOBODY]
    start(env, names, NAME + ':' + free_port(NOBODY))
    until(3, lambda: env.lines('connect() failed'), 'it fails')
    asked, begin = names.questions(NAME), time.monotonic()
    while time.monotonic() - begin < 3:
        env.expect(503, keys.Key())
    # their TTL is a minute: nginx's resolver knows them
    check(names.questions(NAME) == asked, 'asked')


def machine_names(env, number):
    """A name server at port 53 of a loopback address of its own."""
    if not env.can_replace_files():
        raise Skipped('no mount namespace')
    try:
        return env.add_names('127.53.0.%d' % number, 53)
    except OSError as error:
        raise Skipped('no port 53: %s' % error)


@case(lines=12)
def servers_of_resolv_conf(env):
    """Without `resolver`: the name servers and search domains of the machine,
    and what comes into that file later."""
    names = machine_names(env, 1)
    port, (first, second) = servers(env, FIRST, SECOND)
    names.names['redis.sub.test'] = [FIRST]
    env.write_file('/etc/hosts', '127.0.0.1 localhost\n')
    # as at boot
    env.write_file('/etc/resolv.conf', '# nothing yet\n')
    key = keys.new(first)
    env.start('redis:' + port)
    env.expect(503, key)
    env.write_file('/etc/resolv.conf', 'nameserver fe80::1%%eth0\n'
                     'nameserver %s\nsearch none.test sub.test\n'
                     % names.address)
    env.expect(200, key, 6)
    until(3, lambda: cached(env, key), 'a hit')
    asked = [name for name, kind in names.asked if kind == dns.A]
    check(asked[:2] == ['redis.none.test', 'redis.sub.test'], asked)


@case(lines=12)
def hosts_come_first(env):
    names = machine_names(env, 2)
    port, (first, second) = servers(env, FIRST, SECOND)
    names.names[NAME] = [SECOND]
    env.write_file('/etc/hosts', '%s localhost\n%s other Redis.Test # x\n'
                     % (FIRST, FIRST))
    env.write_file('/etc/resolv.conf', 'nameserver %s\n' % names.address)
    key, later = keys.new(first), keys.new(second)
    env.start(NAME + ':' + port)
    env.expect(200, key, 3)
    check(not names.asked, 'asked', names.asked)
    env.write_file('/etc/hosts', '%s localhost\n' % FIRST)
    env.expect(200, later, 14)
    check(names.questions(NAME), 'not asked')


@case(lines=12)
def hosts_before_other_addresses(env):
    """A name in /etc/hosts is known at once, when others are not looked at; and
    two names of one server do not hide the address after them."""
    if not env.can_replace_files():
        raise Skipped('no mount namespace')
    port, (first, second) = servers(env, FIRST, SECOND)
    env.write_file('/etc/hosts', '%s localhost\n%s redis.test\n%s other.test\n'
                     % (FIRST, FIRST, FIRST))
    env.write_file('/etc/resolv.conf', '')
    key, later = keys.new(first), keys.new(second)
    env.start(' '.join('%s:%s' % (name, port) for name in
                       ('redis.test', 'other.test', SECOND)))
    env.expect(200, key, 3)
    first.kill()
    env.expect(200, later, 10)


@case(lines=16)
def reload_while_resolving(env):
    """Queries that are in flight end with their worker."""
    names = env.add_names()
    names.silent = True
    port, (redis,) = servers(env, FIRST)
    names.names[NAME] = [FIRST]
    key = keys.new(redis)
    start(env, names, NAME + ':' + port)
    old = env.workers()
    env.signal(1)
    until(5, lambda: not set(old) & set(env.workers()), 'the old one leaves')
    names.silent = False
    env.expect(200, key, 6)


@case(lines=20)
def resolv_conf_changes_within_a_question(env):
    """Between one search domain and the next: what has just read the answer
    must outlive it.  Of two name servers, so that both have a socket."""
    servers_of = [machine_names(env, 8), machine_names(env, 9)]
    port, (redis,) = servers(env, FIRST)
    env.write_file('/etc/hosts', '127.0.0.1 localhost\n')
    text = 'search %s sub.test\n' % ' '.join(
        'none%d.test' % n for n in range(4))
    text += ''.join('nameserver %s\n' % one.address for one in servers_of)
    env.write_file('/etc/resolv.conf', text)
    key = keys.new(redis)
    changes = [0]

    def change(question):
        """With the third: by then each server has been asked."""
        if b'\5none2' in question:
            changes[0] += 1
            env.write_file('/etc/resolv.conf', text + '#' * changes[0])
        return False

    for one in servers_of:
        one.answer = lambda question, answer=one.answer: (
            change(question) or answer(question))
    env.start('redis:' + port)
    until(8, lambda: changes[0] >= 6, 'asked again and again')
    for one in servers_of:
        one.names['redis.sub.test'] = [FIRST]
    env.expect(200, key, 6)
