"""Requests a second by wrk, each case beside the bare nginx of its round.
Shared machines swing by a factor of two: the figures are ratios, of the
quietest rounds and the median of all rounds.  The worker's CPU time a request
hangs less on what others do, and is given too."""

import operator
import os
import re
import statistics
import subprocess

import cases
import place
import report

KEYS = 10000
SCRIPT = os.path.join(place.ROOT, 'scripts', 'benchmarks', 'wrk.lua')


def write_keys(home, case):
    path = home.path('wrk-keys')
    with open(path, 'w') as file:
        file.write(''.join(text + '\n' for text in case.texts))
    return path


def wrk(port, case, path, seconds, connections):
    """Requests a second; answers of a wrong status are a failure."""
    done = subprocess.run(
        ['wrk', '-t1', '-c%d' % connections, '-d%ds' % seconds, '-s', SCRIPT,
         'http://127.0.0.1:%d%s' % (port, case.path)],
        capture_output=True, text=True, env=dict(
            os.environ, BENCH_KEYS=path, BENCH_STATUS=str(case.status)))
    found = re.search(r'bench: (\d+) requests, (\d+) us, (\d+) wrong',
                      done.stdout)
    if not found or found.group(3) != '0' or found.group(1) == '0':
        raise place.Failure('wrk, %s: %s%s' % (case.title, done.stdout,
                                               done.stderr))
    return int(found.group(1)) * 1e6 / int(found.group(2))


def cpu_seconds(pid):
    with open('/proc/%d/schedstat' % pid) as file:
        return int(file.read().split()[0]) / 1e9


def one_round(home, server, case, seconds):
    """(requests a second, microseconds of the worker's CPU for each)"""
    path = write_keys(home, case)
    before = cpu_seconds(server.pid)
    rate = wrk(server.port, case, path, seconds, cases.CONNECTIONS)
    used = cpu_seconds(server.pid) - before
    return rate, used * 1e6 / (rate * seconds)


def row(case, found):
    rates, times = zip(*found[case.title])
    ratios = ['', '', '']
    if case.against:
        bare_rates, bare_times = zip(*found[case.against])
        ratios = ['%.2f' % ratio for ratio in (
            max(rates) / max(bare_rates),
            statistics.median(map(operator.truediv, rates, bare_rates)),
            min(times) / min(bare_times))]
    return [case.title] + ratios + [report.number(max(rates)),
                                    '%.1f µs' % min(times)]


def run(home, bench, options, out):
    all_cases = cases.cases(bench, KEYS)
    servers = {way: cases.start(bench, way)
               for way in dict.fromkeys(case.way for case in all_cases)}
    found = {case.title: [] for case in all_cases}

    for case in all_cases:
        case.warm(servers[case.way])
    for turn in range(options.rounds):
        for case in all_cases if turn % 2 == 0 else all_cases[::-1]:
            found[case.title].append(one_round(
                home, servers[case.way], case, options.seconds))
            place.say('round %d: %-45s %7.0f/s %5.1f us'
                      % (turn + 1, case.title, *found[case.title][-1]))
    for server in servers.values():
        bench.stop(server)

    out.section('Throughput', 'By wrk, %d connections, %s keys in random '
                'order, %d rounds of %d s; one worker. Divided by a bare '
                'nginx that proxies the same requests.'
                % (cases.CONNECTIONS, report.number(KEYS), options.rounds,
                   options.seconds))
    out.table(['case', 'requests/s, quietest round ÷ bare', 'median ÷ bare',
               'CPU time, quietest ÷ bare', 'requests/s, quietest',
               'CPU time, quietest'], [row(case, found) for case in all_cases])
