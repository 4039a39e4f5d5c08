#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmark runs and gives a figure for every row that the module offers.  No figure is judged.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
: "${COFFER_MODULE:?the built module}"
bench=${COFFER_BUILD:-.}/bench/coffer-bench

check "the benchmark runs" "$bench" --module "$COFFER_MODULE" --quick --peers none --directory "$tmp" --json "$tmp/figures"
cp "$tmp/out" "$tmp/table"
for row in ed25519-sign-32 ed25519-sign-32-2thr ed25519-sign-32-turn ed25519-sign-1k ed25519-sign-64k ed25519-verify-32 \
	ed25519-generate-session ed25519-generate-token sha256-64k random-1k find-by-id session-open-close login; do
	if grep "^$row " "$tmp/table" | grep -q '[0-9] [num]s'; then pass; else fail "no figure for $row" "$tmp/table"; fi
done
if grep -q '(error ' "$tmp/table"; then fail "a row ended with an error" "$tmp/table"; else pass; fi
if grep -q '"budgets"' "$tmp/figures"; then pass; else fail "no JSON"; fi
if [ -z "$(find "$tmp" -name 'coffer-bench-*')" ]; then pass; else fail "its wallets are still there"; fi
refuse "an unknown option" "$bench" --module "$COFFER_MODULE" --fast
finish
