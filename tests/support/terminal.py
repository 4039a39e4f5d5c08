# SPDX-License-Identifier: Apache-2.0
"""terminal.py [PROMPT=ANSWER]... -- COMMAND...: runs a command on a terminal of its own, types each answer when
its prompt (a part of it) was printed, prints what appeared, and ends with the command's status.  An answer "^C" is the
key that interrupts.  A prompt that does not come within a minute is a failure (99)."""
import os
import pty
import select
import sys
import time

split = sys.argv.index("--")
talk = [word.split("=", 1) for word in sys.argv[1:split]]
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
seen = b""
unread = 0
deadline = time.time() + 60


def read_more():
    """More of the output; False at its end."""
    global seen
    if not select.select([master], [], [], max(0, deadline - time.time()))[0]:
        print(seen.decode(errors="replace"), "\nno further output", sep="")
        sys.exit(99)
    try:
        more = os.read(master, 4096)
    except OSError:
        return False
    seen += more
    return more != b""


for prompt, answer in talk:
    while (at := seen.find(prompt.encode(), unread)) < 0:
        if not read_more():
            print(seen.decode(errors="replace"), f"\nnever asked: {prompt}", sep="")
            sys.exit(99)
    unread = at + len(prompt)
    while not seen[unread:].endswith((b": ", b":")):
        if not read_more():
            break
    unread = len(seen)
    time.sleep(0.05)  # what is typed before the echo is off is flushed
    os.write(master, b"\x03" if answer == "^C" else answer.encode() + b"\n")
while read_more():
    pass
print(seen.decode(errors="replace"), end="")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xff)
