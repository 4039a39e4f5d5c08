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
wallets_new
cd "$tmp" || exit 99
umask 077
echo "$USER_PIN" >pin
check "a wallet" "$COFFER" create sdk --pin-file pin

# A PKCS#11 client that has never heard of Algorand.
cat >p11-sign <<'END'
#!/bin/sh
exec pkcs11-tool --module "$COFFER_MODULE" --token-label sdk --login --pin env:USER_PIN --sign --mechanism EDDSA --id "$1" \
	--input-file "$2" --output-file "$3"
END
chmod +x p11-sign
node "$COFFER_SRC/tests/clients/sdk_javascript.cjs" "$COFFER" sdk pin ./p11-sign >sdk 2>&1 || fail "the SDK" sdk
counts=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' sdk)
passed=$((passed + ${counts:-0}))
finish
