#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSSL by the engine of libp11, with RSA and EC keys: signatures, certificates, CMS and a TLS server.  OpenSSL without it judges.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need openssl pkcs11-tool
engines=$(openssl version -e 2>/dev/null | sed -n 's/^ENGINESDIR: "\(.*\)"$/\1/p')
if [ ! -e "$engines/pkcs11.so" ] && [ ! -e "$engines/libpkcs11.so" ]; then
	echo "SKIP: no PKCS#11 engine of libp11 here"
	exit 77
fi
unset PKCS11_MODULE_PATH OPENSSL_CONF
wallets_new
token_new engine || fail "token" "$tmp/init"
cd "$tmp" || exit 99
umask 077
cat >openssl.cnf <<END
openssl_conf = init_section
[init_section]
engines = engine_section
[engine_section]
pkcs11 = pkcs11_section
[pkcs11_section]
engine_id = pkcs11
MODULE_PATH = $COFFER_MODULE
PIN = $USER_PIN
init = 0
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, digitalSignature, keyEncipherment
END
ossl() { OPENSSL_CONF="$tmp/openssl.cnf" timeout 60 openssl "$@"; }
url() { echo "pkcs11:token=engine;object=$1;type=private"; }
user="pkcs11-tool --module $COFFER_MODULE --token-label engine --login --pin env:USER_PIN"
head -c 1000 /dev/urandom >data
port=$((20000 + $$ % 20000))

# both KIND pkcs11-tool-argument...: what is done with each key
both() {
	name=$1
	shift
	check "--keypairgen $name" $user --keypairgen --label "$name" "$@"
	check "pkey -pubout of $name" ossl pkey -engine pkcs11 -inform engine -in "$(url "$name")" -pubout -out "$name.pem"
	check "dgst -sign with $name" ossl dgst -engine pkcs11 -keyform engine -sha256 -sign "$(url "$name")" -out sig data
	check "verified" openssl dgst -sha256 -verify "$name.pem" -signature sig data
	check "req -x509 with $name" ossl req -x509 -new -engine pkcs11 -keyform engine -key "$(url "$name")" -subj /CN=localhost -days 2 \
		-extensions ca -config openssl.cnf -sha256 -out "$name-cert.pem"
	check "OpenSSL verifies the certificate of $name" openssl verify -CAfile "$name-cert.pem" "$name-cert.pem"
	check "cms -sign with $name" ossl cms -sign -engine pkcs11 -keyform engine -in data -binary -nodetach -signer "$name-cert.pem" \
		-inkey "$(url "$name")" -outform DER -out signed
	check "cms -verify" openssl cms -verify -inform DER -in signed -CAfile "$name-cert.pem" -purpose any -binary -out back
	check "it is what was signed" cmp data back
	port=$((port + 1))
	OPENSSL_CONF="$tmp/openssl.cnf" openssl s_server -engine pkcs11 -keyform engine -accept "127.0.0.1:$port" -cert "$name-cert.pem" -key "$(url "$name")" -www >server 2>&1 &
	server=$!
	for version in -tls1_3 -tls1_2; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 openssl s_client -connect "127.0.0.1:$port" -CAfile "$name-cert.pem" \
				-verify_return_error $version >out 2>&1
			grep -q 'onnection refused\|connect:errno' out || break
			sleep 0.3
		done
		says "TLS $version with $name" 'Verify return code: 0 (ok)'
	done
	kill $server 2>/dev/null
	wait $server 2>/dev/null
}
both rsa --id 01 --key-type rsa:2048
both ec --id 02 --key-type EC:prime256v1

check "dgst -sign PSS" ossl dgst -engine pkcs11 -keyform engine -sha256 -sigopt rsa_padding_mode:pss -sign "$(url rsa)" -out sig data
check "verified" openssl dgst -sha256 -sigopt rsa_padding_mode:pss -verify rsa.pem -signature sig data
openssl cms -encrypt -binary -aes256 -in data -outform DER -out enveloped rsa-cert.pem
check "cms -decrypt" ossl cms -decrypt -engine pkcs11 -keyform engine -inform DER -in enveloped -recip rsa-cert.pem -inkey "$(url rsa)" -out back
check "is what was encrypted" cmp data back
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer 2>/dev/null
openssl pkey -in peer -pubout -out peer.pem
check "--keypairgen to derive with" $user --keypairgen --label dh --id 03 --key-type EC:prime256v1 --usage-derive
check "pkey -pubout" ossl pkey -engine pkcs11 -inform engine -in "$(url dh)" -pubout -out dh.pem
check "pkeyutl -derive" ossl pkeyutl -engine pkcs11 -keyform engine -derive -inkey "$(url dh)" -peerkey peer.pem -out secret
openssl pkeyutl -derive -inkey peer -peerkey dh.pem -out secret2
check "both derive the same" cmp secret secret2
finish
