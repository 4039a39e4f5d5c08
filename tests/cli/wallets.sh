#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The life of a wallet: made, listed, shown, renamed, its PINs changed, backed up, deleted, restored, verified.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
echo officer-5678 >so
echo user-9999 >new
echo officer-0000 >new-so
echo wrong-0000 >wrong

# ---- create and list ----
exits 0 "no wallets" "$COFFER" list --json
json "an empty array" 'v == []'
exits 0 "no wallets, in words" "$COFFER" list
says "no wallets, in words" "no wallets yet"
exits 0 "create" "$COFFER" create first --pin-file pin --so-pin-file so
says "create names the file" "$COFFER_DIR/[0-9a-f]*\\.coffer"
exits 0 "create without a way in for the SO" "$COFFER" create second --pin-file pin --json
json "what was made" 'v["label"] == "second" and v["state"] == "ready" and len(v["serial"]) == 16 and v["path"].startswith("/") and v["uri"].startswith("pkcs11:") and v["slot"] > 0'
exits 5 "a label is taken" "$COFFER" create first --pin-file pin
says "a label is taken" 'there is a wallet with the label "first" already'
exits 3 "a PIN that is too short" sh -c 'echo 1 >short && exec "$1" create third --pin-file short' sh "$COFFER"
exits 2 "a label that is a URI" "$COFFER" create pkcs11:token=x --pin-file pin
exits 1 "a label that is too long" "$COFFER" create "123456789012345678901234567890123" --pin-file pin
exits 1 "no label" "$COFFER" create "" --pin-file pin
exits 0 "list" "$COFFER" list --json
json "list has both" 'sorted(w["label"] for w in v) == ["first", "second"] and all(w["state"] == "ready" for w in v)'
exits 0 "list in words" "$COFFER" list
says "list in words" "^first  *[0-9a-f]* *ready"

# ---- which wallet is meant ----
exits 0 "show" "$COFFER" show first --json
serial=$(python3 -c 'import json; print(json.load(open("out"))["serial"])')
uri=$(python3 -c 'import json; print(json.load(open("out"))["uri"])')
exits 0 "by serial number" "$COFFER" show "$serial"
says "by serial number" "^label  *first"
exits 0 "by URI" "$COFFER" show "$uri" --json
json "by URI" 'v["label"] == "first"'
exits 0 "by a part of it" "$COFFER" show "pkcs11:serial=$serial"
exits 4 "a label that is none" "$COFFER" show nobody
exits 4 "a serial number that is none" "$COFFER" show 0123456789abcdef
exits 4 "a URI that fits none" "$COFFER" show pkcs11:token=nobody
exits 2 "a URI that fits two" "$COFFER" show pkcs11:model=wallet
exits 2 "a URI with a PIN" "$COFFER" show "$uri?pin-value=user-1234"
if grep -q user-1234 "$tmp/out"; then fail "the PIN is repeated" "$tmp/out"; else pass; fi
exits 2 "a URI that is none" "$COFFER" show "pkcs11:token"

# ---- show ----
exits 0 "show without a PIN" "$COFFER" show second --json
json "show without a PIN" 'v["so_pin"]["set"] is False and v["user_pin"] == {"set": True, "locked": False, "failures": 0, "argon2_memory_kib": 1024, "argon2_passes": 1} and v["private_objects_counted"] is False'
exits 0 "a key to count" "$COFFER" key generate first --type ed25519 --label k --pin-file pin
exits 0 "show with the PIN" "$COFFER" show first --pin-file pin --json
json "show with the PIN" 'v["objects"]["private_keys"] == 1 and v["objects"]["public_keys"] == 1 and v["private_objects_counted"] is True'
exits 3 "show with a wrong PIN" "$COFFER" show first --pin-file wrong
exits 0 "failures are counted" "$COFFER" show first --json
json "failures are counted" 'v["user_pin"]["failures"] == 1'

# ---- rename ----
exits 3 "rename with a wrong PIN" "$COFFER" rename first other --pin-file wrong
exits 5 "rename to a label that is taken" "$COFFER" rename first second --pin-file pin
exits 0 "rename" "$COFFER" rename first "größer 1" --pin-file pin --json
json "rename" 'v == {"label": "größer 1", "previous_label": "first"}'
exits 4 "the old label" "$COFFER" show first
exits 0 "the serial number stays" "$COFFER" show "$serial" --json
json "the serial number stays" 'v["label"] == "größer 1"'
exits 0 "rename back" "$COFFER" rename "größer 1" first --pin-file pin

# ---- PINs ----
exits 3 "the old PIN is wrong" "$COFFER" pin first --pin-file wrong --new-pin-file new
exits 3 "the new PIN is too short" "$COFFER" pin first --pin-file pin --new-pin-file short
exits 0 "the PIN is as it was" "$COFFER" verify first --pin-file pin
exits 0 "change the user PIN" "$COFFER" pin first --pin-file pin --new-pin-file new --json
json "change the user PIN" 'v == {"changed": "user"}'
exits 3 "the old one opens no more" "$COFFER" verify first --pin-file pin
exits 0 "the new one does" "$COFFER" verify first --pin-file new
exits 0 "the SO resets it" "$COFFER" pin first --reset --so-pin-file so --new-pin-file pin
exits 0 "the reset one opens" "$COFFER" verify first --pin-file pin
exits 0 "change the SO PIN" "$COFFER" pin first --so --so-pin-file so --new-pin-file new-so --json
json "change the SO PIN" 'v == {"changed": "so"}'
exits 3 "the old SO PIN" "$COFFER" pin first --reset --so-pin-file so --new-pin-file pin
exits 3 "a wallet without a way in for the SO" "$COFFER" pin second --reset --so-pin-file so --new-pin-file new
exits 2 "two wishes at once" "$COFFER" pin first --so --reset --so-pin-file new-so --new-pin-file new
exits 2 "the SO PIN where the user's is meant" "$COFFER" pin first --so-pin-file new-so --new-pin-file new
exits 2 "the user PIN where the SO's is meant" "$COFFER" pin first --so --pin-file pin --new-pin-file new

# ---- backup, delete, restore ----
exits 0 "backup" "$COFFER" backup first copy --json
json "backup" 'v == {"label": "first", "backup": "copy"}'
check "only its owner can read a backup" test "$(stat -c %a copy)" = 600
cp copy before
exits 5 "a file is not overwritten" "$COFFER" backup second copy
check "a file is not overwritten" cmp copy before
exits 0 "unless that is wanted" "$COFFER" backup first copy --replace
exits 4 "into a directory that is not there" "$COFFER" backup first nowhere/copy
exits 5 "restore over a wallet" "$COFFER" restore copy
exits 2 "delete without a terminal or --yes" setsid "$COFFER" delete first --pin-file pin
exits 3 "delete with a wrong PIN" "$COFFER" delete first --pin-file wrong --yes
exits 0 "it is still there" "$COFFER" show first
exits 0 "delete" "$COFFER" delete first --pin-file pin --yes --json
json "delete" 'v["label"] == "first"'
exits 4 "it is gone" "$COFFER" show first
check "its file too" test ! -e "$COFFER_DIR/$serial.coffer"
exits 0 "restore" "$COFFER" restore copy --json
json "restore" "v['serial'] == '$serial' and v['label'] == 'first'"
exits 0 "all of it" "$COFFER" show first --pin-file pin --json
json "all of it" 'v["objects"]["private_keys"] == 1'
exits 0 "a key made later" "$COFFER" key generate first --type ed25519 --label later --pin-file pin
exits 0 "restore over it" "$COFFER" restore copy --replace
exits 0 "the older one is back" "$COFFER" show first --pin-file pin --json
json "the older one is back" 'v["objects"]["private_keys"] == 1'
exits 0 "another label meanwhile" "$COFFER" rename first other --pin-file pin
exits 0 "and another wallet of the old one" "$COFFER" create first --pin-file pin
exits 5 "restore beside a wallet of that label" "$COFFER" restore copy --replace
exits 0 "nothing was replaced" "$COFFER" show other
exits 0 "the other goes" "$COFFER" delete first --yes --pin-file pin
exits 0 "then it can" "$COFFER" restore copy --replace
exits 4 "restore what is not there" "$COFFER" restore nowhere
echo "not a wallet" >text
exits 6 "restore what is no wallet" "$COFFER" restore text

# ---- verify ----
exits 0 "verify" "$COFFER" verify first --pin-file pin --json
json "verify" 'v == {"clean": True, "objects": 2, "faults": []}'
exits 0 "verify in words" "$COFFER" verify first --pin-file pin
says "verify in words" "^Clean: 2 objects"
if command -v sqlite3 >/dev/null; then
	sqlite3 "$COFFER_DIR/$serial.coffer" "DELETE FROM object WHERE private = 1"
	exits 6 "verify a wallet that somebody edited" "$COFFER" verify first --pin-file pin --json
	json "each fault is a sentence" 'v["clean"] is False and len(v["faults"]) > 0 and all(len(f) > 10 for f in v["faults"])'
	exits 6 "in words" "$COFFER" verify first --pin-file pin
	says "a line for each" "^1 objects are there and 2 should be"
else
	skip "no sqlite3 here to edit a wallet with"
fi
finish
