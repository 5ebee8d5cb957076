"""Tables in Markdown: to standard output as they come, and in the end to a file
under build/bench."""

import os
import platform
import subprocess
import time

import place


def number(value):
    return '' if value is None else format(round(value), ',')


def signed(value):
    return '' if value is None else format(round(value), '+,')


def limit(target, value):
    """What it should be, and whether it is."""
    if target is None:
        return ''
    return '≤ %s%s' % (number(target), '' if value <= target else ', missed')


def first_line(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.stdout.split('\n')[0]


def system():
    with open('/etc/os-release') as file:
        for line in file:
            if line.startswith('PRETTY_NAME='):
                return line.split('=', 1)[1].strip().strip('"')
    return platform.system()


def processor():
    with open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.machine()


class Report:
    def __init__(self):
        self.text = ''
        self.say('%s; %s; %d CPUs, %s; %s; Redis %s'
                 % (time.strftime('%Y-%m-%d'), system(), os.cpu_count(),
                    processor(), first_line('nginx', '-v').split(': ')[-1],
                    first_line('redis-server', '--version').split('v=')[-1]
                    .split()[0]))

    def say(self, text):
        self.text += text + '\n'
        print(text, flush=True)

    def section(self, title, text):
        self.say('\n## %s\n\n%s\n' % (title, text))

    def table(self, heads, rows):
        self.say('| ' + ' | '.join(heads) + ' |')
        self.say('|' + '---|' * len(heads))
        for row in rows:
            self.say('| ' + ' | '.join(row) + ' |')

    def save(self, name):
        path = os.path.join(place.OUTPUT, name + '.md')
        with open(path, 'w') as file:
            file.write(self.text)
        place.say('saved: ' + path)
