"""Load: what a crowd, a flood of unknown keys or a storm of changes must not
be able to do.  Figures of time are printed; bounds on them are in seconds,
since other work may go on beside."""

import random
import socket
import threading
import time

from kit import keys, web
from kit.case import Skipped, case, check, until
from kit.env import listen, memory
from kit.resp import encode

QUIET = 'scoped_key_log_level info;'


def crowd_size(env, wanted):
    """As many connections as there may be descriptors, with some to spare."""
    return min(wanted, env.files - 2000, 16384 - 1000)


@case(fault='10,000 requests at once with one key that is not cached',
      clients='the answer; one lookup for each worker',
      lasts='one lookup', redis='timeout=60s', cache='16m bound=60s',
      workers=2, alone=True)
def crowd_on_a_cold_key(env):
    key = keys.new(env.redis)
    size = crowd_size(env, 10000)
    env.start().ready()
    workers = env.workers()
    before = env.redis.calls('exec')
    env.redis.pause()
    crowd = web.Crowd(env.http, [key] * size)
    until(60, lambda: env.counted() >= size, 'all wait')
    start = time.monotonic()
    env.redis.go_on()
    statuses = crowd.gather(60)
    took = time.monotonic() - start
    check(statuses.count(200) == size, 'of', size, 'allowed:',
          statuses.count(200), 'lost:', crowd.lost)
    lookups = env.redis.calls('exec') - before
    check(lookups <= len(workers), lookups, 'lookups')
    check(lookups >= 1, 'no lookup')
    check(env.workers() == workers, 'a worker died')
    env.figure = '%d requests, %d lookups, all answered %.2f s after ' \
        'Redis' % (size, lookups, took)


@case(fault='more lookups in flight than there may be (8,192 a worker)',
      clients='503 at once to those beyond', lasts='until some are answered',
      redis='timeout=60s', cache='16m bound=60s',
      http=QUIET + 'scoped_key_last_used off;\n', alone=True)
def lookups_are_bounded(env):
    size = 9000
    if crowd_size(env, size) < size:
        raise Skipped('not enough descriptors')
    cached = keys.new(env.redis)
    env.start().ready()
    until(3, lambda: env.get(cached).cache == 'hit', 'a hit')
    env.redis.pause()
    crowd = web.Crowd(env.http, [keys.Key() for _ in range(size)])
    statuses = list(crowd.gather(30, size - 8192))
    check(statuses == [503] * (size - 8192), len(statuses), set(statuses))
    check(env.counted() == 8192, env.counted(), 'wait')
    check(env.get(cached).status == 200, 'cached')
    answer = env.get(keys.Key())
    check(answer.status == 503 and answer.seconds < 2, answer)
    env.redis.go_on()
    crowd.gather(60)
    check(crowd.statuses.count(403) == 8192, crowd.statuses.count(403))
    env.figure = '808 of 9,000 refused at once, 8,192 answered'


def ask_unknown(path, count, wrong):
    """Requests with as many unknown keys, many on their way at once."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(path)
    text = 'GET /gif HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n\r\n'
    while count > 0:
        size = min(count, 200)
        client.sendall(''.join(text % keys.Key().text
                               for _ in range(size)).encode())
        left, data = size, b''
        while left:
            more = client.recv(1 << 18)
            if not more:
                wrong.append('lost')
                return
            data += more
            parts = web.split(data)
            while parts:
                if not parts[0].startswith(b'HTTP/1.1 403'):
                    wrong.append(parts[0][:20])
                left -= 1
                data = parts[2]
                parts = web.split(data)
        count -= size
    client.close()


@case(fault='a flood of different unknown keys',
      clients='403; keys that are cached stay so, memory stays within the '
              'size of `scoped_key_cache`',
      lasts='as long as it lasts', cache='1m', http=QUIET, alone=True)
def flood_of_unknown_keys(env):
    count = 1000000 if env.setting.full else 60000
    if env.setting.sanitizer:
        count //= 4
    good = keys.new(env.redis, 50)
    env.start().ready()
    worker = env.workers()[0]
    client = env.client()
    for key in good * 2:
        check(client.get('/gif', key).status == 200, 'not allowed')
    wrong = []
    ask_unknown(env.http, 8000, wrong)
    before = memory(worker)
    threads = [threading.Thread(target=ask_unknown,
                                args=(env.http, count // 8, wrong))
               for _ in range(8)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    slowest = 0
    while any(thread.is_alive() for thread in threads):
        for key in good:
            answer = client.get('/gif', key)
            check(answer.status == 200 and answer.cache == 'hit', answer)
            slowest = max(slowest, answer.seconds)
        time.sleep(0.1)
    check(not wrong, wrong[:3], len(wrong))
    grown = memory(worker) - before
    env.figure = '%d keys in %.0f s, memory %+.1f MiB, a hit took %.3f s ' \
        'at most' % (count, time.monotonic() - start, grown, slowest)
    check(grown < (64 if env.setting.sanitizer else 4), env.figure)
    check(slowest < 5, env.figure)


@case(fault='a storm of changes',
      clients='requests are served meanwhile, a revocation is told after '
              'what was changed before it',
      lasts='as long as it lasts', workers=2, http=QUIET,
      alone=True)
def storm_of_changes(env):
    count = 1000000 if env.setting.full else 100000
    good, victim = keys.new(env.redis, 2)
    env.start().ready()
    workers = env.each_worker()
    for client in workers.values():
        client.get('/gif', victim)
    other = env.redis.__class__(env.dir, 'redis')
    check(other.greets(), 'a second client')
    piece = b''.join(encode('HSET', keys.PREFIX + '{%s}' % keys.Key().id,
                            'name', 'x') for _ in range(1000))

    def write():
        for _ in range(count // 1000):
            other.link.socket.sendall(piece)
            for _ in range(1000):
                other.link.read()

    storm = threading.Thread(target=write)
    storm.start()
    slowest, served = 0, 0
    start = time.monotonic()
    while storm.is_alive():
        for client in workers.values():
            answer = client.get('/gif', good)
            check(answer.status == 200, answer)
            slowest = max(slowest, answer.seconds)
            served += 1
    took = time.monotonic() - start
    env.redis.do('HSET', victim.record, 'enabled', '0')
    start = time.monotonic()
    for client in workers.values():
        until(5, lambda: client.get('/gif', victim).status == 403, 'refused')
    env.figure = '%d changes in %.1f s, %d requests served, the longest ' \
        'took %.3f s; then a revocation %.3f s' % (
            count, took, served, slowest, time.monotonic() - start)
    check(slowest < 3, env.figure)


@case(fault='more keys are changed in one transaction than one message may '
            'report (16,384)',
      clients='one lookup more for each key',
      log=('redis tracking link to … lost: reply too large',
           'redis tracking link to … is up again'),
      lasts='a fraction of a second', cache='16m bound=60s', lines=12)
def one_message_too_large(env):
    good, victim = keys.new(env.redis, 2)
    env.start().ready()
    env.expect(200, victim, 2)
    env.redis.pipe(
        [('MULTI',)]
        + [('HSET', keys.PREFIX + '{%s}' % keys.Key().id, 'name', 'x')
           for _ in range(20000)]
        + [('HSET', victim.record, 'enabled', '0'), ('EXEC',)])
    env.expect(403, victim, 2, reason='key_disabled')
    env.expect(200, good, 2)
    env.ready()


@case(cache='16m bound=2s', lines=200)
def a_record_too_large_to_read(env):
    """One record that nobody can use must not cost the others theirs, however
    often its key is presented."""
    large = keys.new(env.redis, name='x' * 2000000)
    env.start().ready()
    env.expect(403, large, 2, reason='record_invalid')
    asked, stop = [], threading.Event()

    def hammer():
        client = web.Client(env.http)
        while not stop.is_set():
            asked.append(client.get('/gif', large).status)
            time.sleep(0.01)

    thread = threading.Thread(target=hammer)
    thread.start()
    answers = []
    for key in keys.new(env.redis, 150):
        answers.append(env.get(key).status)
        time.sleep(0.02)
    stop.set()
    thread.join()
    check(200 not in asked, 'allowed')
    env.figure = '%d of %d others were decided' % (answers.count(200),
                                                     len(answers))
    check(answers.count(200) >= len(answers) * 9 // 10, env.figure)


@case(redis='timeout=60s', cache='16m bound=60s', http=QUIET, alone=True,
      fault='1,000 clients go away while their lookups wait',
      clients='others are not touched', lasts='milliseconds')
def clients_abort(env):
    key = keys.new(env.redis)
    env.start().ready()
    worker = env.workers()[0]
    for same in (False, True):
        env.redis.do('HSET', key.record, 'name', str(same))
        env.redis.pause()
        crowd = web.Crowd(env.http, [key if same else keys.Key()
                                       for _ in range(1000)])
        until(20, lambda: env.counted() >= 1000, 'all wait')
        # some more, who stay
        staying = [env.client() for _ in range(20)]
        for client in staying:
            client.send('/', key)
        until(20, lambda: env.counted() >= 1020, 'these too')
        crowd.leave()
        until(20, lambda: env.counted() == 20, 'they are gone')
        env.redis.go_on()
        for client in staying:
            answer = client.read()
            check(answer.status == 200, answer)
            check(answer.body == key.id.encode(), answer.body)
    check(env.workers() == [worker], 'the worker died')


@case(http=QUIET)
def abort_at_random(env):
    """Clients leave at any moment: before, during and after the wake-up."""
    known = keys.new(env.redis, 40)
    env.start().ready()
    worker = env.workers()[0]
    for _ in range(60):
        env.redis.do('PUBLISH', keys.CHANNEL, random.choice(known).id)
        crowd = web.Crowd(env.http, random.choices(known, k=60), uri='/')
        crowd.gather(1, random.randrange(60))
        crowd.leave()
    env.back(known[0])
    check(env.workers() == [worker], 'the worker died')


@case(http='scoped_key_param x json:/x;')
def bodies_are_not_kept_as_json(env):
    """A body of brackets takes a hundred times its size once it is parsed,
    and an upstream may take its time."""
    size = 100
    grant = '{"scope":"dns:read","params":{"x":["ok"]}}'
    key = keys.new(env.redis, scopes=(grant,))
    body = ('{"x":"ok","y":[%s{}]}' % ('{},' * 20000)).encode()
    lines = ('Content-Type: application/json',
             'Content-Length: %d' % len(body))
    ask = web.request('/socket', key, lines).replace(b'GET', b'POST') + body
    upstream = listen(env.dir + '/socket.sock')
    env.start().ready()
    worker = env.workers()[0]
    held = []
    for _ in range(size):
        client = env.client()
        client.socket.sendall(ask)
        held.append(upstream.accept()[0])
        if len(held) == 1:
            before = memory(worker)
    grown = memory(worker) - before
    upstream.close()
    check(grown < size, 'grown by %.0f MiB' % grown)
    env.figure = '%.0f MiB for %d requests of %d KB' % (
        grown, size, len(body) / 1000)
