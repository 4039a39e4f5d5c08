#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tables.py FILE...: the tables of doc/benchmarks.md from what `coffer-bench --json FILE` wrote, one run after the other."""
import json
import sys

WRONG = -2  # BENCH_WRONG


def time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def cell(figure, bare):
    if figure is None:
        return ""
    if figure.get("error") == WRONG:
        return "wrong"
    if "error" in figure:
        return "–"
    if not bare:
        return time(figure["ns"])
    return f"{figure['rate']:.2f} ({figure['cpu_rate']:.2f})"


def table(part, names):
    print("| | bare | " + " | ".join(names) + " |")
    print("| --- " * (len(names) + 2) + "|")
    for row in part["rows"]:
        figures = {(f["subject"], f["keys"]): f for f in row["figures"]}
        bare = figures.get((row["bare"], 0))
        first = f"{row['bare']} {time(bare['ns'])}" if bare and "ns" in bare else ""
        cells = [cell(figures.get(key), bare) for key in names.values()]
        print(f"| {row['row']} | {first} | " + " | ".join(cells) + " |")
    print()


def modules(part):
    bare = {row["bare"] for row in part["rows"]} | {"libsodium", "openssl", "libsecp256k1", "sqlite", "argon2id"}
    return [s for s in part["subjects"] if s["subject"] not in bare]


def growth(scale):
    grown = modules(scale)
    table(scale, {f"{s['subject']}, {s['keys']:,} keys": (s["subject"], s["keys"]) for s in grown})
    print("| | resident | locked | of it vault stacks |\n| --- | --- | --- | --- |")
    for s in grown:
        print(f"| {s['subject']}, {s['keys']:,} keys | {s['rss_kib'] / 1024:.1f} MiB | {s['locked_kib']} KiB | "
              f"{s['stack_bytes'] // 1024} KiB |")
    print()


def budgets(measured):
    print("| budget | limit | measured | by CPU time |\n| --- | --- | --- | --- |")
    for b in measured:
        cpu = "" if b["by_cpu"] is None else f"{b['by_cpu']:.2f}"
        print(f"| {b['what']} | {b['is']} {b['limit']:g} {b['unit']} | {b['measured']:.2f} | {cpu} |")
    print()


def tables(run):
    print(run["machine"] + f"; {run['rounds']} rounds of {run['slice_ms']} ms")
    print(", ".join(f"{s['subject']} {s['version']}" for s in run["speed"]["subjects"]) + "\n")
    table(run["speed"], {s["subject"]: (s["subject"], s["keys"]) for s in modules(run["speed"])})
    if "scale" in run:
        growth(run["scale"])
    # A run of some rows measures few of them, or none.
    measured = [b for b in run["budgets"] if b["measured"] is not None]
    if measured:
        budgets(measured)


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as f:
        tables(json.load(f))
