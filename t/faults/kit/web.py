"""HTTP clients: one that asks and waits, and a crowd that asks at once."""

import select
import socket
import time

# until one of a crowd is taken into the queue
CROWD_SECONDS = 60


class Lost(Exception):
    """No answer, or half of one."""


class Answer:
    def __init__(self, head, body, seconds):
        lines = head.decode('latin-1').split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            self.headers[name.lower()] = value.strip()
        self.body = body
        self.seconds = seconds
        self.cache = self.headers.get('x-cache', '')
        self.reason = self.headers.get('x-reason', '')
        self.pid = int(self.headers.get('x-pid', 0))

    def __repr__(self):
        return '%d %s %s in %.2f s' % (self.status, self.reason or '-',
                                       self.cache or '-', self.seconds)


def request(path, key=None, lines=()):
    text = 'GET %s HTTP/1.1\r\nHost: faults.test\r\n' % path
    if key is not None:
        text += 'X-API-Key: %s\r\n' % getattr(key, 'text', key)
    return (text + ''.join(line + '\r\n' for line in lines)
            + '\r\n').encode()


def split(data):
    """(head, body, rest) of a whole answer, or None."""
    end = data.find(b'\r\n\r\n')
    if end < 0:
        return None
    head = data[:end]
    at = head.lower().find(b'\r\ncontent-length:')
    size = 0 if at < 0 else int(head[at + 17:].split(b'\r\n')[0])
    if len(data) < end + 4 + size:
        return None
    return head, data[end + 4:end + 4 + size], data[end + 4 + size:]


def connect(made, path, seconds):
    """A unix socket whose queue is full says so at once."""
    until = time.monotonic() + seconds
    while True:
        try:
            return made.connect(path)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.001)


class Client:
    """One connection that is kept."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        connect(self.socket, path, timeout)
        self.data = b''

    def close(self):
        self.socket.close()

    def send(self, path, key=None, lines=()):
        self.started = time.monotonic()
        self.socket.sendall(request(path, key, lines))

    def read(self):
        while True:
            parts = split(self.data)
            if parts is not None:
                break
            try:
                more = self.socket.recv(65536)
            except OSError as error:
                raise Lost('no answer: %s' % error)
            if not more:
                raise Lost('closed without an answer')
            self.data += more
        self.data = parts[2]
        return Answer(parts[0], parts[1], time.monotonic() - self.started)

    def get(self, path='/', key=None, lines=()):
        self.send(path, key, lines)
        return self.read()

    def answered(self):
        """Whether something can be read now."""
        return bool(self.data
                    or select.select([self.socket], [], [], 0)[0])


class Crowd:
    """Many connections; each sends its request as soon as it is made."""

    def __init__(self, path, keys, uri='/gif'):
        self.path = path
        self.poll = select.epoll()
        self.members = {}
        self.statuses = []
        self.lost = 0
        for key in keys:
            self.add(request(uri, key))

    def add(self, text):
        member = socket.socket(socket.AF_UNIX)
        connect(member, self.path, CROWD_SECONDS)
        member.sendall(text)
        member.setblocking(False)
        self.members[member.fileno()] = [member, b'']
        self.poll.register(member.fileno(), select.EPOLLIN)

    def gather(self, seconds, count=None):
        """Takes answers until all have come, or `count`, or time is up."""
        until = time.monotonic() + seconds
        while self.members and time.monotonic() < until:
            if count is not None and len(self.statuses) >= count:
                break
            for number, _ in self.poll.poll(0.1):
                self.read(number)
        return self.statuses

    def read(self, number):
        entry = self.members[number]
        try:
            more = entry[0].recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b''
        entry[1] += more
        if not more:
            self.lost += 1
        elif split(entry[1]) is not None:
            self.statuses.append(int(entry[1][9:12]))
        else:
            return
        self.drop(number)

    def drop(self, number):
        self.poll.unregister(number)
        self.members.pop(number)[0].close()

    def leave(self):
        """All who still wait go away."""
        for number in list(self.members):
            self.drop(number)
