"""terminal.py ANSWER COMMAND...: runs it on a terminal of its own, and types the
answer once a question is there; its output and exit status."""

import os
import pty
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b''
answered = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b'[y/N] ' in seen and not answered:
        answered = True
        os.write(fd, sys.argv[1].encode() + b'\n')
sys.stdout.write(seen.decode(errors='replace'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
