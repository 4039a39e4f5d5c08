#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What goes wrong in practice: each has its sentence and its exit status, and nothing is lost.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
echo wrong-1234 >wrong
check "a wallet" "$COFFER" create w --pin-file pin
check "a key" "$COFFER" key generate w --type ed25519 --label k --pin-file pin
file=$(ls "$COFFER_DIR"/*.coffer)

# intact WHAT: after all that, the wallet is clean and has its key
intact() {
	exits 0 "$1: nothing is lost" "$COFFER" verify w --pin-file pin --json
	json "$1: nothing is lost" 'v["clean"] and v["objects"] == 2'
}

# ---- the PIN ----
exits 3 "wrong PIN" "$COFFER" key generate w --label no --pin-file wrong
says "wrong PIN" "the PIN is wrong (CKR_PIN_INCORRECT)"
intact "wrong PIN"
echo "pin-failures-limit = 1" >>coffer.conf
exits 3 "the last try" "$COFFER" key generate w --label no --pin-file wrong
exits 3 "locked PIN" "$COFFER" key generate w --label no --pin-file pin
says "locked PIN" "locked after 1 failures.*CKR_PIN_LOCKED"
sed -i '/pin-failures-limit/d' coffer.conf

# ---- a setting that this libcrypto cannot honour ----
echo "deterministic-ecdsa = yes" >>coffer.conf
if ! "$COFFER" list >/dev/null 2>said; then
	exits 1 "no nonces of RFC 6979" "$COFFER" list
	says "no nonces of RFC 6979" "deterministic-ecdsa = yes needs OpenSSL 3.2 or later"
fi
sed -i '/deterministic-ecdsa/d' coffer.conf
intact "locked PIN"

# ---- the directory ----
exits 4 "missing directory" env COFFER_DIR="$tmp/nowhere" "$COFFER" show w
exits 0 "missing directory: there are no wallets" env COFFER_DIR="$tmp/nowhere" "$COFFER" list
exits 0 "missing directory: it is made" env COFFER_DIR="$tmp/a/b" "$COFFER" create x --pin-file pin
check "for its owner alone" test "$(stat -c %a a/b)" = 700
: >plain
exits 1 "no directory" env COFFER_DIR="$tmp/plain" "$COFFER" list
says "no directory" "is not a directory"
chmod 755 "$COFFER_DIR"
exits 7 "loose directory" "$COFFER" show w
says "loose directory" "run chmod 700 on it"
chmod 700 "$COFFER_DIR"
chmod 644 "$file"
exits 7 "loose file" "$COFFER" show w
says "loose file" "run chmod 600 on it"
chmod 600 "$file"
intact "loose permissions"

# An ordinary user, for whom permissions hold.
as_user() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && as_user test -x "$COFFER"; then
	chmod 711 "$tmp"
	mkdir unreadable theirs
	chown 65534:65534 unreadable theirs
	chmod 000 unreadable
	cp pin their-pin
	chown 65534:65534 their-pin
	exits 7 "unreadable directory" as_user env COFFER_CONF= COFFER_DIR="$tmp/unreadable" "$COFFER" list
	says "unreadable directory" "Permission denied"
	exits 7 "another user's directory" as_user env COFFER_CONF= COFFER_DIR="$tmp/wallets" "$COFFER" list
	says "another user's directory" "belongs to another user"
	exits 7 "another user's PIN file" as_user env COFFER_CONF= COFFER_DIR="$tmp/theirs" "$COFFER" create x --pin-file "$tmp/pin"
	mkdir -m 700 readonly
	chown 65534:65534 readonly
	exits 0 "an ordinary user's wallet" as_user env COFFER_CONF= COFFER_DIR="$tmp/readonly" "$COFFER" create x --pin-file "$tmp/their-pin"
	chmod 500 readonly
	exits 7 "a directory that cannot be written to" as_user env COFFER_CONF= COFFER_DIR="$tmp/readonly" "$COFFER" create y --pin-file "$tmp/their-pin"
	chmod 700 readonly
else
	skip "unreadable directory: only root can become a user who may not read"
fi

# ---- the disk ----
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=256k,mode=700 coffer-test small 2>/dev/null; then
	trap 'umount "$tmp/small" 2>/dev/null; rm -rf "$tmp"' EXIT
	export COFFER_DIR="$tmp/small"
	exits 0 "a wallet on a small disk" "$COFFER" create w --pin-file pin
	exits 0 "a key on a small disk" "$COFFER" key generate w --label k --type ed25519 --pin-file pin
	dd if=/dev/zero of=small/filler bs=4k 2>/dev/null
	exits 8 "full disk: key generate" "$COFFER" key generate w --label no --type ed25519 --pin-file pin
	says "full disk: key generate" "no space left on the device (CKR_DEVICE_MEMORY)"
	exits 8 "full disk: create" "$COFFER" create no --pin-file pin
	exits 8 "full disk: backup" "$COFFER" backup w small/copy
	check "full disk: no half of a backup" test ! -e small/copy
	exits 8 "full disk: pin" "$COFFER" pin w --pin-file pin --new-pin-file wrong
	exits 0 "full disk: what was there can be read" "$COFFER" key list w --json
	json "full disk: what was there can be read" 'len(v) == 1'
	rm small/filler
	intact "full disk"
	exits 0 "full disk: no second wallet" "$COFFER" list --json
	json "full disk: no second wallet" 'len(v) == 1'
	export COFFER_DIR="$tmp/wallets"
	umount small
else
	skip "full disk: a file system can be mounted by root alone"
fi

# ---- RLIMIT_MEMLOCK ----
if [ "${COFFER_SANITIZERS:-no}" != no ]; then
	skip "too low RLIMIT_MEMLOCK: sanitizers make mlock(2) succeed always"
elif [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v prlimit >/dev/null && as_user test -x "$COFFER"; then
	for bytes in 0 4096; do
		exits 8 "RLIMIT_MEMLOCK of $bytes" as_user env COFFER_CONF= COFFER_DIR="$tmp/readonly" prlimit --memlock=$bytes \
			"$COFFER" key generate x --label no --type ed25519 --pin-file "$tmp/their-pin"
		says "RLIMIT_MEMLOCK of $bytes" "RLIMIT_MEMLOCK.*CKR_HOST_MEMORY"
	done
	exits 0 "RLIMIT_MEMLOCK: nothing is lost" as_user env COFFER_CONF= COFFER_DIR="$tmp/readonly" "$COFFER" verify x --pin-file "$tmp/their-pin"
else
	skip "too low RLIMIT_MEMLOCK: only root can become a user whom it limits"
fi

# ---- the file ----
cp "$file" good
printf 'garbage garbage' | dd of="$file" conv=notrunc 2>/dev/null
exits 6 "damaged file" "$COFFER" show w
says "damaged file" "$file: not a coffer wallet (CKR_TOKEN_NOT_RECOGNIZED)"
exits 0 "damaged file: list names it" "$COFFER" list --json
json "damaged file: list names it" 'v[0]["state"] == "unusable" and "not a coffer wallet" in v[0]["reason"]'
cp good "$file"
head -c 9000 good >"$file"
exits 6 "shortened file" "$COFFER" show w
cp good "$file"
if command -v sqlite3 >/dev/null; then
	sqlite3 "$file" "UPDATE object SET body = zeroblob(length(body)) WHERE private = 1"
	exits 6 "forged object" "$COFFER" sign w coffer.conf --key k --pin-file pin --out no
	says "forged object" "object [0-9]* of the wallet"
	check "forged object: no signature" test ! -e no
	cp good "$file"
else
	skip "forged object: no sqlite3 here"
fi
intact "damaged file"

# ---- another process ----
if command -v sqlite3 >/dev/null; then
	mkfifo held
	sqlite3 "$file" <held >"$tmp/holder" 2>&1 &
	exec 8>held
	echo "BEGIN IMMEDIATE; SELECT 'holds';" >&8
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		grep -q holds "$tmp/holder" && break
		sleep 0.2
	done
	exits 9 "another process writes" "$COFFER" key generate w --label no --type ed25519 --pin-file pin
	says "another process writes" "another process is using it; try again"
	exec 8>&-
	wait
	intact "another process writes"
else
	skip "another process writes: no sqlite3 here"
fi

# ---- what the module does not know ----
exits 2 "unknown type of key" "$COFFER" key generate w --label no --type rot13 --pin-file pin
exits 4 "unknown key" "$COFFER" sign w coffer.conf --key nobody --pin-file pin
echo "not a key" >text
exits 1 "a file without a key" "$COFFER" key import w text --label no --pin-file pin
intact "what the module does not know"
finish
