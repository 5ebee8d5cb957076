"""A proxy between the module and Redis that does what a test says.

A test gives it hooks, which may be changed at any time:

    on_connect(link)   when the module connects; may cut or wait, or return
                       the path of the server that it leads to
    on_reply(reply)    before each reply is passed on; returns what is passed
                       on instead: bytes, an iterator of bytes, or b'' for
                       nothing.  It may wait: that holds up this direction of
                       this link and nothing else.

A reply knows its link, its number on that link, the command that it answers
(None: Redis spoke by itself) and its bytes.  link.cut() ends a link for both
sides; link.over says that it has ended.  Each link has two threads, so that nothing holds up anything else.
"""

import os
import socket
import threading

from kit import resp


class Reply:
    def __init__(self, link, number, command, raw):
        self.link = link
        self.number = number
        self.command = command
        self.raw = raw

    def answers(self, *words):
        """Whether this answers a command that begins so."""
        command = self.command or []
        return [word.upper() for word in command[:len(words)]] == list(words)

    def value(self):
        return resp.decode(self.raw)[0]


class Link:
    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.client = client
        self.server = server
        self.commands = []
        self.replies = 0
        self.tracking = False
        self.data = False
        self.over = False
        self.lock = threading.Lock()

    def cut(self):
        self.over = True
        for side in (self.client, self.server):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def run(self):
        for direction in (self.forth, self.back):
            threading.Thread(target=self.pump, args=(direction,),
                             daemon=True).start()

    def pump(self, direction):
        try:
            direction()
        except OSError:
            pass
        self.cut()

    def forth(self):
        rest = b''
        while True:
            data = self.client.recv(65536)
            if not data:
                return
            rest = self.notice(rest + data)
            self.server.sendall(data)

    def notice(self, data):
        """Remembers the commands that have come whole."""
        start = 0
        while start < len(data):
            end = resp.end_of(data, start)
            if end is None:
                break
            words, _ = resp.decode(data, start)
            start = end
            self.data = self.data or words[0] == b'MULTI'
            self.tracking = self.tracking or words[0] == b'CLIENT'
            with self.lock:
                self.commands += self.expected(words)
        return data[start:]

    @staticmethod
    def expected(words):
        """One entry a reply: SUBSCRIBE is answered for each channel."""
        if words[0] == b'SUBSCRIBE':
            return [[words[0], channel] for channel in words[1:]]
        return [words]

    def back(self):
        rest = b''
        while True:
            data = self.server.recv(65536)
            if not data:
                return
            rest += data
            start = 0
            while start < len(rest):
                end = resp.end_of(rest, start)
                if end is None:
                    break
                self.reply(rest[start:end])
                start = end
            rest = rest[start:]

    def reply(self, raw):
        command = None
        if not raw.startswith(b'*3\r\n$7\r\nmessage'):
            with self.lock:
                command = self.commands.pop(0) if self.commands else None
        reply = Reply(self, self.replies, command, raw)
        self.replies += 1
        hook = self.proxy.on_reply
        said = raw if hook is None else hook(reply)
        for piece in [said] if isinstance(said, bytes) else said:
            self.client.sendall(piece)


class Proxy:
    def __init__(self, path, upstream):
        self.path = path
        self.upstream = upstream
        self.on_connect = None
        self.on_reply = None
        self.links = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o777)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,),
                             daemon=True).start()

    def connect(self, client):
        server = socket.socket(socket.AF_UNIX)
        link = Link(self, client, server)
        self.links.append(link)
        upstream = None
        if self.on_connect is not None:
            upstream = self.on_connect(link)
        try:
            server.connect(upstream or self.upstream)
        except OSError:
            client.close()
            return
        link.run()

    def heal(self):
        """Passes everything on, from now on."""
        self.on_connect = None
        self.on_reply = None

    def close(self):
        self.listener.close()
        for link in self.links:
            link.cut()
