"""Keys as the module wants them, and their records in Redis."""

import hashlib
import random
import time
import zlib

BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

PREFIX = 'scoped_key:'
CHANNEL = PREFIX + 'invalidate'


def checksum(text):
    number = zlib.crc32(text.encode())
    digits = ''
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


class Key:
    def __init__(self):
        letters = random.choices(BASE62, k=44)
        self.id = ''.join(letters[:12])
        body = 'sk_%s_%s' % (self.id, ''.join(letters[12:]))
        self.text = body + checksum(body)

    @property
    def record(self):
        return PREFIX + '{' + self.id + '}'

    @property
    def scopes(self):
        return self.record + ':scopes'

    def digest(self):
        return hashlib.blake2b(self.text.encode(), digest_size=32).hexdigest()

    def commands(self, scopes=('dns:read',), **fields):
        """What writes the record and its scope list."""
        values = {'digest': self.digest(), 'enabled': '1'}
        values.update(fields)
        words = [word for item in values.items() for word in item]
        commands = [('HSET', self.record, *words)]
        if scopes:
            commands.append(('SADD', self.scopes, *scopes))
        return commands


def new(redis, count=1, scopes=('dns:read',), **fields):
    """Keys that Redis knows: one, or a list of them."""
    keys = [Key() for _ in range(count)]
    redis.pipe([command for key in keys
                for command in key.commands(scopes, **fields)])
    return keys[0] if count == 1 else keys


def now():
    return int(time.time())
