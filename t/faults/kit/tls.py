"""Certificates, and a server that speaks TLS in front of a Redis and does what
a test says.

    on_accept(socket)  instead of a handshake, if it is set
    links              those that were made: .reused, .version, .received (how
                       many bytes), .raw (the socket), .cut(), and .on_reply,
                       which is asked before data of Redis are passed on
    names              that clients asked for (SNI)
"""

import os
import re
import select
import socket
import ssl
import subprocess
import threading
import time

from kit import resp

CURVE = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')
NAMES = 'DNS:redis.test,IP:127.0.0.1'


def openssl(*words):
    subprocess.run(('openssl',) + words, check=True, stdin=subprocess.DEVNULL,
                   capture_output=True)


class Authority:
    """A CA, and what it signs; files in a directory of its own."""

    def __init__(self, directory, name):
        self.dir = '%s/%s' % (directory, name)
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o755)
        self.key = self.dir + '/ca.key'
        self.pem = self.dir + '/ca.pem'
        openssl('req', '-x509', *CURVE, '-keyout', self.key, '-out', self.pem,
                '-days', '2', '-subj', '/CN=' + name)

    def sign(self, name, names=NAMES, days=2):
        """(certificate, key)"""
        base = '%s/%s' % (self.dir, name)
        with open(base + '.ext', 'w') as file:
            file.write('subjectAltName=%s\n' % names)
        openssl('req', *CURVE, '-keyout', base + '.key', '-out', base + '.csr',
                '-subj', '/CN=' + name)
        openssl('x509', '-req', '-in', base + '.csr', '-CA', self.pem,
                '-CAkey', self.key, '-CAcreateserial', '-out', base + '.pem',
                '-days', str(days), '-extfile', base + '.ext')
        for end in ('.pem', '.key'):
            os.chmod(base + end, 0o644)
        return base + '.pem', base + '.key'


class Link:
    def __init__(self, tls, path):
        self.raw = tls
        self.reused = tls.session_reused
        self.version = tls.version()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(path)
        self.received = 0
        self.on_reply = None

    def run(self):
        """One thread: OpenSSL does not like two on one connection."""
        try:
            while True:
                ready = [self.raw] if self.raw.pending() else select.select(
                    [self.raw, self.server], [], [])[0]
                for side in ready:
                    if not self.pass_on(side):
                        return
        except (OSError, ValueError):
            pass
        finally:
            self.cut()

    def pass_on(self, side):
        data = side.recv(16384)
        if side is self.raw:
            self.received += len(data)
            self.server.sendall(data)
        elif self.on_reply is None or self.on_reply(self, data):
            self.raw.sendall(data)
        return bool(data)

    def cut(self):
        for side in (self.raw, self.server):
            try:
                socket.socket.shutdown(side, socket.SHUT_RDWR)
            except OSError:
                pass


class Front:
    def __init__(self, path, certificate, versions=None, client_ca=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        if versions:
            self.context.minimum_version = versions
            self.context.maximum_version = versions
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.names = []
        self.context.sni_callback = self.on_name
        self.path = path
        self.links = []
        self.failed = 0
        self.on_accept = None
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(64)
        self.address = '127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def on_name(self, tls, name, context):
        self.names.append(name)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,),
                             daemon=True).start()

    def connect(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.on_accept is not None:
            return self.on_accept(client)
        try:
            tls = self.context.wrap_socket(client, server_side=True)
            link = Link(tls, self.path)
        except (OSError, ValueError):
            self.failed += 1
            client.close()
            return None
        self.links.append(link)
        return link.run()

    def close(self):
        self.listener.close()
        for link in self.links:
            link.cut()


class Renegotiator:
    """openssl s_server for one connection, TLS 1.2, in front of a Redis:
    renegotiate() asks the client for a new handshake.  What it prints is what
    came, among words of its own."""

    def __init__(self, path, port, certificate):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(path)
        self.address = '127.0.0.1:%s' % port
        self.printed = b''
        self.before_reply = None
        self.process = subprocess.Popen(
            ['openssl', 's_server', '-accept', self.address, '-tls1_2',
             '-cert', certificate[0], '-key', certificate[1]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0)
        threading.Thread(target=self.forth, daemon=True).start()

    def forth(self):
        seen = b''
        while True:
            data = self.process.stdout.read(65536)
            if not data:
                return
            self.printed += data
            seen = self.answer_all(seen + data)

    def answer_all(self, seen):
        """What is left over of it."""
        start = 0
        for found in re.finditer(rb'\*\d+\r\n\$', seen):
            if found.start() < start:
                continue
            end = resp.end_of(seen, found.start())
            if end is None:
                return seen[found.start():]
            self.answer(seen[found.start():end])
            start = end
        return seen[start:][-64:]

    def answer(self, command):
        self.server.sendall(command)
        reply = b''
        while not reply or resp.end_of(reply, 0) is None:
            reply += self.server.recv(65536)
        if self.before_reply is not None:
            self.before_reply(command)
        self.process.stdin.write(reply)

    def renegotiate(self):
        """A line that is read alone."""
        time.sleep(0.3)
        self.process.stdin.write(b'R\n')
        time.sleep(0.3)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.server.close()
