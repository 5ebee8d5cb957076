"""A name with two addresses, and a Redis of its own at each: which of them is
asked, which of them tells of changes, and what is kept of it."""

import os
import socket
import subprocess

from kit import keys
from kit.case import Skipped, case, check, until

NAME = 'two.test'
ADDRESSES = ('127.0.0.1', '127.0.0.2')


def build_names(house):
    """A resolver that knows the name, on any machine."""
    library = house.dir + '/names.so'
    source = os.path.dirname(os.path.dirname(keys.__file__)) + '/names.c'
    done = subprocess.run(['gcc', '-shared', '-fPIC', '-O1', '-o', library,
                           source, '-ldl'], capture_output=True, text=True)
    if done.returncode:
        raise Skipped('no resolver to replace: ' + done.stderr[:200])
    return library


def free_port():
    """One that is free at both addresses."""
    for _ in range(100):
        made = [socket.socket() for _ in ADDRESSES]
        try:
            made[0].bind((ADDRESSES[0], 0))
            port = made[0].getsockname()[1]
            made[1].bind((ADDRESSES[1], port))
            return port
        except OSError as error:
            reason = error
        finally:
            for one in made:
                one.close()
    raise Skipped('no port at both addresses: %s' % reason)


def two_servers(house):
    """nginx, linked to the first of two."""
    house.environment = {'LD_PRELOAD': build_names(house)}
    port = str(free_port())
    servers = [house.add_redis('redis%d' % n, '--port', port, '--bind', where)
               for n, where in enumerate(ADDRESSES)]
    house.start('%s:%s' % (NAME, port))
    until(5, lambda: listeners(servers[0]), 'linked to the first')
    check(not listeners(servers[1]), 'linked to the second, too')
    return servers


def listeners(server):
    return server.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=')


def cached(house, key):
    return house.get(key).cache == 'hit'


@case(cache='16m bound=2s', lines=40)
def another_address_serves(house):
    """When the first server dies the second is asked, and what the first one
    said is forgotten."""
    first, second = two_servers(house)
    old, new = keys.new(first), keys.new(second)
    house.expect(200, old)
    until(3, lambda: cached(house, old), 'a hit')
    house.expect(403, new, reason='unknown_key')
    first.kill()
    back = house.back(new, 3)
    house.expect(403, old, 3, reason='unknown_key')
    until(3, lambda: cached(house, new), 'a hit of the second')
    second.do('HSET', new.record, 'enabled', '0')
    house.expect(403, new, 1, reason='key_disabled')
    house.figure = 'back after %.2f s' % back


@case(lines=40)
def one_answers_and_another_tells(house):
    """While the data come from a server that does not tell of their changes,
    nothing is kept; once both are the same one again, all is."""
    first, second = two_servers(house)
    known = keys.new(first)
    house.expect(200, known)
    until(3, lambda: cached(house, known), 'a hit')
    key, gone = keys.new(second, 2)
    # the link of changes and the test itself are all that it takes
    first.do('CONFIG', 'SET', 'maxclients', '2')
    first.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    house.expect(200, key, 3)
    check(listeners(first) == 1 and not listeners(second), 'no mixture')
    before = second.calls('exec')
    for _ in range(5):
        check(house.expect(200, key).cache == 'miss', 'kept')
    check(second.calls('exec') - before == 5, 'not asked each time')
    second.do('HSET', key.record, 'enabled', '0')
    house.expect(403, key, reason='key_disabled')
    second.do('DEL', gone.record)
    for _ in range(2):
        check(house.expect(403, gone, reason='unknown_key').cache == 'miss',
              'unknown ones are kept')
    check(cached(house, known), 'what the first one said is as good as ever')
    # the links meet at the second
    first.kill()
    until(5, lambda: listeners(second), 'linked to the second')
    second.do('HSET', key.record, 'enabled', '1')
    house.expect(200, key, 1)
    until(3, lambda: cached(house, key), 'kept')
    house.expect(403, known, 2, reason='unknown_key')
