#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# src/layers.txt says which room may include headers of which; an include that it does not allow fails here.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
cd "$COFFER_SRC/src" || exit 99

rooms=$(sed -n 's/^\([a-z]*\):.*/\1/p' layers.txt)
for directory in */; do
	room=${directory%/}
	case " $(echo $rooms) " in
	*" $room "*) pass ;;
	*) fail "src/$room is not in src/layers.txt" ;;
	esac
done
for room in $rooms; do
	allowed=" $room $(sed -n "s/^$room://p" layers.txt) "
	bad=
	for used in $(sed -n 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([a-z]*\)/.*|\1|p' "$room"/*.[ch] "$room"/*.def 2>/dev/null |
		sort -u); do
		case "$allowed coffer " in
		*" $used "*) ;;
		*) bad="$bad $used" ;;
		esac
	done
	if [ -z "$bad" ]; then pass; else
		for used in $bad; do fail "$room may not include from $used: $(grep -l "\"$used/" "$room"/* | tr '\n' ' ')"; done
	fi
	# A header is named with its room, so that a file's first lines show what it leans on.
	if grep -n '^#include "[^/"]*"' "$room"/*.[ch] >"$tmp/out" 2>/dev/null; then
		fail "includes without a room" "$tmp/out"
	else pass; fi
done
# Below the line nobody has heard of PKCS#11.
if code base/*.[ch] vault/*.[ch] store/*.[ch] wallet/*.[ch] algorand/*.[ch] | grep -E '[^A-Za-z0-9_](CK_[A-Z]|CK[ROAM]_)|pkcs11\.h' >"$tmp/out"; then
	fail "PKCS#11 in a room below it" "$tmp/out"
else pass; fi
finish
