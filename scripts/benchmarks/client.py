"""An HTTP client that sends known requests over kept connections and looks at
every answer: a benchmark of wrong answers is worth nothing."""

import itertools

import place


def request(path, key):
    return ('GET %s HTTP/1.1\r\nHost: b\r\nX-API-Key: %s\r\n\r\n'
            % (path, key)).encode()


class Connection:
    def __init__(self, port):
        self.socket = place.connect(port)
        self.data = b''

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise place.Failure('nginx closed the connection')
        self.data += more

    def receive(self):
        """The head of the next answer; its body is thrown away."""
        while (end := self.data.find(b'\r\n\r\n')) < 0:
            self.fill()
        head = self.data[:end].lower()
        start = head.index(b'content-length:') + 15
        end += 4 + int(head[start:].split(b'\r\n', 1)[0])
        while len(self.data) < end:
            self.fill()
        self.data = self.data[end:]
        return head

    def status(self):
        return int(self.receive()[9:12])


def drive(port, requests, count, expected, connections=1):
    """Sends `count` of the requests, beginning again at their end: on each
    connection one, then waits for all of them."""
    source = itertools.islice(itertools.cycle(requests), count)
    opened = [Connection(port) for _ in range(connections)]
    while batch := list(itertools.islice(source, connections)):
        for connection, data in zip(opened, batch):
            connection.send(data)
        for connection, data in zip(opened, batch):
            status = connection.status()
            if status != expected:
                raise place.Failure('%r: %d, must be %d'
                                    % (data.split(b' HTTP')[0], status,
                                       expected))
    for connection in opened:
        connection.close()


def sweep(port, path, keys):
    """Each key once, as quickly as it goes, so that all are cached."""
    opened = [Connection(port) for _ in range(8)]
    for i in range(0, len(keys), 8 * 16):
        batch = [keys[j:j + 16] for j in range(i, min(i + 8 * 16, len(keys)),
                                               16)]
        for connection, part in zip(opened, batch):
            connection.send(b''.join(request(path, key.text) for key in part))
        for connection, part in zip(opened, batch):
            for key in part:
                status = connection.status()
                if status != 200:
                    raise place.Failure('%s: %d' % (key.id, status))
    for connection in opened:
        connection.close()
