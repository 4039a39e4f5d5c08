#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes doc/mechanisms.md from what the built tool and the source say.

    doc/mechanisms.py COFFER SOURCE            prints the page
    doc/mechanisms.py COFFER SOURCE --check    exit status 1 when doc/mechanisms.md is another

COFFER is the built tool: `coffer mechanisms --json` is what C_GetMechanismList and C_GetMechanismInfo
answer.  SOURCE is the top of the source: src/cryptoki/api.def has the functions, src/mech/table.def the mechanisms that need a
later OpenSSL than this one may be: the page is the same with and without it.  What neither knows (the library behind a family,
where its vectors come from) is the table below: a mechanism without a family is an error.
"""
import json
import re
import subprocess
import sys

SODIUM, OPENSSL = "libsodium", "OpenSSL"

# (names, library, vectors from outside)
FAMILIES = [
    (r"ML_KEM\w*", "OpenSSL 3.5", "Wycheproof mlkem (seeds, expanded keys)"),
    (r"(HASH_)?ML_DSA\w*", "OpenSSL 3.5", "Wycheproof mldsa; hashed first: the crate fips204"),
    (r"(HASH_)?SLH_DSA\w*", "OpenSSL 3.5", "NIST ACVP (keys); the crate fips205"),
    (r"EDDSA|EC_EDWARDS_KEY_PAIR_GEN", "libsodium (Ed25519), OpenSSL (Ed448; from 3.2 on with a context, Ed448ph)",
     "RFC 8032 §7.1-7.5; Wycheproof ed25519, ed448; CCTV"),
    (r"EC_MONTGOMERY_KEY_PAIR_GEN", "libsodium (X25519), OpenSSL (X448)", "Wycheproof x25519, x448"),
    (r"ECDH1_(COFACTOR_)?DERIVE", "OpenSSL; libsodium (X25519), libsecp256k1 (secp256k1)", "Wycheproof ecdh (5 curves), x25519, x448"),
    (r"ECDSA.*", "OpenSSL; libsecp256k1 (secp256k1)", "Wycheproof ecdsa (10 curves), secp256k1 and brainpool among them; RFC 6979 (deterministic-ecdsa)"),
    (r"EC_KEY_PAIR_GEN", "OpenSSL; libsecp256k1 (secp256k1)", "Wycheproof ecdsa (10 curves), secp256k1 and brainpool among them"),
    (r"RSA_PKCS|SHA\w*_RSA_PKCS", OPENSSL, "Wycheproof rsa_signature, rsa_pkcs1; OpenSSL's implicit rejection"),
    (r"RSA_PKCS_PSS|SHA\w*_RSA_PKCS_PSS", OPENSSL, "Wycheproof rsa_pss"),
    (r"RSA_PKCS_OAEP", OPENSSL, "Wycheproof rsa_oaep"),
    (r"RSA_PKCS_KEY_PAIR_GEN|RSA_X_509|RSA_AES_KEY_WRAP", OPENSSL, "OpenSSL's command line on the other side"),
    (r"DH_PKCS\w*", OPENSSL, "OpenSSL's keys in RFC 7919's groups; OpenSSL on the other side"),
    (r"AES_GCM", OPENSSL, "Wycheproof aes_gcm"),
    (r"AES_CCM", OPENSSL, "Wycheproof aes_ccm"),
    (r"AES_CBC_PAD", OPENSSL, "Wycheproof aes_cbc_pkcs5"),
    (r"AES_XTS", OPENSSL, "Wycheproof aes_xts"),
    (r"AES_KEY_WRAP\w*", OPENSSL, "Wycheproof aes_wrap, aes_kwp"),
    (r"AES_CMAC\w*", OPENSSL, "Wycheproof aes_cmac"),
    (r"AES_GMAC", OPENSSL, "Wycheproof aes_gmac"),
    (r"AES_\w*_ENCRYPT_DATA", OPENSSL, "NIST SP 800-38A"),
    (r"AES_CTS", OPENSSL, "RFC 3962"),
    (r"AES_(ECB|CBC|CTR|CFB\d*|OFB)", OPENSSL, "NIST SP 800-38A"),
    (r"CHACHA20_POLY1305", OPENSSL, "Wycheproof chacha20_poly1305; RFC 8439"),
    (r"CHACHA20|POLY1305", OPENSSL, "RFC 8439"),
    (r"(SHA\w*|MD5)_HMAC(_GENERAL)?", OPENSSL, "Wycheproof hmac; RFC 2202 (MD5)"),
    (r"HKDF_(DERIVE|DATA)", OPENSSL, "Wycheproof hkdf; RFC 5869"),
    (r"SP800_108\w*", OPENSSL, "NIST CAVP (counter mode, double pipeline); OpenSSL's KBKDF on the other side"),
    (r"TLS12_KEY\w*", OPENSSL, "NIST CAVP (key block)"),
    (r"TLS\w*", OPENSSL, "NIST CAVP (master secret); the others put together of HMAC beside it (RFC 5246 §5)"),
    (r"PKCS5_PBKD2", OPENSSL, "RFC 6070, RFC 7914"),
    (r"BLAKE2B_\d+_KEY_DERIVE", SODIUM, "RFC 7693"),
    (r"\w*KEY_DERIVATION|CONCATENATE\w*|XOR_BASE_AND_DATA", OPENSSL, "computed beside it"),
    (r"\w*KEY_GEN|PUB_KEY_FROM_PRIV_KEY", "libsodium's generator", "-"),
    (r"COFFER_ALGORAND_DERIVE", SODIUM, "wallets of Algorand's key management daemon"),
    (r"SHAKE\w*|SHA\w*|MD5|BLAKE2B\w*", OPENSSL, "FIPS 180-4, FIPS 202, RFC 1321"),
]

# Rows of table.def that not every OpenSSL has: key type, sizes; what the names of their flags stand for.
LATER = {"CKK_ML_KEM": (800, 1568), "CKK_ML_DSA": (1312, 2592), "CKK_SLH_DSA": (32, 64)}
CAN = {
    "CKF_GENERATE_KEY_PAIR": ["generate-key-pair"],
    "ENCAPSULATES": ["encapsulate", "decapsulate"],
    "SIGNS": ["sign", "verify", "message-sign", "message-verify"],
}

# What several software tokens have and this one has not, and why.
MISSING = [
    ("DES, RC4, MD5 signatures, CKM_DES3_MAC", "broken; data under them is to be re-encrypted elsewhere"),
    ("DSA", "retired by FIPS 186-5"),
    ("Diffie-Hellman: new parameters, X9.42", "a safe prime takes minutes, and RFC 3526 and RFC 7919 have some for everybody"),
    ("Camellia, ARIA, SEED, GOST", "nobody asked yet; each is one row per mode"),
    ("SSL 3, TLS 1.0 and IKE key derivation", "retired by RFC 7568 and RFC 8996; IKEv2 libraries derive by the PRFs above"),
    ("KMAC, Salsa20, ChaCha20-Poly1305 as key wrapping", "KMAC's parameter is not settled by a published version, nobody asked for "
     "Salsa20, and the specification has no wrapping by ChaCha20-Poly1305"),
    ("XEDDSA, X3DH, double ratchet", "no well-kept library with a C interface"),
]


def family_of(name):
    for pattern, library, vectors in FAMILIES:
        if re.fullmatch(pattern, name):
            return library, vectors
    sys.exit(f"doc/mechanisms.py: CKM_{name} is in no family of the table")


def sizes(row):
    low, high = row["min_key_size"], row["max_key_size"]
    return "" if high == 0 else str(low) if low == high else f"{low}-{high}"


def later(source):
    with open(f"{source}/src/mech/table.def", encoding="utf-8") as f:
        rows = re.findall(r"^MECH\((CKM_\w+), (\w+), (CKK_\w+),", f.read(), re.M)
    return {
        name: {"name": name, "min_key_size": LATER[key][0], "max_key_size": LATER[key][1], "can": CAN[flags]}
        for name, flags, key in rows if key in LATER
    }


def all_rows(coffer, source):
    """What the module answers, and what it would answer with a later OpenSSL; where it has that, both must be the same."""
    expected = later(source)
    rows = json.loads(subprocess.run([coffer, "mechanisms", "--json"], check=True, capture_output=True).stdout)
    for row in rows:
        want = expected.get(row["name"])
        if want is not None and any(row[key] != value for key, value in want.items()):
            sys.exit(f"doc/mechanisms.py: {row['name']} is not what table.def lets expect")
    return [row for row in rows if row["name"] not in expected] + list(expected.values()), len(expected)


def mechanisms(coffer, source):
    rows, need_later = all_rows(coffer, source)
    lines = [f"## {len(rows)} mechanisms", "",
             f"{need_later} of them need OpenSSL 3.5 or later, and are neither offered nor taken where the library is older;",
             "keys of theirs that a wallet has are listed and shown all the same.", "", "| mechanism | key sizes | can | library | vectors |", "| --- | --- | --- | --- | --- |"]
    for row in sorted(rows, key=lambda r: r["name"]):
        name = row["name"].removeprefix("CKM_")
        library, vectors = family_of(name)
        lines.append(f"| {name} | {sizes(row)} | {', '.join(row['can'])} | {library} | {vectors} |")
    return lines


def retired(source):
    with open(f"{source}/src/mech/table.def", encoding="utf-8") as f:
        return re.findall(r"^RETIRED\(CKM_(\w+)", f.read(), re.M)


def functions(source):
    with open(f"{source}/src/cryptoki/api.def", encoding="utf-8") as f:
        rows = re.findall(r"^(?:API|HAND)\((\d+), C_\w+", f.read(), re.M)
    lines = ["## Functions", ""]
    for version, title in (("240", "2.40"), ("300", "new in 3.0"), ("320", "new in 3.2")):
        lines.append(f"- {title}: all {sum(v == version for v in rows)} work.")
    return lines


def page(coffer, source):
    lines = [
        "# Mechanisms and functions",
        "",
        "Written by `doc/mechanisms.py` from what the built module answers; `make check` holds the two together.",
        "",
        "A parameter is honoured or refused, never ignored. Private operations run in a scope of the vault: with the",
        "private libcrypto (configure's default) OpenSSL's allocations are in guarded memory too, so that keys are in no",
        "memory that is paged, dumped or readable from outside, during a call or after it. [memory.md](memory.md) has the measured table.",
        "With `--with-libcrypto=shared` that holds for libsodium's mechanisms; of OpenSSL's, what a call uses is on the ordinary heap while it runs.",
        "",
    ]
    lines += mechanisms(coffer, source) + [""]
    lines += ["Off unless `enabled-mechanisms` of coffer.conf(5) names them, for data of old (vectors: SP 800-67, SP 800-38B, CAVP): " +
              ", ".join(retired(source)) + ".", ""]
    lines += functions(source)
    lines += ["", "## What other software tokens have and this one has not", "", "| what | why |", "| --- | --- |"]
    lines += [f"| {what} | {why} |" for what, why in MISSING]
    return "\n".join(lines) + "\n"


def main():
    coffer, source = sys.argv[1:3]
    text = page(coffer, source)
    if "--check" not in sys.argv:
        sys.stdout.write(text)
        return
    with open(f"{source}/doc/mechanisms.md", encoding="utf-8") as f:
        if f.read() != text:
            sys.exit("doc/mechanisms.md is not what the module answers: run doc/mechanisms.py COFFER SOURCE >doc/mechanisms.md")


main()
