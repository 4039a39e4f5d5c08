#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Words of BIP-39 and keys of them by SLIP-0010, by the vectors in tests/vectors/bip39.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
coffer() { "$COFFER" "$@"; }
check "a wallet" coffer create w --pin-file pin

python3 - "$COFFER_SRC/tests/vectors/bip39/vectors.json" >known <<'END'
import json, sys
for i, n in enumerate(json.load(open(sys.argv[1]))["networks"]):
    open(f"words-{i}", "w").write(n["mnemonic"] + "\n")
    print(i, n["path"], n["public"])
END
while read -r i path public; do
	check "key $i" coffer mnemonic import w --path "$path" --mnemonic-file "words-$i" --pin-file pin --json
	json "is the standard's" "v['id'] == '$public'"
done <known
[ "$(wc -l <known)" -eq 3 ] || fail "three keys"
check "stellar's second account by name" coffer create named --pin-file pin
check "it" coffer mnemonic import named --network stellar --account 1 --label second --mnemonic-file words-0 --pin-file pin --json
json "is the same" "v['id'] == '$(sed -n 's/^1 [^ ]* //p' known)' and v['label'] == 'second'"
check "solana's" coffer mnemonic import named --network solana --mnemonic-file words-2 --pin-file pin --json
json "is the same" "v['id'] == '$(sed -n 's/^2 [^ ]* //p' known)'"
refuse "only once" coffer mnemonic import named --network solana --mnemonic-file words-2 --pin-file pin
echo TREZOR >passphrase
check "a passphrase" coffer mnemonic import named --network solana --mnemonic-file words-2 --passphrase-file passphrase --pin-file pin --json
json "gives another key" "v['id'] != '$(sed -n 's/^2 [^ ]* //p' known)'"
printf 'p\303\244ss' >passphrase
refuse "a passphrase beyond ASCII" coffer mnemonic import named --network solana --account 5 --mnemonic-file words-2 --passphrase-file passphrase --pin-file pin
says "is explained" "NFKD"
refuse "a path that is not hardened" coffer mnemonic import named --path "m/44'/501'/0" --mnemonic-file words-2 --pin-file pin
refuse "neither network nor path" coffer mnemonic import named --mnemonic-file words-2 --pin-file pin

for n in 12 15 18 21 24; do
	check "$n new words" coffer mnemonic new --words $n
	cp "$tmp/out" fresh
	if [ "$(wc -w <fresh)" -eq $n ]; then pass; else fail "$n words" fresh; fi
	check "make a key" coffer mnemonic import w --network solana --mnemonic-file fresh --pin-file pin
done
refuse "13 words" coffer mnemonic new --words 13
sed 's/^[a-z]* /zzzz /' fresh >bad
refuse "a word that is none" coffer mnemonic import w --network solana --mnemonic-file bad --pin-file pin
says "is named" 'word 1, "zzzz"'
finish
