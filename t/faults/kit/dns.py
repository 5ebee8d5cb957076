"""A name server that answers what a test says, over UDP.

    server.names['redis.test'] = ['127.0.0.1', '::1']   its addresses
    server.names['redis.test'] = []                     it has none
    server.codes['redis.test'] = SERVFAIL               an error
    server.ttl = 60                                     of all answers
    server.silent = True                                no answer at all

Names that it does not know do not exist.  server.asked has the questions, as
(name, type)."""

import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5


class Server:
    def __init__(self, address='127.0.0.1', port=0):
        self.names = {}
        self.codes = {}
        self.ttl = 60
        self.silent = False
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.address, self.port = self.socket.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(4096)
            except OSError:
                return
            answer = self.answer(question)
            if answer:
                self.socket.sendto(answer, client)

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = '.'.join(labels).lower()
        kind, = struct.unpack_from('!H', question, at + 1)
        self.asked.append((name, kind))
        if self.silent:
            return None
        code = self.codes.get(name, 0 if name in self.names else NXDOMAIN)
        records = [] if code else self.records(name, kind)
        head = question[:2] + struct.pack('!HHHHH', 0x8180 | code, 1,
                                          len(records), 0, 0)
        return head + question[12:at + 5] + b''.join(records)

    def records(self, name, kind):
        version = {A: 4, AAAA: 6}.get(kind)
        found = [ipaddress.ip_address(text) for text in self.names[name]]
        return [b'\xc0\x0c' + struct.pack('!HHIH', kind, 1, self.ttl,
                                          len(one.packed)) + one.packed
                for one in found if one.version == version]

    def questions(self, name, kind=A):
        return self.asked.count((name, kind))

    def close(self):
        self.socket.close()
