"""User instructions for each request, the figure to trust: it hardly depends on
what else the machine does.  By the hardware's counters where there are any,
else by callgrind, which runs a single-process nginx and counts alike."""

import glob
import os
import re
import shutil
import signal
import statistics
import subprocess
import time

import cases
import client
import place
import report

STARTS = 3
REQUESTS = 2000

# seconds in which the module writes the last uses that the warming made
SETTLE = 1.5


def has_counters():
    if not shutil.which('perf'):
        return False
    done = subprocess.run(['perf', 'stat', '-x,', '-e', 'instructions:u',
                           'true'], capture_output=True, text=True)
    return done.returncode == 0 and done.stderr[:1].isdigit()


class Perf:
    name = '`perf stat -e instructions:u`'
    counted = False

    def count(self, server, work):
        perf = subprocess.Popen(['perf', 'stat', '-x,', '-e', 'instructions:u',
                                 '-p', str(server.pid)],
                                stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        work()
        perf.send_signal(signal.SIGINT)
        said = perf.communicate()[1]
        total = re.search(r'^(\d+),', said, re.MULTILINE)
        if not total:
            raise place.Failure('perf: ' + said)
        return int(total.group(1))


class Callgrind:
    name = 'callgrind'
    counted = True

    def __init__(self, home):
        self.home = home

    def control(self, server, *words):
        done = subprocess.run(['callgrind_control', *words, str(server.pid)],
                              capture_output=True, text=True)
        if done.returncode != 0 or 'OK' not in done.stdout:
            raise place.Failure('callgrind_control: ' + done.stdout
                                + done.stderr)

    def count(self, server, work):
        self.control(server, '-i', 'on')
        work()
        self.control(server, '-i', 'off')
        self.control(server, '-d')
        dumps = glob.glob(self.home.path('callgrind.%d.*' % server.pid))
        newest = max(dumps, key=lambda name: int(name.rsplit('.', 1)[1]))
        with open(newest) as file:
            total = re.search(r'^totals: (\d+)', file.read(), re.MULTILINE)
        os.unlink(newest)
        return int(total.group(1))


def counter(home):
    return Perf() if has_counters() else Callgrind(home)


def per_request(count, server, case):
    """The case must be warm."""
    def work():
        client.drive(server.port, case.requests, REQUESTS, case.status,
                     cases.CONNECTIONS)
    return count.count(server, work) / REQUESTS


def measure_way(count, bench, way, all_cases, found):
    server = cases.start(bench, way, counted=count.counted)
    for case in all_cases:
        if case.way != way:
            continue
        case.warm(server)
        time.sleep(SETTLE)
        before = bench.redis.calls('hgetall')
        cost = per_request(count, server, case)
        lookups = (bench.redis.calls('hgetall') - before) / REQUESTS
        found.setdefault(case.title, []).append((cost, lookups))
        place.say('%-45s %7.0f' % (case.title, cost))
    bench.stop(server)


def measure(count, bench, all_cases):
    """By title: the median of the costs, half their range, the lookups."""
    found = {}
    for _ in range(STARTS):
        for way in dict.fromkeys(case.way for case in all_cases):
            measure_way(count, bench, way, all_cases, found)
    result = {}
    for title, pairs in found.items():
        costs = [cost for cost, _ in pairs]
        result[title] = (statistics.median(costs),
                         (max(costs) - min(costs)) / 2,
                         statistics.mean(lookups for _, lookups in pairs))
    return result


def run(home, bench, options, out):
    count = counter(home)
    all_cases = cases.cases(bench, REQUESTS)
    found = measure(count, bench, all_cases)
    rows = []
    for case in all_cases:
        cost, range_, lookups = found[case.title]
        over = cost - found[case.against][0] if case.against else None
        rows.append([case.title, report.number(cost),
                     '± ' + report.number(range_), report.signed(over),
                     report.limit(case.target, over), '%.2f' % lookups])
    out.section('User instructions a request', 'By %s: the median of %d starts '
                'of nginx, and half of their range, which is what the layout '
                'of the heap adds. %s requests each, %d at once, with as '
                'many keys, all of them seen twice before.'
                % (count.name, STARTS, report.number(REQUESTS),
                   cases.CONNECTIONS))
    out.table(['case', 'in all', '', 'over bare', 'target',
               'lookups in Redis'], rows)
