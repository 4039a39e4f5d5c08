#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coffer sign and verify-signature, with OpenSSL and pkcs11-tool on the other side.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need openssl
wallets_new
: "${COFFER:?the built tool}"
cd "$tmp" || exit 99
umask 077
printf 'user-1234\n' >pin
umask 022

coffer() { "$COFFER" "$@"; }
# status WHAT NUMBER command...: the exit status
status() {
	what=$1 want=$2
	shift 2
	got=0
	"$@" >"$tmp/out" 2>&1 || got=$?
	if [ $got = "$want" ]; then pass; else fail "$what: exit status $got, not $want: $*" "$tmp/out"; fi
}

check "a wallet" coffer create w --pin-file pin
check "a key" coffer key generate w --label k --extractable --pin-file pin
check "another" coffer key generate w --label other --pin-file pin
check "its public key" coffer key export w --key k --public --out k.pem
check "in OpenSSH's form" coffer key export w --key k --public --format openssh --out k.ssh
printf 'a message\n' >m
: >empty

for file in m empty; do
	check "sign $file" coffer sign w $file --key k --pin-file pin --out $file.sig
	check "64 bytes" test "$(wc -c <$file.sig)" = 64
	check "verified without a PIN" coffer verify-signature w $file --key k --signature $file.sig
done
# pkeyutl takes no empty message.
check "OpenSSL verifies it" openssl pkeyutl -verify -rawin -pubin -inkey k.pem -in m -sigfile m.sig
check "standard input and output" sh -c '"$COFFER" sign w --key k --pin-file pin <m | cmp - m.sig'
check "the word for it" sh -c '"$COFFER" sign w - --key k --pin-file pin <m | cmp - m.sig'
check "verify standard input" sh -c '"$COFFER" verify-signature w --key k --signature m.sig <m'
check "a signature is the same each time" sh -c '"$COFFER" sign w m --key k --pin-file pin | cmp - m.sig'
for format in hex base64; do
	check "$format" coffer sign w m --key k --pin-file pin --format $format --out m.$format
	check "$format is read" coffer verify-signature w m --key k --signature m.$format --format $format
	status "$format is not raw" 6 coffer verify-signature w m --key k --signature m.$format
done
check "base64 is what it is called" sh -c 'base64 -d m.base64 | cmp - m.sig'
check "JSON" coffer sign w m --key k --pin-file pin --json
says "the signature" "\"signature\": \"$(cat m.hex)\""
openssl genpkey -algorithm ed25519 -out o.pem 2>/dev/null
openssl pkey -in o.pem -pubout -out o.pub.pem
openssl pkeyutl -sign -rawin -inkey o.pem -in m -out o.sig
check "OpenSSL's signature, by a public key from a file" coffer verify-signature w m --public-key o.pub.pem --signature o.sig
check "OpenSSH's line as public key" coffer verify-signature w m --public-key k.ssh --signature m.sig
status "a private key in its place" 2 coffer verify-signature w m --public-key o.pem --signature o.sig
status "the wrong key" 6 coffer verify-signature w m --key other --signature m.sig
status "the wrong message" 6 coffer verify-signature w empty --key k --signature m.sig
head -c 63 m.sig >short.sig
status "a short signature" 6 coffer verify-signature w m --key k --signature short.sig
status "an empty signature" 6 coffer verify-signature w m --key k --signature empty
status "no such signature" 4 coffer verify-signature w m --key k --signature missing
status "no such message" 4 coffer sign w missing --key k --pin-file pin
status "no such key" 4 coffer sign w m --key missing --pin-file pin
status "a directory" 1 coffer sign w . --key k --pin-file pin
status "no signature named" 2 coffer verify-signature w m --key k
status "both keys" 2 coffer verify-signature w m --key k --public-key k.pem --signature m.sig
status "files are not overwritten" 5 coffer sign w m --key k --pin-file pin --out m.sig

# ---- variants ----
check "Ed25519ctx" coffer sign w m --key k --context "a context" --pin-file pin --out ctx.sig
check "in hexadecimal" sh -c '"$COFFER" sign w m --key k --context-hex 6120636f6e74657874 --pin-file pin | cmp - ctx.sig'
check "verified" coffer verify-signature w m --key k --context "a context" --signature ctx.sig
status "not in another context" 6 coffer verify-signature w m --key k --context "another" --signature ctx.sig
status "nor in none" 6 coffer verify-signature w m --key k --signature ctx.sig
status "an empty context" 2 coffer sign w m --key k --context "" --pin-file pin
status "a long context" 2 coffer sign w m --key k --context-hex "$(printf '%0512d' 0)" --pin-file pin
check "255 bytes" coffer sign w m --key k --context-hex "$(printf '%0510d' 0)" --pin-file pin --out long.sig
check "Ed25519ph" coffer sign w m --key k --prehash --pin-file pin --out ph.sig
check "verified" coffer verify-signature w m --key k --prehash --signature ph.sig
status "not as Ed25519" 6 coffer verify-signature w m --key k --signature ph.sig

# ---- large messages: whole, and in parts ----
head -c 9000001 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >large 2>/dev/null
check "9 MB" coffer sign w large --key k --pin-file pin --out large.sig
check "OpenSSL verifies it" openssl pkeyutl -verify -rawin -pubin -inkey k.pem -in large -sigfile large.sig
check "in parts" coffer sign w large --key k --prehash --pin-file pin --out large.ph
check "verified" sh -c '"$COFFER" verify-signature w --key k --prehash --signature large.ph <large'
printf x >>large
status "changed at the end" 6 coffer verify-signature w large --key k --prehash --signature large.ph

# ---- keys that cannot sign ----
check "a public key alone" coffer key import w o.pub.pem --label pub --pin-file pin
status "does not sign" 4 coffer sign w m --key pub --pin-file pin
check "it verifies" coffer verify-signature w m --key pub --signature o.sig
check "a key for agreement" coffer key generate w --type x25519 --label dh --pin-file pin
status "does not sign either" 1 coffer sign w m --key dh --pin-file pin
check "Ed448" coffer key generate w --type ed448 --label ed448 --pin-file pin
check "Ed448 signs" coffer sign w m --key ed448 --pin-file pin --out ed448.sig
check "its public key" coffer key export w --key ed448 --public --out ed448.pem
check "OpenSSL verifies it" openssl pkeyutl -verify -rawin -pubin -inkey ed448.pem -in m -sigfile ed448.sig
check "so do we" coffer verify-signature w m --key ed448 --signature ed448.sig

# ---- ECDSA: in files as everybody else has it ----
for type in p256:sha256 p384:sha384 p521:sha512 secp256k1:sha256; do
	digest=${type#*:} type=${type%:*}
	check "$type" coffer key generate w --type $type --label $type --pin-file pin
	check "$type: its public key" coffer key export w --key $type --public --out $type.pem
	for i in 1 2 3 4 5 6; do
		check "$type signs" coffer sign w large --key $type --pin-file pin --out $type.sig$i
		check "$type: OpenSSL verifies" openssl dgst -$digest -verify $type.pem -signature $type.sig$i large
		check "$type: so do we" coffer verify-signature w large --key $type --signature $type.sig$i
	done
	status "$type: another message" 6 coffer verify-signature w m --key $type --signature $type.sig1
	status "$type: no DER" 6 coffer verify-signature w large --key $type --signature m.sig
	status "$type: no variants" 2 coffer sign w m --key $type --prehash --pin-file pin
done
# ---- RSA ----
check "rsa2048" coffer key generate w --type rsa2048 --label rsa --pin-file pin
check "its public key" coffer key export w --key rsa --public --out rsa.pem
check "RSA signs" coffer sign w large --key rsa --pin-file pin --out rsa.sig
check "OpenSSL verifies PKCS #1 v1.5" openssl dgst -sha256 -verify rsa.pem -signature rsa.sig large
check "so do we" coffer verify-signature w large --key rsa --signature rsa.sig
check "RSA signs with PSS" coffer sign w large --key rsa --pss --pin-file pin --out pss.sig
check "OpenSSL verifies PSS" openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify rsa.pem \
	-signature pss.sig large
check "so do we" coffer verify-signature w large --key rsa --pss --signature pss.sig
status "one is not the other" 6 coffer verify-signature w large --key rsa --signature pss.sig
status "--pss is of RSA keys" 2 coffer sign w m --key k --pss --pin-file pin

openssl ecparam -name prime256v1 -genkey -noout -out e.pem
openssl dgst -sha256 -sign e.pem -out e.sig m
openssl ec -in e.pem -pubout -out e.pub.pem 2>/dev/null
check "OpenSSL's ECDSA" coffer verify-signature w m --public-key e.pub.pem --signature e.sig

# ---- through the module ----
case ${COFFER_SANITIZERS:-no} in
no)
	check "pkcs11-tool signs with the tool's key" pkcs11-tool --module "$COFFER_MODULE" --token-label w --login --pin env:USER_PIN \
		--sign --mechanism EDDSA --label k --input-file m --output-file tool.sig
	check "the same signature" cmp tool.sig m.sig
	;;
*) skip "pkcs11-tool cannot load a sanitised module" ;;
esac
finish
