"""RESP2 for the tests: a client that is quick enough for a storm, and the one
thing that the proxy has to know, where a reply ends."""

import socket


class RedisError(Exception):
    pass


def encode(*words):
    parts = [b'*%d\r\n' % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        parts.append(b'$%d\r\n%s\r\n' % (len(word), word))
    return b''.join(parts)


def end_of(data, start):
    """Where the reply that begins at start ends; None: not all of it is
    here."""
    missing = 1
    while missing:
        eol = data.find(b'\r\n', start)
        if eol < 0:
            return None
        kind = data[start:start + 1]
        number = data[start + 1:eol]
        start = eol + 2
        missing -= 1
        if kind == b'$' and number != b'-1':
            start += int(number) + 2
            if start > len(data):
                return None
        elif kind == b'*' and number != b'-1':
            missing += int(number)
    return start


def decode(data, start=0):
    """(value, end); data holds a whole reply.  An error is a value here."""
    eol = data.index(b'\r\n', start)
    kind, line, start = data[start:start + 1], data[start + 1:eol], eol + 2
    if kind == b'+':
        return line, start
    if kind == b'-':
        return RedisError(line.decode()), start
    if kind == b':':
        return int(line), start
    if line == b'-1':
        return None, start
    if kind == b'$':
        end = start + int(line)
        return data[start:end], end + 2
    values = []
    for _ in range(int(line)):
        value, start = decode(data, start)
        values.append(value)
    return values, start


class Connection:
    """Commands in, replies out, in order."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.data = b''

    def close(self):
        self.socket.close()

    def do(self, *words):
        reply = self.pipe([words])[0]
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def pipe(self, commands):
        """All commands in one piece; errors come back as values."""
        self.socket.sendall(b''.join(encode(*words) for words in commands))
        return [self.read() for _ in commands]

    def read(self):
        while True:
            end = end_of(self.data, 0)
            if end is not None:
                break
            more = self.socket.recv(65536)
            if not more:
                raise RedisError('closed by the server')
            self.data += more
        value, _ = decode(self.data)
        self.data = self.data[end:]
        return value
