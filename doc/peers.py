#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes doc/peers.md: the mechanisms of other software tokens beside those of the built module.

    doc/peers.py COFFER SOURCE            prints the page
    doc/peers.py COFFER SOURCE --check    exit status 1 when doc/peers.md is another

COFFER is the built tool: what C_GetMechanismList answers is what coffer has.  SOURCE/doc/peers.tsv and
SOURCE/doc/peers-functions.tsv have the others.  What coffer has not needs a reason in the table below: without one this program fails.
"""
import json
import re
import subprocess
import sys

# The big five: of a mechanism that four of them have, programs expect that it is there.
BIG = ("softhsm", "kryoptic", "nss", "opencryptoki", "wolfpkcs11")

VERSIONS = [
    ("SoftHSM", "2.7.0 and later, commit 02cebd5 (2026-05)"),
    ("Kryoptic", "1.5.2, commit b014167 (2026-08)"),
    ("NSS softoken", "commit 9d75dfd (2026-05)"),
    ("opencryptoki, soft token", "3.27, commit 9915205 (2026-08)"),
    ("tpm2-pkcs11", "1.10.1, commit a38c350 (2026-08)"),
    ("wolfPKCS11", "2.1, commit caeaaa5 (2026-06)"),
    ("nethsm-pkcs11", "2.2.0, commit f6f0523 (2026-04)"),
    ("yubihsm-shell", "2.8.0, commit 428bfdd (2026-07)"),
    ("native-pkcs11", "commit dbd70f8 (2026-06)"),
    ("gnome-keyring", "commit 81a9cc9 (2026-04)"),
]

# Mechanisms whose library may lack them at run time: such a row is in the source and not in every module's list.
BY_LIBRARY = r"(HASH_)?(ML_DSA|SLH_DSA)\w*|ML_KEM\w*"

# (names, why not); the first that fits counts.
REASONS = [
    (r"(NSS|IBM|YUBICO|G)_\w+", "another vendor's number, for that vendor's own programs; the standard's mechanism of the same kind is there, "
     "or its protocol (J-PAKE, TLS 1.0) is retired"),
    (r"CAST\w*|CDMF\w*|IDEA\w*|RC[245]\w*|SEED\w*|CAMELLIA\w*", "block ciphers that nothing new uses; 64-bit blocks, or no user who asked"),
    (r"(DES|DES3)_\w*MAC\w*|DES_\w+|DES3_\w+_ENCRYPT_DATA", "single DES is broken, and triple DES is there only to read data of old"),
    (r"PBE_\w+|PBA_\w+", "PKCS #5 v1 and PKCS #12 with RC2, RC4, DES, MD2 or MD5: broken; PBKDF2 is there"),
    (r"MD2\w*|MD5_(RSA_PKCS|KEY_DERIVATION)", "broken digests; MD5 itself and its HMAC are there for data of old"),
    (r"DSA\w*", "retired by FIPS 186-5"),
    (r"GOST\w*", "no library that is kept well has it, OpenSSL without an engine of others included"),
    (r"SSL3_\w+|TLS_(KEY_AND_MAC_DERIVE|MASTER_KEY_DERIVE(_DH)?|PRF_GENERAL)", "SSL 3, TLS 1.0 and 1.1: retired by RFC 7568 and RFC 8996"),
    (r"IKE\w+", "IKE daemons derive by the PRFs (HMAC, CMAC) that are there"),
    (r"HOTP\w*", "one-time passwords are CKO_OTP_KEY objects with counters that change on use: another kind of token"),
    (r"AES_MAC\w*|AES_XCBC_MAC\w*", "CBC-MAC is forged where lengths vary; CMAC is there"),
    (r"AES_KEY_WRAP_PKCS7", "AES_KEY_WRAP_PAD and _KWP do the same by NIST's construction"),
    (r"ECDH_\w*AES_KEY_WRAP", "C_EncapsulateKey with ECDH, then AES key wrap, is the same in two calls of which each is standardised"),
    (r"EXTRACT_KEY_FROM_KEY", "takes a part out of a key, bit by bit: the attack that CKA_EXTRACTABLE is there to stop (J. Clulow, CHES 2003)"),
    (r"RSA_9796", "ISO 9796 signatures are forged (Coron, Naccache, Stern 1999)"),
    (r"RSA_X509", "one peer's own spelling of RSA_X_509"),
]


def reason_of(name):
    for pattern, why in REASONS:
        if re.fullmatch(pattern, name):
            return why
    sys.exit(f"doc/peers.py: CKM_{name} is a mechanism of other tokens and not of coffer; give it a reason in REASONS")


def read_table(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    return lines[0][1:], {line[0]: dict(zip(lines[0][1:], line[1:])) for line in lines[1:]}


def read_module(coffer, source):
    rows = json.loads(subprocess.run([coffer, "mechanisms", "--json"], check=True, capture_output=True).stdout)
    listed = {row["name"].removeprefix("CKM_") for row in rows}
    with open(f"{source}/src/mech/table.def", encoding="utf-8") as f:
        table = f.read()
    off = set(re.findall(r"^RETIRED\(CKM_(\w+)", table, re.M))
    by_library = {name for name in re.findall(r"^[A-Z_]+\(CKM_(\w+)", table, re.M) if re.fullmatch(BY_LIBRARY, name)}
    return listed - off | by_library, off, by_library


def functions(source):
    """A row whose name is a function's must be one that coffer has."""
    columns, rows = read_table(f"{source}/doc/peers-functions.tsv")
    with open(f"{source}/src/cryptoki/api.def", encoding="utf-8") as f:
        api = set(re.findall(r"^(?:API|HAND)\(\d+, (C_\w+)", f.read(), re.M))
    unknown = [name for name in rows if name.startswith("C_") and name not in api]
    if unknown:
        sys.exit(f"doc/peers-functions.tsv: {', '.join(unknown)}: no function of coffer's")
    lines = ["## Functions", "", f"All {len(api)} functions of PKCS#11 3.2 work in coffer ([mechanisms.md](mechanisms.md)). Where the others differ, a function standing for its group:", "",
             "| what | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join("" if row[c] == "-" else row[c] for c in columns) + " |")
    return lines + [""]


def holders(peers, row):
    return ", ".join(p for p in peers if row[p] == "x")


def page(coffer, source):
    peers, matrix = read_table(f"{source}/doc/peers.tsv")
    has, off, by_library = read_module(coffer, source)
    shared = [n for n, row in matrix.items() if sum(row[p] == "x" for p in BIG) >= 4]
    missing = [n for n in matrix if n not in has | off]
    groups = {}
    for name in missing:
        groups.setdefault(reason_of(name), []).append(name)
    absent = [n for n in shared if n not in has]
    lines = [
        "# Mechanisms, beside other software tokens",
        "",
        "Written by `doc/peers.py` from what the built module answers and from `doc/peers.tsv`; `make check` holds them together.",
        "",
        f"The other tokens know {len(matrix)} mechanisms between them, vendors' own included. {len(shared)} of those are in four of the five",
        f"largest ({', '.join(BIG)}); coffer has {len(shared) - len(absent)} of these" +
        (f", and not {', '.join(absent)}." if absent else "." ) +
        (f" Of them {', '.join(n for n in shared if n in by_library)} need OpenSSL 3.5." if any(n in by_library for n in shared) else ""),
        f"Of all {len(matrix)} it has {sum(n in has for n in matrix)}, and {sum(n in off for n in matrix)} more that are off unless the configuration names them"
        " (`enabled-mechanisms`). The rest is below, with the reason.",
        "",
        "What the others have was read in their sources, in the tables from which they answer C_GetMechanismList: what a build of theirs lists",
        "may be less, as it may be of coffer's. The versions:",
        "",
        "| token | version |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {version} |" for name, version in VERSIONS]
    lines += ["", "| token | mechanisms | of these coffer has |", "| --- | --- | --- |"]
    for p in peers:
        theirs = [n for n, row in matrix.items() if row[p] == "x"]
        lines.append(f"| {p} | {len(theirs)} | {sum(n in has or n in off for n in theirs)} |")
    lines += [""] + functions(source)
    lines += [f"## {len(missing)} mechanisms of others that are not here, and why", ""]
    for why in dict.fromkeys(why for _, why in REASONS):
        if why in groups:
            lines += [f"{why[0].upper()}{why[1:]}:", ""]
            lines += [f"- {n} ({holders(peers, matrix[n])})" for n in groups[why]]
            lines.append("")
    own = sorted(n for n in has if n not in matrix)
    lines += ["## What none of the others has", "", ", ".join(own) + ".", ""]
    lines += ["## All of them", "", "x: has it; o: off by default.", "", "| mechanism | coffer | " + " | ".join(peers) + " |",
              "| --- |" + " --- |" * (len(peers) + 1)]
    for name, row in matrix.items():
        mine = "x" if name in has else "o" if name in off else ""
        lines.append(f"| {name} | {mine} | " + " | ".join("x" if row[p] == "x" else "" for p in peers) + " |")
    return "\n".join(lines) + "\n"


def main():
    coffer, source = sys.argv[1:3]
    text = page(coffer, source)
    if "--check" not in sys.argv:
        sys.stdout.write(text)
        return
    with open(f"{source}/doc/peers.md", encoding="utf-8") as f:
        if f.read() != text:
            sys.exit("doc/peers.md is not what the module answers: run doc/peers.py COFFER SOURCE >doc/peers.md")


main()
