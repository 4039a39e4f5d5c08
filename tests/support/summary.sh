#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# summary.sh BUILD: what the test programs of a build directory said at their end, one line for each,
# the whole log of those that failed, and in the last line the sums: passed, failed.
cd "$1/tests" || exit 1
sums=$(mktemp)
trap 'rm -f "$sums"' EXIT
for trs in */*.trs; do
	[ -e "$trs" ] || continue
	log=${trs%.trs}.log
	result=$(sed -n 's/^:global-test-result: //p' "$trs")
	# CUnit closes with a table, scripts with "N passed, N failed[, N skipped]".
	counts=$(awk '$1 == "tests" && NF == 6 { p = $4; f = $5; s = 0; n = 1 }
		/(^|: )[0-9]+ passed, [0-9]+ failed/ { sub(/^.*: /, ""); p = $1; f = $3; s = ($6 ~ /^skipped/) ? $5 : 0; n = 1 }
		END { if (n) print p, f, s }' "$log")
	[ -n "$counts" ] || counts="0 0 0"
	set -- $counts
	# A program that ends badly has failed whatever it counted, and one that counted nothing is a test itself.
	case $result in
	PASS) [ "$1" != 0 ] || set -- 1 "$2" "$3" ;;
	SKIP) set -- 0 0 1 ;;
	*) [ "$2" != 0 ] || set -- "$1" 1 "$3" ;;
	esac
	if [ "$2" != 0 ]; then
		sed 's/^/    | /' "$log"
	fi
	skipped=
	[ "$3" = 0 ] || skipped=", $3 skipped"
	printf '  %-44s %s passed, %s failed%s\n' "${trs%.trs}" "$1" "$2" "$skipped"
	sed -n 's/^SKIP: /    skipped: /p; s/^skipped: /    skipped: /p' "$log"
	echo "$1 $2" >>"$sums"
done
awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }' "$sums"
