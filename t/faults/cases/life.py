"""The life of a worker: reloads, upgrades, sudden death, and what is open or
in flight meanwhile."""

import signal
import threading
import time

from kit import env as kit
from kit import keys, web
from kit.case import case, check, until


class Load:
    """Clients who never stop: each answer has to be what its key deserves."""

    def __init__(self, env, threads=4):
        self.env = env
        self.wrong = []
        self.count = 0
        self.stopping = threading.Event()
        good = keys.new(env.redis, 20)
        disabled = keys.new(env.redis, 5, enabled='0')
        self.expected = [(key, 200) for key in good]
        self.expected += [(key, 403) for key in disabled]
        self.expected += [(keys.Key(), 403) for _ in range(5)]
        self.threads = [threading.Thread(target=self.run, daemon=True)
                        for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            for key, status in self.expected:
                try:
                    self.ask(key, status)
                except (OSError, web.Lost) as error:
                    self.wrong.append('lost: %s' % error)
                self.count += 1

    def ask(self, key, status):
        """On a connection of its own: one that is kept may be closed by an
        nginx that leaves, between two requests."""
        client = web.Client(self.env.http)
        answer = client.get('/', key, ['Connection: close'])
        client.close()
        wanted = key.id.encode() if status == 200 else answer.body
        if answer.status != status or answer.body != wanted:
            self.wrong.append(repr(answer))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        check(not self.wrong, len(self.wrong), 'of', self.count, 'such as',
              self.wrong[:3])
        check(self.count > 50, 'only', self.count, 'requests')


@case(fault='nginx is reloaded, each second, under load',
      clients='nothing', lasts='old workers leave when they are done',
      workers=2, alone=True)
def reload_under_load(env):
    env.start().ready()
    load = Load(env)
    for _ in range(6):
        before = set(env.workers())
        env.signal(signal.SIGHUP)
        time.sleep(1)
        until(10, lambda: not before & set(env.workers()), 'old ones leave')
    load.stop()
    env.figure = '%d answers' % load.count


@case(fault='nginx is upgraded (USR2, WINCH, QUIT) under load',
      clients='nothing', lasts='old workers leave when they are done',
      workers=2, alone=True)
def binary_upgrade(env):
    env.start().ready()
    load = Load(env)
    old = env.master
    workers = env.workers()
    env.signal(signal.SIGUSR2)
    until(10, lambda: env.read_pid() not in (0, old), 'a new master')
    until(10, lambda: len(kit.children(env.master)) == 2, 'its workers')
    time.sleep(0.5)
    env.signal(signal.SIGWINCH, old)
    until(10, lambda: not any(map(kit.alive, workers)), 'old workers leave')
    time.sleep(0.5)
    env.signal(signal.SIGQUIT, old)
    until(10, lambda: not kit.alive(old), 'the old master leaves')
    time.sleep(0.5)
    load.stop()
    env.figure = '%d answers' % load.count


@case(fault='a worker is killed (SIGKILL)',
      clients='its requests are lost, as with any nginx; the new one starts '
              'with an empty cache', lasts='milliseconds',
      log=('exited on signal 9',), expected=('exited on signal 9',))
def worker_killed(env):
    key = keys.new(env.redis)
    env.start().ready()
    old = env.workers()[0]
    env.expect(200, key, 2)
    env.signal(signal.SIGKILL, old)
    until(5, lambda: env.workers() not in ([], [old]), 'a new worker')
    env.expect(200, key, 2)
    env.ready()
    env.redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')


@case(fault='nginx is reloaded while Redis hangs',
      clients='503 after `timeout` to those who wait',
      lasts='old workers leave when these are answered', lines=16,
      redis='timeout=2s', log=('lost: no reply in time',))
def reload_with_redis_hung(env):
    waiting = keys.new(env.redis, 20)
    env.start().ready()
    old = env.workers()
    env.redis.pause()
    clients = [env.client() for _ in waiting]
    for client, key in zip(clients, waiting):
        client.send('/', key)
    until(1, lambda: env.counted() >= 20, 'they wait')
    start = time.monotonic()
    env.signal(signal.SIGHUP)
    for client in clients:
        check(client.read().status == 503, 'no 503')
    until(4, lambda: not any(map(kit.alive, old)), 'the old worker leaves')
    env.figure = 'left after %.2f s' % (time.monotonic() - start)
    env.redis.go_on()
    env.back(waiting[0])


@case(fault='nginx is stopped (QUIT) while Redis hangs',
      clients='503 after `timeout` to those who wait', lasts='`timeout`',
      redis='timeout=2s', log=('redis connection to … lost: no reply in time',))
def quit_with_redis_hung(env):
    key = keys.new(env.redis)
    env.start().ready()
    env.redis.pause()
    client = env.client()
    client.send('/', key)
    until(1, lambda: env.counted() >= 1, 'it waits')
    env.signal(signal.SIGQUIT)
    check(client.read().status == 503, 'no 503')
    took = until(4, lambda: not kit.alive(env.master), 'nginx leaves')
    env.figure = 'left %.2f s after the answer' % took


@case(log=(), lines=16)
def quit_with_redis_down(env):
    """An idle nginx leaves at once, whatever its links are doing."""
    env.start().ready()
    env.redis.kill()
    time.sleep(0.7)
    env.signal(signal.SIGQUIT)
    until(1.5, lambda: not kit.alive(env.master), 'nginx leaves')


@case(redis='timeout=60s', cache='16m bound=60s')
def terminate_with_lookups(env):
    """TERM: those who wait get no answer, and nothing is touched again."""
    env.start().ready()
    env.redis.pause()
    crowd = web.Crowd(env.http, [keys.Key() for _ in range(100)])
    until(5, lambda: env.counted() >= 100, 'they wait')
    env.signal(signal.SIGTERM)
    until(5, lambda: not kit.alive(env.master), 'nginx ends')
    crowd.gather(5)
    check(crowd.lost == 100, crowd.lost, crowd.statuses)


def open_socket(env, key):
    """An upgraded connection through the module, and its far end."""
    listener = kit.listen(env.dir + '/socket.sock')
    ends = []

    def serve():
        end, _ = listener.accept()
        end.recv(65536)
        end.sendall(b'HTTP/1.1 101 Switching Protocols\r\n'
                    b'Connection: upgrade\r\nUpgrade: echo\r\n\r\n')
        ends.append(end)

    threading.Thread(target=serve, daemon=True).start()
    client = env.client()
    client.send('/socket', key, ['Connection: upgrade', 'Upgrade: echo'])
    answer = client.read()
    check(answer.status == 101, answer)
    until(2, lambda: ends, 'the far end')
    listener.close()
    return client.socket, ends[0]


def carries(near, far):
    far.sendall(b'ping')
    near.settimeout(5)
    return near.recv(16) == b'ping'


@case(fault='nginx is reloaded while a WebSocket is open',
      clients='the WebSocket goes on',
      lasts='the old worker leaves when it ends, or at '
            '`worker_shutdown_timeout`', main='worker_shutdown_timeout 3s;',
      lines=20)
def reload_with_a_websocket(env):
    key = keys.new(env.redis)
    env.start().ready()
    old = env.workers()[0]
    near, far = open_socket(env, key)
    env.signal(signal.SIGHUP)
    until(5, lambda: old not in env.workers() or len(env.workers()) == 2,
          'a new worker')
    time.sleep(1)
    check(kit.alive(old) and carries(near, far), 'the WebSocket ended')
    env.redis.kill()
    time.sleep(1)
    check(kit.alive(old) and carries(near, far), 'it ended with Redis')
    took = until(4, lambda: not kit.alive(old), 'the old worker leaves')
    env.figure = 'left after %.1f s' % (took + 2)
    near.close()


@case()
def websocket_ends_after_a_reload(env):
    """Without worker_shutdown_timeout the socket alone holds the worker."""
    key = keys.new(env.redis)
    env.start().ready()
    old = env.workers()[0]
    near, far = open_socket(env, key)
    env.signal(signal.SIGHUP)
    time.sleep(2.5)
    check(kit.alive(old) and carries(near, far), 'the WebSocket ended')
    near.close()
    far.close()
    until(1.5, lambda: not kit.alive(old), 'the old worker leaves')


@case(main='master_process off;',
      fault='`master_process off` and a reload (HUP)',
      clients='who waits for a lookup gets 503; nginx itself takes no new '
              'connections after it, with this module or without',
      lasts='until the restart', expected=('worker_connections are not '
                                           'enough',))
def single_process_reload(env):
    cached = keys.new(env.redis)
    env.start().ready()
    env.expect(200, cached, 2)
    kept = env.client()
    check(kept.get('/', cached).status == 200, 'not allowed')
    waiting = keys.new(env.redis, 10)
    clients = [env.client() for _ in waiting]
    for client in clients:
        client.get('/pid')
    env.redis.pause()
    for client, key in zip(clients, waiting):
        client.send('/gif', key)
    until(2, lambda: env.counted() >= 10, 'they wait')
    clients.pop().close()
    env.signal(signal.SIGHUP)
    until(5, lambda: env.lines('(SIGHUP)'), 'HUP')
    time.sleep(0.1)
    env.redis.go_on()
    for client in clients:
        check(client.read().status in (200, 503), 'neither')
    until(2.5, lambda: kept.get('/gif', cached).status == 200, 'back')
    env.ready()
    env.redis.do('HSET', cached.record, 'enabled', '0')
    until(2, lambda: kept.get('/gif', cached).status == 403, 'refused')


MANY_SCOPES = '''
    server {
        listen unix:DIR/scopes.sock;
        scoped_key on;
        %s
    }
''' % ''.join(
    'location = /s%d { scoped_key_require s%d:read; empty_gif; }\n' % (n, n)
    for n in range(48))


@case(main='master_process off;', http=MANY_SCOPES)
def single_process_reload_with_other_scopes(env):
    """A connection from before it goes on with the configuration of then, in
    which what is remembered of a record has other numbers."""
    key = keys.new(env.redis, scopes=('s0:read',))
    env.start().ready()
    kept = web.Client(env.dir + '/scopes.sock')
    env.clients.append(kept)
    check(kept.get('/s0', key).status == 200, 'not allowed')
    env.configure(http='')
    env.signal(signal.SIGHUP)
    until(5, lambda: env.lines('(SIGHUP)'), 'HUP')
    until(5, lambda: kept.get('/s0', key).status == 200, 'back')
    env.ready()
    for _ in range(3):
        for n in range(48):
            answer = kept.get('/s%d' % n, key)
            check(answer.status == (403 if n else 200), answer, 'of', n)


POST_ACTION = '''
    server {
        listen unix:DIR/after.sock backlog=4096;
        scoped_key_require dns:read;
        location / { scoped_key on; post_action /open; empty_gif; }
        location /guarded { scoped_key on; post_action /inner; empty_gif; }
        location = /open {
            internal;
            scoped_key off;
            access_log DIR/after.log;
            proxy_pass http://unix:DIR/socket.sock;
            proxy_read_timeout 1s;
        }
        location = /inner {
            internal;
            scoped_key on;
            access_log DIR/after.log;
            proxy_pass http://back;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }
    }
'''


def acted(env):
    with open(env.dir + '/after.log') as file:
        return len(file.readlines())


def leave_with_post_action(env, path):
    """Who leaves while a key is looked up has a post_action run: the reply
    comes to a request that is in another location by then.  What the open one
    is proxied to does not answer, so that it lasts until after the reply."""
    env.start().ready()
    silent = kit.listen(env.dir + '/socket.sock')
    worker = env.workers()
    for turn in range(1, 4):
        waiting = keys.new(env.redis, 20)
        env.redis.pause()
        crowd = web.Crowd(env.dir + '/after.sock', waiting, uri=path)
        until(5, lambda: env.counted() >= 20, 'they wait')
        crowd.leave()
        time.sleep(0.3)
        env.redis.go_on()
        until(5, lambda: env.counted() == 0, 'all requests end')
        check(acted(env) == 20 * turn, acted(env), 'post_actions')
        env.expect(200, keys.new(env.redis))
    silent.close()
    check(env.workers() == worker, 'the worker died')
    for key in waiting:
        env.expect(200, key)


@case(redis='timeout=5s', http=POST_ACTION)
def leave_with_an_open_post_action(env):
    leave_with_post_action(env, '/')


@case(redis='timeout=5s', http=POST_ACTION)
def leave_with_a_guarded_post_action(env):
    leave_with_post_action(env, '/guarded')


@case(redis='timeout=5s')
def reload_with_many_lookups(env):
    """More than are answered in one turn: the old worker answers them all."""
    waiting = keys.new(env.redis, 300)
    env.start().ready()
    old = env.workers()
    env.redis.pause()
    crowd = web.Crowd(env.http, waiting)
    until(5, lambda: env.counted() >= 300, 'they wait')
    env.signal(signal.SIGHUP)
    until(5, lambda: env.lines('(SIGHUP)'), 'HUP')
    time.sleep(0.5)
    check(all(map(kit.alive, old)), 'the old worker left them alone')
    env.redis.go_on()
    statuses = crowd.gather(10)
    check(statuses == [200] * 300, 'lost', crowd.lost, 'others',
          [one for one in statuses if one != 200][:5], 'of', len(statuses))
    until(5, lambda: not any(map(kit.alive, old)), 'the old worker leaves')
    # the new one found a silent Redis, and may be in its back-off
    env.ready()
    env.back(waiting[0])


@case(main='master_process off;', redis='timeout=5s',
      expected=('worker_connections are not enough',))
def single_process_reload_with_many_lookups(env):
    """The one process gives all of them an answer: some before it begins
    again, some from what it was about to tell."""
    waiting = keys.new(env.redis, 300)
    env.start().ready()
    env.redis.pause()
    crowd = web.Crowd(env.http, waiting)
    until(5, lambda: env.counted() >= 300, 'they wait')
    # the replies and the signal come together
    env.signal(signal.SIGSTOP)
    env.redis.go_on()
    time.sleep(0.3)
    env.signal(signal.SIGHUP)
    env.signal(signal.SIGCONT)
    statuses = crowd.gather(10)
    check(len(statuses) == 300 and set(statuses) <= {200, 503},
          'lost', crowd.lost, 'answered', len(statuses), set(statuses))
    check(env.lines('(SIGHUP)'), 'HUP')


@case(main='master_process off;', redis='timeout=5s')
def single_process_leave(env):
    """Who waits goes away, and the process ends: nothing is touched again."""
    waiting = keys.new(env.redis, 50)
    env.start().ready()
    env.redis.pause()
    crowd = web.Crowd(env.http, waiting)
    until(5, lambda: env.counted() >= 50, 'they wait')
    crowd.leave()
    until(5, lambda: env.counted() == 0, 'nobody waits')
    env.redis.go_on()
    env.back(waiting[0])


@case(lines=8, expected=('"timer_resolution" of 10000 ms is too coarse…',))
def reload_with_a_mistake(env):
    """What cannot be used is not taken, and what is there goes on."""
    key = keys.new(env.redis)
    env.start().ready()
    workers = env.workers()
    env.expect(200, key)
    env.configure(main='timer_resolution 10s;')
    env.signal(signal.SIGHUP)
    until(5, lambda: env.lines('is too coarse'), 'it is said')
    env.expect(200, keys.new(env.redis), 1)
    check(env.workers() == workers, 'other workers')
