"""What is asked of the ways: the requests, and what must be answered.  Each
case names the case that it is compared with: the same requests, or an answer of
the same size, by a bare nginx."""

import client
import records

# at once, as in the throughput: what one turn of nginx's event loop does for
# several requests is shared among them
CONNECTIONS = 16

# a way: the configuration, and what is said of it
WAYS = {
    'bare': ('bare', {}),
    'module': ('module', {}),
    'peppered': ('module', {
        'PREFIX': 'peppered:',
        'OPTIONS': 'scoped_key_pepper_file @DIR@/pepper;'}),
    # a record is too old at once
    'forgetful': ('module', {'CACHE': '256m ttl=1ms negative=1ms bound=1h'}),
}


class Case:
    def __init__(self, title, way, path, texts, status=200, against=None,
                 target=None):
        self.title = title
        self.way = way
        self.path = path
        self.texts = texts
        self.requests = [client.request(path, text) for text in texts]
        self.status = status
        self.against = against           # title of a case; None: of no other
        self.target = target             # instructions over that one

    def warm(self, server):
        """The first sight of a key fetches it, the second decides what is then
        remembered."""
        client.drive(server.port, self.requests, 2 * len(self.requests),
                     self.status, CONNECTIONS)


ORDERS = '/orders/1'
ENDPOINT = '/endpoint/abc123'
PARAMS = '/params/?type=TXT'

BARE = 'bare nginx, proxied'
BARE_REGEX = 'bare nginx, proxied, regex location'
BARE_ARGUMENT = 'bare nginx, proxied, one argument'
BARE_REFUSAL = 'bare nginx, `return 403` of the same size'


def cases(bench, count):
    """Writes `count` records of each kind, and returns the cases in the order
    of the table."""
    plain = records.texts('plain', count)
    poor = records.texts('poor', count)
    constrained = records.texts('constrained', count)
    unknown = records.texts('unknown', count)

    bench.write(plain, records.FIVE)
    bench.write(plain, records.FIVE, peppered=True)
    bench.write(poor, records.POOR)
    bench.write(constrained, records.CONSTRAINED)

    good = [key.text for key in plain]
    lacking = [key.text for key in poor]
    nobody = [key.text for key in unknown]
    broken = [records.damaged(text) for text in good]
    params = [key.text for key in constrained]

    return [
        Case(BARE, 'bare', ORDERS, good),
        Case('hit, static scope', 'module', ORDERS, good, against=BARE,
             target=1000),
        Case('hit, static scope, with a pepper', 'peppered', ORDERS, good,
             against=BARE, target=1000),
        Case(BARE_REGEX, 'bare', ENDPOINT, good),
        Case('hit, scope with a variable', 'module', ENDPOINT, good,
             against=BARE_REGEX, target=2000),
        Case(BARE_ARGUMENT, 'bare', PARAMS, params),
        Case('hit, one `arg:` param constrained', 'module', PARAMS, params,
             against=BARE_ARGUMENT, target=4000),
        Case(BARE_REFUSAL, 'bare', '/refused/', good, status=403),
        Case('refused: insufficient scope', 'module', ORDERS, lacking,
             status=403, against=BARE, target=0),
        Case('refused: bad checksum', 'module', ORDERS, broken, status=403,
             against=BARE, target=1500),
        Case('refused: unknown key, remembered', 'module', ORDERS, nobody,
             status=403, against=BARE, target=0),
        Case('miss, 16 at once', 'forgetful', ORDERS, good, against=BARE,
             target=30000),
    ]


def start(bench, way, counted=False):
    conf, said = WAYS[way]
    return (bench.start_counted if counted else bench.start)(conf, **said)
