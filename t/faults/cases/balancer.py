"""Two servers behind one address: who says what a record is, and who tells of
its changes, need not be the same, and nothing shows it but their run_id."""

import threading
import time

from kit import keys
from kit.case import case, check, until

TWO = dict(cache='16m ttl=60s bound=2s', lines=60)


class Balancer:
    """Leads connections to servers in turn; fixed: new ones to this server."""

    def __init__(self, house, *servers):
        self.servers = servers
        self.count = 0
        self.fixed = None
        self.lock = threading.Lock()
        self.proxy = house.add_proxy()
        self.proxy.on_connect = self

    def __call__(self, link):
        with self.lock:
            self.count += 1
            if self.fixed is not None:
                return self.fixed.path
            return self.servers[self.count % len(self.servers)].path


def listeners(server):
    return server.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=2')


def two_servers(house):
    """(balancer, the one that tells, the one that answers); both have the
    same keys, as replicas of a third have."""
    second = house.add_redis('second')
    balancer = Balancer(house, house.redis, second)
    key = keys.new(house.redis)
    second.pipe(key.commands())
    house.start(balancer.proxy)
    until(5, lambda: listeners(house.redis) + listeners(second) == 1,
          'linked')
    tells, answers = house.redis, second
    if listeners(second):
        tells, answers = second, house.redis
    balancer.fixed = answers
    return balancer, tells, answers, key


@case(fault='two servers behind one address: one answers lookups and lags, the '
            'other one tells of changes',
      clients='nothing is kept of what the one says; lookups move to the other '
              'one as soon as the balancer leads there',
      log=('lookups are answered by another server than the one that tells of '
           'changes',
           'lookups are no longer answered by another server'),
      lasts='until one server does both', **TWO)
def one_answers_and_lags(house):
    balancer, tells, answers, key = two_servers(house)
    house.expect(200, key, 2)
    until(3, lambda: house.lines('another server than'), 'it is said')
    before = answers.calls('exec')
    for _ in range(5):
        check(house.expect(200, key).cache == 'miss', 'it was kept')
    check(answers.calls('exec') - before == 5, 'not asked each time')
    tells.do('HSET', key.record, 'enabled', '0')
    time.sleep(0.3)
    # it lags: what it says is not kept, and is not what counts for long
    check(house.get(key).cache == 'miss', 'it was kept')
    answers.do('HSET', key.record, 'enabled', '0')
    house.expect(403, key, reason='key_disabled')
    answers.do('HSET', key.record, 'enabled', '1')
    house.expect(200, key, 0.5)
    balancer.fixed = tells
    took = until(9, lambda: house.get(key).reason == 'key_disabled',
                 'the one that tells is asked')
    until(2, lambda: house.get(key).cache == 'hit', 'kept')
    tells.do('HSET', key.record, 'enabled', '1')
    house.expect(200, key, 1)
    until(2, lambda: house.get(key).cache == 'hit', 'kept')
    check(len(house.lines('another server than the one')) == 2, 'not said '
          'once each')
    house.figure = 'moved after %.2f s' % took


@case(**TWO)
def the_link_of_changes_moves(house):
    """The other way round: what was kept is forgotten."""
    second = house.add_redis('second')
    balancer = Balancer(house, house.redis)
    balancer.fixed = house.redis
    key = keys.new(house.redis)
    second.pipe(key.commands())
    house.start(balancer.proxy).ready()
    house.expect(200, key, 2)
    until(2, lambda: house.get(key).cache == 'hit', 'kept')
    balancer.fixed = second
    house.redis.do('CLIENT', 'KILL', 'TYPE', 'pubsub')
    until(3, lambda: listeners(second), 'it moves')
    until(3, lambda: house.get(key).cache == 'miss', 'forgotten')
    second.do('HSET', key.record, 'enabled', '0')
    house.expect(403, key, 9, reason='key_disabled')


@case(fault='the ACL forbids INFO, so that nobody knows which server it is',
      clients='a change works at once, a record is used no longer than `bound`',
      log=('does not say which server it is (INFO): records are used no '
           'longer than the bound',),
      lasts='as long as it is forbidden', cache='16m ttl=60s bound=2s')
def info_refused(house):
    house.redis.do('ACL', 'SETUSER', 'default', '-info')
    key = keys.new(house.redis)
    house.start()
    until(3, lambda: listeners(house.redis), 'linked')
    house.expect(200, key, 2)
    until(2, lambda: house.get(key).cache == 'hit', 'kept')
    start = time.monotonic()
    took = until(4, lambda: house.get(key).cache == 'miss', 'read again')
    check(time.monotonic() - start <= 3, 'used for %.2f s' % took)
    house.expect(200, key)
    house.redis.do('HSET', key.record, 'enabled', '0')
    house.expect(403, key, 1, reason='key_disabled')
    check(len(house.lines('does not say which server')) == 1, 'not once')


@case(cache='16m ttl=60s bound=1s', lines=6)
def two_servers_that_do_not_say(house):
    """What one of them said is used no longer than the bound."""
    house.redis.do('ACL', 'SETUSER', 'default', '-info')
    second = house.add_redis('second')
    second.do('ACL', 'SETUSER', 'default', '-info')
    balancer = Balancer(house, house.redis, second)
    key = keys.new(house.redis)
    second.pipe(key.commands())
    house.start(balancer.proxy)
    until(5, lambda: listeners(house.redis) + listeners(second) == 1,
          'linked')
    house.expect(200, key, 2)
    for server in (house.redis, second):
        server.do('HSET', key.record, 'enabled', '0')
    house.expect(403, key, 1.5, reason='key_disabled')
