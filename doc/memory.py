#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of doc/memory.md: make check-memory >out; doc/memory.py moments <out; doc/memory.py mechanisms <out"""
import re
import sys

COFFER, LOCKED, SOFTHSM, PLAIN = "coffer", "coffer, locked", "SoftHSM", "plain driver"
ROW = re.compile(r"(.+?) +(/proc/PID/mem|process_vm_readv|a child's memory|files|swap file|core .+?|registers in cores) +"
                 rf"({LOCKED}|{COFFER}|{SOFTHSM}|{PLAIN}) +([0-9].*)")


def read(lines):
    """{(moment, place): {who: (looks, {kind: (outside, inside)})}}, in the order in which they were printed."""
    rows, kinds = {}, []
    for line in lines:
        if line.startswith("moment "):
            kinds = split(line[45:])[5:]
        elif kinds and (found := ROW.match(line)):
            moment, place, who, numbers = (part.strip() for part in found.groups())
            looks, _, _, *counts = numbers.split()
            hits = {}
            for kind, count in zip(kinds, counts):
                if count != "-":
                    outside, _, inside = count.partition("+")
                    hits[kind] = (int(outside), int(inside or 0))
            rows.setdefault((moment, place), {})[who] = (int(looks), hits)
    return rows


def split(header):
    """The names of the columns; those that hold a space get another sign for it."""
    for kind in ("wallet key", "coffer key", "other keys"):
        header = header.replace(kind, kind.replace(" ", "_"))
    return header.split()


def name(kind):
    return kind.replace("_", " ")


def own(cell):
    """What coffer has: nothing outside, or the run had failed; what lies in guarded pages is named."""
    if cell is None:
        return ""
    outside = sum(o for o, _ in cell[1].values())
    inside = [f"{name(k)} {i}" for k, (_, i) in cell[1].items() if i]
    return f"**{outside}**" + (f" (guarded: {', '.join(inside)})" if inside else "")


def peer(cell):
    if cell is None:
        return ""
    return ", ".join(f"{name(k)} {o}" for k, (o, _) in cell[1].items() if o) or "0"


def control(cell):
    if cell is None:
        return ""
    found = [o for o, _ in cell[1].values() if o]
    return f"{sum(found)} in {len(found)} kinds"


def moments(rows):
    print("| moment | place | looks | coffer | coffer, locked memory | SoftHSM | plain driver |")
    print("| --- | --- | ---: | --- | --- | --- | --- |")
    of_mechanisms = {moment.replace("during ", word) for moment, _ in rows if moment.startswith("during ") for word in ("during ", "after ")}
    for (moment, place), who in rows.items():
        if COFFER in who and moment not in of_mechanisms:
            print(f"| {moment} | {place} | {who[COFFER][0]} | {own(who[COFFER])} of {len(who[COFFER][1])} kinds | "
                  f"{own(who.get(LOCKED))} | {peer(who.get(SOFTHSM))} | {control(who.get(PLAIN))} |")


def mechanisms(rows):
    print("| mechanism | looks | during | after | during, locked memory | after | SoftHSM, during | after |")
    print("| --- | ---: | --- | --- | --- | --- | --- | --- |")
    for (moment, place), who in rows.items():
        if moment.startswith("during ") and COFFER in who:
            after = rows.get(("after " + moment[7:], place), {})
            print(f"| {moment[7:]} | {who[COFFER][0]} | {own(who[COFFER])} | {own(after.get(COFFER))} | {own(who.get(LOCKED))} | "
                  f"{own(after.get(LOCKED))} | {peer(who.get(SOFTHSM))} | {peer(after.get(SOFTHSM))} |")


{"moments": moments, "mechanisms": mechanisms}[sys.argv[1]](read(sys.stdin))
