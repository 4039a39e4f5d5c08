#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenSC's pkcs11-tool, in every form that the README and the manual name.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need pkcs11-tool openssl
wallets_new
tool="pkcs11-tool --module $COFFER_MODULE"
user="$tool --token-label tool --login --pin env:USER_PIN"

# Its race of several threads takes half a minute of pauses: beside the rest, on wallets of its own.
mkdir -m 700 "$tmp/other"
COFFER_DIR="$tmp/other" $tool --test-threads ILGISL --test-threads ILGISL --test-threads ILGISL --test-threads ILSL \
	>"$tmp/threads" 2>&1 &
threads=$!

check "shows the library" $tool --show-info
says "shows the library" '^Library'
check "lists slots" $tool --list-slots
says "lists slots" 'uninitialized'
check "--init-token" $tool --init-token --slot-index 0 --label tool --so-pin env:SO_PIN
says "--init-token" 'Token successfully initialized'
check "--init-pin" $tool --token-label tool --init-pin --so-pin env:SO_PIN --pin env:USER_PIN
says "--init-pin" 'User PIN successfully initialized'
check "-L" $tool -L
says "-L" 'token label *: tool'
says "-L" 'token flags *:.*login required.*token initialized.*PIN initialized\|token flags *:.*rng'
check "-M" $tool --token-label tool -M
says "-M" 'EDDSA.*sign.*verify\|EDDSA'
says "-M" 'EC-EDWARDS-KEY-PAIR-GEN.*generate_key_pair'
says "-M" 'SHA256.*digest'

# ---- Keys ----

check "--keypairgen" $user --keypairgen --key-type EC:edwards25519 --label signer --id 0a0b
says "--keypairgen" 'EC_EDWARDS'
check "-O with login" $user -O
says "-O with login" 'Private Key Object; EC_EDWARDS'
says "-O with login" 'label: *signer'
check "-O without login" $tool --token-label tool -O
says "-O without login" 'Public Key Object; EC_EDWARDS'
if grep -q 'Private Key' "$tmp/out"; then fail "private keys without login" "$tmp/out"; else pass; fi

# ---- Signatures ----

for size in 0 1 32 1000 100000; do
	head -c $size /dev/urandom >"$tmp/data"
	check "--sign $size" $user --sign -m EDDSA --id 0a0b -i "$tmp/data" -o "$tmp/sig"
	check "64 bytes" test "$(wc -c <"$tmp/sig")" = 64
	check "--verify $size" $user --verify -m EDDSA --id 0a0b -i "$tmp/data" --signature-file "$tmp/sig"
	says "--verify $size" 'Signature is valid'
	[ $size = 0 ] && continue # openssl pkeyutl reads no empty file
	check "--read-object" $tool --token-label tool --read-object --type pubkey --id 0a0b -o "$tmp/pub"
	form=DER
	grep -q BEGIN "$tmp/pub" && form=PEM
	check "OpenSSL verifies $size" openssl pkeyutl -verify -rawin -pubin -keyform $form -inkey "$tmp/pub" \
		-in "$tmp/data" -sigfile "$tmp/sig"
	echo x >>"$tmp/data"
	refuse "OpenSSL refuses other data" openssl pkeyutl -verify -rawin -pubin -keyform $form -inkey "$tmp/pub" \
		-in "$tmp/data" -sigfile "$tmp/sig"
	$user --verify -m EDDSA --id 0a0b -i "$tmp/data" --signature-file "$tmp/sig" >"$tmp/out" 2>&1
	if grep -q 'Signature is valid' "$tmp/out"; then fail "--verify of other data" "$tmp/out"; else pass; fi
done

# ---- Other objects, digests, random numbers ----

printf abc >"$tmp/data"
check "--hash" $tool --token-label tool --hash -m SHA256 -i "$tmp/data" -o "$tmp/digest"
check "--hash is SHA-256" sh -c "[ \"\$(openssl dgst -sha256 -r '$tmp/data' | cut -c1-64)\" = \
	\"\$(od -An -tx1 -v '$tmp/digest' | tr -d ' \n')\" ]"
check "--generate-random" $tool --token-label tool --generate-random 32 -o "$tmp/random"
check "32 bytes" test "$(wc -c <"$tmp/random")" = 32
check "data object" $user --write-object "$tmp/data" --type data --label note --private
check "data object read" $user --read-object --type data --label note -o "$tmp/back"
check "data object is the same" cmp "$tmp/data" "$tmp/back"
openssl req -x509 -newkey ed25519 -nodes -subj /CN=test -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
openssl x509 -in "$tmp/cert.pem" -outform DER -out "$tmp/cert.der"
check "certificate" $user --write-object "$tmp/cert.der" --type cert --id 0a0b --label certificate
check "certificate read" $tool --token-label tool --read-object --type cert --id 0a0b -o "$tmp/back"
check "certificate is the same" cmp "$tmp/cert.der" "$tmp/back"
check "--set-id" $user --set-id 0c0d --type cert --id 0a0b
check "--delete-object" $user --delete-object --type cert --id 0c0d
refuse "--delete-object of nothing" $user --delete-object --type cert --id 0c0d

# ---- PINs ----

NEW_PIN=another-1
export NEW_PIN
WRONG=wrong-pin
export WRONG
refuse "a wrong PIN" $tool --token-label tool --login --pin env:WRONG -O
says "a wrong PIN" 'CKR_PIN_INCORRECT'
check "--change-pin" $tool --token-label tool --change-pin --pin env:USER_PIN --new-pin env:NEW_PIN
refuse "the old PIN" $user -O
check "the new PIN" $tool --token-label tool --login --pin env:NEW_PIN -O
check "--init-pin resets" $tool --token-label tool --init-pin --so-pin env:SO_PIN --pin env:USER_PIN
check "and nothing is lost" $user --sign -m EDDSA --id 0a0b -i "$tmp/data" -o "$tmp/sig"

# ---- Its own tests ----

check "--test" $user --test
says "--test" 'No errors'
check "--test-fork" $user --test-fork
if wait $threads && ! grep -q 'CKR_GENERAL_ERROR\|CKR_FUNCTION_FAILED\|CKR_HOST_MEMORY' "$tmp/threads" &&
	grep -q 'cleanup finished' "$tmp/threads"; then pass; else fail "--test-threads" "$tmp/threads"; fi
finish
