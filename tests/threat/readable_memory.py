# SPDX-License-Identifier: Apache-2.0
"""Runs in gdb: the tool is stopped at every change of its wallet's file, before and after scrypt, at each row, and when it ends; all of its
memory that a debugger can read is searched for what must not be there, and for what must.
Environment: SECRETS, KNOWN: files with a line "name hex" for each pattern; ARGUMENTS: of the program, a line each."""
import os
import shlex

import gdb


def patterns(name):
    with open(os.environ[name]) as lines:
        return [(words[0], bytes.fromhex(words[1])) for words in (line.split() for line in lines)]


secrets, known = patterns("SECRETS"), patterns("KNOWN")
found, seen, looks = {}, set(), 0


def look(where):
    global looks
    looks += 1
    inferior = gdb.selected_inferior()
    with open(f"/proc/{inferior.pid}/maps") as maps:
        regions = [line.split() for line in maps]
    for region in regions:
        start, end = (int(part, 16) for part in region[0].split("-"))
        if not region[1].startswith("rw"):
            continue
        try:
            memory = inferior.read_memory(start, end - start).tobytes()
        except gdb.MemoryError:
            continue  # secret memory
        for name, pattern in secrets:
            if pattern in memory:
                found.setdefault(name, f"{where}: {region[0]} {region[-1]}")
        seen.update(name for name, pattern in known if pattern in memory)


gdb.execute("set pagination off")
gdb.execute("set confirm off")
gdb.execute("handle SIGPIPE nostop noprint pass")
gdb.execute("set breakpoint pending on")
gdb.execute("catch syscall fsync fdatasync exit_group")
# Within a scope, whose stack a debugger cannot read either: before scrypt, after it, and at each row.
gdb.execute("break crypto_pwhash_scryptsalsa208sha256_ll")
gdb.execute("break crypto_secretbox_open_easy")
gdb.execute("run " + shlex.join(os.environ["ARGUMENTS"].split("\n")) + " >tool.out 2>tool.err </dev/null")
while gdb.selected_inferior().pid != 0:
    frame = gdb.selected_frame().name() or "?"
    look(frame)
    gdb.execute("continue", to_string=True)
for name, where in found.items():
    print(f"FOUND {name} at {where}")
for name, _ in known:
    if name not in seen:
        print(f"UNSEEN {name}")
print(f"LOOKS {looks}")
