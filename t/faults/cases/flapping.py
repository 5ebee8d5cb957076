"""What comes and goes at any pace: the log is told of it, and is not flooded.
Each case makes many changes of state, and counts the lines."""

import re
import time

from cases.balancer import Balancer
from kit import keys
from kit.case import case, check, until

CALM = 'scoped_key_last_used off; scoped_key_log_level info;'

SECONDS = 4


def left_out(lines):
    return sum(int(number) for line in lines
               for number in re.findall(r', (\d+) more not logged', line))


def counted(env, seconds, failure, recovery):
    """The lines of a failure: at most one a second, and its recoveries.  What
    is lost may fail once more on a slow machine, before it is up."""
    recovered = env.lines(recovery)
    again = env.lines('could not be made')
    failed = env.lines(failure)
    env.figure = '%d lines, and %d left out' % (
        len(failed) + len(recovered), left_out(failed))
    check(1 <= len(failed) <= seconds + 1, len(failed), 'lines:', failed[-1:])
    check(len(recovered) <= len(failed) + len(again), len(recovered),
          'recoveries')
    check(len(again) <= len(failed), again[-1:])
    return failed


def for_a_while(act):
    """Again and again; how long."""
    start = time.monotonic()
    while time.monotonic() < start + SECONDS:
        act()
    return time.monotonic() - start


@case(fault='Redis answers lookups and refuses them by turns',
      clients='503 to those whose lookup was refused',
      log=('refuses lookups: "EXECABORT…more not logged',
           'answers lookups again'),
      lasts='as long as it does; the log has a line at once, then after 1, 2, '
            '4, … 60 seconds, with the number of those that were left out',
      cache='16m bound=2s', lines=20, http=CALM)
def refuses_by_turns(env):
    """With an error that leaves the connection as it is."""
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    turn, seen = [0], set()

    def by_turns(reply):
        if reply.answers(b'EXEC'):
            turn[0] += 1
            if turn[0] % 2:
                return b'-EXECABORT LOADING by turns\r\n'
        return reply.raw

    env.back(key)
    proxy.on_reply = by_turns

    def ask():
        env.redis.do('HSET', key.record, 'name', str(turn[0]))
        seen.add(env.get(keys.Key()).status)

    seconds = for_a_while(ask)
    check(seen == {403, 503}, seen)
    check(turn[0] > 100, turn[0], 'lookups')
    failed = counted(env, seconds, 'refuses lookups',
                     'answers lookups again')
    check(left_out(failed) > 0, 'nothing was left out')
    # the last line is what is so
    proxy.heal()
    env.back(key)
    until(2, lambda: len(env.lines('answers lookups again'))
          == len(env.lines('refuses lookups')), 'it is well again')
    # and what is so for good is logged, though late
    proxy.on_reply = lambda reply: (
        b'-NOPERM for good\r\n' if reply.answers(b'EXEC') else reply.raw)
    until(9, lambda: env.get(keys.Key()).status == 503
          and env.lines('refuses lookups: "NOPERM'), 'it is logged')


@case(fault='the connection is lost and made again all the time',
      clients='some 503',
      log=('redis connection to … lost: closed by the server…more not logged',
           'redis connection to … is up again'),
      lasts='as long as it is', cache='16m bound=2s', lines=30, http=CALM)
def connection_flaps(env):
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.back(key)

    def cut(reply):
        if reply.answers(b'HGETALL'):
            reply.link.cut()
            return b''
        return reply.raw

    proxy.on_reply = cut
    before = len(proxy.links)
    seconds = for_a_while(
        lambda: (env.get(keys.Key()), time.sleep(0.005)))
    made = len(proxy.links) - before
    check(made >= 5, made, 'connections')
    counted(env, seconds, 'redis connection to … lost',
            'redis connection to … is up again')
    proxy.heal()
    env.back(key)
    # the next one is told of again, and that it is over
    lost = len(env.lines('redis connection to … lost'))
    until(30, lambda: (env.redis.do('CLIENT', 'KILL', 'TYPE', 'normal',
                                     'SKIPME', 'yes'),
                      env.get(keys.Key()), time.sleep(0.05),
                      len(env.lines('redis connection to … lost')) > lost
                      )[-1], 'it is logged')
    until(3, lambda: 'is up again' in env.lines('redis connection to')[-1],
          'it is up')


@case(cache='16m bound=2s', lines=30, http=CALM)
def link_of_changes_flaps(env):
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    env.start(proxy).ready()
    env.back(key)
    seconds = for_a_while(
        lambda: (env.redis.do('CLIENT', 'KILL', 'TYPE', 'pubsub'),
                 time.sleep(0.02)))
    lost = counted(env, seconds, 'redis tracking link to … lost',
                   'redis tracking link to … is up again')
    check(left_out(lost) > 0 or len(lost) < len(proxy.links), 'none left out')
    env.ready()
    env.back(key)


@case(cache='16m bound=2s', lines=30, http=CALM)
def tracking_is_refused_by_turns(env):
    """By every other server behind the address."""
    proxy = env.add_proxy()
    count = [0]

    def refuse(reply):
        if reply.answers(b'CLIENT', b'TRACKING'):
            count[0] += 1
            if count[0] % 2:
                return b'-NOPERM by turns\r\n'
        return reply.raw

    proxy.on_reply = refuse
    env.start(proxy)
    until(5, lambda: count[0], 'asked')

    def again():
        before = count[0]
        env.redis.do('CLIENT', 'KILL', 'TYPE', 'pubsub')
        until(20, lambda: count[0] > before, 'asked')
        until(20, lambda: b' sub=' in env.redis.do(
            'CLIENT', 'LIST', 'TYPE', 'pubsub'), 'linked')

    seconds = for_a_while(again)
    warned = env.lines('does not tell of changed keys')
    env.figure = '%d warnings of %d links' % (len(warned), count[0])
    check(1 <= len(warned) <= 1 + seconds * 0.7, env.figure)


@case(cache='16m ttl=60s bound=2s', lines=30, http=CALM)
def two_servers_by_turns(env):
    """Lookups are answered by another one at each connection."""
    second = env.add_redis('second')
    proxy = env.add_proxy()
    key = keys.new(env.redis)
    second.pipe(key.commands())
    to = [env.redis]
    proxy.on_connect = lambda link: to[0].path
    env.start(proxy).ready()
    env.back(key)
    turn = [0]

    def flip():
        turn[0] += 1
        to[0] = second if turn[0] % 2 else env.redis
        for server in (env.redis, second):
            server.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
        until(5, lambda: env.get(keys.Key()).status == 403, 'answered')

    seconds = for_a_while(flip)
    check(turn[0] > 6, turn[0], 'turns')
    counted(env, seconds, 'lookups are answered by another server',
            'lookups are no longer answered')


@case(cache='16m ttl=60s bound=2s', lines=40, http=CALM)
def unreadable_where_nothing_is_kept(env):
    """Who holds the key of a broken record has it read at each request."""
    second = env.add_redis('second')
    balancer = Balancer(env, env.redis)
    key = keys.new(env.redis, scopes=['no scope %d' % n for n in range(30)])
    second.pipe(key.commands(['no scope %d' % n for n in range(30)]))
    env.start(balancer.proxy).ready()
    env.expect(403, key, 3, reason='insufficient_scope')
    balancer.pin(second, env.redis)
    env.redis.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    until(5, lambda: env.get(keys.Key()) and env.lines(
        'answered by another server than'), 'two')
    # what was kept of before
    env.redis.do('HSET', key.record, 'name', 'x')
    until(5, lambda: env.get(key).cache == 'miss', 'nothing is kept')
    for _ in range(200):
        check(env.get(key).status in (403, 503), 'allowed')
    lines = len(env.lines('unreadable scopes'))
    env.figure = '%d lines' % lines
    # what a worker may write in ten seconds, and the next ten
    check(32 <= lines <= 128, lines, 'lines')
    until(15, lambda: env.get(key).status == 403 and env.lines(
        'more lines about unreadable records not logged'), 'they are counted')
