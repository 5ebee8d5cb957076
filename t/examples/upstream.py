#!/usr/bin/env python3
"""upstream.py PORT-FILE LOG: stands for an application behind nginx.

Listens on a loopback port of its own choice, which it writes to PORT-FILE.
Answers every request with 200 and a line of JSON that says what was asked, and
keeps that line, with headers and body, in LOG.  Knows nothing of keys: whatever
reaches it was allowed through by nginx.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def take_chunks(self):
        body = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def take_body(self):
        if self.headers.get('Transfer-Encoding') == 'chunked':
            return self.take_chunks()
        return self.rfile.read(int(self.headers.get('Content-Length', 0)))

    def serve(self):
        asked = {'method': self.command, 'path': self.path}
        whole = {
            **asked,
            'headers': {k.lower(): v for k, v in self.headers.items()},
            'body': self.take_body().decode('latin-1'),
        }
        with open(sys.argv[2], 'a', encoding='utf-8') as log:
            log.write(json.dumps(whole) + '\n')

        answer = (json.dumps(asked) + '\n').encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(answer)

    def __getattr__(self, name):
        if name.startswith('do_'):
            return self.serve
        raise AttributeError(name)

    def log_message(self, format, *args):
        pass


def main():
    server = ThreadingHTTPServer(('127.0.0.1', 0), Upstream)
    open(sys.argv[2], 'w', encoding='utf-8').close()
    with open(sys.argv[1] + '.new', 'w', encoding='utf-8') as file:
        file.write(f'{server.server_address[1]}\n')
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    server.serve_forever()


main()
