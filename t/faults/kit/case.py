"""A case: a fault, and what is promised when it comes.  What a case says in
words about the log is checked; what it says about clients is what its code
checks; both go into the table of docs/operations.md."""

import re
import time

CASES = []


def patient(redis):
    """No more than a second: `timeout` may not exceed the bound."""
    for name in ('connect_timeout', 'timeout'):
        if not re.search(r'(^| )%s=' % name, redis):
            redis += ' %s=1s' % name
    return redis


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


class Case:
    """fault, clients, lasts: words for the table, without fault none is
    printed.  log: lines that have to be there, with … for what varies.
    expected: the same, of [alert] and [crit] lines that may be there.
    alone: takes the whole machine.  lines: how many lines about Redis at most;
    none, if the case has a fault and names no line.
    workers, redis, cache, main, http: of the nginx that it gets.  Time-outs
    that redis does not name are such that a busy machine keeps them; redis=''
    is for cases that mean the module's defaults."""

    def __init__(self, run, **words):
        self.run = run
        self.name = run.__name__
        self.fault = self.clients = self.lasts = ''
        self.log = self.expected = ()
        self.alone = False
        self.lines = None
        self.workers = 1
        self.redis = None
        self.cache = self.main = self.http = ''
        for name, value in words.items():
            if not hasattr(self, name):
                raise TypeError(name)
            setattr(self, name, value)
        if self.redis != '':
            self.redis = patient(self.redis or '')
        if self.lines is None:
            # the table says `nothing` where no line is named
            self.lines = 0 if self.fault and not self.log else 30


def case(**words):
    def register(run):
        CASES.append(Case(run, **words))
        return run
    return register


def check(holds, *words):
    if not holds:
        raise Failed(' '.join(str(word) for word in words))


def until(seconds, holds, *words):
    """Waits for something to be so; how long that took."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            raise Failed('not within %g s: %s'
                         % (seconds, ' '.join(str(word) for word in words)))
        time.sleep(0.01)
    return time.monotonic() - start


def pattern(text):
    return '.*'.join(re.escape(part) for part in text.split('…'))
