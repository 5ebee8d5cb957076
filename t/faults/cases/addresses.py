"""A name with two addresses, and a Redis of its own at each: which of them is
asked, which of them reports changes, and what is kept of it."""

from cases.names import servers, start
from kit import keys
from kit.case import case, check, until

NAME = 'two.test'
ADDRESSES = ('127.0.0.1', '127.0.0.2')


def two_servers(env):
    """nginx, linked to the first of two."""
    names = env.add_names()
    names.names[NAME] = ADDRESSES
    port, (first, second) = servers(env, *ADDRESSES)
    start(env, names, '%s:%s' % (NAME, port))
    until(5, lambda: listeners(first), 'linked to the first')
    check(not listeners(second), 'linked to the second, too')
    return first, second


def listeners(server):
    return server.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=')


def cached(env, key):
    return env.get(key).cache == 'hit'


@case(cache='16m bound=2s', lines=40)
def another_address_serves(env):
    """When the first server dies the second is asked, and what the first one
    said is forgotten."""
    first, second = two_servers(env)
    old, new = keys.new(first), keys.new(second)
    env.expect(200, old)
    until(3, lambda: cached(env, old), 'a hit')
    env.expect(403, new, reason='unknown_key')
    first.kill()
    back = env.back(new, 3)
    env.expect(403, old, 3, reason='unknown_key')
    until(3, lambda: cached(env, new), 'a hit of the second')
    second.do('HSET', new.record, 'enabled', '0')
    env.expect(403, new, 1, reason='key_disabled')
    env.figure = 'back after %.2f s' % back


@case(lines=40)
def one_answers_and_another_tells(env):
    """While the data come from a server that does not report their changes,
    nothing is kept; once both are the same one again, all is."""
    first, second = two_servers(env)
    known = keys.new(first)
    env.expect(200, known)
    until(3, lambda: cached(env, known), 'a hit')
    key, gone = keys.new(second, 2)
    # the link of changes and the test itself are all that it takes
    first.do('CONFIG', 'SET', 'maxclients', '2')
    first.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    env.expect(200, key, 3)
    check(listeners(first) == 1 and not listeners(second), 'no mixture')
    before = second.calls('exec')
    for _ in range(5):
        check(env.expect(200, key).cache == 'miss', 'kept')
    check(second.calls('exec') - before == 5, 'not asked each time')
    second.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, reason='key_disabled')
    second.do('DEL', gone.record)
    for _ in range(2):
        check(env.expect(403, gone, reason='unknown_key').cache == 'miss',
              'unknown ones are kept')
    check(cached(env, known), 'what the first one said is as good as ever')
    # the links meet at the second
    first.kill()
    until(5, lambda: listeners(second), 'linked to the second')
    second.do('HSET', key.record, 'enabled', '1')
    env.expect(200, key, 1)
    until(3, lambda: cached(env, key), 'kept')
    env.expect(403, known, 2, reason='unknown_key')
