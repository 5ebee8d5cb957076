"""Keys as the module wants them, and their records in Redis.  The same seed
gives the same keys, so that runs can be compared."""

import hashlib
import random
import zlib

import place

BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

# what is required stands in the middle
FIVE = ['users:read', 'orders:write', 'orders:read', 'endpoint/*:read',
        'stock:read']
POOR = ['users:read', 'orders:write', 'billing:read', 'stock:read', 'mail:send']
CONSTRAINED = FIVE[:4] + ['{"scope":"dns:write","params":{"type":["TXT"]}}']


def many(count):
    """So many grants, the required ones in the middle."""
    if count < 3:
        return FIVE[2:2 + count]
    filler = ['resource%d:read' % i for i in range(count - 2)]
    half = len(filler) // 2
    return filler[:half] + FIVE[2:4] + filler[half:]


def checksum(text):
    number = zlib.crc32(text.encode())
    digits = ''
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


class Key:
    def __init__(self, rng):
        letters = ''.join(rng.choices(BASE62, k=44))
        self.id = letters[:12]
        body = 'sk_%s_%s' % (self.id, letters[12:])
        self.text = body + checksum(body)

    def commands(self, scopes, prefix='scoped_key:', pepper=b''):
        """What writes the record, of six fields, and its scope list."""
        name = '%s{%s}' % (prefix, self.id)
        digest = hashlib.blake2b(self.text.encode(), digest_size=32, key=pepper)
        return [('HSET', name, 'digest', digest.hexdigest(), 'enabled', '1',
                 'mode', 'scoped', 'name', 'key ' + self.id, 'owner',
                 'customer ' + self.id[:4], 'created_at', '1760000000'),
                ('SADD', name + ':scopes', *scopes)]


def texts(group, count):
    """`count` keys of a group, each time the same ones."""
    rng = random.Random(group)
    return [Key(rng) for _ in range(count)]


def damaged(text):
    """The same with a wrong checksum."""
    return text[:-1] + ('0' if text[-1] != '0' else '1')


class Redis:
    """A client of RESP2, quick enough to write a million records."""

    def __init__(self, path):
        self.socket = place.connect(path)
        self.file = self.socket.makefile('rb')

    @staticmethod
    def encode(words):
        parts = [b'*%d\r\n' % len(words)]
        for word in words:
            word = word.encode()
            parts.append(b'$%d\r\n%s\r\n' % (len(word), word))
        return b''.join(parts)

    def reply(self):
        line = self.file.readline()
        if line[:1] == b'-' or not line:
            raise place.Failure('Redis says: %r' % line)
        if line[:1] != b'$':
            return line[1:-2].decode()
        return self.file.read(int(line[1:]) + 2)[:-2].decode()

    def send(self, *words):
        self.socket.sendall(self.encode(words))

    def do(self, *words):
        self.send(*words)
        return self.reply()

    def write(self, keys, scopes, **form):
        for i in range(0, len(keys), 200):
            commands = [command for key in keys[i:i + 200]
                        for command in key.commands(scopes, **form)]
            self.socket.sendall(b''.join(map(self.encode, commands)))
            for _ in commands:
                self.reply()

    def calls(self, command):
        """How often clients have called it so far."""
        for line in self.do('INFO', 'commandstats').split('\r\n'):
            if line.startswith('cmdstat_%s:calls=' % command):
                return int(line.split('=')[1].split(',')[0])
        return 0
