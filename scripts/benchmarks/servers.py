"""The ways that are compared: each is an nginx with a configuration of its own,
conf/NAME.conf, in which @...@ is filled in here.  To compare another way, put
its configuration there, name it in cases.py, and if it reads records of another
form, write them in Bench.write()."""

import os
import time

import place
import records

PEPPER = b'pepper of the benchmarks'
PEPPERED = 'peppered:'
MODULE = os.path.join(place.BUILD, 'ngx_http_scoped_key_module.so')

# What may be said of a way, and what it is when nothing is said.  Under
# callgrind everything is slow: no record may get too old meanwhile.
DEFAULTS = {
    'CACHE': '256m ttl=1d negative=1h bound=1h',
    'OPTIONS': '',                       # further lines in http
    'PREFIX': 'scoped_key:',
    'LOCATIONS': '',                     # further locations
    'WORKERS': '1',
}

VALGRIND = ['valgrind', '--tool=callgrind', '--instr-atstart=no']


class Server:
    """An nginx; pid: of its one worker, or of itself when it has none."""

    def __init__(self, process, port, pid):
        self.process = process
        self.port = port
        self.pid = pid


class Bench:
    """The upstream and the Redis that all ways share, and the ways."""

    def __init__(self, home):
        self.home = home
        self.count = 0
        self.upstream = home.path('upstream')
        self.socket = home.path('redis')
        with open(home.path('pepper'), 'wb') as file:
            file.write(PEPPER)
        process = home.start('upstream.log', [
            os.path.join(place.OUTPUT, 'upstream'), self.upstream])
        home.wait_for(self.upstream, process)
        process = home.start('redis.log', [
            'redis-server', '--port', '0', '--unixsocket', self.socket,
            '--save', '', '--appendonly', 'no', '--dir', home.dir])
        home.wait_for(self.socket, process)
        self.redis = records.Redis(self.socket)

    def write(self, keys, scopes, peppered=False):
        if peppered:
            self.redis.write(keys, scopes, prefix=PEPPERED, pepper=PEPPER)
        else:
            self.redis.write(keys, scopes)

    def configuration(self, conf, name, port, said):
        with open(os.path.join(place.TEMPLATES, conf + '.conf')) as file:
            text = file.read()
        with open(os.path.join(place.TEMPLATES, 'common.conf')) as file:
            common = file.read()
        with open(os.path.join(place.TEMPLATES, 'proxy.conf')) as file:
            proxy = file.read()
        values = dict(DEFAULTS, **said)
        values.update({
            'NAME': name, 'DIR': self.home.dir, 'PORT': str(port),
            'MODULE': MODULE, 'UPSTREAM': self.upstream, 'REDIS': self.socket,
            'USER': '' if os.geteuid() else 'user root;'})
        text = text.replace('@COMMON@', common)
        # a further location may proxy, too
        text = text.replace('@LOCATIONS@', values.pop('LOCATIONS'))
        text = text.replace('@PROXY@', proxy)
        for word, value in values.items():
            text = text.replace('@%s@' % word, value)
        path = self.home.path(name + '.conf')
        with open(path, 'w') as file:
            file.write(text)
        return path

    def begin(self, conf, said, before, after):
        self.count += 1
        name = '%s%d' % (conf, self.count)
        port = place.free_port()
        path = self.configuration(conf, name, port, said)
        os.makedirs(self.home.path(name), exist_ok=True)
        process = self.home.start(name, before + [
            'nginx', '-p', self.home.dir, '-c', path, '-e',
            self.home.path(name + '.log'), '-g', 'daemon off;' + after],
            place.SERVER_CPU if said.get('WORKERS', '1') == '1' else None)
        self.home.wait_for(port, process)
        return name, process, port

    def start(self, conf, **said):
        _, process, port = self.begin(conf, said, [], '')
        end = time.monotonic() + 10
        while not (workers := place.children(process.pid)):
            if time.monotonic() > end:
                raise place.Failure('no worker: ' + conf)
            time.sleep(0.02)
        return Server(process, port, workers[0])

    def start_counted(self, conf, **said):
        """One process under callgrind, which counts nothing yet."""
        before = VALGRIND + ['--callgrind-out-file='
                             + self.home.path('callgrind.%p')]
        _, process, port = self.begin(conf, said, before,
                                      'master_process off;')
        # a Redis that is not connected yet would make misses of hits
        time.sleep(1)
        return Server(process, port, process.pid)

    def stop(self, server):
        self.home.stop(server.process)
