#!/usr/bin/python3
"""grpc_client.py up | down: what gRPC's own client for Python makes of answers.

Every case is called in all four ways, unary and streaming.  `down` has the
cases of a Redis that does not answer.  In the environment: address, calls (the
log of service.py), and the keys.  The last line is `N passed, N failed`.
"""

import os
import queue
import sys

import grpc

env = os.environ
counts = {'passed': 0, 'failed': 0}

# what a caller learns: the code, and the text beside it
OK = 'OK'
UNAUTHENTICATED = 'UNAUTHENTICATED'
DENIED = 'PERMISSION_DENIED'
EXHAUSTED = 'RESOURCE_EXHAUSTED'
UNAVAILABLE = 'UNAVAILABLE'


def is_(name, got, wanted):
    counts['passed' if got == wanted else 'failed'] += 1
    if got != wanted:
        print(f'not ok: {name}: {got!r}, not {wanted!r}')


def calls():
    with open(env['calls'], encoding='utf-8') as log:
        return log.readlines()


def endless(message, refused):
    """Messages until the call is over: the client never ends the stream."""
    for _ in range(64):
        yield message
    refused.get(timeout=30)


def unary(channel, method, message, **how):
    answer = channel.unary_unary(method)(message, **how)
    return [answer]


def server_stream(channel, method, message, **how):
    return list(channel.unary_stream(method)(message, **how))


def client_stream(channel, method, message, **how):
    return [channel.stream_unary(method)(iter([message, message]), **how)]


def bidi(channel, method, message, **how):
    return list(channel.stream_stream(method)(iter([message]), **how))


def open_bidi(channel, method, message, **how):
    over = queue.Queue()
    call = channel.stream_stream(method)(endless(message, over), **how)
    call.add_done_callback(lambda _: over.put(None))
    return list(call)


WAYS = {'Unary': unary, 'ServerStream': server_stream,
        'ClientStream': client_stream, 'Bidi': bidi}


def result(channel, way, method, message, metadata):
    try:
        answer = way(channel, method, message, metadata=metadata, timeout=30)
        return [OK, b''.join(answer)]

    except grpc.RpcError as error:
        return [error.code().name, error.details()]


WITHOUT_END = ('Bidi', open_bidi)


def refused(channel, name, service, wanted, metadata, message=b'hello',
            ways=(*WAYS.items(), WITHOUT_END)):
    """In every way: this code, this reason, and the service never heard."""
    for method, way in ways:
        before = len(calls())
        got = result(channel, way, f'/{service}/{method}', message, metadata)
        is_(f'{name}, {way.__name__}', got, wanted)
        is_(f'{name}, {way.__name__}: not called', calls()[before:], [])


def allowed(channel, name, service, metadata):
    for method, way in WAYS.items():
        times = 2 if method in ('ServerStream', 'ClientStream') else 1
        got = result(channel, way, f'/{service}/{method}', b'hello', metadata)
        is_(f'{name}, {method}', got, [OK, b'hello' * times])
        is_(f'{name}, {method}: hidden', env['good'] in calls()[-1], False)


def key(name):
    return [('x-api-key', env[name])]


def when_up(channel):
    allowed(channel, 'allowed', 'open.Echo', key('good'))
    allowed(channel, 'bearer', 'open.Echo',
            [('authorization', f'Bearer {env["good"]}')])

    for reason, metadata in {
        'missing_key': [],
        'malformed_key': [('x-api-key', 'junk')],
        'ambiguous_key': key('good') + key('good'),
        'unknown_key': key('unknown'),
        'key_disabled': key('disabled'),
        'key_expired': key('expired'),
    }.items():
        refused(channel, reason, 'open.Echo', [UNAUTHENTICATED, reason],
                metadata)
        refused(channel, f'{reason} at 401', 'unauthorized.Echo',
                [UNAUTHENTICATED, reason], metadata)
        refused(channel, f'{reason} through filters', 'filtered.Echo',
                [UNAUTHENTICATED, reason], metadata)

    for reason, name in {
        'insufficient_scope': 'other',
        'ip_refused': 'elsewhere',
        'param_refused': 'constrained',
    }.items():
        refused(channel, reason, 'open.Echo', [DENIED, reason], key(name))

    # a body that a decision needs is awaited: here the stream has to end
    refused(channel, 'body', 'body.Echo', [DENIED, 'body_unreadable'],
            key('constrained'), ways=WAYS.items())
    refused(channel, 'too large', 'body.Echo',
            [EXHAUSTED, 'body_too_large'], key('constrained'), b'x' * 4096)

    # an error_page wins: one that speaks gRPC, and one that does not
    refused(channel, 'own page', 'page.Echo', [DENIED, 'ours'], key('other'))
    refused(channel, 'own page, no key', 'page.Echo', [DENIED, 'ours'], [])
    refused(channel, 'own page, 413', 'page.Echo', [EXHAUSTED, 'too much'],
            key('constrained'), b'x' * 4096)

    # the connection is as good as before
    allowed(channel, 'allowed, in the end', 'open.Echo', key('good'))


def when_down(channel):
    refused(channel, 'outage', 'open.Echo',
            [UNAVAILABLE, 'store_unavailable'], key('uncached'))
    refused(channel, 'outage, own page', 'page.Echo', [UNAVAILABLE, 'later'],
            key('uncached'))
    refused(channel, 'no key', 'open.Echo', [UNAUTHENTICATED, 'missing_key'],
            [])


with grpc.insecure_channel(env['address'], options=[
    ('grpc.enable_http_proxy', 0),
]) as the_channel:
    {'up': when_up, 'down': when_down}[sys.argv[1]](the_channel)

print(f'{counts["passed"]} passed, {counts["failed"]} failed')
sys.exit(counts['failed'] > 0)
