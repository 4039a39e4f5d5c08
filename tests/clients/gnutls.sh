#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# GnuTLS's p11tool and certtool.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need p11tool certtool pkcs11-tool openssl
wallets_new
token_new gnutls || fail "token" "$tmp/init"
GNUTLS_PIN=$USER_PIN
GNUTLS_SO_PIN=$SO_PIN
export GNUTLS_PIN GNUTLS_SO_PIN
p11="p11tool --provider $COFFER_MODULE --batch"

check "--list-tokens" $p11 --list-tokens
says "--list-tokens" 'Label: gnutls'
url=$(sed -n 's/^.*URL: \(pkcs11:.*token=gnutls.*\)$/\1/p' "$tmp/out")
check "a URL" test -n "$url"
check "--list-mechanisms" $p11 --list-mechanisms "$url"
says "--list-mechanisms" 'CKM_EDDSA\|0x1057\|0x00001057'

# A key of its own, imported; GnuTLS sends the bare seed.
certtool --generate-privkey --key-type ed25519 --no-text --outfile "$tmp/key.pem" 2>/dev/null
check "--write of a private key" $p11 --login --write --load-privkey "$tmp/key.pem" --label imported --id 31 "$url"
certtool --load-privkey "$tmp/key.pem" --pubkey-info --outfile "$tmp/pub.pem" >/dev/null 2>&1
check "--write of a public key" $p11 --login --write --load-pubkey "$tmp/pub.pem" --label imported --id 31 "$url"
check "--list-all" $p11 --login --list-all "$url"
says "--list-all" 'imported'
key="$url;object=imported;type=private"
check "--test-sign" $p11 --login --test-sign --hash=SHA512 "$key"

# A certificate signed by the key in the token, verified without it.
printf 'cn = "coffer test"\nca\nsigning_key\ncert_signing_key\nexpiration_days = 10\n' >"$tmp/template"
check "certtool signs with the token's key" certtool --provider "$COFFER_MODULE" --generate-self-signed \
	--load-privkey "$key" --load-pubkey "$tmp/pub.pem" --template "$tmp/template" --outfile "$tmp/cert.pem"
check "OpenSSL verifies the certificate" openssl verify -CAfile "$tmp/cert.pem" "$tmp/cert.pem"
check "--write of a certificate" $p11 --login --write --load-certificate "$tmp/cert.pem" --label imported --id 31 "$url"
check "--export of the certificate" $p11 --export "$url;object=imported;type=cert" --outfile "$tmp/back.pem"
check "the certificate is the same" sh -c "[ \"\$(openssl x509 -in '$tmp/cert.pem' -outform DER | openssl dgst -r)\" = \
	\"\$(openssl x509 -in '$tmp/back.pem' -outform DER | openssl dgst -r)\" ]"

# What certtool signed is the same key: pkcs11-tool's signature verifies under the imported public key.
echo data >"$tmp/data"
check "pkcs11-tool signs with it" pkcs11-tool --module "$COFFER_MODULE" --token-label gnutls --login --pin env:USER_PIN --sign \
	-m EDDSA --id 31 -i "$tmp/data" -o "$tmp/sig"
check "OpenSSL verifies" openssl pkeyutl -verify -rawin -pubin -inkey "$tmp/pub.pem" -in "$tmp/data" -sigfile "$tmp/sig"

check "--delete" $p11 --login --delete "$url;object=imported;type=private"
finish
