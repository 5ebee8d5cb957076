#!/usr/bin/python3
"""service.py PORT-FILE LOG: a gRPC service behind nginx.

Listens on a loopback port of its own choice, which it writes to PORT-FILE.
Any service has the methods Unary, ServerStream, ClientStream and Bidi, which
give back what they are given.  Each call that arrives is a line in LOG: its
method, and its metadata as JSON.  Knows nothing of keys.
"""

import json
import os
import sys
from concurrent import futures

import grpc


def unary(request, _):
    return request


def server_stream(request, _):
    yield request
    yield request


def client_stream(requests, _):
    return b''.join(requests)


def bidi(requests, _):
    yield from requests


HANDLERS = {
    'Unary': grpc.unary_unary_rpc_method_handler(unary),
    'ServerStream': grpc.unary_stream_rpc_method_handler(server_stream),
    'ClientStream': grpc.stream_unary_rpc_method_handler(client_stream),
    'Bidi': grpc.stream_stream_rpc_method_handler(bidi),
}


class AnyService(grpc.GenericRpcHandler):
    def __init__(self, log):
        self.log = log

    def service(self, call):
        metadata = json.dumps(dict(call.invocation_metadata))
        self.log.write(f'{call.method} {metadata}\n')
        return HANDLERS.get(call.method.rpartition('/')[2])


with open(sys.argv[2], 'a', buffering=1, encoding='utf-8') as log_file:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((AnyService(log_file),))
    port = server.add_insecure_port('127.0.0.1:0')
    server.start()

    with open(sys.argv[1] + '.new', 'w', encoding='ascii') as port_file:
        port_file.write(f'{port}\n')
    os.rename(sys.argv[1] + '.new', sys.argv[1])

    server.wait_for_termination()
