#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Java: SunPKCS11 signs, agrees on keys, encrypts and stores entries in the token; keytool lists it.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need java javac keytool pkcs11-tool openssl
wallets_new
token_new java || fail "token" "$tmp/init"

# Java leaves it to the token what a new key may do, and coffer gives a key only what was asked for: "compatibility" asks.
cat >"$tmp/java.conf" <<CONF
name = coffer
library = $COFFER_MODULE
slotListIndex = 0
attributes = compatibility
CONF
check "OpenSSL makes a certificate" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=java -days 30 \
	-keyout "$tmp/stored.pem.key" -out "$tmp/stored.pem"
check "and its key as PKCS #8" openssl pkcs8 -topk8 -nocrypt -outform DER -in "$tmp/stored.pem.key" -out "$tmp/stored.key"
check "a Java program" java "$COFFER_SRC/tests/clients/Client.java" "$tmp/java.conf" "$tmp/stored"
sed -n '/passed/p' "$tmp/out"

keystore="-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg $tmp/java.conf -storepass:env USER_PIN"
check "keytool makes a key pair" keytool -genkeypair -alias made -keyalg EC -groupname secp256r1 -dname CN=made $keystore
check "keytool lists it" keytool -list $keystore
says "as a key" 'made, PrivateKeyEntry'
check "keytool exports its certificate" keytool -exportcert -rfc -alias made -file "$tmp/made.pem" $keystore
check "OpenSSL verifies it" openssl verify -check_ss_sig -CAfile "$tmp/made.pem" "$tmp/made.pem"
finish
