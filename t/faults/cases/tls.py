"""TLS to Redis: whose server it is, who may not read along, and what becomes
of a handshake that goes wrong.  Nothing is sent before the server has proven
its name."""

import socket
import ssl
import time

from cases.names import free_port, start
from kit import keys
from kit.case import case, check, until
from kit.tls import Authority, Front, Renegotiator

PASSWORD = 'pa55-over-tls'
BASE = 'tls=on tls_ca=DIR/pki/ca.pem '
TLS = dict(redis=BASE, cache='16m ttl=60s bound=2s')


def server(env, pki, *options):
    """A Redis of its own that speaks TLS; (itself, its address)."""
    port = free_port('127.0.0.1')
    certificate, key = pki.sign('server')
    made = env.add_redis(
        'tls', '--tls-port', port, '--bind', '127.0.0.1', '--tls-cert-file',
        certificate, '--tls-key-file', key, '--tls-ca-cert-file', pki.pem,
        *options)
    return made, '127.0.0.1:' + port


def front(env, pki, **words):
    made = Front(env.redis.path, pki.sign('server'), **words)
    env.proxies.append(made)
    return made


def linked(redis):
    return redis.do('CLIENT', 'LIST', 'TYPE', 'pubsub').count(b' sub=2')


@case(redis=BASE + 'password_file=DIR/password', **dict(cache='16m ttl=60s '
                                                        'bound=2s'))
def tls_works(env):
    """With a real Redis: lookups, changes, a restart."""
    pki = Authority(env.dir, 'pki')
    with open(env.dir + '/password', 'w') as file:
        file.write(PASSWORD)
    redis, address = server(env, pki, '--tls-auth-clients', 'no')
    redis.do('CONFIG', 'SET', 'requirepass', PASSWORD)
    redis.do('AUTH', PASSWORD)
    key = keys.new(redis)
    env.start(address)
    until(5, lambda: linked(redis), 'linked')
    env.expect(200, key, 3)
    until(3, lambda: env.get(key).cache == 'hit', 'kept')
    redis.do('HSET', key.record, 'enabled', '0')
    env.expect(403, key, 1, reason='key_disabled')
    redis.do('HSET', key.record, 'enabled', '1')
    env.expect(200, key, 1)
    check(not env.lines(PASSWORD), 'the password is in the log')


@case(redis=BASE, **dict(cache='16m bound=5s', lines=10))
def tls_large_and_many(env):
    """Records of many TLS records, and many lookups at once."""
    pki = Authority(env.dir, 'pki')
    redis, address = server(env, pki, '--tls-auth-clients', 'no')
    large = keys.new(redis, 20, ['dns:read'] + [
        'zone/%d/%s:read' % (n, 'x' * 40) for n in range(900)])
    small = keys.new(redis, 400)
    env.start(address)
    env.back(small[0], 5)
    clients = []
    for key in large + small:
        client = env.client()
        client.send('/', key)
        clients.append(client)
    for client, key in zip(clients, large + small):
        answer = client.read()
        check(answer.status == 200 and answer.body == key.id.encode(), answer)


@case(redis=BASE + 'tls_cert=DIR/pki/client.pem tls_key=DIR/pki/client.key',
      **dict(cache='16m bound=2s'))
def tls_client_certificate(env):
    pki = Authority(env.dir, 'pki')
    pki.sign('client')
    redis, address = server(env, pki, '--tls-auth-clients', 'yes')
    key = keys.new(redis)
    env.start(address)
    env.expect(200, key, 3)


@case(fault='Redis asks for a client certificate, and gets none',
      clients='503',
      log=('redis connection to … could not be made: the server ended TLS: …',),
      lasts='until there is `tls_cert` and `tls_key`, and a reload',
      lines=30, **TLS)
def tls_no_client_certificate(env):
    pki = Authority(env.dir, 'pki')
    redis, address = server(env, pki, '--tls-auth-clients', 'yes')
    key = keys.new(redis)
    env.start(address)
    until(9, lambda: env.get(key) and env.lines('the server ended TLS'),
          'it is logged')
    env.expect(503, key, reason='store_unavailable')
    check(env.lines('certificate required'), 'not why')


def refused(env, certificate, *lines):
    """A server that is not the one that is meant gets to read nothing."""
    made = Front(env.redis.path, certificate)
    env.proxies.append(made)
    key = keys.new(env.redis)
    env.start(made.address)
    until(9, lambda: env.get(key) and all(env.lines(line) for line in lines),
          'it is logged')
    env.expect(503, key, reason='store_unavailable')
    # it may be over before the server sees that it is done
    until(5, lambda: made.links or made.failed, 'a handshake')
    time.sleep(0.3)
    check(not any(link.received for link in made.links), 'a word to a '
          'stranger')
    check(not linked(env.redis), 'linked')


@case(fault='the certificate of Redis is of another CA',
      clients='503, and nothing is sent to it, no password either',
      log=('redis connection to … could not be made: the certificate was not '
           'accepted: …',), lasts='until `tls_ca` is right', lines=30, **TLS)
def tls_wrong_ca(env):
    Authority(env.dir, 'pki')
    refused(env, Authority(env.dir, 'other').sign('server'),
            'could not be made: the certificate was not accepted: unable to')


@case(fault='it has expired', clients='the same',
      log=('the certificate was not accepted: certificate has expired',),
      lasts='until there is another one', lines=30, **TLS)
def tls_expired(env):
    pki = Authority(env.dir, 'pki')
    refused(env, pki.sign('server', days=-1), 'certificate has expired')


@case(lines=30, **TLS)
def tls_self_signed(env):
    Authority(env.dir, 'pki')
    other = Authority(env.dir, 'other')
    refused(env, (other.pem, other.key), 'the certificate was not accepted: '
            'self')


@case(fault='it is for another name', clients='the same',
      log=('the certificate is not for "127.0.0.1"',),
      lasts='until it, or `tls_name`, is right', lines=30, **TLS)
def tls_wrong_address(env):
    pki = Authority(env.dir, 'pki')
    refused(env, pki.sign('server', names='DNS:redis.test,IP:127.0.0.2'),
            'the certificate is not for "127.0.0.1"')


@case(redis=BASE + 'tls_name=redis.test', cache='16m bound=2s', lines=30)
def tls_wrong_name(env):
    pki = Authority(env.dir, 'pki')
    refused(env, pki.sign('server', names='DNS:redis.test.example,'
                                          'DNS:*.redis.test,IP:127.0.0.1'),
            'the certificate is not for "redis.test"')


@case(lines=30, **TLS)
def tls_of_a_name(env):
    """The host of the ADDRESS is asked for, and no other one will do."""
    pki = Authority(env.dir, 'pki')
    made = Front(env.redis.path, pki.sign('server', names='DNS:redis.test,'
                                                          'IP:127.0.0.1'))
    env.proxies.append(made)
    names = env.add_names()
    names.names['redis.test'] = names.names['other.test'] = ['127.0.0.1']
    port = made.address.partition(':')[2]
    key = keys.new(env.redis)
    start(env, names, 'redis.test:' + port)
    env.expect(200, key, 5)
    until(5, lambda: linked(env.redis), 'linked')
    check(set(made.names) == {'redis.test'}, made.names)
    received = sum(link.received for link in made.links)
    start_again(env, names, 'other.test:' + port)
    until(9, lambda: env.get(keys.Key()) and env.lines(
        'the certificate is not for "other.test"'), 'it is logged')
    check('other.test' in made.names, made.names)
    # the old worker has said all that it will
    check(sum(link.received for link in made.links) - received < 400, 'a word')
    env.needs_no_line()


def start_again(env, names, to):
    workers = env.workers()
    env.configure(to, http='resolver %s:%d;' % (names.address, names.port))
    env.signal(1)
    until(9, lambda: env.workers() and not set(workers) & set(env.workers()),
          'the old worker leaves')


@case(redis='tls=on tls_name=127.0.0.1', cache='16m bound=2s', lines=30)
def tls_system_ca(env):
    """A CA of one's own is none of the system's."""
    refused(env, Authority(env.dir, 'pki').sign('server'),
            'the certificate was not accepted')


@case(redis=BASE + 'tls_name=redis.test', cache='16m ttl=60s bound=2s',
      lines=30)
def tls_sessions(env):
    """TLS 1.2 and 1.3; a session is resumed; the name is asked for."""
    pki = Authority(env.dir, 'pki')
    for version, word in ((ssl.TLSVersion.TLSv1_2, 'TLSv1.2'),
                          (ssl.TLSVersion.TLSv1_3, 'TLSv1.3')):
        made = front(env, pki, versions=version)
        key = keys.new(env.redis)
        if env.master:
            env.configure(made.address)
            env.signal(1)
        else:
            env.start(made.address)
        until(5, lambda: len(made.links) >= 2, 'both links')
        until(5, lambda: len(env.workers()) == 1, 'the old worker leaves')
        env.expect(200, key, 5)
        until(5, lambda: linked(env.redis), 'linked')
        check({link.version for link in made.links} == {word}, word)
        check(set(made.names) == {'redis.test'}, made.names)
        before = len(made.links)
        env.redis.drop_links()
        until(5, lambda: env.get(keys.Key()).status == 403
              and len(made.links) >= before + 2, 'made again')
        until(5, lambda: linked(env.redis), 'linked')
        check(any(link.reused for link in made.links[before:]),
              'no session was resumed', word)
        env.redis.do('HSET', key.record, 'enabled', '0')
        env.expect(403, key, 1, reason='key_disabled')
    check(not env.lines('TLS'), 'a line about TLS')


@case(redis=BASE, cache='16m bound=2s', lines=30)
def tls_old_versions(env):
    """TLS 1.1 is none."""
    pki = Authority(env.dir, 'pki')
    made = front(env, pki)
    made.context.set_ciphers('ALL:@SECLEVEL=0')
    made.context.minimum_version = ssl.TLSVersion.TLSv1
    made.context.maximum_version = ssl.TLSVersion.TLSv1_1
    key = keys.new(env.redis)
    env.start(made.address)
    until(9, lambda: env.get(key) and env.lines('could not be made'), 'logged')
    env.expect(503, key)
    check(not made.links, 'it was made')


class Silent:
    """Accepts, and does not say a word."""

    def __init__(self):
        self.sockets = []

    def __call__(self, client):
        self.sockets.append(client)


@case(fault='Redis does not speak TLS, or stalls in the handshake',
      clients='503 within `connect_timeout`, then at once',
      log=('redis connection to … could not be made: TLS handshake timed out',),
      lasts='at most 2 s after it does', lines=30,
      redis=BASE + 'connect_timeout=300ms', cache='16m ttl=60s bound=2s')
def tls_handshake_stalls(env):
    pki = Authority(env.dir, 'pki')
    made = front(env, pki)
    made.on_accept = silent = Silent()
    key = keys.new(env.redis)
    env.start(made.address)
    answer = env.get(key)
    check(answer.status == 503 and answer.seconds < 2, answer)
    until(5, lambda: env.lines('TLS handshake timed out'), 'it is logged')
    check(len(silent.sockets) >= 2, 'not tried')
    made.on_accept = None
    env.figure = 'back after %.2f s' % env.back(key, 3)


@case(lines=30, **TLS)
def tls_plain_server(env):
    """A real Redis that does not speak it."""
    Authority(env.dir, 'pki')
    port = free_port('127.0.0.1')
    env.add_redis('plain', '--port', port, '--bind', '127.0.0.1')
    key = keys.new(env.redis)
    env.start('127.0.0.1:' + port)
    until(9, lambda: env.get(key) and env.lines('could not be made: TLS'),
          'it is logged')
    env.expect(503, key)


@case(lines=30, redis='', cache='16m bound=2s')
def tls_server_in_plain(env):
    """The other way round."""
    pki = Authority(env.dir, 'pki')
    redis, address = server(env, pki, '--tls-auth-clients', 'no')
    key = keys.new(redis)
    env.start(address)
    until(9, lambda: env.get(key) and env.lines('could not be made'),
          'it is logged')
    env.expect(503, key)


def answers_rubbish(client):
    client.recv(1)
    client.sendall(b'-ERR no TLS here\r\n')


def hangs_up(client):
    client.recv(1)
    client.close()


def half_a_record(client):
    client.recv(1)
    client.sendall(b'\x16\x03\x03\x40\x00\x02')
    client.shutdown(socket.SHUT_WR)


@case(fault='the handshake is cut, or is none',
      clients='503',
      log=('redis connection to … could not be made: TLS handshake failed',),
      lasts='at most 2 s after it works', lines=60, **TLS)
def tls_handshake_is_cut(env):
    pki = Authority(env.dir, 'pki')
    made = front(env, pki)
    made.on_accept = answers_rubbish
    key = keys.new(env.redis)
    env.start(made.address)
    for way in (answers_rubbish, hangs_up, half_a_record):
        made.on_accept = way
        env.redis.drop_links()
        until(9, lambda: env.get(keys.Key()).status == 503, 'down')
        for _ in range(20):
            check(env.get(keys.Key()).status == 503, 'decided')
        made.on_accept = None
        env.back(key, 5)


@case(fault='TLS is cut in the middle of a record, or closed halfway',
      clients='503 to who had a part of an answer',
      log=('redis connection to … lost: …',),
      lasts='a handshake', lines=60, **TLS)
def tls_is_cut(env):
    pki = Authority(env.dir, 'pki')
    made = front(env, pki)
    env.start(made.address)
    env.back(keys.new(env.redis), 5)

    def half_closed(link, data):
        """A close_notify, and the socket stays open."""
        link.raw.setblocking(False)
        try:
            link.raw.unwrap()
        except (OSError, ValueError):
            pass
        time.sleep(1)
        return False

    def torn(link, data):
        """The head of a record, and no more."""
        plain = socket.socket(fileno=link.raw.fileno())
        plain.sendall(b'\x17\x03\x03\x01\x00abc')
        plain.detach()
        return False

    def garbage(link, data):
        plain = socket.socket(fileno=link.raw.fileno())
        plain.sendall(b'\x17\x03\x03\x00\x20' + b'x' * 32)
        plain.detach()
        return True

    for way in (half_closed, torn, garbage):
        key, other = keys.new(env.redis, 2)
        for link in made.links:
            link.on_reply = way
        answer = env.get(key)
        check(answer.status in (200, 503), answer)
        for link in made.links:
            link.on_reply = None
        env.back(other, 5)
        env.back(key, 5)
        env.redis.do('HSET', key.record, 'enabled', '0')
        env.expect(403, key, 3, reason='key_disabled')


@case(redis=BASE + 'timeout=2s', cache='16m ttl=60s bound=2s', lines=60,
      http='scoped_key_last_used off;')
def tls_renegotiation(env):
    """The server asks for a new handshake: while nobody waits, and before the
    reply to a lookup.  (The link of changes gets no connection there.)"""
    pki = Authority(env.dir, 'pki')
    made = Renegotiator(env.redis.path, free_port('127.0.0.1'),
                        pki.sign('server'))
    env.proxies.append(made)
    first, second, third = keys.new(env.redis, 3)
    until(5, lambda: b'ACCEPT' in made.printed, 'it listens')
    env.start(made.address)
    env.expect(200, first, 5)
    made.renegotiate()
    env.expect(200, second)
    done = []

    def before(command):
        if b'EXEC' in command and not done:
            done.append(command)
            made.renegotiate()

    made.before_reply = before
    answer = env.expect(200, third)
    check(done and answer.seconds > 0.5, answer)
    check(made.printed.count(b'SSL_do_handshake -> 1') == 2, made.printed)
    check(not env.lines('redis connection to … lost'), 'it was lost')
    env.needs_no_line()


@case(lines=60, **TLS)
def tls_of_two_addresses(env):
    """The first one cannot prove its name: the second one is asked."""
    pki = Authority(env.dir, 'pki')
    wrong = Front(env.redis.path, pki.sign('wrong', names='DNS:wrong.test'))
    env.proxies.append(wrong)
    made = front(env, pki)
    key = keys.new(env.redis)
    env.start('%s %s' % (wrong.address, made.address))
    env.expect(200, key, 3)
    until(5, lambda: linked(env.redis), 'linked')
    check(not any(link.received for link in wrong.links), 'a word')
    env.needs_no_line()
