#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSSH lists the public keys of a token without login.  Before 10.1 it knows RSA and ECDSA only: then it must say
# so, and neither crash nor hang.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need ssh-keygen pkcs11-tool
wallets_new
token_new ssh || fail "token" "$tmp/init"
check "a key" pkcs11-tool --module "$COFFER_MODULE" --token-label ssh --login --pin env:USER_PIN --keypairgen \
	--key-type EC:edwards25519 --label host --id 01

status=0
timeout 20 ssh-keygen -D "$COFFER_MODULE" </dev/null >"$tmp/out" 2>&1 || status=$?
if grep -q '^ssh-ed25519 ' "$tmp/out"; then
	pass
	check "ssh-keygen reads what it printed" ssh-keygen -l -f "$tmp/out"
elif grep -q 'unsupported key type\|cannot read public key' "$tmp/out"; then
	pass
	skip "this OpenSSH ($(ssh -V 2>&1 | cut -d, -f1)) takes no Ed25519 keys from PKCS#11"
else
	fail "ssh-keygen -D (exit status $status)" "$tmp/out"
fi
finish
