#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RSA, ECDSA and Diffie-Hellman keys with the programs that use them: pkcs11-tool, p11tool, certtool, OpenSSH, against OpenSSL.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need pkcs11-tool openssl
wallets_new
token_new keys || fail "token" "$tmp/init"
tool="pkcs11-tool --module $COFFER_MODULE --token-label keys"
user="$tool --login --pin env:USER_PIN"
head -c 100 /dev/urandom >"$tmp/data"
openssl dgst -sha256 -binary "$tmp/data" >"$tmp/digest"

# public ID: the public key of the token in $tmp/ID.der.  OpenSC 0.23 uses memory that it has freed when it makes the file, and
# says of some keys that it cannot; p11tool can.
public() {
	if $tool --read-object --type pubkey --id "$1" -o "$tmp/$1.der" >"$tmp/out" 2>&1; then
		pass
	elif command -v p11tool >/dev/null; then
		check "p11tool --export $1" p11tool --provider "$COFFER_MODULE" --batch --export "pkcs11:token=keys;id=%$1;type=public" \
			--outfile "$tmp/$1.pem"
		check "in DER" openssl pkey -pubin -in "$tmp/$1.pem" -pubout -outform DER -out "$tmp/$1.der"
	else
		fail "--read-object $1" "$tmp/out"
	fi
}

# ---- RSA ----

check "--keypairgen rsa:2048" $user --keypairgen --key-type rsa:2048 --label rsa --id 01
public 01
for hash in SHA1 SHA256 SHA384 SHA512; do
	name=$(echo $hash | tr A-Z a-z)
	check "$hash-RSA-PKCS" $user --sign -m $hash-RSA-PKCS --id 01 -i "$tmp/data" -o "$tmp/sig"
	check "OpenSSL verifies $hash-RSA-PKCS" openssl dgst -$name -verify "$tmp/01.der" -keyform DER -signature "$tmp/sig" "$tmp/data"
	check "$hash-RSA-PKCS-PSS" $user --sign -m $hash-RSA-PKCS-PSS --id 01 -i "$tmp/data" -o "$tmp/sig"
	check "OpenSSL verifies $hash-RSA-PKCS-PSS" openssl dgst -$name -verify "$tmp/01.der" -keyform DER \
		-sigopt rsa_padding_mode:pss -signature "$tmp/sig" "$tmp/data"
done
check "RSA-PKCS-PSS of a digest" $user --sign -m RSA-PKCS-PSS --hash-algorithm SHA256 --id 01 -i "$tmp/digest" -o "$tmp/sig"
check "OpenSSL verifies it" openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/01.der" -in "$tmp/digest" -sigfile "$tmp/sig" \
	-pkeyopt rsa_padding_mode:pss -pkeyopt digest:sha256
check "pkcs11-tool verifies it" $user --verify -m RSA-PKCS-PSS --hash-algorithm SHA256 --id 01 -i "$tmp/digest" --signature-file "$tmp/sig"
says "pkcs11-tool verifies it" 'Signature is valid'
openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$tmp/01.der" -in "$tmp/digest" -out "$tmp/encrypted"
check "RSA-PKCS decrypts" $user --decrypt -m RSA-PKCS --id 01 -i "$tmp/encrypted" -o "$tmp/back"
check "to what it was" cmp "$tmp/digest" "$tmp/back"
for hash in sha1 sha256 sha512; do
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$tmp/01.der" -in "$tmp/digest" -out "$tmp/encrypted" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$hash
	check "OAEP with $hash decrypts" $user --decrypt -m RSA-PKCS-OAEP --hash-algorithm "$(echo $hash | sed 's/sha1/sha-1/' | tr a-z A-Z)" \
		--id 01 -i "$tmp/encrypted" -o "$tmp/back"
	check "to what it was" cmp "$tmp/digest" "$tmp/back"
done

# A key that OpenSSL made, imported.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out "$tmp/own.der" 2>/dev/null
check "--write-object of an RSA key" $user --write-object "$tmp/own.der" --type privkey --label own --id 02
check "signs" $user --sign -m SHA256-RSA-PKCS --id 02 -i "$tmp/data" -o "$tmp/sig"
openssl pkey -inform DER -in "$tmp/own.der" -pubout -out "$tmp/own.pem"
check "OpenSSL verifies the imported key" openssl dgst -sha256 -verify "$tmp/own.pem" -signature "$tmp/sig" "$tmp/data"

# ---- Elliptic curves ----

id=10
for curve in prime256v1 secp384r1 secp521r1 secp256k1 brainpoolP256r1; do
	id=$((id + 1))
	check "--keypairgen EC:$curve" $user --keypairgen --key-type EC:$curve --label $curve --id $id
	public $id
	check "ECDSA-SHA256 on $curve" $user --sign -m ECDSA-SHA256 --id $id -i "$tmp/data" -o "$tmp/sig" --signature-format openssl
	check "OpenSSL verifies $curve" openssl dgst -sha256 -verify "$tmp/$id.der" -keyform DER -signature "$tmp/sig" "$tmp/data"
	check "ECDSA on $curve" $user --sign -m ECDSA --id $id -i "$tmp/digest" -o "$tmp/sig" --signature-format openssl
	check "OpenSSL verifies the digest" openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/$id.der" -in "$tmp/digest" -sigfile "$tmp/sig"
done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tmp/peer.pem" 2>/dev/null
openssl pkey -in "$tmp/peer.pem" -pubout -outform DER -out "$tmp/peer.der"
check "--keypairgen for ECDH" $user --keypairgen --key-type EC:prime256v1 --usage-derive --label dh --id 20
public 20
check "--derive" $user --derive -m ECDH1-DERIVE --id 20 -i "$tmp/peer.der" -o "$tmp/secret"
check "OpenSSL derives" openssl pkeyutl -derive -inkey "$tmp/peer.pem" -peerkey "$tmp/20.der" -peerform DER -out "$tmp/secret2"
check "both derive the same" cmp "$tmp/secret" "$tmp/secret2"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -outform DER -out "$tmp/own.der" 2>/dev/null
check "--write-object of an EC key" $user --write-object "$tmp/own.der" --type privkey --label ownec --id 21
check "signs" $user --sign -m ECDSA-SHA384 --id 21 -i "$tmp/data" -o "$tmp/sig" --signature-format openssl
openssl pkey -inform DER -in "$tmp/own.der" -pubout -out "$tmp/own.pem"
check "OpenSSL verifies the imported EC key" openssl dgst -sha384 -verify "$tmp/own.pem" -signature "$tmp/sig" "$tmp/data"
check "--keypairgen EC:curve25519" $user --keypairgen --key-type EC:curve25519 --label x25519 --id 22
check "--test" $user --test
says "--test" 'No errors'

# ---- GnuTLS ----

if command -v p11tool >/dev/null && command -v certtool >/dev/null; then
	GNUTLS_PIN=$USER_PIN
	export GNUTLS_PIN
	p11="p11tool --provider $COFFER_MODULE --batch --login"
	url="pkcs11:token=keys"
	for kind in rsa ecdsa; do
		size="--bits 2048"
		[ $kind = ecdsa ] && size="--curve secp256r1"
		check "p11tool --generate-privkey $kind" $p11 --generate-privkey $kind $size --label gnutls-$kind --id "3$(echo $kind | wc -c)" \
			--outfile "$tmp/$kind.pem" "$url"
		check "--test-sign $kind" $p11 --test-sign "$url;object=gnutls-$kind;type=private"
		printf 'cn = "coffer test"\nca\nsigning_key\ncert_signing_key\nexpiration_days = 10\n' >"$tmp/template"
		check "certtool signs with $kind" certtool --provider "$COFFER_MODULE" --generate-self-signed \
			--load-privkey "$url;object=gnutls-$kind;type=private" --load-pubkey "$tmp/$kind.pem" --template "$tmp/template" \
			--outfile "$tmp/$kind-cert.pem"
		check "OpenSSL verifies the certificate" openssl verify -CAfile "$tmp/$kind-cert.pem" "$tmp/$kind-cert.pem"
	done
else
	skip "no p11tool and certtool here"
fi

# ---- OpenSSH ----

if command -v ssh-keygen >/dev/null; then
	check "ssh-keygen -D" timeout 20 ssh-keygen -D "$COFFER_MODULE" </dev/null
	says "ssh-keygen -D" '^ssh-rsa '
	says "ssh-keygen -D" '^ecdsa-sha2-nistp256 '
	grep '^ecdsa-sha2-nistp256 ' "$tmp/out" | head -n 1 >"$tmp/ssh.pub"
	check "ssh-keygen reads what it printed" ssh-keygen -l -f "$tmp/ssh.pub"
else
	skip "no ssh-keygen here"
fi
finish
