"""What the worst requests that are allowed cost: processor time of the worker
for one request, the least of several, from /proc/PID/schedstat.  One process
has the key, the record and the location that make it worst.  What is refused
is not passed on; a location that is off passes all on, for comparison."""

import itertools
import json
import socket
import time

import place
import records
import report

TRIES = 15
BODY = 65536
QUERY = 8000
MOST_PARAMS, MOST_SOURCES = 64, 8

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'

# it reads bodies, which that of the other parts does not
UPSTREAM = 'proxy_pass http://unix:@DIR@/cost.sock;'
OPTIONS = '''
    large_client_header_buffers 4 16k;
    client_body_buffer_size 128k;
    server {
        listen unix:@DIR@/cost.sock;
        return 200;
    }
'''


class Worst:
    """location: its directives; scopes, fields: of the key's record."""

    def __init__(self, title, location, scopes, target='', kind=None, body='',
                 lines=(), fields=()):
        self.title = title
        self.location = location
        self.scopes = scopes
        self.target = target
        self.kind = kind
        self.body = body
        self.lines = lines
        self.fields = fields


def fill(size, head, part, tail=''):
    return head + part * ((size - len(head) - len(tail)) // len(part)) + tail


def many(size, head, part, tail):
    """The same with a number in each part."""
    texts, left = [], size - len(head) - len(tail)
    for i in itertools.count():
        text = part % i
        left -= len(text) + 1
        if left < 0:
            return head + ','.join(texts) + tail
        texts.append(text)


def alike(n):
    """Names that differ in what some upstream leaves out alone."""
    return [''.join('a' + '_' * (i >> k & 1) for k in range(10))
            for i in range(n)]


def params(source, names, extra=''):
    """As many params with as many sources each as there may be."""
    names = list(names)
    return 'scoped_key_require dns:write;\n' + ''.join(
        'scoped_key_param p%d %s%s;\n'
        % (n, ' '.join(source % name
                       for name in names[n::MOST_PARAMS]), extra)
        for n in range(MOST_PARAMS))


def grant(**wanted):
    return json.dumps({'scope': 'dns:write', 'params': wanted},
                      separators=(',', ':'))


def forms():
    one = [grant(p0=['7'])]
    usual = params('form:%s', ['p%d' % i for i in range(512)])
    odd = params('form:%s', alike(512))
    yield Worst('form of short names, none declared', usual, one, kind=FORM,
                body=fill(BODY, '', 'a=&'))
    yield Worst('form of declared names in turn', usual, one, kind=FORM,
                body='&'.join('p%d=7' % (i % 512) for i in range(9000)))
    yield Worst('form of near misses', usual, one, kind=FORM,
                body=fill(BODY, '', 'p511x=7&'))
    yield Worst('form of 65,000 separators in a value', usual, one, kind=FORM,
                body=fill(BODY, 'x=', ';'))
    for what, head, part in (
            ('names like 511 others', '', 'aaaaaaaaaax&'),
            ('the same, with letters beyond ASCII', '',
             'aaaaaaaaaa%c3%a9/&'),
            ('the same, doubly encoded', '', '%2561aaaaaaaaax&'),
            ('the same, in a value, joined by `;`', 'x=;', 'aaaaaaaaaax;'),
            ('the same, as one name, joined by `;`', '',
             'aaaaaaaaaax;' * 30 + '&')):
        yield Worst('form of ' + what, odd, one, kind=FORM,
                    body=fill(BODY, head, part))
    yield Worst('query string of names like 511 others',
                params('arg:%s', alike(512)), one,
                target='?' + fill(QUERY, '', 'aaaaaaaaaax&'))
    yield Worst('a value of 64 KB, split by 64 params',
                params('form:%s', ['x'] * 64, " 'split=,;:|'"),
                [grant(**{'p%d' % i: ['**'] for i in range(64)})], kind=FORM,
                body='x=' + 'y' * (BODY - 2))
    yield Worst('the same, split at every byte',
                params('form:%s', ['x'] * 64, " 'split=,;:|'"),
                [grant(**{'p%d' % i: ['**'] for i in range(64)})], kind=FORM,
                body=fill(BODY, 'x=', ','))


def bodies():
    one = [grant(p0=['7'])]
    usual = params('json:/%s', ['p%d' % i for i in range(512)])
    odd = params('json:/%s', alike(512))
    yield Worst('JSON, an object of many members', usual, one, kind=JSON,
                body=many(BODY, '{', '"x%d":1', '}'))
    yield Worst('JSON, members that are near misses', usual, one, kind=JSON,
                body=many(BODY, '{', '"p%dx":1', '}'))
    yield Worst('JSON, `[{},{},…]`', usual, one, kind=JSON,
                body=fill(BODY, '[{}', ',{}', ']'))
    yield Worst('JSON, arrays of 31 levels', usual, one, kind=JSON,
                body=fill(BODY, '[0', ',' + '[' * 31 + ']' * 31, ']'))
    yield Worst('JSON, `[0,0,…]`', usual, one, kind=JSON,
                body=fill(BODY, '[0', ',0', ']'))
    yield Worst('JSON, names like 511 others', odd, one, kind=JSON,
                body=many(BODY, '{', '"aaaaaaaaaax%d":1', '}'))
    tree = '7'
    for level in range(9):
        tree = '{%s}' % ','.join(
            '"%s":%s' % (name, tree) for name in ('abc' if level > 1 else 'a'))
    ways = [''.join('/a' if i >> k & 1 else '/*' for k in range(9))
            for i in range(512)]
    yield Worst('JSON, 512 pointers of `a` and `*` on nine levels',
                params('json:%s', ways), one, kind=JSON, body=tree)
    both = ('scoped_key_require dns:write;\n' + ''.join(
        'scoped_key_param p%d %s;\n' % (n, ' '.join(
            'form:%s json:/%s' % (name, name)
            for name in alike(256)[n::MOST_PARAMS]))
        for n in range(MOST_PARAMS)))
    yield Worst('a form that could be JSON, names like 255 others', both, one,
                kind=FORM, body=fill(BODY, 'x=', '"aaaaaaaaaax":'))
    yield Worst('JSON that could be a form, names like 255 others', both, one,
                kind=JSON, body=fill(BODY, '{"x":"', '&aaaaaaaaaax=', '"}'))


def both_at_once():
    """A query string that leaves few steps, and the slowest body."""
    names = alike(256)
    location = 'scoped_key_require dns:write;\n' + ''.join(
        'scoped_key_param p%d %s;\n' % (n, ' '.join(
            'arg:%s json:/%s' % (name, name)
            for name in names[n::MOST_PARAMS]))
        for n in range(MOST_PARAMS))
    for n in (28,):
        yield Worst('%d arguments like 255 others, and JSON, `[{},{},…]`' % n, location,
                    [grant(p0=['7'])], target='?' + 'aaaaaaaaaax&' * n,
                    kind=JSON, body=fill(BODY, '[{}', ',{}', ']'))


def documents():
    location = ('scoped_key_require dns:$scoped_key_access;\n'
                'scoped_key_graphql on;\n')
    read = ['dns:read']
    yield Worst('GraphQL, one document of 16,000 fields', location, read,
                kind=JSON, body='{"query":"{a{%s}}"}' % ('a ' * 16000))
    size = BODY // 64 - 80
    yield Worst('GraphQL, a batch of 64 with a fragment each', location, read,
                kind=JSON, body='[%s]' % ','.join(
                    '{"query":"{...f} fragment f on Q{a{%s}}"}'
                    % ('a ' * (size // 2)) for _ in range(64)))
    yield Worst('GraphQL, an object of many more members', location, read,
                kind=JSON, body=many(BODY, '{"query":"{a}",', '"x%d":1', '}'))
    yield Worst('GraphQL, names like `query`', location, read, kind=JSON,
                body=many(BODY, '{"query":"{a}",', '"q%d":1', '}'))
    yield Worst('GraphQL, a batch of 64 with many members each', location,
                read, kind=JSON, body='[%s]' % ','.join(
                    many(BODY // 64 - 2, '{"query":"{a}",', '"x%d":1', '}')
                    for _ in range(64)))
    yield Worst('GraphQL, `variables` of many arrays', location, read,
                kind=JSON, body=fill(BODY, '{"query":"{a}","variables":[0',
                                     ',' + '[' * 28 + ']' * 28, ']}'))


def matching():
    plain = 'scoped_key_require dns:write;\n'
    host = '.'.join(['a' * 62] * 4)
    yield Worst('16,000 hosts `*b*`', plain, ['dns:write'],
                lines=['Host: ' + host],
                fields=['hosts', ','.join(['*b*'] * 16000)])
    yield Worst('a grant with 6,000 patterns, a value of 64 KB',
                plain + 'scoped_key_param x form:x;\n',
                [grant(x=['**a*b**'] * 5500)], kind=FORM,
                body='x=' + 'c' * (BODY - 2))
    scopes = ''.join('scoped_key_require %s;\n' % ' '.join(
        'a/b%d:w%d' % (n, i) for i in range(32)) for n in range(16))
    asks = '{"scope":"**:*","params":{%s}}' % ','.join(
        '"p%d":[]' % i for i in range(MOST_PARAMS))
    yield Worst('90 grants that ask for 64 params each, 512 scopes',
                scopes + ''.join('scoped_key_param p%d arg:p%d;\n' % (i, i)
                                 for i in range(MOST_PARAMS)),
                [asks.replace('"p63":[]', '"p63":["%d"]' % i)
                 for i in range(90)])
    short = ['{"scope":"**:*","params":{"p%d":["%d"]}}' % (i % 64, i)
             for i in range(1024)]
    yield Worst('1,024 grants, 512 scopes',
                scopes + ''.join('scoped_key_param p%d arg:p%d;\n' % (i, i)
                                 for i in range(MOST_PARAMS)), short,
                target='?' + '&'.join('p%d=x' % i for i in range(64)))
    variables = ''.join('scoped_key_require %s;\n' % ' '.join(
        'a/$arg_a:w%d' % i for i in range(32)) for _ in range(16))
    yield Worst('512 scopes with `$arg_a`, a query string of 8 KB', variables,
                ['dns:read'], target='?' + fill(QUERY, 'a=1', '&b=;'))
    yield Worst('64 params with `$cookie_NAME`, a cookie of 8 KB',
                plain + ''.join('scoped_key_param p%d "x$cookie_a%d";\n'
                                % (i, i) for i in range(MOST_PARAMS)),
                [grant(**{'p%d' % i: ['x'] for i in range(64)})],
                lines=['Cookie: ' + fill(QUERY, '', 'b=1; ')])


def request(path, key, worst):
    head = ['POST' if worst.kind else 'GET', path + worst.target, 'HTTP/1.1']
    lines = [' '.join(head), 'X-API-Key: ' + key.text, *worst.lines]
    if not any(line.startswith('Host:') for line in worst.lines):
        lines.append('Host: localhost')
    if worst.kind:
        lines += ['Content-Type: ' + worst.kind,
                  'Content-Length: %d' % len(worst.body)]
    return ('\r\n'.join(lines) + '\r\n\r\n' + worst.body).encode()


def ran(pid):
    """Nanoseconds on a processor so far."""
    with open('/proc/%d/schedstat' % pid) as file:
        return int(file.read().split()[0])


def asleep(pid):
    with open('/proc/%d/stat' % pid) as file:
        return file.read().rsplit(')', 1)[1].split()[0] == 'S'


def ask(server, sent):
    """(status, milliseconds of the worker)"""
    before = ran(server.pid)
    with socket.create_connection(('127.0.0.1', server.port), 30) as client:
        client.sendall(sent)
        status = int(client.recv(4096).split()[1])
    end = time.monotonic() + 5
    while not asleep(server.pid):
        if time.monotonic() > end:
            raise place.Failure('the worker does not come to rest')
    return status, (ran(server.pid) - before) / 1e6


def measure(server, paths, key, worst):
    """(status, milliseconds, those of the location that is off)"""
    found = []
    for path in paths:
        sent = request(path, key, worst)
        both = [ask(server, sent) for _ in range(TRIES)]
        statuses = {status for status, _ in both[1:]}
        if len(statuses) != 1 or statuses & {400, 413, 414, 500, 502, 503}:
            raise place.Failure('%s: %s' % (worst.title, statuses))
        found.append((statuses.pop(), min(spent for _, spent in both)))
    return found[0][0], found[0][1], found[1][1]


def run(home, bench, options, out):
    rows = []
    for worst in itertools.chain(forms(), bodies(), both_at_once(),
                                 documents(), matching()):
        key = records.texts('cost ' + worst.title, 1)[0]
        for command in key.commands(worst.scopes):
            bench.redis.do(*command)
        if worst.fields:
            bench.redis.do('HSET', 'scoped_key:{%s}' % key.id, *worst.fields)
        server = bench.start(
            'module', CACHE='16m ttl=1d bound=1h',
            LOCATIONS='location /worst/ { %s %s }\n'
            'location /off/ { scoped_key off; %s }\n'
            % (worst.location, UPSTREAM, UPSTREAM),
            OPTIONS=OPTIONS)
        time.sleep(0.5)
        status, spent, bare = measure(server, ('/worst/', '/off/'), key, worst)
        place.say('%-60s %d %6.2f ms' % (worst.title, status, spent))
        rows.append([worst.title, str(status), '%.1f' % spent,
                     '%.1f' % bare])
        bench.stop(server)
    out.section('Cost', 'Processor time of the worker for one request, all of '
                'it, the least of %s.' % report.number(TRIES))
    out.table(['request', 'status', 'ms', 'ms where the module is off'], rows)
