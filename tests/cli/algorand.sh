#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wallets of the key management daemon in and out, accounts, mnemonics; by the vectors in tests/vectors/kmd.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
vectors=$COFFER_SRC/tests/vectors/kmd
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
coffer() { "$COFFER" "$@"; }
# same WHAT FILE: the output of the last command is what the file has
same() { if cmp -s "$tmp/out" "$2"; then pass; else fail "$1" "$tmp/out"; fi; }

# ---- every wallet that the daemon wrote ----

# What wallets.json says, a line for each wallet: tag, file; passwords in files.
python3 - "$vectors/wallets.json" >known <<'END'
import json, sys
for w in json.load(open(sys.argv[1]))["wallets"]:
    open("password-" + w["tag"], "wb").write(bytes.fromhex(w["password_hex"]))
    accounts = [{"address": k["address"], "kind": k["kind"], "index": k["key_idx"], "label": ""} for k in w["keys"] or []]
    accounts += [{"address": m["address"], "kind": "multisig", "index": None, "label": ""} for m in w["multisigs"] or []]
    json.dump({a["address"]: a for a in accounts}, open("expected-" + w["tag"], "w"))
    json.dump({k["address"]: k["mnemonic"] for k in w["keys"] or []}, open("words-" + w["tag"], "w"))
    open("master-" + w["tag"], "w").write(w["mdk_mnemonic"] + "\n")
    open("next-" + w["tag"], "w").write(str(w["next_generate_gives_key_idx"] or ""))
    print(w["tag"], w["file"])
END
while read -r tag file; do
	check "import of $tag" coffer algorand import-kmd "$vectors/$file" --wallet "$tag" --password-file "password-$tag" --pin-file pin
	check "list of $tag" coffer algorand list "$tag" --pin-file pin --json
	json "accounts of $tag" "{a['address']: a for a in v} == json.load(open('expected-$tag')) and len(v) == len(json.load(open('expected-$tag')))"
	check "words of $tag's master key" coffer algorand show-master "$tag" --mnemonic --pin-file pin
	same "they are the daemon's" "master-$tag"
	[ -s "next-$tag" ] || continue
	check "the next account of $tag" coffer algorand new "$tag" --pin-file pin --json
	json "has the daemon's next index" "v[0]['index'] == $(cat "next-$tag") and v[0]['kind'] == 'derived'"
done <known
[ "$(wc -l <known)" -eq 8 ] || fail "eight wallets"

# ---- words of each key of one wallet ----
python3 -c 'import json
for a, w in json.load(open("words-cheap")).items(): print(a, w)' >words
while read -r address text; do
	echo "$text" >want
	check "words of $address" coffer algorand export "$address" --wallet cheap --mnemonic --pin-file pin
	same "they are the daemon's" want
done <words
[ "$(wc -l <words)" -eq 8 ] || fail "eight keys"
refuse "words are printed only for who says so" coffer algorand export "$(head -n 1 words | cut -d' ' -f1)" --wallet cheap --pin-file pin

# ---- tampered wallets ----
python3 - "$vectors/tampered.json" >tampered <<'END'
import json, sys
# What KMD accepts and is merely written in another way; the rest is refused, by it or by us.
read = {"max_key_idx_rolled_back_to_0", "blob_fields_in_other_order", "id_and_name_stored_as_text", "two_metadata_rows", "other_files_beside"}
for c in json.load(open(sys.argv[1]))["cases"]:
    print(c["case"], "read" if c["case"] in read else "refused")
END
while read -r case outcome; do
	if [ "$outcome" = read ]; then
		check "$case" coffer algorand import-kmd "$vectors/tampered/$case" --wallet "t-$case" --password-file password-cheap --pin-file pin
		check "its next account" coffer algorand new "t-$case" --pin-file pin --json
		json "is the one after the last" "v[0]['index'] == 6"
	else
		refuse "$case" coffer algorand import-kmd "$vectors/tampered/$case" --wallet "t-$case" --password-file password-cheap --pin-file pin
		if [ -s "$tmp/out" ] && [ "$(wc -l <"$tmp/out")" -eq 1 ]; then pass; else fail "$case: one sentence" "$tmp/out"; fi
		refuse "$case leaves no wallet" coffer algorand list "t-$case" --pin-file pin
	fi
done <tampered
[ "$(wc -l <tampered)" -eq 18 ] || fail "eighteen cases"

# ---- what goes wrong ----
cheap=$(sed -n 's/^cheap //p' known)
printf wrong >wrong
refuse "a wrong password" coffer algorand import-kmd "$vectors/$cheap" --wallet none --password-file wrong --pin-file pin
says "is named" "password"
refuse "another wallet's keys beside a master key" coffer algorand import-kmd "$vectors/$(sed -n 's/^gap //p' known)" --wallet cheap \
	--password-file password-gap --pin-file pin
says "is explained" "another master derivation key"
refuse "a directory with several wallets" coffer algorand import-kmd "$vectors" --wallet none --password-file wrong --pin-file pin
says "lists them" "cheap-wallet"
check "one of them by name" coffer algorand import-kmd "$vectors" --kmd-wallet cheap-wallet --wallet named --password-file password-cheap --pin-file pin
check "once more" coffer algorand import-kmd "$vectors" --kmd-wallet cheap-wallet --wallet named --password-file password-cheap --pin-file pin --json
json "changes nothing" "v['keys'] == 0 and v['multisigs'] == 0 and v['there'] == 11"
refuse "no wallet named" coffer algorand import-kmd "$vectors/$cheap" --password-file password-cheap --pin-file pin

# ---- and out again ----
printf 'new\0password' >new-password
check "export" coffer algorand export-kmd out.db --wallet cheap --password-file new-password --pin-file pin
refuse "an existing file is left alone" coffer algorand export-kmd out.db --wallet cheap --password-file new-password --pin-file pin
check "import of what was exported" coffer algorand import-kmd out.db --wallet again --password-file new-password --pin-file pin
coffer algorand list cheap --pin-file pin --json >one
coffer algorand list again --pin-file pin --json >two
check "the same accounts" cmp one two
for address in $(cut -d' ' -f1 words); do
	coffer algorand export "$address" --wallet cheap --mnemonic --pin-file pin >one
	coffer algorand export "$address" --wallet again --mnemonic --pin-file pin >two
	check "the same key of $address" cmp one two
done
coffer algorand new cheap --pin-file pin >one
coffer algorand new again --pin-file pin >two
check "the same next key" cmp one two
mkdir -p kmd/sqlite_wallets
check "export into the daemon's directory" coffer algorand export-kmd kmd --wallet cheap --name "a/b c" --password-file new-password --pin-file pin
if ls kmd/sqlite_wallets | grep -qx 'abc\.[0-9a-f]\{32\}\.db'; then pass; else fail "the daemon's name" ; ls kmd/sqlite_wallets; fi

# ---- new wallets, words in ----
check "a wallet" coffer create fresh --pin-file pin
check "three accounts" coffer algorand new fresh --count 3 --label mine --pin-file pin --json
json "with indexes 1 to 3" "[a['index'] for a in v] == [1, 2, 3] and all(a['label'] == 'mine' for a in v)"
coffer algorand list fresh --pin-file pin --json >one
coffer algorand show-master fresh --mnemonic --pin-file pin | tr ' ' '\n' >lines
check "another wallet" coffer create restored --pin-file pin
check "the master key by its words, one a line" coffer algorand restore-master restored --mnemonic-file lines --pin-file pin
check "its accounts again" coffer algorand new restored --count 3 --label mine --pin-file pin
coffer algorand list restored --pin-file pin --json >two
check "are the same" cmp one two
refuse "a second master key" coffer algorand restore-master restored --mnemonic-file lines --pin-file pin
address=$(head -n 1 words | cut -d' ' -f1)
head -n 1 words | cut -d' ' -f2- >line
check "a key by its words" coffer algorand import fresh --mnemonic-file line --label one --pin-file pin --json
json "is the account" "v['address'] == '$address' and v['kind'] == 'imported'"
refuse "only once" coffer algorand import fresh --mnemonic-file line --pin-file pin
sed 's/^[a-z]* /abondon /' line >bad
refuse "a word that is none" coffer algorand import fresh --mnemonic-file bad --pin-file pin
says "is named" 'word 1, "abondon"'
says "with what it is like" "abandon"
sed 's/^\([a-z]*\) \([a-z]*\) /\2 \1 /' line >bad
refuse "two words exchanged" coffer algorand import fresh --mnemonic-file bad --pin-file pin
says "are a wrong checksum" "checksum"
check "label" coffer algorand label "$address" "new label" --wallet fresh --pin-file pin
check "limit" coffer algorand limit "$address" "TX Program" --wallet fresh --pin-file pin
refuse "a wider limit" coffer algorand limit "$address" "TX MX" --wallet fresh --pin-file pin
coffer algorand list fresh --pin-file pin --json >"$tmp/out"
json "the label is there" "any(a['address'] == '$address' and a['label'] == 'new label' for a in v)"
refuse "delete without a word" coffer algorand delete "$address" --wallet fresh --pin-file pin </dev/null
check "delete" coffer algorand delete "$address" --wallet fresh --yes --pin-file pin
coffer algorand list fresh --pin-file pin --json >"$tmp/out"
json "it is gone" "len(v) == 3 and all(a['address'] != '$address' for a in v)"
refuse "an address that is none" coffer algorand delete ABC --wallet fresh --yes --pin-file pin
check "everything is in order" coffer verify fresh --pin-file pin

# Two at once: no index twice.
check "a wallet for two" coffer create two --pin-file pin
coffer algorand new two --pin-file pin >/dev/null
for i in 1 2 3 4; do coffer algorand new two --count 5 --pin-file pin >"new-$i" 2>&1 & done
wait
coffer algorand list two --pin-file pin --json >"$tmp/out"
json "no index was used twice" "len({a['index'] for a in v}) == len(v) and len(v) >= 6"
finish
