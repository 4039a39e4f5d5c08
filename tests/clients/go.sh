#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Go: miekg/pkcs11 makes keys and uses them; Go's own packages verify.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need pkcs11-tool
# Fetched and built by `quickstart test`, where the registry can be reached.
client=${COFFER_BUILD:-.}/go-client/client
if [ ! -x "$client" ]; then
	echo "SKIP: no $client here (quickstart test builds it)"
	exit 77
fi
wallets_new
token_new go || fail "token" "$tmp/init"
check "a Go program" "$client" "$COFFER_MODULE"
sed -n '/passed/p' "$tmp/out"
finish
