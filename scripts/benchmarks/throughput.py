"""Requests a second by wrk, each case beside the bare nginx of its round.  Shared
machines swing by a factor of two: the figures are ratios, of the quietest rounds
and the median of all rounds."""

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


def run(home, bench, options, out):
    all_cases = cases.cases(bench, KEYS)
    servers = {way: cases.start(bench, way)
               for way in dict.fromkeys(case.way for case in all_cases)}
    rates = {case.title: [] for case in all_cases}

    for turn in range(options.rounds):
        order = all_cases if turn % 2 == 0 else all_cases[::-1]
        for case in order:
            server = servers[case.way]
            if turn == 0:
                case.warm(server)
            rates[case.title].append(
                wrk(server.port, case, write_keys(home, case), options.seconds,
                    cases.MISSES))
            place.say('round %d: %-45s %7.0f'
                      % (turn + 1, case.title, rates[case.title][-1]))
    for server in servers.values():
        bench.stop(server)

    rows = []
    for case in all_cases:
        mine, row = rates[case.title], [case.title]
        if case.against:
            bare = rates[case.against]
            row += ['%.2f' % (max(mine) / max(bare)),
                    '%.2f' % statistics.median(a / b for a, b
                                               in zip(mine, bare))]
        else:
            row += ['', '']
        rows.append(row + [report.number(max(mine))])
    out.section('Throughput', 'By wrk, %d connections, %s keys in random '
                'order, %d rounds of %d s; one worker, with a CPU to itself. '
                'Divided by the bare nginx above it.'
                % (cases.MISSES, report.number(KEYS), options.rounds,
                   options.seconds))
    out.table(['case', 'quietest round ÷ bare', 'median ÷ bare',
               'quietest round, requests/s'], rows)
