#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# NSS: its database loads the module; keys are made in the token, and certificates and CMS signatures with them.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need modutil certutil cmsutil pkcs11-tool openssl
wallets_new
token_new nss || fail "token" "$tmp/init"

db=sql:$tmp/nssdb
mkdir "$tmp/nssdb"
# The database has the same password: certutil asks for both with one file.
(umask 077 && printf '%s\n' "$USER_PIN" >"$tmp/pin" && printf 'NSS Certificate DB:%s\nnss:%s\n' "$USER_PIN" "$USER_PIN" >"$tmp/pins")
head -c 512 /dev/urandom >"$tmp/noise"
check "a database" certutil -N -d "$db" -f "$tmp/pin"
check "modutil adds the module" modutil -force -dbdir "$db" -add coffer -libfile "$COFFER_MODULE"
check "modutil lists it" modutil -dbdir "$db" -list coffer
says "the token is shown" 'Token Name: nss '

# keys KIND certutil-argument...
keys() {
	kind=$1
	shift
	check "certutil makes a certificate of its own with $kind in the token" certutil -S -d "$db" -h nss -n "$kind" -x -s "CN=$kind" \
		-t u,u,u -f "$tmp/pin" -z "$tmp/noise" "$@"
	check "the certificate is read back" certutil -L -d "$db" -h nss -n "nss:$kind" -a -f "$tmp/pin"
	cp "$tmp/out" "$tmp/$kind.pem"
	check "the database trusts it" certutil -A -d "$db" -n "trusted $kind" -t CT,CT,CT -i "$tmp/$kind.pem" -a -f "$tmp/pin"
	check "OpenSSL verifies its signature" openssl verify -check_ss_sig -CAfile "$tmp/$kind.pem" "$tmp/$kind.pem"
}
keys rsa -k rsa -g 2048 -m 1
keys p256 -k ec -q nistp256 -m 2
keys p384 -k ec -q nistp384 -m 3

check "certutil lists the private keys" certutil -K -d "$db" -h nss -f "$tmp/pin"
says "the RSA key" rsa
says "the EC keys" p384

printf 'a message\n' >"$tmp/message"
for kind in rsa p256 p384; do
	check "cmsutil signs with $kind" cmsutil -S -d "$db" -N "nss:$kind" -G -f "$tmp/pins" -i "$tmp/message" -o "$tmp/$kind.cms"
	check "OpenSSL verifies the CMS of $kind" openssl cms -verify -inform DER -in "$tmp/$kind.cms" -CAfile "$tmp/$kind.pem" -purpose any
	says "and gives the message" 'a message'
done

check "a request for a certificate" certutil -R -d "$db" -h nss -k ec -q nistp256 -s CN=request -f "$tmp/pin" -z "$tmp/noise" -a \
	-o "$tmp/request.pem"
check "OpenSSL verifies the request" openssl req -verify -noout -in "$tmp/request.pem"

# What NSS stored is what others see.
check "pkcs11-tool sees the keys" pkcs11-tool --module "$COFFER_MODULE" --token-label nss --login --pin env:USER_PIN --list-objects
says "a certificate" 'Certificate Object'
says "a private key" 'Private Key Object; EC'

# What others signed and encrypted for the token's keys.
head -c 3000 /dev/urandom | base64 >"$tmp/data"
openssl cms -encrypt -binary -aes256 -in "$tmp/data" -outform DER -out "$tmp/enveloped" "$tmp/rsa.pem"
check "cmsutil decrypts with the RSA key" cmsutil -D -d "$db" -f "$tmp/pins" -i "$tmp/enveloped" -o "$tmp/back"
check "to what it was" cmp "$tmp/data" "$tmp/back"
if command -v p7sign >/dev/null && command -v p7verify >/dev/null; then
	check "p7sign" p7sign -d "$db" -f "$tmp/pins" -k nss:rsa -i "$tmp/data" -o "$tmp/p7" -e
	check "p7verify" p7verify -d "$db" -s "$tmp/p7" -c "$tmp/data"
	says "p7verify" 'Signature is valid'
else
	skip "no p7sign here"
fi

# A key from outside: NSS makes a key of the passphrase in the token, and unwraps the private key with it.
if command -v pk12util >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=outside -keyout "$tmp/own.key" -out "$tmp/own.pem" 2>/dev/null
	openssl x509 -in "$tmp/own.pem" -pubkey -noout >"$tmp/own.pub"
	openssl pkcs12 -export -inkey "$tmp/own.key" -in "$tmp/own.pem" -name outside -passout pass:transport -out "$tmp/own.p12"
	check "pk12util imports" pk12util -i "$tmp/own.p12" -d "$db" -h nss -k "$tmp/pin" -W transport
	check "the database trusts its certificate" certutil -A -d "$db" -n "trusted outside" -t CT,CT,CT -i "$tmp/own.pem" -a -f "$tmp/pin"
	check "the imported key signs" cmsutil -S -d "$db" -N nss:outside -G -f "$tmp/pins" -i "$tmp/message" -o "$tmp/own.cms"
	check "OpenSSL verifies it" openssl cms -verify -inform DER -in "$tmp/own.cms" -CAfile "$tmp/own.pem" -purpose any
else
	skip "no pk12util here"
fi

# TLS: a server whose key is in the token.
if command -v selfserv >/dev/null && command -v tstclnt >/dev/null; then
	port=$((20000 + $$ % 20000))
	for kind in p256 rsa; do
		port=$((port + 1))
		selfserv -d "$db" -w "$USER_PIN" -n "nss:$kind" -p $port -V tls1.2: -H 1 >"$tmp/server" 2>&1 &
		server=$!
		for version in tls1.3:tls1.3 tls1.2:tls1.2; do
			for _ in 1 2 3 4 5 6 7 8 9 10; do
				printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 tstclnt -d "$db" -w "$USER_PIN" -h localhost -p $port -V $version -o \
					>"$tmp/out" 2>&1
				grep -q 'HTTP/1.0 200' "$tmp/out" && break
				sleep 0.3
			done
			says "TLS $version with $kind" 'HTTP/1.0 200'
		done
		kill $server 2>/dev/null
		wait $server 2>/dev/null
	done
else
	skip "no selfserv and tstclnt here"
fi

check "a key and its certificate are deleted" certutil -F -d "$db" -h nss -n nss:p384 -f "$tmp/pin"
exits 255 "and are gone" certutil -L -d "$db" -h nss -n nss:p384 -f "$tmp/pin"

printf 'wrong\n' >"$tmp/wrong"
exits 255 "a wrong PIN" certutil -K -d "$db" -h nss -f "$tmp/wrong"
finish
