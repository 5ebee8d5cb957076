"""Races: a change that becomes known while its key is being looked up."""

import threading
import time

from kit import keys
from kit.case import case, check, until


class Hold:
    """Holds the next answer to EXEC, and what follows it on that link."""

    def __init__(self, proxy):
        self.held = threading.Event()
        self.released = threading.Event()
        self.proxy = proxy
        proxy.on_reply = self

    def __call__(self, reply):
        if reply.answers(b'EXEC') and not self.released.is_set():
            self.held.set()
            self.released.wait(30)
        return reply.raw

    def wait(self):
        check(self.held.wait(5), 'no lookup came')

    def release(self):
        self.released.set()


RACE = dict(redis='timeout=20s', cache='16m ttl=10m negative=60s bound=20s')


def overtaken(env, before, change, after):
    """A lookup is asked for, its reply held, the change made and told, then
    the same key asked for again; then the reply comes.  before and after:
    (status, reason)."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    if before[0] != 200:
        env.redis.do('DEL', key.record, key.scopes)
    env.start(proxy).ready()
    time.sleep(0.3)
    hold = Hold(proxy)
    early, late = env.client(), env.client()
    early.send('/', key)
    hold.wait()
    change(env, key)
    time.sleep(0.3)
    late.send('/', key)
    time.sleep(0.3)
    check(not early.answered() and not late.answered(), 'answered too early')
    hold.release()
    first, second = early.read(), late.read()
    check((first.status, first.reason) == before, 'first', first)
    check((second.status, second.reason) == after, 'second', second)
    check(second.cache == 'miss', 'second', second)
    for _ in range(3):
        answer = env.get(key)
        check((answer.status, answer.reason) == after, 'then', answer)


def disable(env, key):
    env.redis.do('HSET', key.record, 'enabled', '0')


def create(env, key):
    env.redis.pipe(key.commands())


def published(env, key):
    """Where the channel alone tells."""
    disable(env, key)
    env.redis.do('PUBLISH', keys.CHANNEL, key.id)


def narrow(env, key):
    env.redis.do('SREM', key.scopes, 'dns:read')


def flush(env, key):
    env.redis.do('FLUSHALL')


def delete(env, key):
    env.redis.do('DEL', key.record, key.scopes)


def rename(env, key):
    env.redis.do('RENAME', key.record, 'elsewhere')


def expire(env, key):
    env.redis.do('PEXPIRE', key.record, '1')


@case(fault='a change overtakes the reply to an older lookup',
      clients='who came before the change gets the older answer, who came '
              'after it the newer one; the older reply is not kept',
      lasts='no longer than that lookup', **RACE)
def overtaken_by_disable(env):
    overtaken(env, (200, ''), disable, (403, 'key_disabled'))


@case(**RACE)
def overtaken_by_ungrant(env):
    overtaken(env, (200, ''), narrow, (403, 'insufficient_scope'))


@case(**RACE)
def overtaken_by_delete(env):
    overtaken(env, (200, ''), delete, (403, 'unknown_key'))


@case(**RACE)
def overtaken_by_rename(env):
    overtaken(env, (200, ''), rename, (403, 'unknown_key'))


@case(**RACE)
def overtaken_by_expiry(env):
    overtaken(env, (200, ''), expire, (403, 'unknown_key'))


@case(fault='FLUSHALL while lookups are in flight',
      clients='the same: those who came after it get 403 `unknown_key`',
      lasts='no longer than those lookups', **RACE)
def overtaken_by_flush(env):
    overtaken(env, (200, ''), flush, (403, 'unknown_key'))


@case(fault='a key is created while it is being looked up',
      clients='403 `unknown_key` to who came before; the next request works',
      lasts='no longer than that lookup', **RACE)
def overtaken_by_create(env):
    overtaken(env, (403, 'unknown_key'), create, (200, ''))


@case(log=('does not tell of changed keys',), **RACE)
def overtaken_by_message(env):
    env.redis.do('ACL', 'SETUSER', 'default', '-client|tracking')
    overtaken(env, (200, ''), published, (403, 'key_disabled'))


@case(**RACE)
def overtaken_and_not_kept(env):
    """Nobody else asks meanwhile: the next one to ask is not answered from the
    older reply."""
    proxy = env.add_proxy()
    for change, reason in ((disable, 'key_disabled'),
                           (narrow, 'insufficient_scope'),
                           (delete, 'unknown_key'), (flush, 'unknown_key')):
        key = keys.new(env.redis)
        if not proxy.links:
            env.start(proxy).ready()
        env.back(keys.new(env.redis))
        hold = Hold(proxy)
        early = env.client()
        early.send('/', key)
        hold.wait()
        change(env, key)
        time.sleep(0.3)
        hold.release()
        check(early.read().status == 200, 'the older answer')
        answer = env.get(key)
        check(answer.status == 403 and answer.reason == reason
              and answer.cache == 'miss', answer)
        proxy.heal()


@case(cache='16m ttl=60s bound=3s', lines=30)
def heartbeat_proves_when_it_was_asked(env):
    """A change is made just after a heartbeat was answered, the answer comes
    much later, and then nothing any more: the bound counts from before the
    change."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, key, 2)
    until(2, lambda: env.get(key).cache == 'hit', 'kept')
    time.sleep(1.2)
    held, lost = threading.Event(), threading.Event()

    def hold(reply):
        if not reply.link.tracking:
            return reply.raw
        if lost.is_set():
            return b''
        if reply.answers(b'SUBSCRIBE'):
            held.set()
            time.sleep(1.7)
            lost.set()
        return reply.raw

    proxy.on_reply = hold
    check(held.wait(5), 'no heartbeat')
    env.redis.do('HSET', key.record, 'enabled', '0')
    start = time.monotonic()
    until(8, lambda: env.get(key).status == 403, 'refused')
    took = time.monotonic() - start
    env.figure = 'refused after %.2f s' % took
    check(took <= 3.7, env.figure)
    check(took > 1.5, 'it was told:', env.figure)


@case(cache='16m ttl=60s bound=3s', redis='timeout=2500ms', lines=10)
def readings_count_from_when_they_were_asked_for(env):
    """Where nobody reports changes, and a reply is late."""
    env.redis.do('ACL', 'SETUSER', 'default', '-client|tracking')
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.expect(200, keys.new(env.redis), 2)
    hold = Hold(proxy)
    early = env.client()
    early.send('/', key)
    hold.wait()
    env.redis.do('HSET', key.record, 'enabled', '0')
    start = time.monotonic()
    time.sleep(1.8)
    hold.release()
    check(early.read().status == 200, 'the older answer')
    check(env.get(key).cache == 'hit', 'it was not kept')
    until(8, lambda: env.get(key).status == 403, 'refused')
    took = time.monotonic() - start
    env.figure = 'refused after %.2f s' % took
    check(took <= 3.7, env.figure)


@case(fault='a key is created just after it was refused as unknown',
      clients='it works at once', lasts='milliseconds', workers=2,
      cache='16m negative=60s')
def created_after_a_miss(env):
    env.start().ready()
    workers = env.each_worker()
    slowest = 0
    for _ in range(20):
        key = keys.Key()
        for client in workers.values():
            check(client.get('/', key).reason == 'unknown_key', 'known')
            check(client.get('/', key).cache == 'negative', 'not cached')
        env.redis.pipe(key.commands())
        start = time.monotonic()
        for client in workers.values():
            until(2, lambda: client.get('/', key).status == 200, 'created')
        slowest = max(slowest, time.monotonic() - start)
    env.figure = 'at most %.3f s' % slowest


@case(redis='timeout=20s', cache='16m ttl=10m bound=20s')
def link_of_changes_dies_during_a_lookup(env):
    """The change itself is told to nobody: the new link is what counts."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    time.sleep(0.3)
    hold = Hold(proxy)
    early = env.client()
    early.send('/', key)
    hold.wait()
    proxy.on_connect = lambda link: link.cut()
    for link in proxy.links:
        if link.tracking:
            link.cut()
    disable(env, key)
    proxy.on_connect = None
    time.sleep(0.3)
    env.ready()
    hold.release()
    check(early.read().status == 200, 'the older answer')
    env.expect(403, key, reason='key_disabled')


@case(redis='timeout=20s', cache='16m ttl=10m negative=60s bound=20s')
def stranger_beside_the_holder(env):
    """Both wait for one lookup: the stranger's text is kept as an unknown one,
    in the part of the cache that a flood may fill."""
    key = keys.new(env.redis)
    wrong = keys.Key()
    body = 'sk_%s_%s' % (key.id, 'W' * 32)
    wrong.text = body + keys.checksum(body)
    env.start().ready()
    time.sleep(0.3)
    env.redis.pause()
    holder, stranger = env.client(), env.client()
    for client in (holder, stranger):
        client.get('/pid')
    holder.send('/', key)
    stranger.send('/', wrong)
    until(5, lambda: env.counted() >= 2, 'both wait')
    env.redis.go_on()
    check(holder.read().status == 200, 'the holder')
    check(stranger.read().reason == 'unknown_key', 'the stranger')
    for _ in range(3):
        check(holder.get('/', key).cache == 'hit', 'the holder again')
        answer = stranger.get('/', wrong)
        check(answer.reason == 'unknown_key' and answer.cache == 'negative',
              answer, answer.cache)


@case(cache='16m ttl=10m bound=2s', workers=2)
def revoked_under_load(env):
    """Many changes of one key while it is asked for without a pause: once
    refused by a worker, it stays refused until it is enabled again."""
    key = keys.new(env.redis)
    env.start().ready()
    workers = env.each_worker()
    slowest = 0
    for _ in range(100):
        for client in workers.values():
            until(2, lambda: client.get('/gif', key).status == 200, 'enabled')
        env.redis.do('HSET', key.record, 'enabled', '0')
        start = time.monotonic()
        for client in workers.values():
            until(2, lambda: client.get('/gif', key).status == 403, 'disabled')
        slowest = max(slowest, time.monotonic() - start)
        for client in workers.values():
            check(client.get('/gif', key).status == 403, 'allowed again')
        env.redis.do('HSET', key.record, 'enabled', '1')
    env.figure = 'refused after %.3f s at most' % slowest
