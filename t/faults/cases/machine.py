"""Faults of the machine that nginx runs on: no descriptors, no connections, no
room for logs, clocks that jump."""

import os
import subprocess
import time

from kit import keys
from kit.case import Skipped, case, check, until


@case(fault='no descriptor is left to connect to Redis with '
            '(`worker_rlimit_nofile`)',
      clients='cached keys go on within `bound`, then 503; nginx itself takes '
              'no new clients',
      log=('could not be made: connect() failed (24: Too many open files)',),
      expected=('Too many open files', 'accept4() failed (9: '),
      lasts='at most 2 s after there are some', cache='16m bound=2s',
      lines=16)
def descriptors_exhausted(env):
    key = keys.new(env.redis)
    env.start(files=40).ready()
    first = env.client()
    until(3, lambda: first.get('/gif', key).cache == 'hit', 'a hit')
    idle = fill(env, b'')
    until(3, lambda: env.lines('connect() failed (24'), 'no descriptors')
    check(first.get('/gif', keys.Key()).status == 503, 'not 503')
    until(4, lambda: first.get('/gif', key).status == 503, 'never 503')
    env.redis.pipe(key.commands())
    for client in idle:
        client.close()
    back = until(3, lambda: first.get('/gif', key).status == 200, 'back')
    env.figure = 'back after %.2f s' % back


@case(fault='nginx has no `worker_connections` left for Redis',
      clients='the same', log=('could not be made: connect() failed',),
      expected=('worker_connections are not enough',),
      lasts='at most 2 s after there are some', cache='16m bound=2s', lines=16)
def connections_exhausted(env):
    key = keys.new(env.redis)
    env.start(connections=32).ready()
    env.expect(200, key, 3)
    # a request that has begun is not idle: nginx cannot take it back
    begun = fill(env, b'GET /gif HTTP/1.1\r\nHost:')
    time.sleep(1)
    env.redis.pipe(key.commands())
    for client in begun:
        client.close()
    back = until(3, lambda: env.get(key, '/gif').status == 200, 'back')
    env.figure = 'back after %.2f s' % back


def fill(env, opening):
    """While Redis is away clients take all there is; then it is back."""
    env.redis.kill()
    held = []
    for _ in range(80):
        client = env.client()
        held.append(client)
        try:
            client.socket.sendall(opening)
        except OSError:
            pass
    time.sleep(0.5)
    env.redis.start()
    return held


@case(fault='the disk of the logs is full',
      clients='nothing', lasts='the log is silent as long as it is full')
def logs_full(env):
    key, other = keys.new(env.redis, 2)
    env.log_target = '/dev/full'
    env.start(http='access_log /dev/full;').ready()
    env.expect(200, key, 2)
    env.expect(403, keys.Key(), reason='unknown_key')
    env.redis.kill()
    env.expect(503, other)
    env.redis.start()
    env.redis.pipe(other.commands())
    env.expect(200, other, 2.5)


@case(fault='the clock jumps by an hour or a day, forth or back',
      clients='nothing but what is due: `expires_at` and `not_before` follow '
              'the clock, cached or not; ages and time-outs do not',
      lasts='from the next request on', lines=8)
def clock_jumps(env):
    library = build_clock(env)
    offset = env.dir + '/offset'
    move(offset, 0)
    env.environment = {'LD_PRELOAD': library, 'FAULTS_OFFSET': offset}
    now = keys.now()
    always = keys.new(env.redis)
    soon = keys.new(env.redis, expires_at=str(now + 1800))
    later = keys.new(env.redis, not_before=str(now + 43200))
    env.start().ready()
    for key in (always, soon):
        env.expect(200, key, 2)
    env.expect(403, later, reason='key_not_yet_valid')
    hour, day = 3600, 86400
    for jump in (hour, 0, -hour, day, -day, 0, 40 * 365 * day, 0):
        move(offset, jump)
        time.sleep(0.3)
        env.expect(200, always)
        if jump > 1800:
            env.expect(403, soon, 2, reason='key_expired')
        else:
            env.expect(200, soon, 2)
        if jump > 43200:
            env.expect(200, later, 2)
        else:
            env.expect(403, later, 2, reason='key_not_yet_valid')
        check(env.get(always).cache == 'hit', 'not cached at', jump)
        fresh = keys.new(env.redis)
        env.expect(200, fresh, 2)
        env.redis.do('HSET', fresh.record, 'enabled', '0')
        env.expect(403, fresh, 2, reason='key_disabled')
    move(offset, day)
    env.redis.drop_links()
    env.back(keys.new(env.redis))


def build_clock(env):
    """A wall clock that is moved by the number in a file; the monotonic
    clock stays as it is, as when an administrator sets the time."""
    library = env.dir + '/clock.so'
    source = os.path.dirname(os.path.dirname(keys.__file__)) + '/clock.c'
    done = subprocess.run(['gcc', '-shared', '-fPIC', '-O1', '-o', library,
                           source], capture_output=True, text=True)
    if done.returncode:
        raise Skipped('no clock to move: ' + done.stderr[:200])
    return library


def move(path, seconds):
    with open(path + '.new', 'w') as file:
        file.write('%d\n' % seconds)
    os.rename(path + '.new', path)
