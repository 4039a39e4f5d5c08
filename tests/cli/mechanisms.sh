#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The list of mechanisms, for people and programs.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
wallets_new
: "${COFFER:?the built tool}"
(umask 077 && echo user-1234 >"$tmp/pin")
check "mechanisms" "$COFFER" mechanisms
says "mechanisms" '^CKM_EDDSA .*sign verify'
says "mechanisms" '^CKM_SHA256 .*digest'
check "--json" sh -c '"$1" mechanisms --json | python3 -c "
import json, sys
rows = {row[\"name\"]: row for row in json.load(sys.stdin)}
assert rows[\"CKM_EDDSA\"][\"type\"] == 0x1057 and \"sign\" in rows[\"CKM_EDDSA\"][\"can\"], rows[\"CKM_EDDSA\"]
assert rows[\"CKM_EDDSA\"][\"min_key_size\"] == 255
"' sh "$COFFER"
check "create" "$COFFER" create limited --pin-file "$tmp/pin" </dev/null
check "policy" "$COFFER" policy limited --allow CKM_EDDSA --pin-file "$tmp/pin"
check "of a wallet" "$COFFER" mechanisms limited
says "of a wallet" CKM_EDDSA
check "only what its policy allows" test "$(grep -c CKM_ "$tmp/out")" = 1
refuse "of no wallet" "$COFFER" mechanisms nowhere
check "doc/mechanisms.md says what the module says" python3 "$COFFER_SRC/doc/mechanisms.py" "$COFFER" "$COFFER_SRC" --check
check "doc/peers.md says what the module and doc/peers.tsv say" python3 "$COFFER_SRC/doc/peers.py" "$COFFER" "$COFFER_SRC" --check
check "doc/vectors.md says which tests run which vectors" python3 "$COFFER_SRC/doc/vectors.py" "$COFFER_SRC" --check
finish
