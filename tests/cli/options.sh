#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is said about a wrong command line; output that cannot be written; text that a terminal must not see.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin

exits 2 "no command" "$COFFER"
says "no command: help" "^Wallets"
exits 0 "--help" "$COFFER" --help
exits 0 "-h" "$COFFER" -h
exits 0 "help" "$COFFER" help
exits 0 "help of a command" "$COFFER" help create
says "help of a command" "^usage: coffer create LABEL"
exits 0 "help of a group" "$COFFER" help key
says "help of a group" "key generate WALLET"
exits 0 "help of a command in it" "$COFFER" help key generate
says "help of a command in it" "--type"
exits 0 "a command's --help, wherever it stands" "$COFFER" create --pin-file x --help
exits 2 "a group without a command" "$COFFER" key
exits 0 "a group's help" "$COFFER" key --help
exits 0 "--version" "$COFFER" --version
says "--version" "^coffer [0-9]"
exits 2 "no such command" "$COFFER" frobnicate
says "no such command" 'no command "frobnicate"'
exits 2 "no such command in a group" "$COFFER" key frobnicate
exits 2 "an argument is missing" "$COFFER" create
says "an argument is missing" "LABEL is missing"
exits 2 "an argument too many" "$COFFER" list all
says "an argument too many" "a word too many"
exits 2 "no such option" "$COFFER" list --frobnicate
says "no such option" "no option --frobnicate"
exits 2 "a value is missing" "$COFFER" create x --pin-file
says "a value is missing" "needs a value"
exits 2 "a switch with a value" "$COFFER" delete x --yes=1
exits 2 "an option twice" "$COFFER" create x --pin-file pin --pin-file pin
exits 2 "a value that may not be given" "$COFFER" key generate x --type nonsense --pin-file pin
says "a value that may not be given" "may be: ed25519"
exits 2 "short options" "$COFFER" list -l
exits 0 "options before arguments" "$COFFER" create --pin-file pin -- x
exits 0 "a value behind a sign" "$COFFER" verify --pin-file=pin x
exits 0 "a label like an option" "$COFFER" create --pin-file pin -- --odd
exits 0 "is named behind --" "$COFFER" show -- --odd

# ---- output ----
if [ -c /dev/full ]; then
	exits 8 "output that cannot be written" sh -c 'exec "$1" list >/dev/full' sh "$COFFER"
	says "output that cannot be written" "standard output"
else
	skip "no /dev/full here"
fi
exits 1 "no standard output" sh -c 'exec "$1" create closed --pin-file pin 0<&- 1>&-' sh "$COFFER"
says "no standard output" "cannot write to standard output"
exits 1 "nor any other" sh -c 'exec "$1" create closed2 --pin-file pin --json 0<&- 1>&- 2>&-' sh "$COFFER"
for label in closed closed2; do
	exits 0 "nothing was printed into a wallet" "$COFFER" verify $label --pin-file pin
done
# The C1 control that begins an escape sequence, a mark that reverses the line, a byte that is no UTF-8.
label=$(printf 'a\302\2332J\342\200\256\377')
exits 0 "a label that a terminal would act upon" "$COFFER" create "$label" --pin-file pin
exits 0 "list" "$COFFER" list
says "list" '^a\\xc2\\x9b2J\\xe2\\x80\\xae\\xff '
exits 0 "list --json" "$COFFER" list --json
json "is JSON all the same" 'any(w["label"] == "a\u009b2J\u202e\ufffd" for w in v)'
exits 0 "a wallet of that label can be named" "$COFFER" show "$label"
finish
