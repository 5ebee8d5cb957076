"""Two servers behind one address: who says what a record is, and who
reports its changes need not be the same, and nothing shows it but their run_id."""

import threading
import time

from kit import keys
from kit.case import case, check, until

TWO = dict(cache='16m ttl=60s bound=2s', lines=60)


class Balancer:
    """Leads connections to servers in turn.  fixed: new ones to this server.
    data, changes: those of one worker, each kind to a server of its own."""

    def __init__(self, env, *servers):
        self.servers = servers
        self.count = 0
        self.fixed = self.data = self.changes = None
        self.lock = threading.Lock()
        self.proxy = env.add_proxy()
        self.proxy.on_connect = self

    def __call__(self, link):
        with self.lock:
            if self.fixed is not None:
                return self.fixed.path
            if self.data is not None:
                return (self.changes if self.is_of_changes(link)
                        else self.data).path
            self.count += 1
            return self.servers[self.count % len(self.servers)].path

    def is_of_changes(self, link):
        """The link that this one comes in place of has just been closed."""
        until(2, lambda: len(self.alive(link)) <= 1, 'one is closed')
        return not any(other.tracking for other in self.alive(link))

    def alive(self, link):
        return [other for other in self.proxy.links
                if other is not link and not other.over]

    def pin(self, data, changes):
        with self.lock:
            self.fixed, self.data, self.changes = None, data, changes

    def fix(self, server):
        with self.lock:
            self.fixed = server


def listeners(server):
    return server.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=2')


def two_servers(env):
    """(balancer, the one that tells, the one that answers); both have the
    same keys, as replicas of a third have."""
    second = env.add_redis('second')
    balancer = Balancer(env, env.redis, second)
    key = keys.new(env.redis)
    second.pipe(key.commands())
    env.start(balancer.proxy)
    until(5, lambda: listeners(env.redis) + listeners(second) == 1,
          'linked')
    tells, answers = env.redis, second
    if listeners(second):
        tells, answers = second, env.redis
    balancer.pin(answers, tells)
    return balancer, tells, answers, key


@case(fault='two servers behind one address: one answers lookups and lags, the '
            'other one reports changes',
      clients='nothing is kept of what the one says; lookups move to the other '
              'one as soon as the balancer leads there',
      log=('lookups are answered by another server than the one that reports '
           'changes',
           'lookups are no longer answered by another server'),
      lasts='until one server does both', **TWO)
def one_answers_and_lags(env):
    balancer, tells, answers, key = two_servers(env)
    env.expect(200, key, 2)
    until(3, lambda: env.lines('another server than'), 'it is said')
    before = answers.calls('exec')
    for _ in range(5):
        check(env.expect(200, key).cache == 'miss', 'it was kept')
    check(answers.calls('exec') - before >= 5, 'not asked each time')
    tells.do('HSET', key.record, 'enabled', '0')
    time.sleep(0.3)
    # it lags: what it says is not kept, and is not what counts for long
    check(env.get(key).cache == 'miss', 'it was kept')
    answers.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, reason='key_disabled')
    answers.do('HSET', key.record, 'enabled', '1')
    env.expect(200, key, 0.5)
    balancer.fix(tells)
    took = until(15, lambda: env.get(key).reason == 'key_disabled',
                 'the one that tells is asked')
    until(2, lambda: env.get(key).cache == 'hit', 'kept')
    tells.do('HSET', key.record, 'enabled', '1')
    env.expect(200, key, 1)
    until(2, lambda: env.get(key).cache == 'hit', 'kept')
    check(len(env.lines('another server than the one')) == 2, 'not said '
          'once each')
    env.figure = 'moved after %.2f s' % took


@case(fault='the same, and all new connections lead to the one that lags',
      clients='nothing is kept until both links are there; then a revocation '
              'is as quick as it is known to that server',
      log=('lookups are answered by another server than the one that reports '
           'changes',
           'lookups are no longer answered by another server'),
      lasts='1 to 2 s, while the balancer leads there', **TWO)
def both_are_led_to_the_one_that_lags(env):
    balancer, tells, answers, key = two_servers(env)
    balancer.fix(answers)
    env.expect(200, key, 2)
    took = until(9, lambda: env.get(key).cache == 'hit', 'kept')
    check(listeners(answers) == 1 and listeners(tells) == 0,
          'kept while another one reports changes')
    env.figure = 'kept after %.2f s' % took
    # it has not heard of that, and nobody can know
    tells.do('HSET', key.record, 'enabled', '0')
    answers.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')


@case(**TWO)
def servers_in_turn(env):
    """A balancer that takes them in turn does not lead the links past each
    other for ever."""
    second = env.add_redis('second')
    balancer = Balancer(env, env.redis, second)
    key = keys.new(env.redis)
    second.pipe(key.commands())
    env.start(balancer.proxy)
    env.expect(200, key, 3)
    took = until(30, lambda: env.get(key).cache == 'hit', 'kept')
    # a link that has not said yet where it is may still move to the other
    for server in (env.redis, second):
        server.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')
    env.figure = 'together after %.2f s' % took


@case(http='scoped_key_last_used off;', redis='timeout=1s', **TWO)
def moves_under_load(env):
    """Lookups are always in flight, and none is lost."""
    balancer, tells, answers, key = two_servers(env)
    balancer.proxy.on_reply = lambda reply: (
        reply.answers(b'EXEC') and time.sleep(0.02), reply.raw)[1]
    statuses, over = set(), threading.Event()

    def ask():
        while not over.is_set():
            statuses.add(env.get(keys.Key()).status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        until(5, lambda: env.lines('another server than'), 'two')
        balancer.fix(tells)
        took = until(20, lambda: env.lines('no longer answered'), 'one')
    finally:
        over.set()
        for thread in threads:
            thread.join()
    check(statuses == {403}, statuses)
    env.figure = 'moved after %.2f s' % took


@case(**TWO)
def the_link_of_changes_moves(env):
    """The other way round: what was kept is forgotten."""
    second = env.add_redis('second')
    balancer = Balancer(env, env.redis)
    balancer.fix(env.redis)
    key = keys.new(env.redis)
    second.pipe(key.commands())
    env.start(balancer.proxy).ready()
    env.expect(200, key, 2)
    until(2, lambda: env.get(key).cache == 'hit', 'kept')
    balancer.fix(second)
    env.redis.do('CLIENT', 'KILL', 'TYPE', 'pubsub')
    until(3, lambda: listeners(second), 'it moves')
    until(3, lambda: env.get(key).cache == 'miss', 'forgotten')
    second.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 9, reason='key_disabled')


@case(fault='the ACL forbids INFO, so that nobody knows which server it is',
      clients='a change works at once, a record is used no longer than `bound`',
      log=('does not say which server it is (INFO): records are used no '
           'longer than the bound',),
      lasts='as long as it is forbidden', cache='16m ttl=60s bound=2s')
def info_refused(env):
    env.redis.do('ACL', 'SETUSER', 'default', '-info')
    key = keys.new(env.redis)
    env.start()
    until(3, lambda: listeners(env.redis), 'linked')
    env.expect(200, key, 2)
    until(2, lambda: env.get(key).cache == 'hit', 'kept')
    start = time.monotonic()
    took = until(4, lambda: env.get(key).cache == 'miss', 'read again')
    check(time.monotonic() - start <= 3, 'used for %.2f s' % took)
    env.expect(200, key)
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')
    check(len(env.lines('does not say which server')) == 1, 'not once')


@case(cache='16m ttl=60s bound=1s', lines=6)
def two_servers_that_do_not_say(env):
    """What one of them said is used no longer than the bound."""
    env.redis.do('ACL', 'SETUSER', 'default', '-info')
    second = env.add_redis('second')
    second.do('ACL', 'SETUSER', 'default', '-info')
    balancer = Balancer(env, env.redis, second)
    key = keys.new(env.redis)
    second.pipe(key.commands())
    env.start(balancer.proxy)
    until(5, lambda: listeners(env.redis) + listeners(second) == 1,
          'linked')
    env.expect(200, key, 2)
    for server in (env.redis, second):
        server.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1.5, reason='key_disabled')
