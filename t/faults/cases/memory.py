"""No memory: one allocation of a worker fails, each in turn, whatever asks for
it.  A request that is to be refused is never allowed through, and one that is to be
allowed is never refused: undecided, or nginx's own failure."""

import mmap
import os
import struct
import subprocess
import time

from kit import keys, web
from kit.case import Skipped, case, check

JSON = 'Content-Type: application/json'
FORM = 'Content-Type: application/x-www-form-urlencoded'

# more than any request here asks for
MOST = 500

CONF = '''
    server {
        listen unix:DIR/more.sock backlog=4096;
        scoped_key on;
        proxy_set_header Connection '';
        location /args {
            scoped_key_require dns:write;
            scoped_key_param type arg:type;
            proxy_pass http://back;
        }
        location /body {
            scoped_key_require dns:write;
            scoped_key_param type form:type json:/type json:/[]/type;
            proxy_pass http://back;
        }
        location /text {
            scoped_key_require dns:write;
            scoped_key_param type "$arg_type$http_x_type";
            proxy_pass http://back;
        }
        location /scope {
            scoped_key_require dns/$arg_a:write dns/$arg_b:write;
            proxy_pass http://back;
        }
        location /one {
            scoped_key_require dns/$arg_a:write;
            proxy_pass http://back;
        }
        location /graphql {
            scoped_key_require dns:$scoped_key_access;
            scoped_key_graphql on;
            proxy_pass http://back;
        }
    }
'''


def build(env):
    library = env.dir + '/memory.so'
    source = os.path.dirname(os.path.dirname(keys.__file__)) + '/memory.c'
    done = subprocess.run(['gcc', '-shared', '-fPIC', '-O1', '-o', library,
                           source], capture_output=True, text=True)
    if done.returncode:
        raise Skipped('no memory to take away: ' + done.stderr[:200])
    return library


class Memory:
    """Which allocation from now on is the one that fails; 0: none."""

    def __init__(self, path):
        with open(path, 'wb') as file:
            file.write(bytes(8))
        with open(path, 'r+b') as file:
            self.map = mmap.mmap(file.fileno(), 8)

    def set(self, n):
        self.map[:] = struct.pack('q', n)

    def left(self):
        return struct.unpack('q', self.map[:])[0]


def ask(env, target, key, type_line=None, body=None):
    """The status; 0 without an answer."""
    text = '%s %s HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n' % (
        'GET' if body is None else 'POST', target, key.text)
    if body is not None:
        text += '%s\r\nContent-Length: %d\r\n' % (type_line, len(body))
    client = web.Client(env.dir + '/more.sock')
    client.started = time.monotonic()
    try:
        client.socket.sendall((text + '\r\n' + (body or '')).encode())
        return client.read().status
    except (OSError, web.Lost):
        return 0
    finally:
        client.close()


def requests():
    """(target, Content-Type, body): of which the second is to be refused."""
    long = 'x' * 200
    for good, bad in (
            ('?type=TXT', '?type=A'),
            ('?' + 'x=1&' * 1200 + 'type=TXT', '?' + 'x=1&' * 1200 + 'type=A')):
        yield ('/args' + good,), ('/args' + bad,)
        yield ('/text' + good,), ('/text' + bad,)
    yield ('/scope?a=1&b=5',), ('/scope?a=1&b=6',)
    yield ('/one?a=5',), ('/one?a=6',)
    for line, good in (
            (FORM, 'type=%s&x={"type":"TXT"}'),
            (FORM, 'type=%s&type=TXT&x=' + long * 30),
            (JSON, '{"type":"%s","x":[1,2,{"y":"' + long + '"}]}'),
            (JSON, '{"type":["TXT","%s"],"seed":18446744073709551615}'),
            (JSON, '[{"type":"%s"},{"type":"TXT"},{"type":"TXT"}]')):
        yield (('/body', line, good.replace('%s', 'TXT')),
               ('/body', line, good.replace('%s', 'TXT' + 'A' * 300)))
    query = '{"query":"%s{ a b c }","variables":{"x":"' + long + '"}}'
    yield (('/graphql', JSON, query % 'query '),
           ('/graphql', JSON, query % 'mutation '))
    yield (('/graphql', JSON, '[' + query % '' + ',' + query % '' + ']'),
           ('/graphql', JSON, '[' + query % '' + ',' + query % 'mutation '
            + ']'))
    yield (('/graphql?query={a}&extensions={%22x%22:[1]}',),
           ('/graphql?query=mutation{a}&extensions={%22x%22:[1]}',))


def never_wrong(env, memory, key, request, allowed):
    right = 200 if allowed else 403
    other = 403 if allowed else 200
    for n in range(1, MOST):
        fresh = key()
        memory.set(n)
        status = ask(env, request[0], fresh, *request[1:])
        reached = memory.left() == 0
        memory.set(0)
        check(status == right or status == 0 or status >= 500,
              'with allocation', n, 'missing:', status, 'instead of', right,
              'for', *request)
        check(status != other, 'wrong')
        again = ask(env, request[0], fresh, *request[1:])
        check(again == right, 'after allocation', n, 'was missing:', again,
              'instead of', right, 'for', *request)
        if not reached:
            check(n > 3, 'hardly any allocation')
            return
    check(False, 'more allocations than', MOST, 'for', *request)


GRANTS = ('dns:read', 'dns/5:write',
          '{"scope":"dns:write","params":{"type":["TXT","TX*X"]}}')


@case(fault='a worker gets no memory, for whatever it needs it',
      clients='that request: 503, or 500 or no answer where nginx itself '
              'lacked it; never another decision, and nothing wrong is kept',
      lasts='that request', http=CONF, lines=2000,
      log=('…failed (12: Cannot allocate memory)…',),
      expected=('…emerg]…(12: Cannot allocate memory)…',
                '…crit]…(12: Cannot allocate memory)…',
                '…alert]…(12: Cannot allocate memory)…'))
def memory_missing(env):
    if env.setting.sanitizer:
        raise Skipped('the sanitizer has allocations of its own')
    memory = start(env)
    held = keys.new(env.redis, scopes=GRANTS)
    for good, bad in requests():
        never_wrong(env, memory, lambda: held, good, True)
        never_wrong(env, memory, lambda: held, bad, False)


@case(http=CONF, lines=2000,
      expected=('…emerg]…(12: Cannot allocate memory)…',
                '…crit]…(12: Cannot allocate memory)…',
                '…alert]…(12: Cannot allocate memory)…'))
def memory_missing_for_records(env):
    """The same with keys that nobody has asked for yet."""
    if env.setting.sanitizer:
        raise Skipped('the sanitizer has allocations of its own')
    memory = start(env)
    for target, allowed in (('/args?type=TXT', True), ('/args?type=A', False)):
        never_wrong(env, memory, lambda: keys.new(env.redis, scopes=GRANTS),
                    (target,), allowed)


def start(env):
    path = env.dir + '/allocations'
    memory = Memory(path)
    env.environment = {'LD_PRELOAD': build(env), 'FAULTS_MEMORY': path}
    env.start().ready()
    return memory
