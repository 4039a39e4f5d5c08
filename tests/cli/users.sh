#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Named users: added, listed, removed; each opens the wallet with a PIN of his own.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
wallets_new
: "${COFFER:?the built tool}"
pin() { (umask 077 && printf '%s\n' "$2" >"$tmp/$1"); }
pin user user-1234
pin so officer-5678
pin ann ann-1234
pin ann2 ann-5678

check "create" "$COFFER" create shared --pin-file "$tmp/user" --so-pin-file "$tmp/so"
check "list of none" "$COFFER" user list shared
says "list of none" 'no named users'
check "add" "$COFFER" user add shared ann --new-pin-file "$tmp/ann" --pin-file "$tmp/user"
status=0
"$COFFER" user add shared ann --new-pin-file "$tmp/ann" --pin-file "$tmp/user" >"$tmp/out" 2>&1 || status=$?
check "a second one of the same name is refused" test $status = 5
check "the SO adds" "$COFFER" user add shared bob --new-pin-file "$tmp/user" --so --so-pin-file "$tmp/so"
refuse "the SO PIN needs --so" "$COFFER" user add shared cy --new-pin-file "$tmp/user" --so-pin-file "$tmp/so"
check "a user adds a user" "$COFFER" user add shared dee --new-pin-file "$tmp/user" --user ann --pin-file "$tmp/ann"

check "ann makes a key" "$COFFER" key generate shared --type ed25519 --label hers --user ann --pin-file "$tmp/ann"
check "everybody has it" "$COFFER" key show shared --key hers --pin-file "$tmp/user"
status=0
"$COFFER" verify shared --user ann --pin-file "$tmp/user" >"$tmp/out" 2>&1 || status=$?
check "another's PIN" test $status = 3
status=0
"$COFFER" verify shared --user eve --pin-file "$tmp/user" >"$tmp/out" 2>&1 || status=$?
check "nobody of that name" test $status -gt 0

check "ann changes her PIN" "$COFFER" pin shared --user ann --pin-file "$tmp/ann" --new-pin-file "$tmp/ann2"
refuse "the old one" "$COFFER" verify shared --user ann --pin-file "$tmp/ann"
check "the new one" "$COFFER" verify shared --user ann --pin-file "$tmp/ann2"
check "the user's is as it was" "$COFFER" verify shared --pin-file "$tmp/user"

check "list" sh -c '"$1" user list shared --json | python3 -c "
import json, sys
users = json.load(sys.stdin)
assert [u[\"name\"] for u in users] == [\"ann\", \"bob\", \"dee\"], users
assert all(u[\"failures\"] == 0 for u in users), users
"' sh "$COFFER"
check "remove" "$COFFER" user remove shared ann --pin-file "$tmp/user"
refuse "ann is out" "$COFFER" verify shared --user ann --pin-file "$tmp/ann2"
refuse "nobody to remove" "$COFFER" user remove shared ann --pin-file "$tmp/user"
finish
