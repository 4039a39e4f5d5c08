#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Algorand's Python SDK (py-algorand-sdk), where it is installed: in the build directory, as ./quickstart test does, or otherwise.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need pkcs11-tool
: "${COFFER:?the built tool}"
python=${COFFER_BUILD:-.}/sdk-python/bin/python
[ -x "$python" ] || python=python3
if ! "$python" -c 'import algosdk, nacl' 2>/dev/null; then
	echo "SKIP: no py-algorand-sdk here"
	exit 77
fi
. "$COFFER_SRC/tests/support/sdk.sh"
sdk_run "$python" "$COFFER_SRC/tests/clients/sdk_python.py"
finish
