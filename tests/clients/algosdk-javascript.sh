#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Algorand's JavaScript SDK (algosdk), where it is installed: in the build directory, as ./quickstart test does, or otherwise.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need node pkcs11-tool
: "${COFFER:?the built tool}"
NODE_PATH=${COFFER_BUILD:-.}/sdk-js/node_modules${NODE_PATH:+:$NODE_PATH}
export NODE_PATH
if ! node -e 'require("algosdk"); require("tweetnacl")' 2>/dev/null; then
	echo "SKIP: no algosdk for node here"
	exit 77
fi
. "$COFFER_SRC/tests/support/sdk.sh"
sdk_run node "$COFFER_SRC/tests/clients/sdk_javascript.cjs"
finish
