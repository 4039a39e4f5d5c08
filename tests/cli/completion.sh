#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a shell is told may come next, and the shells themselves.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
: "${COFFER:?the built tool}"
wallets_new
umask 077
echo 1234 >"$tmp/pin"
PATH=$(dirname "$COFFER"):$PATH
export PATH
for label in release "two words" 'odd;name'; do
	check "create $label" coffer create "$label" --pin-file "$tmp/pin"
done

# candidates WHAT EXPECTED WORD...: sorted, without help, in one line
candidates() {
	what=$1 expected=$2
	shift 2
	coffer complete "$@" >"$tmp/out" 2>&1
	have=$(cut -f1 "$tmp/out" | sort | tr '\n' ',')
	if [ "$have" = "$expected" ]; then pass; else fail "$what: \"$have\"" "$tmp/out"; fi
}

candidates "commands by prefix" "create," cr
candidates "wallets" "odd;name,release,two words," show ""
candidates "wallets by prefix" "release," show rel
candidates "no second wallet where another word stands" "" rename release ""
candidates "a file" ":file," backup release ""
candidates "the value of an option is a file" ":file," create x --pin-file ""
candidates "a directory" ":dir," doctor --root ""
candidates "a value is not an argument" "odd;name,release,two words," verify --pin-file pin ""
candidates "options by prefix" "--pin-credential,--pin-fd,--pin-file," show release --pin
candidates "an option once" "--pin-credential,--pin-fd," show release --pin-file pin --pin-
candidates "nothing behind all words" "" show release ""
candidates "nothing for what does not exist" "" nonsense ""
candidates "a group's commands" "" nonsense nonsense ""
coffer complete "" >"$tmp/out"
says "each with its help" "^create	make a wallet"
COFFER_DIR=/nonexistent/dir
export COFFER_DIR
candidates "no wallets, no noise" "" show ""
COFFER_DIR=$tmp/wallets

if command -v bash >/dev/null; then
	cat >"$tmp/test.bash" <<-'END'
		. "$COFFER_SRC/completion/bash/coffer"
		complete -p coffer >/dev/null || exit 1
		ask() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _coffer; printf '%s\n' "${COMPREPLY[@]}"; }
		ask coffer show "" && ask coffer show release --pin-fi && ask coffer create x --pin-file "$1/coffer.c"
	END
	check "bash" env COFFER_SRC="$COFFER_SRC" bash "$tmp/test.bash" "$tmp"
	says "bash: a label with a blank is quoted" '^two\\ words$'
	says "bash: a label that a shell would split is quoted" '^odd\\;name$'
	says "bash: an option" '^--pin-file$'
	says "bash: a file" "/coffer.conf\$"
else
	skip "no bash here"
fi
if command -v zsh >/dev/null; then
	# Stands in for the completion system, which needs a terminal.
	cat >"$tmp/test.zsh" <<-'END'
		_describe() { print -l -- "${(@P)2}"; }
		_files() { print files $*; }
		run() { local -a words=("$@"); local CURRENT=$#; . "$COFFER_SRC/completion/zsh/_coffer"; }
		run coffer show "" && run coffer show release --pin-fi && run coffer create x --pin-file ""
		exit 0
	END
	check "zsh" env COFFER_SRC="$COFFER_SRC" zsh -f "$tmp/test.zsh"
	says "zsh: a label with a blank" '^two words:'
	says "zsh: an option" '^--pin-file:'
	says "zsh: a file" '^files'
else
	skip "no zsh here"
fi
finish
