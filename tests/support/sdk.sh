# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of Algorand's SDKs behind tests/support/check.sh: a wallet, and a signer that is not coffer.
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

# sdk_run PROGRAM...: it prints what failed and, at last, how many passed
sdk_run() {
	"$@" "$COFFER" sdk pin ./p11-sign >sdk 2>&1 || { [ ! -e errors ] || cat errors >>sdk; fail "the SDK" sdk; }
	counts=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' sdk)
	passed=$((passed + ${counts:-0}))
}
