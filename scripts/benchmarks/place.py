"""Where a run lives: a private directory under build/bench, and the processes
that it started there, which are ended by their pid, whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, 'build')
OUTPUT = os.path.join(BUILD, 'bench')
TEMPLATES = os.path.join(ROOT, 'scripts', 'benchmarks', 'conf')

# what is measured has the first CPU to itself, all else is on the last one
ALL_CPUS = os.sched_getaffinity(0)
SERVER_CPU = min(ALL_CPUS)
LOAD_CPU = max(ALL_CPUS)


class Failure(Exception):
    """What was measured was not what should have been."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def connect(address):
    """address: the path of a unix socket, or a port of loopback."""
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        return connection
    connection = socket.create_connection(('127.0.0.1', address))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Place:
    def __enter__(self):
        # the path of a unix socket has a hundred bytes at most
        self.dir = tempfile.mkdtemp(prefix='scoped-key-bench-')
        os.chmod(self.dir, 0o755)
        self.started = []
        # what is started stays on the CPU of the load, unless told otherwise
        os.sched_setaffinity(0, {LOAD_CPU})
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self.started):
            self.stop(process)
        if kind is None:
            shutil.rmtree(self.dir)
        else:
            say('what it left is in ' + self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, name, words, cpu=LOAD_CPU):
        log = open(self.path(name + '.out'), 'ab')
        if cpu is not None:
            words = ['taskset', '-c', str(cpu)] + words
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, start_new_session=True)
        log.close()
        self.started.append(process)
        return process

    def stop(self, process):
        """A signal may come just before valgrind waits: it is repeated."""
        for _ in range(40):
            if process.poll() is not None:
                break
            process.terminate()
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
            process.wait()
        if process in self.started:
            self.started.remove(process)

    def wait_for(self, address, process, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                connect(address).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Failure('nothing listens at %s, see %s' % (address, self.dir))


def children(pid):
    with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
        return [int(child) for child in file.read().split()]
