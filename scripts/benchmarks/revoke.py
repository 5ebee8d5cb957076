"""How long a disabled key is still accepted: from the moment in which `HSET
... enabled 0` is sent to Redis, to the arrival of the first refusal by the last
of the workers.  The time that the question takes is included; what it takes
alone is measured beside it, for a busy machine makes everything late."""

import os
import statistics
import time

import cases
import client
import place
import records
import report
import throughput

WORKERS = 2
LONGEST = 10                             # seconds; then it is a failure

LOCATIONS = '''
        location /revoke/ {
            scoped_key_require orders:read;
            add_header X-Worker $pid always;
@PROXY@
        }
'''
PATH = '/revoke/'


def one_of_each(server, text):
    """A connection to each worker; who accepts one is up to the kernel."""
    found = {}
    for _ in range(1000):
        connection = client.Connection(server.port)
        connection.send(client.request(PATH, text))
        head = connection.receive()
        worker = head.split(b'x-worker: ')[1].split(b'\r\n')[0]
        found.setdefault(worker, connection)
        if len(found) == WORKERS:
            return list(found.values())
    raise place.Failure('only %d workers answer' % len(found))


def ask_all(connections, data):
    """What the workers answer, asked at once."""
    for connection in connections:
        connection.send(data)
    return [connection.status() for connection in connections]


def revoke(bench, connections, key):
    """Seconds until the last worker refuses, and those that a mere question to
    all of them took."""
    data = client.request(PATH, key.text)
    for _ in range(2):
        start = time.perf_counter()
        if set(ask_all(connections, data)) != {200}:
            raise place.Failure('%s is refused too early' % key.id)
        asked = time.perf_counter() - start
    start = time.perf_counter()
    bench.redis.send('HSET', 'scoped_key:{%s}' % key.id, 'enabled', '0')
    accepting = list(connections)
    while accepting:
        statuses = ask_all(accepting, data)
        accepting = [connection for connection, status
                     in zip(accepting, statuses) if status != 403]
        last = time.perf_counter() - start
        if last > LONGEST:
            raise place.Failure('%s is still accepted' % key.id)
    bench.redis.reply()
    if set(ask_all(connections, data)) != {403}:
        raise place.Failure('%s is accepted again' % key.id)
    return last, asked


def load(home, server, keys, options):
    """wrk in the background, until it is stopped."""
    case = cases.Case('load', '', cases.ORDERS, [key.text for key in keys])
    path = throughput.write_keys(home, case)
    words = ['env', 'BENCH_KEYS=' + path, 'BENCH_STATUS=200', 'wrk', '-t1',
             '-c%d' % options.connections, '-d1h', '-s', throughput.SCRIPT,
             'http://127.0.0.1:%d%s' % (server.port, case.path)]
    process = home.start('load', words, cpu=None)
    time.sleep(1)
    if process.poll() is not None:
        raise place.Failure('wrk ended')
    return process


def quantile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


def row(title, times):
    return [title] + ['%.2f ms' % value for value in (
        statistics.median(times) * 1000, quantile(times, 0.99),
        max(times) * 1000)]


def run(home, bench, options, out):
    os.sched_setaffinity(0, place.ALL_CPUS)
    crowd = records.texts('plain', throughput.KEYS)
    bench.write(crowd, records.FIVE)
    rows = []
    for title, loaded in (('idle', False), ('under load', True)):
        keys = records.texts(title, options.revocations)
        bench.write(keys, records.FIVE)
        server = bench.start('module', WORKERS=str(WORKERS),
                             CACHE='64m', LOCATIONS=LOCATIONS)
        connections = one_of_each(server, crowd[0].text)
        process = load(home, server, crowd, options) if loaded else None
        times, asked = zip(*[revoke(bench, connections, key)
                             for key in keys])
        if process:
            home.stop(process)
        bench.stop(server)
        rows.append(row('%s: a question to each worker' % title, asked))
        rows.append(row('%s: revoked and refused' % title, times))
    out.section('Revocation', 'From the write of `enabled 0` to Redis to the '
                'refusal by the last of %d workers, over %s revocations each; '
                'load: wrk with %d connections, as fast as it goes, on the '
                'same %d CPUs.' % (WORKERS, report.number(options.revocations),
                                   options.connections, len(place.ALL_CPUS)))
    out.table(['', 'p50', 'p99', 'max'], rows)
