#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes doc/vectors.md: the files of tests/vectors, how many vectors each has, and the tests that run them.

    doc/vectors.py SOURCE            prints the page
    doc/vectors.py SOURCE --check    exit status 1 when doc/vectors.md is another

A file that no test names is an error.
"""
import glob
import json
import os
import re
import sys

# Files of Wycheproof's testvectors_v1 that are not here: which, and why.
LEFT_OUT = [
    ("ecdsa_* in DER, ecdsa_*_bitcoin", "the same curves and hashes as in P1363's form, which is PKCS#11's; where there is no file in that form, it was made of this one"),
    ("ecdh_* in SubjectPublicKeyInfo, PEM, JWK; x25519_asn, _jwk, _pem; x448_asn, _jwk, _pem", "the same keys as in the files of bare points, "
     "which are PKCS#11's form"),
    ("json_web_*, ecdh_*_webcrypto", "formats of other protocols"),
    ("ecdh_sect*, ecdsa_secp160*, ecdsa_secp192*, ecdsa_secp224k1_*, ec_prime_order_curves", "curves over binary fields or of less than 112 bits "
     "of strength, and secp224k1: not offered"),
    ("ecdsa_*_shake*, rsa_pss_*_shake*, rsa_*_sha512_224*, rsa_*_sha512_256*, hmac_sm3", "PKCS#11 has no such mechanism, or no number for its mask generation"),
    ("rsa_pkcs1_1024_*, rsa_pkcs1_1536_*, rsa_three_primes_*", "RSA keys of less than 2048 bits, or of three primes: refused"),
    ("rsa_pkcs1_3072_sig_gen, rsa_pkcs1_4096_sig_gen", "what is signed is the same as with rsa_pkcs1_2048_sig_gen"),
    ("rsa_pss_*_params", "the same signatures as without parameters in the key, which CKK_RSA has not"),
    ("mlkem_*_encaps", "they fix the randomness of encapsulation, which no caller may choose"),
    ("mlkem_*_keygen_seed", "mlkem_* has such keys too, with what they decapsulate"),
    ("dsa_*", "retired by FIPS 186-5: not offered"),
    ("aria_*, camellia_*, seed_*, sm4_*", "block ciphers that are not offered"),
    ("a*cbc_hs*, aead_aes_siv_cmac, aes_siv_cmac, aes_gcm_siv, aes_eax, aes_ff1_*, aegis*, morus*, ascon*, c2sp_chunked_*, kmac*, siphash*, vmac_*, bls_*",
     "PKCS#11 has no such mechanism"),
    ("pbes2_*", "password-based encryption in one call is not a mechanism here; CKM_PKCS5_PBKD2 and AES are"),
    ("primality", "no key of this token is tested for primes that a caller chose"),
]


def members(document):
    """How many vectors: of Wycheproof's groups, or of the longest list."""
    if isinstance(document, list):
        return len(document)
    if "testGroups" in document:
        return sum(len(group["tests"]) for group in document["testGroups"])
    return max((members(value) for value in document.values() if isinstance(value, (list, dict))), default=1)


def sources(source, patterns):
    """The text of tests, by name."""
    found = {}
    for pattern in patterns:
        for path in sorted(glob.glob(f"{source}/tests/{pattern}")):
            with open(path, encoding="utf-8") as f:
                found[os.path.relpath(path, f"{source}/tests").rsplit(".", 1)[0]] = f.read()
    return found


def users(tests, folder, stem):
    """Tests say the whole name or leave out what all files of a kind end in."""
    base = stem.removesuffix("_test")
    names = {stem, base, base.removesuffix("_p1363")}
    said = re.compile(r"[\"/](" + "|".join(re.escape(n) for n in sorted(names)) + r")(_p1363)?(_test)?(\.json)?[\"' ]")
    return [t for t, text in tests.items() if any(m and (folder == "wycheproof" or folder in text) for m in said.finditer(text))]


def files(source):
    tests = sources(source, ("unit/*.c", "conformance/*.c", "cli/*.sh"))
    for path in sorted(glob.glob(f"{source}/tests/vectors/*/*.json")):
        folder, name = path.split(os.sep)[-2:]
        with open(path, encoding="utf-8") as f:
            count = members(json.load(f))
        by = users(tests, folder, name.removesuffix(".json"))
        if not by:
            sys.exit(f"doc/vectors.py: no test runs tests/vectors/{folder}/{name}")
        yield folder, name.removesuffix(".json"), count, by


def page(source):
    rows = list(files(source))
    wycheproof = [row for row in rows if row[0] == "wycheproof"]
    lines = [
        "# Published vectors, and where they run",
        "",
        "Written by `doc/vectors.py` from `tests/vectors` and from the tests that name its files; `make check` holds them together. Where they come from, and",
        "their licences: [tests/vectors/README.md](../tests/vectors/README.md). Each test fails when one vector is judged otherwise than its file wants.",
        "",
        f"{sum(row[2] for row in rows):,} vectors in {len(rows)} files; {sum(row[2] for row in wycheproof):,} in {len(wycheproof)} of Wycheproof's.",
        "",
        "| file | vectors | tests |",
        "| --- | ---: | --- |",
    ]
    lines += [f"| {folder}/{name.removesuffix('_test')} | {count:,} | {', '.join(by)} |" for folder, name, count, by in rows]
    lines += ["", "## Files of Wycheproof that are not run, and why", "", "| files | why |", "| --- | --- |"]
    lines += [f"| {names} | {why} |" for names, why in LEFT_OUT]
    return "\n".join(lines) + "\n"


def main():
    source = sys.argv[1]
    text = page(source)
    if "--check" not in sys.argv:
        sys.stdout.write(text)
        return
    with open(f"{source}/doc/vectors.md", encoding="utf-8") as f:
        if f.read() != text:
            sys.exit("doc/vectors.md is not what tests/vectors has: run doc/vectors.py SOURCE >doc/vectors.md")


if __name__ == "__main__":
    main()
