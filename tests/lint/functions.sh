#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rows of src/cryptoki/api.def against the function lists of the headers: every function once, none too many, none
# under another version.  What p11-kit's header lists is 2.40; what include/coffer/pkcs11-3.h has beyond is 3.0 and 3.2.
set -u
src=${COFFER_SRC:-.}
passed=0
failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# rows VERSION...: names of the rows
rows() {
	for version in "$@"; do
		sed -n "s/^\\(API\\|HAND\\)($version, \\(C_[A-Za-z]*\\),.*/\\2/p" "$src/src/cryptoki/api.def"
	done | sort
}

# members FILE STRUCT: the C_ members of a function list
members() {
	sed -n "/^\\(typedef \\)\\{0,1\\}struct $2\$/,/^}/p; /^\\(typedef \\)\\{0,1\\}struct $2 {/,/^}/p" "$1" |
		sed -n 's/^[[:space:]]*CK_C_[A-Za-z]* \(C_[A-Za-z]*\);.*/\1/p' | sort -u
}

check() {
	if [ -s "$work/want" ] && diff "$work/want" "$work/have" >"$work/diff"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $1"
		cat "$work/diff" 2>/dev/null
	fi
}

header=$(${CC:-cc} -E -M $(pkg-config --cflags p11-kit-1) -x c - <<-END | tr ' ' '\n' | grep '/pkcs11\.h$'
	#include <p11-kit/pkcs11.h>
END
)

members "$header" ck_function_list >"$work/want"
rows 240 >"$work/have"
check "rows of 2.40 are the functions of CK_FUNCTION_LIST"

members "$src/include/coffer/pkcs11-3.h" CK_FUNCTION_LIST_3_0 >"$work/want"
rows 240 300 >"$work/have"
check "rows of 2.40 and 3.0 are the functions of CK_FUNCTION_LIST_3_0"

members "$src/include/coffer/pkcs11-3.h" CK_FUNCTION_LIST_3_2 >"$work/want"
rows 240 300 320 >"$work/have"
check "rows of 2.40, 3.0 and 3.2 are the functions of CK_FUNCTION_LIST_3_2"

sed -n 's/^[A-Z]*([0-9]*, \(C_[A-Za-z]*\),.*/\1/p' "$src/src/cryptoki/api.def" | sort >"$work/have"
sort -u "$work/have" >"$work/want"
check "no function has two rows"

# Every row with a body has one, and every body has a row.
sed -n 's/^API([0-9]*, \(C_[A-Za-z]*\),.*/\1/p' "$src/src/cryptoki/api.def" | sort >"$work/want"
sed -n 's/^CK_RV do_\(C_[A-Za-z]*\)(.*/\1/p' "$src"/src/session/*.c "$src"/src/cryptoki/*.c | sort >"$work/have"
check "each row has its body, each body its row"

echo "lint functions: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
