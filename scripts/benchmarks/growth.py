"""What a hit costs when there is more of something: keys, grants of a key,
locations.  Instructions in all, and over a bare nginx with as many
locations."""

import time

import cases
import client
import instructions
import records
import report

SAMPLE = 2000

LOCATION = '''
        location /more/%d/ {
            %s
@PROXY@
        }
'''


def texts(keys):
    return [key.text for key in keys]


class Growth:
    def __init__(self, home, bench, options):
        self.bench = bench
        self.count = instructions.counter(home)
        self.sizes = [1000, 100000] + ([1000000] if options.million else [])
        self.rows = []
        self.bare = {}

    def start(self, conf, **said):
        return (self.bench.start_counted if self.count.counted
                else self.bench.start)(conf, **said)

    def cost(self, server, path, keys):
        case = cases.Case('', '', path, texts(keys))
        case.warm(server)
        time.sleep(instructions.SETTLE)
        return instructions.per_request(self.count, server, case)

    def measured(self, number, server, path, keys):
        return number, self.cost(server, path, keys), self.bare[path]

    def add(self, what, found):
        """found: (how many, instructions in all, those of bare nginx)"""
        first = found[0][1]
        for number, cost, bare in found:
            self.rows.append([what, report.number(number), report.number(cost),
                              report.signed(cost - bare),
                              '%+.1f%%' % (100 * (cost - first) / first)])

    def bare_costs(self, keys):
        server = self.start('bare')
        for path in (cases.ORDERS, cases.ENDPOINT):
            self.bare[path] = self.cost(server, path, keys)
        self.bench.stop(server)

    def keys(self):
        keys = records.texts('plain', self.sizes[-1])
        self.bench.write(keys, records.FIVE)
        self.bare_costs(keys[:SAMPLE])
        server = self.start('module', CACHE='512m ttl=1d bound=1h')
        found, done = [], 0
        for size in self.sizes:
            client.sweep(server.port, cases.ORDERS, keys[done:size])
            done = size
            sample = keys[:size:max(1, size // SAMPLE)]
            found.append(self.measured(size, server, cases.ORDERS,
                                       sample))
        self.bench.stop(server)
        self.add('cached keys', found)

    def grants(self):
        server = self.start('module')
        static, variable = [], []
        for size in (1, 5, 1000):
            keys = records.texts('grants%d' % size, 100)
            self.bench.write(keys, records.many(max(size, 1)))
            static.append(self.measured(size, server, cases.ORDERS, keys))
            if size > 1:
                variable.append(self.measured(size, server, cases.ENDPOINT,
                                              keys))
        self.bench.stop(server)
        self.add('grants a key, static scope', static)
        self.add('grants a key, scope with a variable', variable)

    def locations(self):
        keys = records.texts('plain', SAMPLE)
        found = []
        for size in (1, 100):
            more = range(size)
            server = self.start('bare', LOCATIONS=''.join(
                LOCATION % (i, '') for i in more))
            path = '/more/%d/' % (size - 1)
            bare = self.cost(server, path, keys)
            self.bench.stop(server)
            server = self.start('module', LOCATIONS=''.join(
                LOCATION % (i, 'scoped_key_require resource%d:read '
                            'orders:read;' % i) for i in more))
            found.append((size, self.cost(server, path, keys), bare))
            self.bench.stop(server)
        self.add('locations, each with its scopes', found)


def run(home, bench, options, out):
    growth = Growth(home, bench, options)
    growth.keys()
    growth.grants()
    growth.locations()
    out.section('Growth', 'User instructions a hit, by %s, %d at once; growth '
                'in parts of the whole request. The layout of the heap alone '
                'changes it by about 150.'
                % (growth.count.name, cases.CONNECTIONS))
    out.table(['of', 'number', 'in all', 'over bare', 'growth'], growth.rows)
