"""scripts/bench: measures the module against a bare nginx."""

import argparse
import importlib
import sys

import place
import report
import servers

PARTS = ['instructions', 'throughput', 'memory', 'growth', 'revoke', 'cost']

EPILOG = """parts (all of them when none is named):
  instructions  user instructions a request, by perf or callgrind
  throughput    requests a second, beside those of a bare nginx
  memory        bytes of a worker for each cached key
  growth        instructions a hit with more keys, grants and locations
  revoke        time from a write to Redis to the refusal by the last worker
  cost          processor time of the worst requests that are allowed

The tables are printed, and saved as build/bench/PART.md.  Where the machine's
counters can be read (perf of the package linux-perf) they are, else callgrind
counts."""


def arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', usage='scripts/bench [PART ...] [OPTION ...]',
        description='Measures the module against a bare nginx, in one run.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', metavar='PART',
                        help='what to measure')
    parser.add_argument('--rounds', type=int, default=15, metavar='N',
                        help='of throughput; 15')
    parser.add_argument('--seconds', type=int, default=1, metavar='N',
                        help='a round of one case; 1')
    parser.add_argument('--million', action='store_true',
                        help='memory and growth with 1,000,000 keys too, which'
                        ' takes some minutes and 2 GB')
    parser.add_argument('--revocations', type=int, default=1000, metavar='N',
                        help='1000')
    parser.add_argument('--connections', type=int, default=8, metavar='N',
                        help='of the load during revocations; 8')
    options = parser.parse_intermixed_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error('no part "%s"' % part)
    for name in ('rounds', 'seconds', 'revocations', 'connections'):
        if getattr(options, name) < 1:
            parser.error('--%s must be at least 1' % name)
    return options


def main():
    options = arguments()
    for part in options.parts or PARTS:
        out = report.Report()
        with place.Place() as home:
            bench = servers.Bench(home)
            importlib.import_module(part).run(home, bench, options, out)
        out.save(part)


try:
    main()
except place.Failure as failure:
    place.say('bench: %s' % failure)
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)
