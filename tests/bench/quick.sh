#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmark runs and gives a figure for every row that the module offers.  No figure is judged.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
: "${COFFER_MODULE:?the built module}"
bench=${COFFER_BUILD:-.}/bench/coffer-bench

check "the benchmark runs" "$bench" --module "$COFFER_MODULE" --quick --peers none --directory "$tmp" --json "$tmp/figures"
cp "$tmp/out" "$tmp/table"
for row in ed25519-sign-32 ed25519-sign-32-2thr ed25519-sign-32-turn ed25519-sign-1k ed25519-sign-64k ed25519-verify-32 \
	ed25519-generate-session ed25519-generate-token rsa4096-sha256-sign-32 x448-derive p384-ecdh-derive aes256-gcm-1m \
	aes256-cbc-pad-decrypt-64k sha256-64k random-1k find-by-id session-open-close login; do
	if grep "^$row " "$tmp/table" | grep -q '[0-9] [num]s'; then pass; else fail "no figure for $row" "$tmp/table"; fi
done
# What only some libcrypto have is in the table where it can be done.
shown=0
! "$COFFER" mechanisms | grep -q '^CKM_ML_KEM ' || shown=1
for row in ml-dsa-65-sign-32 ml-dsa-65-verify-32 ml-dsa-65-generate-session slh-dsa-sha2-128f-sign-32 slh-dsa-sha2-128f-verify-32 \
	ml-kem-768-encapsulate ml-kem-768-decapsulate ml-kem-768-generate-session; do
	check "$row: $shown rows" [ "$(grep -c "^$row .*openssl [0-9.]* [num]s .*[0-9] [num]s" "$tmp/table")" = $shown ]
	check "$row: no other row" [ "$(grep -c "^$row " "$tmp/table")" = $shown ]
done
if grep -q '(error \|(wrong)' "$tmp/table"; then fail "a row ended with an error" "$tmp/table"; else pass; fi
check "its tables" "$COFFER_SRC/bench/tables.py" "$tmp/figures" "$tmp/figures"
check "a row of each of two runs" [ "$(grep -c '^| ed25519-verify-32 | libsodium ' "$tmp/out")" = 2 ]
if grep -q '"budgets"' "$tmp/figures"; then pass; else fail "no JSON"; fi
if [ -z "$(find "$tmp" -name 'coffer-bench-*')" ]; then pass; else fail "its wallets are still there"; fi
refuse "an unknown option" "$bench" --module "$COFFER_MODULE" --fast
finish
