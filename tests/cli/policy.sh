#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A wallet's policy: shown, set by its SO, kept by every program.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
wallets_new
: "${COFFER:?the built tool}"
pin() { (umask 077 && printf '%s\n' "$2" >"$tmp/$1"); }
pin user user-1234
pin so officer-5678

check "create" "$COFFER" create shared --pin-file "$tmp/user" --so-pin-file "$tmp/so"
check "key" "$COFFER" key generate shared --type ed25519 --label key --pin-file "$tmp/user"
check "no policy" "$COFFER" policy shared
says "no policy" 'All mechanisms may be used'
status=0
"$COFFER" policy shared --allow CKM_SHA256 --pin-file "$tmp/user" >"$tmp/out" 2>&1 || status=$?
check "the user may not" test $status = 7
check "the SO sets it" "$COFFER" policy shared --allow CKM_EC_EDWARDS_KEY_PAIR_GEN,CKM_SHA256 --rsa-min-bits 3072 --so --so-pin-file "$tmp/so"
check "shown" sh -c '"$1" policy shared --json | python3 -c "
import json, sys
p = json.load(sys.stdin)
assert sorted(p[\"allow\"]) == [\"CKM_EC_EDWARDS_KEY_PAIR_GEN\", \"CKM_SHA256\"] and p[\"rsa_min_bits\"] == 3072, p
"' sh "$COFFER"
printf x >"$tmp/data"
refuse "signing is refused" "$COFFER" sign shared --key key "$tmp/data" --pin-file "$tmp/user"
says "signing is refused" 'policy'
check "making a key is not" "$COFFER" key generate shared --type ed25519 --label other --id 02 --pin-file "$tmp/user"
check "clear" "$COFFER" policy shared --clear --so --so-pin-file "$tmp/so"
check "signing again" sh -c '"$1" sign shared --key key "$2/data" --pin-file "$2/user" >"$2/sig"' sh "$COFFER" "$tmp"
refuse "a name that is none" "$COFFER" policy shared --allow CKM_NOTHING --so --so-pin-file "$tmp/so"
refuse "an empty list" "$COFFER" policy shared --allow , --so --so-pin-file "$tmp/so"
check "a wallet without an SO" "$COFFER" create own --pin-file "$tmp/user" </dev/null
check "its user sets it" "$COFFER" policy own --rsa-min-bits 4096 --pin-file "$tmp/user"
says "its user sets it" 'at least 4096 bits'
check "verify" "$COFFER" verify own --pin-file "$tmp/user"
finish
