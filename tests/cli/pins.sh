#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where a PIN may come from: a file, a descriptor, a credential, the terminal, the configured path; and from nowhere else.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
echo officer-5678 >so
terminal() { python3 "$COFFER_SRC/tests/support/terminal.py" "$@"; }

# ---- files ----
exits 0 "create" "$COFFER" create w --pin-file pin --so-pin-file so
printf user-1234 >bare
printf 'user-1234\r\n' >dos
printf 'user-1234\n\n' >two
exits 0 "without a newline" "$COFFER" verify w --pin-file bare
exits 0 "with the newline of another system" "$COFFER" verify w --pin-file dos
exits 3 "one newline alone is not part of it" "$COFFER" verify w --pin-file two
: >empty
exits 3 "an empty file" "$COFFER" verify w --pin-file empty
cp pin loose
chmod 644 loose
exits 7 "a file that others can read" "$COFFER" verify w --pin-file loose
says "a file that others can read" "chmod 600"
exits 4 "a file that is not there" "$COFFER" verify w --pin-file nowhere
exits 1 "a directory" "$COFFER" verify w --pin-file .
head -c 5000 /dev/zero | tr '\0' x >long
exits 1 "a file that is too long" "$COFFER" verify w --pin-file long

# ---- descriptors ----
exits 0 "a descriptor" sh -c 'exec "$1" verify w --pin-fd 7 7<pin' sh "$COFFER"
exits 0 "standard input" sh -c 'printf user-1234 | "$1" verify w --pin-fd 0' sh "$COFFER"
exits 1 "a descriptor that is not open" "$COFFER" verify w --pin-fd 9
exits 2 "a descriptor that is no number" "$COFFER" verify w --pin-fd three

# ---- credentials ----
mkdir credentials
cp pin credentials/wallet-pin
exits 0 "a credential" env CREDENTIALS_DIRECTORY="$tmp/credentials" "$COFFER" verify w --pin-credential wallet-pin
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && setpriv --reuid 65534 --clear-groups test -x "$COFFER"; then
	# What systemd gives to a user by an access control list, whose mask looks like the group's right.
	as_user() { setpriv --reuid 65534 --regid 65534 --groups 0 env CREDENTIALS_DIRECTORY="$tmp/theirs" COFFER_CONF= COFFER_DIR="$tmp/user" "$@"; }
	chmod 711 "$tmp"
	mkdir -m 700 user
	chown 65534:65534 user
	mkdir -m 755 theirs
	cp pin theirs/pin
	chown 0:0 theirs/pin
	chmod 440 theirs/pin
	exits 0 "a credential that root owns" as_user "$COFFER" create x --pin-credential pin
	chmod 444 theirs/pin
	exits 7 "one that all can read" as_user "$COFFER" create y --pin-credential pin
else
	skip "a credential that root owns: only root can make one"
fi
exits 4 "one that was not passed" env CREDENTIALS_DIRECTORY="$tmp/credentials" "$COFFER" verify w --pin-credential other
exits 2 "without a service manager" "$COFFER" verify w --pin-credential wallet-pin
exits 2 "a path is no credential" env CREDENTIALS_DIRECTORY="$tmp/credentials" "$COFFER" verify w --pin-credential ../pin
cp coffer.conf plain.conf
echo "authentication-credential = wallet-pin" >>coffer.conf
exits 0 "the configured path" env CREDENTIALS_DIRECTORY="$tmp/credentials" setsid "$COFFER" verify w
exits 3 "the configured path without its file" setsid "$COFFER" verify w
cp plain.conf coffer.conf

# ---- the terminal ----
exits 0 "asked for" terminal 'user PIN of wallet "w"=user-1234' -- "$COFFER" verify w
if grep -q user-1234 "$tmp/out"; then fail "the PIN is echoed" "$tmp/out"; else pass; fi
exits 0 "typed wrong twice" terminal PIN=no-1 PIN=no-2 PIN=user-1234 -- "$COFFER" verify w
exits 3 "typed wrong three times" terminal PIN=no-1 PIN=no-2 PIN=no-3 -- "$COFFER" verify w
exits 1 "interrupted" terminal PIN=^C -- "$COFFER" verify w
exits 2 "a terminal is no descriptor to read from" terminal -- "$COFFER" verify w --pin-fd 0
exits 2 "no terminal" setsid "$COFFER" verify w
says "no terminal" "no terminal to ask"
exits 0 "a new PIN is asked for twice" terminal user=abcd-1 again=abcd-1 SO=officer-1 again=officer-1 -- "$COFFER" create t
exits 0 "and opens" terminal PIN=abcd-1 -- "$COFFER" verify t
exits 3 "two that differ" terminal user=abcd-1 again=abcd-2 -- "$COFFER" create u
exits 4 "make nothing" "$COFFER" show u
exits 0 "an empty SO PIN is none" terminal user=abcd-1 again=abcd-1 SO= -- "$COFFER" create v
exits 0 "an empty SO PIN is none" "$COFFER" show v --json
json "an empty SO PIN is none" 'v["so_pin"]["set"] is False'
exits 0 "change of a PIN" terminal PIN=abcd-1 new=abcd-3 again=abcd-3 -- "$COFFER" pin t
exits 0 "reset of a PIN" terminal SO=officer-1 new=abcd-4 again=abcd-4 -- "$COFFER" pin t --reset
exits 0 "opens with it" terminal PIN=abcd-4 -- "$COFFER" verify t
exits 2 "delete: another label typed" terminal "to delete it=x" -- "$COFFER" delete t --pin-file pin
exits 0 "delete: the label typed" terminal "to delete it=t" PIN=abcd-4 -- "$COFFER" delete t
exits 4 "deleted" "$COFFER" show t

# ---- nowhere else ----
exits 2 "two sources" sh -c 'exec "$1" verify w --pin-file pin --pin-fd 7 7<pin' sh "$COFFER"
exits 2 "an argument" "$COFFER" verify w --pin user-1234
if grep -q user-1234 "$tmp/out"; then fail "the PIN is repeated" "$tmp/out"; else pass; fi
exits 2 "an argument behind a sign" "$COFFER" verify w --pin=user-1234
if grep -q user-1234 "$tmp/out"; then fail "the PIN is repeated" "$tmp/out"; else pass; fi
exits 2 "the environment" env PIN=user-1234 COFFER_PIN=user-1234 setsid "$COFFER" verify w

# ---- locked ----
exits 0 "no failures yet" "$COFFER" verify w --pin-file pin
echo "pin-failures-limit = 2" >>coffer.conf
exits 3 "first failure" "$COFFER" verify w --pin-file so
exits 3 "second failure" "$COFFER" verify w --pin-file so
exits 3 "the right one comes too late" "$COFFER" verify w --pin-file pin
says "the right one comes too late" "locked after 2 failures.*CKR_PIN_LOCKED"
exits 0 "list tells it" "$COFFER" list --json
json "list tells it" '[w["state"] for w in v if w["label"] == "w"] == ["PIN locked"]'
exits 0 "the SO opens it again" "$COFFER" pin w --reset --so-pin-file so --new-pin-file pin
exits 0 "it opens" "$COFFER" verify w --pin-file pin
finish
