#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSSL 3 by pkcs11-provider: keys made, used for signatures, decryption, agreement, certificates, CMS and TLS, where the key never
# leaves the token.  OpenSSL without the provider judges.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need openssl pkcs11-tool
# OpenSSL's directory of providers, or one that the environment names.
provider=${PKCS11_PROVIDER:-$(openssl version -m 2>/dev/null | sed -n 's/^MODULESDIR: "\(.*\)"$/\1/p')/pkcs11.so}
if [ ! -e "$provider" ]; then
	echo "SKIP: no pkcs11-provider here"
	exit 77
fi
unset PKCS11_PROVIDER_MODULE PKCS11_PROVIDER_DEBUG OPENSSL_CONF
wallets_new
token_new openssl || fail "token" "$tmp/init"
cd "$tmp" || exit 99
umask 077
printf '%s' "$USER_PIN" >pin
cat >openssl.cnf <<END
openssl_conf = init_section
[init_section]
providers = provider_section
[provider_section]
default = default_section
pkcs11 = pkcs11_section
[default_section]
activate = 1
[pkcs11_section]
module = $provider
pkcs11-module-path = $COFFER_MODULE
pkcs11-module-token-pin = file:$tmp/pin
pkcs11-module-encode-provider-uri-to-pem = true
activate = 1
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, digitalSignature, keyEncipherment
END
ossl() { OPENSSL_CONF="$tmp/openssl.cnf" timeout 60 openssl "$@"; }
url() { echo "pkcs11:token=openssl;object=$1;type=$2"; }

check "the provider takes the module" ossl list -providers
says "the provider" 'pkcs11'
version=$(sed -n '/PKCS#11 Provider/{n;s/.*version: *//p;}' "$tmp/out")
case $version in
0.*)
	echo "SKIP: pkcs11-provider $version; this is for 1.0 and later"
	exit 77
	;;
esac
head -c 1000 /dev/urandom >data
port=$((20000 + $$ % 20000))
openssl dgst -sha256 -binary data >digest

# key NAME option...: made in the token; its public half in NAME.pem
key() {
	name=$1
	shift
	check "genpkey of $name" ossl genpkey -propquery provider=pkcs11 "$@" -pkeyopt "pkcs11_uri:pkcs11:token=openssl;object=$name"
	check "pkey -pubout of $name" ossl pkey -pubin -in "$(url "$name" public)" -pubout -out "$name.pem"
	openssl pkey -pubin -in "$name.pem" -noout 2>/dev/null && pass || fail "the public key of $name" "$name.pem"
	ossl pkey -in "$(url "$name" private)" -text >"$tmp/out" 2>&1
	if grep -q 'BEGIN PRIVATE KEY\|^priv:\|privateExponent' "$tmp/out"; then fail "$name came out of the token" "$tmp/out"; else pass; fi
}

# certificate NAME option...: signed by the key itself
certificate() {
	name=$1
	shift
	check "req -x509 with $name" ossl req -x509 -new -key "$(url "$name" private)" -subj "/CN=localhost" -days 2 -extensions ca \
		-config openssl.cnf -out "$name-cert.pem" "$@"
	check "OpenSSL verifies the certificate of $name" openssl verify -CAfile "$name-cert.pem" "$name-cert.pem"
}

# tls NAME: a server that has the certificate and only a handle of the key
tls() {
	port=$((port + 1))
	OPENSSL_CONF="$tmp/openssl.cnf" openssl s_server -accept "127.0.0.1:$port" -cert "$1-cert.pem" -key "$(url "$1" private)" -www >server 2>&1 &
	server=$!
	for version in -tls1_3 -tls1_2; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 openssl s_client -connect "127.0.0.1:$port" -CAfile "$1-cert.pem" \
				-verify_return_error $version >"$tmp/out" 2>&1
			grep -q 'onnection refused\|connect:errno' "$tmp/out" || break
			sleep 0.3
		done
		says "TLS $version with $1" 'Verify return code: 0 (ok)'
	done
	kill $server 2>/dev/null
	wait $server 2>/dev/null
}

# ---- RSA ----

key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
check "dgst -sign" ossl dgst -sha256 -sign "$(url rsa private)" -out sig data
check "verified" openssl dgst -sha256 -verify rsa.pem -signature sig data
check "dgst -sign PSS" ossl dgst -sha512 -sigopt rsa_padding_mode:pss -sign "$(url rsa private)" -out sig data
check "verified PSS" openssl dgst -sha512 -sigopt rsa_padding_mode:pss -verify rsa.pem -signature sig data
check "verified in the token" ossl dgst -sha512 -sigopt rsa_padding_mode:pss -verify "$(url rsa public)" -signature sig data
openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in digest -out encrypted
check "PKCS#1 v1.5 decrypts" ossl pkeyutl -decrypt -inkey "$(url rsa private)" -in encrypted -out back
check "to what it was" cmp digest back
openssl pkeyutl -encrypt -pubin -inkey rsa.pem -in digest -out encrypted -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
# The provider takes no default for the hash of MGF1, as OpenSSL does.
check "OAEP decrypts" ossl pkeyutl -decrypt -inkey "$(url rsa private)" -in encrypted -out back -pkeyopt rsa_padding_mode:oaep \
	-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
check "to what it was" cmp digest back
certificate rsa -sha256
tls rsa
check "cms -sign" ossl cms -sign -in data -binary -nodetach -signer rsa-cert.pem -inkey "$(url rsa private)" -outform DER -out signed
check "cms -verify" openssl cms -verify -inform DER -in signed -CAfile rsa-cert.pem -purpose any -binary -out back
check "is what was signed" cmp data back
openssl cms -encrypt -binary -aes256 -in data -outform DER -out enveloped rsa-cert.pem
check "cms -decrypt" ossl cms -decrypt -inform DER -in enveloped -recip rsa-cert.pem -inkey "$(url rsa private)" -out back
check "is what was encrypted" cmp data back

# ---- Elliptic curves ----

for curve in P-256 P-384 P-521; do
	key $curve -algorithm EC -pkeyopt ec_paramgen_curve:$curve
	check "dgst -sign on $curve" ossl dgst -sha384 -sign "$(url $curve private)" -out sig data
	check "verified on $curve" openssl dgst -sha384 -verify $curve.pem -signature sig data
done
certificate P-256 -sha256
tls P-256
check "cms -sign with P-256" ossl cms -sign -in data -binary -nodetach -signer P-256-cert.pem -inkey "$(url P-256 private)" -outform DER -out signed
check "cms -verify" openssl cms -verify -inform DER -in signed -CAfile P-256-cert.pem -purpose any -binary -out back
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer 2>/dev/null
openssl pkey -in peer -pubout -out peer.pem
check "pkeyutl -derive" ossl pkeyutl -derive -inkey "$(url P-256 private)" -peerkey peer.pem -out secret
openssl pkeyutl -derive -inkey peer -peerkey P-256.pem -out secret2
check "both derive the same" cmp secret secret2

# ---- Edwards ----

key ed25519 -algorithm ED25519
check "pkeyutl -sign -rawin" ossl pkeyutl -sign -rawin -inkey "$(url ed25519 private)" -in data -out sig
check "verified" openssl pkeyutl -verify -rawin -pubin -inkey ed25519.pem -in data -sigfile sig
check "verified in the token" ossl pkeyutl -verify -rawin -pubin -inkey "$(url ed25519 public)" -in data -sigfile sig
certificate ed25519
tls ed25519

# ---- A certificate in the token, and what a store lists ----

openssl x509 -in rsa-cert.pem -outform DER -out cert.der
check "certificate into the token" p11tool_opensc --token-label openssl --login --pin env:USER_PIN --write-object cert.der --type cert --label rsa
check "storeutl" ossl storeutl -text "pkcs11:token=openssl"
says "storeutl" 'Certificate'
check "storeutl -certs" ossl storeutl -certs -out listed "$(url rsa cert)"
check "it is the certificate" sh -c "openssl x509 -in listed -outform DER | cmp - cert.der"
check "random numbers of the token" ossl rand -propquery provider=pkcs11 -hex 32
finish
