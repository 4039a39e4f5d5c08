#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the totals of ./quickstart test are made of: nothing that failed, crashed or could not start is counted as passed.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"

# suite NAME RESULT: as the test driver leaves it; the log is standard input
suite() {
	mkdir -p "$tmp/build/tests/unit"
	cat >"$tmp/build/tests/unit/$1.log"
	printf ':test-result: %s\n:global-test-result: %s\n' "$2" "$2" >"$tmp/build/tests/unit/$1.trs"
}

# counts WHAT PASSED FAILED: of the suites so far, which are then gone
counts() {
	"$COFFER_SRC/tests/support/summary.sh" "$tmp/build" >"$tmp/out" 2>&1
	check "$1: $2 passed, $3 failed" test "$(tail -n 1 "$tmp/out")" = "$2 $3"
	rm -rf "$tmp/build"
}

table() {
	printf 'Run Summary:    Type  Total    Ran Passed Failed Inactive\n'
	printf '              suites      1      1    n/a      0        0\n'
	printf '               tests      %s      %s      %s      %s        0\n' "$(($1 + $2))" "$(($1 + $2))" "$1" "$2"
	printf '             asserts     90     90     90      0      n/a\n'
}

table 4 0 | suite good PASS
counts "CUnit" 4 0
table 3 1 | suite bad FAIL
counts "CUnit with a failure" 3 1
printf '  Test: one ...passed\n  Test: two ...' | suite crashed FAIL
counts "a crash in the middle" 0 1
table 4 0 | suite leaked FAIL
counts "a bad end after all passed, as a leak checker gives it" 4 1
printf 'error while loading shared libraries\n' | suite no-start ERROR
counts "a program that does not start" 0 1
printf '7 passed, 0 failed, 2 skipped\n' | suite script PASS
counts "a script" 7 0
printf 'params: 12 passed, 0 failed\n' | suite replay PASS
counts "a line with a name" 12 0
printf '7 passed, 2 failed, 0 skipped\n' | suite script FAIL
counts "a script with failures" 7 2
printf '7 passed, 2 failed, 0 skipped\n' | suite lies PASS
counts "a script that counts failures and exits with 0" 7 2
printf 'SKIP: no such program here\n' | suite skipped SKIP
counts "skipped" 0 0
printf 'said nothing\n' | suite silent PASS
counts "a test without counts" 1 0
printf 'said nothing\n' | suite unexpected XPASS
counts "passed where it must not" 0 1
table 4 0 | suite a PASS
table 3 1 | suite b FAIL
printf 'Segmentation fault\n' | suite c FAIL
counts "together" 7 2

# And each suite is named with its own counts, the log of a failed one is shown.
table 4 0 | suite a PASS
printf 'Segmentation fault\n' | suite c FAIL
"$COFFER_SRC/tests/support/summary.sh" "$tmp/build" >"$tmp/out" 2>&1
says "a line for each" 'unit/a  *4 passed, 0 failed'
says "a line for each" 'unit/c  *0 passed, 1 failed'
says "the log of a failed one" '| Segmentation fault'
finish
