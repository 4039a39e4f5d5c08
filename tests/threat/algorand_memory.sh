#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tool's memory while it handles Algorand's secrets, as root sees it with a debugger: no password, master key, derivation key,
# seed or mnemonic is ever in it.  Public keys are: the search finds what is there.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need gdb python3
: "${COFFER:?the built tool}"
if ! gdb -batch -ex 'python print("yes")' 2>/dev/null | grep -q yes; then
	echo "SKIP: this gdb has no Python"
	exit 77
fi
wallets_new
cd "$tmp" || exit 99
umask 077
echo algorand-pin-77 >pin
if ! "$COFFER" doctor 2>/dev/null | grep -qi 'secret memory'; then
	echo "SKIP: no secret memory here: guarded pages can be read by root"
	exit 77
fi
program=$COFFER
[ ! -x "$COFFER_BUILD/.libs/coffer" ] || program=$COFFER_BUILD/.libs/coffer

# What wallets.json says of the wallet that has KMD's own scrypt parameters.
python3 - "$COFFER_SRC/tests/vectors/kmd/wallets.json" >wallet <<'END'
import json, sys
w = json.load(open(sys.argv[1]))["wallets"][0]
open("password", "wb").write(bytes.fromhex(w["password_hex"]))
secrets = open("secrets", "w")
def secret(name, data): print(name, data if isinstance(data, str) else data.hex(), file=secrets)
secret("password", w["password_hex"])
secret("master-key", w["master_encryption_key_hex"])
secret("derivation-key", w["mdk_hex"])
secret("derivation-key-in-hex", w["mdk_hex"].encode())
secret("words-of-the-derivation-key", " ".join(w["mdk_mnemonic"].split()[:6]).encode())
for i, k in enumerate(w["keys"]):
    secret(f"seed-{i}", k["seed_hex"])
    secret(f"seed-in-hex-{i}", k["seed_hex"].encode())
    secret(f"words-{i}", " ".join(k["mnemonic"].split()[:6]).encode())
secret("pin", b"algorand-pin-77")
open("known", "w").write("".join(f"public-{i} {k['public_key_hex']}\n" for i, k in enumerate(w["keys"])))
open("known-address", "w").write("address " + w["keys"][0]["address"].encode().hex() + "\n")
open("words", "w").write(w["keys"][0]["mnemonic"] + "\n")
print(w["file"], w["keys"][0]["address"])
END
read -r file address <wallet

# watch WHAT KNOWN LEAST WORD...: runs the tool below gdb; LEAST is how often it must have been looked at
watch() {
	title=$1 known=$2 least=$3
	shift 3
	arguments=$(printf '%s\n' "$@")
	SECRETS=secrets KNOWN=$known ARGUMENTS=$arguments gdb -nx -batch -x "$COFFER_SRC/tests/threat/readable_memory.py" "$program" \
		>gdb.out 2>gdb.err
	looks=$(sed -n 's/^LOOKS //p' gdb.out)
	if [ "${looks:-0}" -ge "$least" ]; then pass; else fail "$title: looked at ${looks:-0} times" gdb.err; cat tool.err; fi
	if grep '^FOUND' gdb.out >"$tmp/out"; then fail "$title: a secret in readable memory" "$tmp/out"; else pass; fi
	if grep '^UNSEEN' gdb.out >"$tmp/out"; then fail "$title: the search finds nothing" "$tmp/out"; else pass; fi
}

watch "import-kmd" known 20 algorand import-kmd "$COFFER_SRC/tests/vectors/kmd/$file" --wallet w --password-file password --pin-file pin
watch "list" known-address 1 algorand list w --pin-file pin
watch "words out" known-address 1 algorand export "$address" --wallet w --mnemonic --pin-file pin
if cmp -s tool.out words; then pass; else fail "the words were printed"; fi
check "delete" "$COFFER" algorand delete "$address" --wallet w --yes --pin-file pin
watch "words in" known-address 3 algorand import w --mnemonic-file words --pin-file pin
watch "export-kmd" known 5 algorand export-kmd out.db --wallet w --password-file password --pin-file pin

# The search does find a secret where one is: the control is a file's reader that takes no care.
cat >careless.py <<'END'
import os
text = open("words").read()
fd = os.open("careless", os.O_CREAT | os.O_WRONLY)
os.fsync(fd)
END
program=$(python3 -c 'import sys; print(sys.executable)')
SECRETS=secrets KNOWN=known-address ARGUMENTS=careless.py gdb -nx -batch -x "$COFFER_SRC/tests/threat/readable_memory.py" "$program" \
	>gdb.out 2>gdb.err
if grep -q '^FOUND words-0' gdb.out; then pass; else fail "control: words in careless memory are found" gdb.out; fi
finish
