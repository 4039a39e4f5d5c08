#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages have every command, option and exit status, and are well-formed.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
: "${COFFER:?the built tool}"
man=$COFFER_SRC/doc/man/coffer.1

# "key generate", a line for each command
commands() {
	"$COFFER" complete "" | cut -f1 | while read -r word; do
		[ "$word" != help ] || continue
		if "$COFFER" complete "$word" "" | grep -q '^help'; then
			"$COFFER" complete "$word" "" | cut -f1 | grep -v '^help$' | sed "s/^/$word /"
		else
			echo "$word"
		fi
	done
}

commands >"$tmp/commands"
if [ "$(wc -l <"$tmp/commands")" -ge 10 ]; then pass; else fail "too few commands" "$tmp/commands"; fi
while read -r command; do
	# shellcheck disable=SC2086
	check "help of $command" "$COFFER" $command --help
	cp "$tmp/out" "$tmp/help"
	usage=$(sed -n 's/^usage: coffer \(.*\) \[options\]$/\1/p' "$tmp/help" | sed 's/\[\([A-Z]*\)\]/Op \1/g')
	awk -v head=".Ss coffer $usage" '$0 == head { inside = 1; next } /^\.S[sh]/ { inside = 0 } inside' "$man" >"$tmp/section"
	if [ -s "$tmp/section" ]; then pass; else fail "coffer.1 has no section \".Ss coffer $usage\""; fi
	for option in $(sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' "$tmp/help"); do
		case $option in
		json | help) continue ;;
		user) grep -q -e 'Fl -pin-\*' "$tmp/section" && continue ;; # told where --pin-* is
		esac
		base=${option%-file}
		base=${base%-fd}
		base=${base%-credential}
		if grep -q "^  --$base-credential " "$tmp/help"; then option="$base-\\*"; fi
		if grep -q -e "Fl -$option\\( \\|\$\\)" "$tmp/section"; then pass; else
			fail "coffer.1: the section of \"$command\" has no --$option"
		fi
	done
done <"$tmp/commands"

sed -n 's/^	OUTCOME_[A-Z_]* = \([0-9]*\),.*/\1/p' "$COFFER_SRC/src/cli/cli.h" >"$tmp/want"
awk '/^\.Sh/ { inside = /EXIT STATUS/ } inside && /^\.It/ { print $2 }' "$man" >"$tmp/have"
if diff "$tmp/want" "$tmp/have" >"$tmp/out"; then pass; else fail "exit statuses in cli.h and coffer.1" "$tmp/out"; fi

for page in "$COFFER_SRC"/doc/man/*.[1-8]; do
	if command -v mandoc >/dev/null; then
		# Other manuals need not be here, and groff would say BSD where nothing is said.
		mandoc -T lint "$page" | grep -v 'referenced manual not found\|operating system explicitly' >"$tmp/out"
	elif command -v man >/dev/null; then
		man --warnings -l "$page" 2>"$tmp/out" >/dev/null
	else
		skip "no mandoc and no man here to check $page"
		continue
	fi
	if [ -s "$tmp/out" ]; then fail "$page" "$tmp/out"; else pass; fi
done
finish
