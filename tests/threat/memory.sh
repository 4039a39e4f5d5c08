#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No secret in the memory of another process's reach: a short run of `make check-memory`, with its controls.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module

# Hundreds of durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
memory=$COFFER_BUILD/tests/memory
exec "$memory/check" --quick --driver "$memory/driver" --module "$COFFER_MODULE" \
	--softhsm "${SOFTHSM_MODULE:-/usr/lib/softhsm/libsofthsm2.so}" \
	--fail "$COFFER_BUILD/tests/fault/.libs/fail.so"
