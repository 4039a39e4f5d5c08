# SPDX-License-Identifier: Apache-2.0
# For test scripts: `. "$COFFER_SRC/tests/support/check.sh"`.  Counts, a directory of its own in $tmp, and at the end
# "N passed, N failed", which is also the exit status.

set -u
COFFER_SRC=${COFFER_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
passed=0
failed=0
skipped=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

pass() { passed=$((passed + 1)); }

# fail WHAT [FILE]: with what a program wrote
fail() {
	failed=$((failed + 1))
	printf 'FAIL: %s\n' "$1"
	[ $# -lt 2 ] || sed 's/^/    /' "$2"
}

# skip WHAT: named, and counted
skip() {
	skipped=$((skipped + 1))
	printf 'SKIP: %s\n' "$1"
}

# check WHAT command...: it must succeed; its output is in $tmp/out
check() {
	what=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then pass; else fail "$what (exit status $?): $*" "$tmp/out"; fi
}

# refuse WHAT command...: it must fail, and not by a signal
refuse() {
	what=$1
	shift
	status=0
	"$@" >"$tmp/out" 2>&1 || status=$?
	if [ $status -gt 0 ] && [ $status -lt 126 ]; then pass; else fail "$what (exit status $status): $*" "$tmp/out"; fi
}

# exits STATUS WHAT command...: it must end with that status; its output is in $tmp/out
exits() {
	expected=$1
	what=$2
	shift 2
	status=0
	"$@" >"$tmp/out" 2>&1 || status=$?
	if [ $status = "$expected" ]; then pass; else fail "$what (exit status $status, not $expected): $*" "$tmp/out"; fi
}

# json WHAT EXPRESSION: the output of the last command is one JSON value, v, and the Python expression holds
json() {
	if python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
sys.exit(0 if eval(sys.argv[2]) else 1)' "$tmp/out" "$2" 2>"$tmp/json"; then pass; else
		cat "$tmp/json" >>"$tmp/out"
		fail "$1: not $2" "$tmp/out"
	fi
}

# says WHAT PATTERN: the output of the last command has it
says() {
	if grep -q -e "$2" "$tmp/out"; then pass; else fail "$1: no \"$2\" in the output" "$tmp/out"; fi
}

# A sanitised module cannot be loaded by a program that is not sanitised.
need_plain_module() {
	case ${COFFER_SANITIZERS:-no} in
	no) ;;
	*)
		echo "SKIP: programs from packages cannot load a module built with sanitizers"
		exit 77
		;;
	esac
}

# code FILE...: without comments and string literals, each line with its file and number
code() {
	awk 'FNR == 1 { inside = 0 }
	{
		line = $0
		gsub(/\\"/, "", line)
		gsub(/"[^"]*"/, "\"\"", line)
		out = ""
		while (line != "") {
			if (inside) {
				at = index(line, "*/")
				if (!at) { line = ""; break }
				line = substr(line, at + 2); inside = 0
			} else {
				at = index(line, "/*")
				if (!at) { out = out line; line = "" }
				else { out = out substr(line, 1, at - 1); line = substr(line, at + 2); inside = 1 }
			}
		}
		if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
	}' "$@"
}

finish() {
	printf '%s passed, %s failed, %s skipped\n' $passed $failed $skipped
	[ $failed = 0 ]
	exit
}

# token_new LABEL: an initialised token in $COFFER_DIR of this test, made by pkcs11-tool; PINs are in $USER_PIN and $SO_PIN
USER_PIN=user-1234
SO_PIN=officer-5678
export USER_PIN SO_PIN

# A wallet directory and a cheap Argon2id of the test's own.
wallets_new() {
	mkdir -m 700 "$tmp/wallets" "$tmp/config"
	printf 'argon2-memory = 1024\nargon2-passes = 1\n' >"$tmp/coffer.conf"
	export COFFER_DIR="$tmp/wallets" COFFER_CONF="$tmp/coffer.conf" XDG_CONFIG_HOME="$tmp/config" HOME="$tmp"
	: "${COFFER_MODULE:?the built module}"
}

p11tool_opensc() { pkcs11-tool --module "$COFFER_MODULE" "$@"; }

token_new() {
	p11tool_opensc --init-token --slot-index "$(($(p11tool_opensc --list-slots | grep -c '^Slot') - 1))" \
		--label "$1" --so-pin env:SO_PIN >"$tmp/init" 2>&1 &&
		p11tool_opensc --token-label "$1" --init-pin --so-pin env:SO_PIN --pin env:USER_PIN >>"$tmp/init" 2>&1
}

# need PROGRAM...: the whole script is skipped, by name, when one is missing
need() {
	for program; do
		if ! command -v "$program" >/dev/null; then
			echo "SKIP: no $program here"
			exit 77
		fi
	done
}
