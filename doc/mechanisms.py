#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes doc/mechanisms.md from what the built tool and the source say.

    doc/mechanisms.py COFFER SOURCE            prints the page
    doc/mechanisms.py COFFER SOURCE --check    exit status 1 when doc/mechanisms.md is another

COFFER is the built tool: `coffer mechanisms --json` is what C_GetMechanismList and C_GetMechanismInfo
answer.  SOURCE is the top of the source: src/cryptoki/api.def has the functions, src/mech/table.def the mechanisms that need a
later OpenSSL than this one may be: the page is the same with and without it; tests/vectors are counted, doc/memory.md has what was
measured.  What none of these knows (the library behind a family, which vectors are its own) is the table below: a mechanism
without a family is an error.
"""
import fnmatch
import json
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import vectors  # beside this file

SODIUM, OPENSSL = "libsodium", "OpenSSL"

# Folders of tests/vectors, as the page calls them.
FOLDERS = {"wycheproof": "Wycheproof", "eddsa": "RFC 8032, CCTV", "openssl": "OpenSSL", "pqc": "ACVP", "kmd": "Algorand's kmd"}

# (names, library, files of tests/vectors whose vectors run through it, what else it was held against).  {hash} is the hash function in the
# mechanism's name, as files spell it.
FAMILIES = [
    (r"ML_KEM\w*", "OpenSSL 3.5", "wycheproof/mlkem_*", ""),
    (r"HASH_ML_DSA\w*", "OpenSSL 3.5", "", "the crate fips204"),
    (r"ML_DSA\w*", "OpenSSL 3.5", "wycheproof/mldsa_*", "the crate fips204"),
    (r"HASH_SLH_DSA\w*", "OpenSSL 3.5", "", "the crate fips205"),
    (r"SLH_DSA\w*", "OpenSSL 3.5", "pqc/acvp_slh_dsa_keygen", "the crate fips205"),
    (r"EDDSA|EC_EDWARDS_KEY_PAIR_GEN", "libsodium (Ed25519), OpenSSL (Ed448; from 3.2 on with a context, Ed448ph)",
     "wycheproof/ed25519_test wycheproof/ed448_test eddsa/*", ""),
    (r"EC_MONTGOMERY_KEY_PAIR_GEN", "libsodium (X25519), OpenSSL (X448)", "wycheproof/x25519_test wycheproof/x448_test", ""),
    (r"ECDH1_(COFACTOR_)?DERIVE", "OpenSSL; libsodium (X25519), libsecp256k1 (secp256k1)",
     "wycheproof/ecdh_* wycheproof/x25519_test wycheproof/x448_test", "OpenSSL's X963KDF and SSKDF"),
    (r"ECDSA_SHA1", "OpenSSL; libsecp256k1 (secp256k1)", "", "OpenSSL on the other side; RFC 6979 (deterministic-ecdsa)"),
    (r"ECDSA_SHA(224|256|384|512)", "OpenSSL; libsecp256k1 (secp256k1)", "wycheproof/ecdsa_*_{hash}_p1363_test", "RFC 6979 (deterministic-ecdsa)"),
    (r"ECDSA_SHA\w*", "OpenSSL; libsecp256k1 (secp256k1)", "wycheproof/ecdsa_*_{hash}_p1363_test", ""),
    (r"ECDSA", "OpenSSL; libsecp256k1 (secp256k1)", "", "by the rows with a hash function; RFC 6979 (deterministic-ecdsa)"),
    (r"EC_KEY_PAIR_GEN", "OpenSSL; libsecp256k1 (secp256k1)", "", "OpenSSL on the other side"),
    (r"RSA_PKCS", OPENSSL, "wycheproof/rsa_pkcs1_* openssl/rsa_implicit_rejection", ""),
    (r"SHA1_RSA_PKCS", OPENSSL, "", "OpenSSL on the other side"),
    (r"SHA\w*_RSA_PKCS", OPENSSL, "wycheproof/rsa_signature_*_{hash}_test", ""),
    (r"RSA_PKCS_PSS", OPENSSL, "", "by the rows with a hash function"),
    (r"SHA3_\d+_RSA_PKCS_PSS|SHA224_RSA_PKCS_PSS", OPENSSL, "wycheproof/rsa_pss_misc_test", "OpenSSL on the other side"),
    (r"SHA\w*_RSA_PKCS_PSS", OPENSSL, "wycheproof/rsa_pss_*_{hash}_mgf1*", ""),
    (r"RSA_PKCS_OAEP", OPENSSL, "wycheproof/rsa_oaep_*", ""),
    (r"RSA_PKCS_KEY_PAIR_GEN|RSA_X_509|RSA_AES_KEY_WRAP", OPENSSL, "", "OpenSSL's command line on the other side"),
    (r"DH_PKCS_PARAMETER_GEN", OPENSSL, "", "RFC 7919: its groups, by their size"),
    (r"DH_PKCS\w*", OPENSSL, "openssl/ffdhe", "OpenSSL on the other side"),
    (r"AES_GCM", OPENSSL, "wycheproof/aes_gcm_test", ""),
    (r"AES_CCM", OPENSSL, "wycheproof/aes_ccm_test", ""),
    (r"AES_CBC_PAD", OPENSSL, "wycheproof/aes_cbc_pkcs5_test", ""),
    (r"AES_XTS", OPENSSL, "wycheproof/aes_xts_test", ""),
    (r"AES_KEY_WRAP", OPENSSL, "wycheproof/aes_wrap_test", ""),
    (r"AES_KEY_WRAP_(PAD|KWP)", OPENSSL, "wycheproof/aes_kwp_test", ""),
    (r"AES_CMAC\w*", OPENSSL, "wycheproof/aes_cmac_test", ""),
    (r"AES_GMAC", OPENSSL, "wycheproof/aes_gmac_test", ""),
    (r"AES_\w*_ENCRYPT_DATA", OPENSSL, "", "NIST SP 800-38A"),
    (r"AES_CTS", OPENSSL, "", "RFC 3962"),
    (r"AES_(ECB|CBC|CTR|CFB\d*|OFB)", OPENSSL, "", "NIST SP 800-38A"),
    (r"CHACHA20_POLY1305", OPENSSL, "wycheproof/chacha20_poly1305_test", "RFC 8439"),
    (r"CHACHA20|POLY1305", OPENSSL, "", "RFC 8439"),
    (r"SALSA20", SODIUM, "", "eSTREAM; NaCl (XSalsa20)"),
    (r"MD5_HMAC(_GENERAL)?", OPENSSL, "", "RFC 2202"),
    (r"SHA\w*_HMAC(_GENERAL)?", OPENSSL, "wycheproof/hmac_{hash}_test", ""),
    (r"HKDF_(DERIVE|DATA)", OPENSSL, "wycheproof/hkdf_*", "RFC 5869"),
    (r"SP800_108\w*", OPENSSL, "", "NIST CAVP (counter mode, double pipeline); OpenSSL's KBKDF on the other side"),
    (r"TLS12_KEY\w*", OPENSSL, "", "NIST CAVP (key block)"),
    (r"TLS\w*", OPENSSL, "", "NIST CAVP (master secret); the others put together of HMAC beside it (RFC 5246 §5)"),
    (r"PKCS5_PBKD2", OPENSSL, "wycheproof/pbkdf2_*", "RFC 6070, RFC 7914"),
    (r"BLAKE2B_\d+_KEY_DERIVE", SODIUM, "", "RFC 7693"),
    (r"\w*KEY_DERIVATION|CONCATENATE\w*|XOR_BASE_AND_DATA", OPENSSL, "", "computed beside it"),
    (r"\w*KEY_GEN|PUB_KEY_FROM_PRIV_KEY", "libsodium's generator", "", ""),
    (r"COFFER_ALGORAND_DERIVE", SODIUM, "kmd/wallets", ""),
    (r"SHAKE\w*|SHA\w*|MD5|BLAKE2B\w*", OPENSSL, "", "FIPS 180-4, FIPS 202, RFC 1321"),
]

# Rows of table.def that not every OpenSSL has: key type, sizes; what the names of their flags stand for.
LATER = {"CKK_ML_KEM": (800, 1568), "CKK_ML_DSA": (1312, 2592), "CKK_SLH_DSA": (32, 64)}
CAN = {
    "CKF_GENERATE_KEY_PAIR": ["generate-key-pair"],
    "ENCAPSULATES": ["encapsulate", "decapsulate"],
    "SIGNS": ["sign", "verify", "message-sign", "message-verify"],
}

# Versions, as src/cryptoki/api.def has them.
SINCE = {"240": "2.40", "300": "3.0", "320": "3.2"}

# What is secret in a function's hands; the first that fits.
SECRETS = [
    (r"C_(InitToken|InitPIN|SetPIN|Login|LoginUser)", "PINs, keys of the wallet"),
    (r"C_(CreateObject|CopyObject|GetAttributeValue|SetAttributeValue|FindObjectsInit|FindObjects)", "values and labels of private objects"),
    (r"C_(Initialize|Finalize|Logout|CloseAllSessions)", "keys that are made, or end"),
    (r"C_(Generate|Derive|Encapsulate|Decapsulate|Wrap|Unwrap)Key\w*", "keys"),
    (r"C_DigestKey|C_(Message)?(Encrypt|Decrypt|Sign|Verify)\w*|C_DigestEncryptUpdate|C_SetOperationState|C_DigestFinal", "keys"),
    (r"C_\w+", ""),
]

# What several software tokens have and this one has not, and why.
MISSING = [
    ("DES, RC4, MD5 signatures, CKM_DES3_MAC", "broken; data under them is to be re-encrypted elsewhere"),
    ("DSA", "retired by FIPS 186-5"),
    ("Diffie-Hellman of X9.42, MQV", "none of the tokens in [peers.md](peers.md) has it, and OpenSSL has no MQV; in the groups of safe primes that "
     "PKCS #3 keys have here there is no small subgroup to guard against"),
    ("Camellia, ARIA, SEED, GOST", "nobody asked yet; each is one row per mode"),
    ("SSL 3, TLS 1.0 and IKE key derivation", "retired by RFC 7568 and RFC 8996; IKEv2 libraries derive by the PRFs above"),
    ("KMAC", "in the headers of no published version up to 3.2 there is a number or a parameter for it"),
    ("Salsa20-Poly1305", "libsodium's secretbox, which it is, takes no associated data"),
    ("ChaCha20-Poly1305 as key wrapping", "the specification has none"),
    ("XEDDSA, X3DH, double ratchet", "no well-kept library with a C interface"),
]


def family_of(name):
    for pattern, library, files, beside in FAMILIES:
        if re.fullmatch(pattern, name):
            return library, files, beside
    sys.exit(f"doc/mechanisms.py: CKM_{name} is in no family of the table")


def hash_in(name):
    """As files of vectors spell it: sha1, sha256, sha512_224, sha3_256."""
    found = re.search(r"SHA3_\d+|SHA512_\d{3}(?!\d)|SHA_?\d+", name)
    return found.group(0).lower().replace("sha_1", "sha1") if found else ""


def vectors_of(name, files, beside, counts):
    patterns = files.replace("{hash}", hash_in(name)).split()
    said = []
    for folder in dict.fromkeys(p.split("/")[0] for p in patterns):
        n = sum(count for path, count in counts.items() if any(fnmatch.fnmatch(path, p) for p in patterns if p.startswith(folder + "/")))
        if n == 0:
            sys.exit(f"doc/mechanisms.py: CKM_{name}: no vectors in {files}")
        said.append(f"{FOLDERS[folder]}: {n:,}")
    return "; ".join(said + ([beside] if beside else [])) or "-"


def measured(source):
    """Mechanism: instants at which doc/memory.md looked during its calls and found nothing; a hit is an error."""
    looks = {}
    with open(f"{source}/doc/memory.md", encoding="utf-8") as f:
        table = f.read().split("### Every mechanism")[1].split("\n## ")[0]
    for name, n, during in re.findall(r"^\| ([A-Z0-9_]+)(?:, [^|]*)? \| (\d+) \| ([^|]*) \|", table, re.M):
        if during != "**0**":
            sys.exit(f"doc/mechanisms.py: doc/memory.md found something during {name}")
        looks[name] = looks.get(name, 0) + int(n)
    return looks


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
    counts = {f"{folder}/{file}": count for folder, file, count, _ in vectors.files(source)}
    looks = measured(source)
    lines = [f"## {len(rows)} mechanisms", "",
             f"{need_later} of them need OpenSSL 3.5 or later, and are neither offered nor taken where the library is older;",
             "keys of theirs that a wallet has are listed and shown all the same.", "",
             "| mechanism | key sizes | can | library | vectors | memory during a call |", "| --- | --- | --- | --- | --- | --- |"]
    for row in sorted(rows, key=lambda r: r["name"]):
        name = row["name"].removeprefix("CKM_")
        library, files, beside = family_of(name)
        memory = f"guarded: 0 found in {looks[name]} looks" if name in looks else "guarded"
        lines.append(f"| {name} | {sizes(row)} | {', '.join(row['can'])} | {library} | {vectors_of(name, files, beside, counts)} | {memory} |")
    return lines


def retired(source):
    with open(f"{source}/src/mech/table.def", encoding="utf-8") as f:
        return re.findall(r"^RETIRED\(CKM_(\w+)", f.read(), re.M)


def is_called(source, folder, function):
    return any(re.search(rf"\b{function}\b", text) for text in vectors.sources(source, [folder]).values())


def function_row(source, version, name):
    secret = next(what for pattern, what in SECRETS if re.fullmatch(pattern, name))
    if not is_called(source, "conformance/*.c", name):
        sys.exit(f"doc/mechanisms.py: no test in tests/conformance calls {name}")
    memory = "guarded, measured" if secret and is_called(source, "memory/*.c", name) else "guarded" if secret else ""
    return f"| {name} | {SINCE[version]} | yes | {secret} | {memory} |"


def functions(source):
    with open(f"{source}/src/cryptoki/api.def", encoding="utf-8") as f:
        rows = re.findall(r"^(?:API|HAND)\((\d+), (C_\w+)", f.read(), re.M)
    lines = [f"## {len(rows)} functions", "",
             "All of PKCS#11 3.2 works; which library computes is the mechanism's matter. What is secret in a function's hands is in guarded memory during",
             "the call; *measured*: the function is one of those that `make check-memory` looks at ([memory.md](memory.md)). C_Async* answer that nothing is",
             "pending, as every call is complete when it returns. Each function is called by tests in `tests/conformance`.", "",
             "| function | since | works | secret in it | memory during a call |", "| --- | --- | --- | --- | --- |"]
    return lines + [function_row(source, version, name) for version, name in rows]


def page(coffer, source):
    lines = [
        "# Mechanisms and functions",
        "",
        "Written by `doc/mechanisms.py` from what the built module answers; `make check` holds the two together.",
        "",
        "A parameter is honoured or refused, never ignored. Private operations run in a scope of the vault: with the",
        "private libcrypto (configure's default) OpenSSL's allocations are in guarded memory too, so that keys are in no",
        "memory that is paged, dumped or readable from outside, during a call or after it. [memory.md](memory.md) has the measured table.",
        "*Looks* are the instants at which that measurement searched memory during the mechanism's calls. The vectors are those of",
        "[vectors.md](vectors.md) that run through the mechanism; the other words say what it was held against besides.",
        "With `--with-libcrypto=shared` that holds for libsodium's mechanisms; of OpenSSL's, what a call uses is on the ordinary heap while it runs.",
        "",
    ]
    lines += mechanisms(coffer, source) + [""]
    lines += ["Off unless `enabled-mechanisms` of coffer.conf(5) names them, for data of old (vectors: SP 800-67, SP 800-38B, CAVP): " +
              ", ".join(retired(source)) + ".", ""]
    lines += functions(source)
    lines += ["", "C_GetOperationState saves a digest. Of an operation with a key (C_SignInit, C_EncryptInit, C_DigestKey ...) it answers CKR_STATE_UNSAVEABLE: what such",
              "an operation keeps, the inner hash of an HMAC or the round keys of a cipher, is as good as the key, and neither OpenSSL nor libsodium",
              "writes it down in a form that would not show it."]
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
