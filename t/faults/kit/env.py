"""What one case gets: a Redis, perhaps a proxy, an nginx, all on unix sockets
in a directory of its own.  Everything is a child of this process, orphans too,
so that nothing that was started can be missed at the end."""

import contextlib
import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from kit import case, dns, proxy, resp, web

PR_SET_CHILD_SUBREAPER = 36

# SERVER=valkey-server tries another one
SERVER = os.environ.get('SERVER') or (
    'redis-server' if shutil.which('redis-server') else 'valkey-server')

CONFIGURATION = '''
load_module %(module)s;
%(user)s
pid %(dir)s/nginx.pid;
error_log %(log)s notice;
worker_processes %(workers)d;
worker_rlimit_nofile %(files)d;
%(main)s
events { worker_connections %(connections)d; }
http {
    access_log off;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxied;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 600;
    client_header_timeout 600;
    scoped_key_redis %(redis)s;
    scoped_key_cache %(cache)s;
    %(http)s
    upstream back { server unix:%(dir)s/back.sock; keepalive 8; }
    add_header X-Pid $pid always;
    add_header X-Cache $scoped_key_cache always;
    add_header X-Reason $scoped_key_reason always;
    server {
        listen unix:%(dir)s/http.sock backlog=4096;
        scoped_key on;
        scoped_key_require dns:read;
        location / {
            proxy_pass http://back;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_set_header X-Id $scoped_key_id;
        }
        location = /gif { empty_gif; }
        location = /pid { scoped_key off; empty_gif; }
        location = /status { scoped_key off; stub_status; }
        location = /socket {
            proxy_pass http://unix:%(dir)s/socket.sock;
            proxy_http_version 1.1;
            proxy_set_header Connection upgrade;
            proxy_set_header Upgrade $http_upgrade;
            proxy_read_timeout 600s;
        }
    }
    server {
        listen unix:%(dir)s/back.sock backlog=4096;
        location / { return 200 "$http_x_id"; }
    }
}
'''


def become_reaper():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def raise_files(wanted):
    """Descriptors for this process and its children; how many there are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted and os.geteuid() == 0:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (OSError, ValueError):
            pass
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def children(parent):
    """Living ones; those that have ended are taken away."""
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % name) as file:
                state, ppid = file.read().rpartition(')')[2].split()[:2]
        except OSError:
            continue
        if int(ppid) == parent and state != 'Z':
            found.append(int(name))
    return found


def descendants(parent):
    found = children(parent)
    for pid in list(found):
        found += descendants(pid)
    return found


def state_of(pid):
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(')')[2].split()[0]
    except OSError:
        return ''


def alive(pid):
    return state_of(pid) not in ('', 'Z')


def memory(pid, what='VmRSS'):
    """In MiB."""
    with open('/proc/%d/status' % pid) as file:
        for line in file:
            if line.startswith(what + ':'):
                return int(line.split()[1]) / 1024
    return 0


class Redis:
    def __init__(self, directory, name, *options):
        self.path = '%s/%s.sock' % (directory, name)
        self.log = '%s/%s.log' % (directory, name)
        self.directory = directory
        self.options = options
        self.process = None
        self.link = None

    def start(self, *more, wait=True):
        command = [SERVER, '--port', '0', '--unixsocket', self.path,
                   '--unixsocketperm', '777', '--save', '', '--appendonly',
                   'no', '--dir', self.directory, '--enable-debug-command',
                   'yes', '--logfile', self.log]
        self.process = subprocess.Popen(
            command + list(self.options) + list(more),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        if wait:
            case.until(10, self.greets, 'Redis starts')
        return self

    def greets(self):
        try:
            self.link = resp.Connection(self.path)
            return self.link.do('PING') == b'PONG'
        except (OSError, resp.RedisError):
            return False

    def do(self, *words):
        return self.link.do(*words)

    def pipe(self, commands):
        replies = self.link.pipe(commands)
        for reply in replies:
            if isinstance(reply, resp.RedisError):
                raise reply
        return replies

    def calls(self, command):
        text = self.do('INFO', 'commandstats').decode()
        found = re.search(r'cmdstat_%s:calls=(\d+)' % command, text)
        return int(found.group(1)) if found else 0

    def drop_links(self):
        """All connections but the test's own."""
        for kind in ('normal', 'pubsub'):
            self.do('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes')

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


class Env:
    def __init__(self, words, setting):
        self.case = words
        self.setting = setting
        self.dir = tempfile.mkdtemp(prefix='faults-')
        os.chmod(self.dir, 0o755)
        self.http = self.dir + '/http.sock'
        self.error_log = self.dir + '/error.log'
        self.log_target = self.error_log
        self.proxies = []
        self.clients = []
        self.master = 0
        self.silent = False
        self.figure = ''
        self.environment = {}
        self.files_of = {}
        self.redis = Redis(self.dir, 'redis')
        self.files = raise_files(40000)

    def add_redis(self, name, *options, wait=True):
        return Redis(self.dir, name, *options).start(wait=wait)

    def add_proxy(self, upstream=None):
        made = proxy.Proxy('%s/proxy%d.sock' % (self.dir, len(self.proxies)),
                           upstream or self.redis.path)
        self.proxies.append(made)
        return made

    def add_names(self, address='127.0.0.1', port=0):
        """A name server."""
        made = dns.Server(address, port)
        self.proxies.append(made)
        return made

    def write_file(self, path, text):
        """What a file of the machine is to nginx; it may be changed later."""
        if path not in self.files_of:
            self.files_of[path] = self.dir + '/' + os.path.basename(path)
        with open(self.files_of[path], 'w') as file:
            file.write(text)

    def command(self):
        """nginx, in a mount namespace of its own if it needs one."""
        command = [self.setting.nginx, '-p', self.dir, '-c',
                   self.dir + '/nginx.conf', '-e', self.log_target]
        if not self.files_of:
            return command
        script = ''.join("mount --bind '%s' '%s' && " % (ours, path)
                         for path, ours in self.files_of.items())
        return ['unshare', '--mount', 'sh', '-c', script + 'exec "$@"',
                'sh'] + command

    def can_replace_files(self):
        return subprocess.run(
            ['unshare', '--mount', 'sh', '-c',
             'mount --bind /etc/hosts /etc/hosts'],
            capture_output=True).returncode == 0

    def configure(self, to=None, **changes):
        words = self.case
        values = {
            'module': self.setting.module,
            'user': 'user root;' if os.geteuid() == 0 else '',
            'dir': self.dir, 'log': self.log_target,
            'workers': words.workers, 'main': words.main,
            'files': self.files, 'connections': 16384,
            'redis': '%s %s' % (to or 'unix:' + self.redis.path, words.redis),
            'cache': words.cache or '16m', 'http': words.http,
        }
        values.update(changes)
        for name in ('main', 'http', 'redis'):
            values[name] = values[name].replace('DIR', self.dir)
        with open(self.dir + '/nginx.conf', 'w') as file:
            file.write(CONFIGURATION % values)

    def start(self, to=None, **changes):
        """nginx, when Redis is there."""
        if to is not None and hasattr(to, 'path'):
            to = 'unix:' + to.path
        self.configure(to, **changes)
        environment = dict(os.environ, **self.setting.environment(self.dir))
        environment.update(self.environment)
        done = subprocess.run(
            self.command(),
            env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True)
        case.check(done.returncode == 0, 'nginx does not start:', done.stderr)
        case.until(10, lambda: self.read_pid() and self.workers(),
                   'nginx starts')
        return self

    def ready(self, seconds=5):
        """Every worker's link of changes has come up."""
        workers = len(self.workers())
        case.until(seconds, lambda: self.redis.do(
            'CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=') >= workers,
            'tracking links')
        return self

    def read_pid(self):
        try:
            with open(self.dir + '/nginx.pid') as file:
                self.master = int(file.read())
        except (OSError, ValueError):
            self.master = 0
        return self.master

    def workers(self):
        """With no master process, the one there is."""
        if 'master_process off' in self.case.main:
            return [self.master] if os.path.exists(self.http) else []
        return sorted(children(self.master))

    def signal(self, number, pid=None):
        os.kill(pid or self.master, number)

    def client(self, timeout=20):
        made = web.Client(self.http, timeout)
        self.clients.append(made)
        return made

    def get(self, key=None, path='/'):
        """On a connection of its own."""
        client = web.Client(self.http)
        try:
            return client.get(path, key)
        finally:
            client.close()

    def each_worker(self):
        """A connection to each: while the others are stopped."""
        found = {}
        workers = self.workers()
        for pid in workers:
            others = [other for other in workers if other != pid]
            for other in others:
                os.kill(other, signal.SIGSTOP)
                case.until(5, lambda: state_of(other) == 'T', 'it stops')
            try:
                client = self.client()
                case.check(client.get('/pid').pid == pid, 'wrong worker')
            finally:
                for other in others:
                    os.kill(other, signal.SIGCONT)
            found[pid] = client
        return found

    def expect(self, status, key, within=0, reason=None, path='/'):
        """The answer; within: seconds in which it has to become so."""
        start = time.monotonic()
        while True:
            answer = self.get(key, path)
            if answer.status == status and reason in (None, answer.reason):
                return answer
            if time.monotonic() - start >= within:
                raise case.Failed('expected %s %s within %g s, got %r'
                                  % (status, reason or '', within, answer))
            time.sleep(0.01)

    def back(self, key, within=2.5):
        """How long it takes until a key is allowed again."""
        start = time.monotonic()
        self.expect(200, key, within)
        return time.monotonic() - start

    def counted(self):
        """Requests that nginx is busy with, this one not counted."""
        text = self.get(path='/status').body.decode()
        return int(re.search(r'Writing: (\d+)', text).group(1)) - 1

    def lines(self, text):
        if not os.path.exists(self.error_log):
            return []
        with open(self.error_log, errors='replace') as file:
            return [line for line in file
                    if re.search(case.pattern(text), line)]

    def needs_no_line(self):
        """This Redis gives no cause for the lines that the case names."""
        self.silent = True

    def stop(self):
        """Everything ends, and says so; what is wrong with that."""
        wrong = []
        for client in self.clients:
            client.close()
        if self.master and alive(self.master):
            self.signal(signal.SIGQUIT)
            try:
                case.until(10, lambda: not alive(self.master), '')
            except case.Failed:
                wrong.append('nginx did not leave within 10 s of SIGQUIT')
        for made in self.proxies:
            made.close()
        self.end_redis()
        left = descendants(os.getpid())
        for pid in left:
            command = command_of(pid)
            if not alive(pid):
                continue
            wrong.append('a process is left: %s' % command)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return wrong

    def end_redis(self):
        for pid in descendants(os.getpid()):
            if command_of(pid).startswith(SERVER):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
                case.until(5, lambda: not alive(pid), 'Redis ends')

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def command_of(pid):
    try:
        with open('/proc/%d/cmdline' % pid) as file:
            return file.read().replace('\0', ' ').strip()
    except OSError:
        return ''


def listen(path):
    made = socket.socket(socket.AF_UNIX)
    made.bind(path)
    os.chmod(path, 0o777)
    made.listen(64)
    return made
