#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file: licence line, length, width, no leftovers.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
cd "$COFFER_SRC" || exit 99

sources=$(find src include tests bench -name '*.[ch]' -o -name '*.def' | sort)
scripts="$(find tests bench -name '*.sh' | sort) quickstart .ci/run"
for f in $sources $scripts; do
	if head -n 4 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then pass; else fail "$f: no licence line"; fi
done

# A file of more than 600 lines has a second subject in it.  Tables follow the specification's length.
for f in $(echo "$sources" | grep '\.[ch]$'); do
	case $f in
	include/coffer/pkcs11-3.h) continue ;; # the specification's own list of values
	esac
	n=$(wc -l <"$f")
	if [ "$n" -le 600 ]; then pass; else fail "$f: $n lines"; fi
done

if grep -nE 'TODO|FIXME|XXX|HACK' $sources $scripts | grep -vE 'files\.sh|XXXXXX' >"$tmp/out"; then
	fail "leftovers" "$tmp/out"
else pass; fi
if grep -nE '[[:space:]]+$' $sources $scripts >"$tmp/out"; then fail "white space at the end of a line" "$tmp/out"; else pass; fi
if grep -nE '^ +[^ *\\]' $(echo "$sources" | grep '^src/.*\.[ch]$') | grep -v '^[^:]*:[0-9]*: \*' >"$tmp/out"; then
	fail "lines that begin with spaces" "$tmp/out"
else pass; fi
# Functions fit a screen: from the brace in the first column to its partner.
for f in $(echo "$sources" | grep '^src/.*\.c$'); do
	awk -v f="$f" '/^\{/ { start = NR } /^\}/ && start { if (NR - start > 70) print f ":" start ": " NR - start " lines"; start = 0 }' "$f"
done >"$tmp/out"
if [ -s "$tmp/out" ]; then fail "long functions" "$tmp/out"; else pass; fi

# Every source of a room is listed in its fragment, or it would be missing from a distribution.
for f in $(find src -name '*.[ch]' -o -name '*.def' | sort); do
	room=${f#src/} room=${room%%/*}
	if grep -q "$f" "src/$room/room.am"; then pass; else fail "$f is not in src/$room/room.am"; fi
done
# A test that is left out under qemu is one that there is.
while IFS="$(printf '\t')" read -r name reason; do
	check "skipped, and not there: $name" grep -rqF -e "\"$name\"" tests/unit tests/conformance
	check "skipped without a reason: $name" test -n "$reason"
done <tests/support/qemu-skipped.tsv
for script in $scripts; do
	check "$script: syntax" sh -n "$script"
	check "$script: can be run" test -x "$script" -o "${script#tests/support/}" != "$script"
done
finish
