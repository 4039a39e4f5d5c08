#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coffer key and coffer sign with ML-DSA, SLH-DSA and ML-KEM; where the module's libcrypto has none, what the tool says then.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
wallets_new
: "${COFFER:?the built tool}"
cd "$tmp" || exit 99
umask 077
printf 'user-1234\n' >pin
printf 'officer-5678\n' >so
umask 022
printf 'a message\n' >m
printf 'another message\n' >other

coffer() { "$COFFER" "$@"; }
# status WHAT NUMBER command...: the exit status
status() {
	what=$1 want=$2
	shift 2
	got=0
	"$@" >"$tmp/out" 2>&1 || got=$?
	if [ $got = "$want" ]; then pass; else fail "$what: exit status $got, not $want: $*" "$tmp/out"; fi
}
# same WHAT A B
same() { if [ "$2" = "$3" ]; then pass; else fail "$1: \"$2\" is not \"$3\""; fi; }

check "a wallet" coffer create w --pin-file pin --so-pin-file so
coffer mechanisms >list

# ---- a wallet that a module with OpenSSL 3.5 has written, in any module ----
(umask 077 && cp "${COFFER_TEST_DATA:-$COFFER_SRC/tests/data}/wallet-pqc.coffer" "$COFFER_DIR/64ad87fab712969f.coffer")
check "it is whole" coffer verify kept --pin-file pin
coffer key list kept --pin-file pin >keys
for type in ed25519 ml-dsa-44 slh-dsa-sha2-128s ml-kem-512; do
	check "$type is listed, with both halves" grep -q "^$type *$type *[0-9]* *pair" keys
	check "$type: its public key" coffer key export kept --key $type --public --out kept-$type.pub
	check "$type: its private key" coffer key export kept --key $type --plain --pin-file pin --out kept-$type.pem
done
check "a key that any module has signs" coffer sign kept m --key ed25519 --pin-file pin --out kept.sig
for type in ml-dsa-44 slh-dsa-sha2-128s; do
	if grep -q ML_DSA list; then
		check "$type signs" coffer sign kept m --key $type --pin-file pin --out kept-$type.sig
		check "$type verifies" coffer verify-signature kept m --key $type --signature kept-$type.sig
	else
		status "$type does not sign" 1 coffer sign kept m --key $type --pin-file pin
		says "why" 'needs OpenSSL 3.5 or later.*CKR_MECHANISM_INVALID'
		status "$type does not verify" 1 coffer verify-signature kept m --key $type --signature kept.sig
		status "$type is not imported" 1 coffer key import kept kept-$type.pem --id 77 --pin-file pin
		says "why not" 'CKR_PARAMETER_SET_NOT_SUPPORTED'
	fi
done
check "one of them is deleted" coffer key delete kept --key ml-kem-512 --yes --pin-file pin
check "the others are whole" coffer verify kept --pin-file pin
same "and all there" "$(coffer key list kept --pin-file pin | grep -c pair)" 3

if ! grep -q ML_DSA list; then
	for type in ml-dsa-65 slh-dsa-sha2-128s ml-kem-768; do
		status "no $type here" 1 coffer key generate w --type $type --pin-file pin
		says "why" 'needs OpenSSL 3.5 or later'
	done
	same "no key was made" "$(coffer key list w --pin-file pin --json | grep -c '"id"')" 0
	finish
fi

# Does the program openssl have them too?
peer=no
if command -v openssl >/dev/null && openssl list -signature-algorithms 2>/dev/null | grep -q ML-DSA-65; then peer=yes; fi

# its number in the list makes the ID of the imported key
n=10
for type in ml-dsa-44 ml-dsa-65 ml-dsa-87 slh-dsa-sha2-128f slh-dsa-shake-256f ml-kem-512 ml-kem-768 ml-kem-1024; do
	n=$((n + 1))
	check "generate $type" coffer key generate w --type $type --label $type --extractable --pin-file pin
	check "$type: its type is shown" sh -c "'$COFFER' key show w --key $type --json | grep -q '\"type\": \"$type\"'"
	check "$type: its public key" coffer key export w --key $type --public --out $type.pub
	check "$type: its private key" coffer key export w --key $type --plain --pin-file pin --out $type.pem
	check "import $type" coffer key import w $type.pem --label "again $type" --id $n --pin-file pin
	coffer key export w --key $n --public >again.pub
	check "$type: it is the same key" cmp again.pub $type.pub
done

for type in ml-dsa-44 ml-dsa-65 ml-dsa-87 slh-dsa-sha2-128f slh-dsa-shake-256f; do
	check "$type signs" coffer sign w m --key $type --pin-file pin --out $type.sig
	check "$type: verified" coffer verify-signature w m --key $type --signature $type.sig
	check "$type: by the exported key" coffer verify-signature w m --public-key $type.pub --signature $type.sig
	check "$type: by the imported pair" coffer verify-signature w m --key "again $type" --signature $type.sig
	status "$type: another message" 6 coffer verify-signature w other --key $type --signature $type.sig
	check "$type signs with a context" coffer sign w m --key $type --context c --format hex --pin-file pin --out $type.hex
	check "$type: verified with it" coffer verify-signature w m --key $type --context c --format hex --signature $type.hex
	status "$type: not without" 6 coffer verify-signature w m --key $type --format hex --signature $type.hex
	status "$type: no --prehash" 2 coffer sign w m --key $type --prehash --pin-file pin
	if [ $peer = yes ]; then
		check "$type: OpenSSL verifies" openssl pkeyutl -verify -rawin -pubin -inkey $type.pub -in m -sigfile $type.sig
	fi
done
status "ML-KEM does not sign" 1 coffer sign w m --key ml-kem-768 --pin-file pin
check "the wallet is clean" coffer verify w --pin-file pin
finish
