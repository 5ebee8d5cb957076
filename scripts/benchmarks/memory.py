"""Bytes of a worker for each cached key: the growth of its resident memory
while it sees every key once."""

import client
import cases
import place
import records
import report

FIRST = 1000
TRIES = 4


def resident(pid):
    with open('/proc/%d/status' % pid) as file:
        for line in file:
            if line.startswith('VmRSS'):
                return int(line.split()[1]) * 1024
    raise place.Failure('no VmRSS of %d' % pid)


def fill(bench, server, keys):
    """Until all are there at once.  A Redis that is late with its heartbeat,
    since the machine is busy, may have made the worker forget them."""
    for _ in range(TRIES):
        before = bench.redis.calls('hgetall')
        client.sweep(server.port, cases.ORDERS, keys)
        fetched = bench.redis.calls('hgetall') - before
        place.say('%d of %d keys fetched' % (fetched, len(keys)))
        if fetched == 0:
            return
    raise place.Failure('the keys are never all in the cache')


def measure(bench, count, mebibytes):
    """(bytes a key, bytes in all)"""
    keys = records.texts('plain', count)
    bench.write(keys, records.FIVE)
    server = bench.start('module', CACHE='%dm ttl=1d bound=1h' % mebibytes)
    client.sweep(server.port, cases.ORDERS, keys[:FIRST])
    before = resident(server.pid)
    fill(bench, server, keys)
    after = resident(server.pid)
    bench.stop(server)
    return (after - before) / (count - FIRST), after


def run(home, bench, options, out):
    sizes = [(100000, 48)] + ([(1000000, 480)] if options.million else [])
    rows = []
    for count, mebibytes in sizes:
        each, total = measure(bench, count, mebibytes)
        rows.append([report.number(count), '%d MiB' % mebibytes,
                     report.number(each), '≤ 300%s'
                     % ('' if each <= 300 else ', missed'),
                     '%.1f MiB' % (total / 1048576)])
    out.section('Memory', 'Growth of the resident memory of a worker from '
                '%s keys on, each with 5 grants, a name and an owner.'
                % report.number(FIRST))
    out.table(['keys', '`scoped_key_cache`', 'bytes a key', 'target',
               'worker in all'], rows)
