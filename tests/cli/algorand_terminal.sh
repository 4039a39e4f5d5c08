#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is asked on a terminal: words one by one, without echo and checked as they are typed; before a signature; before a deletion.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
terminal() { python3 "$COFFER_SRC/tests/support/terminal.py" "$@"; }
check "a wallet" "$COFFER" create w --pin-file pin
# The first key of the vectors' wallet "cheap".
address=UYTVW5P7POZNGMEQFR2Z5YV7C3PPAK5CDZIOGGNDCBB5PZ2BGE7HPDZ3GY
words="fetch weekend animal slim blouse dune cart carbon salad hidden differ spatial burden trim apple parade car around grid intact
	stove lady net absent federal"

# The third word is mistyped at first; an empty line is asked again.
set --
place=1
for word in $words; do
	[ $place != 3 ] || set -- "$@" "word 3 of 25=${word}x" "word 3 of 25="
	set -- "$@" "word $place of 25=$word"
	place=$((place + 1))
done
check "words typed one by one" terminal "$@" -- "$COFFER" algorand import w --pin-file pin
says "make the account" "Imported $address"
third=$(echo "$words" | cut -d' ' -f3)
says "a mistyped word is named" "word 3, \"${third}x\", is not in the list"
says "and what it is like" "did you mean.*$third"
# What was typed is not shown: of the third word only what the error says.
if [ "$(grep -c "$(echo "$words" | cut -d' ' -f7)" "$tmp/out")" = 0 ]; then pass; else fail "words are echoed" "$tmp/out"; fi
"$COFFER" algorand list w --pin-file pin --json >"$tmp/out"
json "the account is there" "[a['address'] for a in v] == ['$address']"

# A payment to nobody in particular.
python3 - "$address" <<'END'
import base64, sys
def s(t): return bytes([0xa0 + len(t)]) + t.encode()
snd = base64.b32decode(sys.argv[1] + "=" * 6)[:32]
f = {"amt": b"\x01", "fee": b"\xcd\x03\xe8", "fv": b"\x01", "lv": b"\x64", "rcv": b"\xc4\x20" + bytes(range(32)), "snd": b"\xc4\x20" + snd, "type": s("pay")}
open("spend", "wb").write(bytes([0x80 + len(f)]) + b"".join(s(k) + f[k] for k in sorted(f)))
END
refuse "another answer than yes" terminal "Type yes to sign=y" -- "$COFFER" algorand sign spend --wallet w --pin-file pin --out signed
if [ -e signed ]; then fail "it was signed"; else pass; fi
check "yes" terminal "Type yes to sign=yes" -- "$COFFER" algorand sign spend --wallet w --pin-file pin --out signed
if [ -s signed ]; then pass; else fail "it was not signed"; fi

refuse "another address than the account's" terminal "Type its address=no" -- "$COFFER" algorand delete "$address" --wallet w --pin-file pin
check "its address" terminal "Type its address=$address" -- "$COFFER" algorand delete "$address" --wallet w --pin-file pin
"$COFFER" algorand list w --pin-file pin --json >"$tmp/out"
json "it is gone" "v == []"

# An empty password is typed as an empty line.
blank=$(ls "$COFFER_SRC"/tests/vectors/kmd/sqlite_wallets/unencrypted*.db)
check "a wallet without a password" terminal "password of the KMD wallet=" -- "$COFFER" algorand import-kmd "$blank" --wallet blank --pin-file pin
says "is imported" "Imported 3 keys"
finish
