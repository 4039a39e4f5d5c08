#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coffer key: generate, list, show, import, export, delete, with OpenSSL and OpenSSH on the other side.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need openssl ssh-keygen
wallets_new
: "${COFFER:?the built tool}"
cd "$tmp" || exit 99
umask 077
printf 'user-1234\n' >pin
printf 'officer-5678\n' >so
printf 'correct horse\n' >passphrase
printf 'wrong horse\n' >other
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
# field NAME <JSON: the text or number of a member
field() { sed -n "s/^ *\"$1\": \"\\{0,1\\}\\([^\",]*\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p"; }
# same WHAT A B
same() { if [ "$2" = "$3" ]; then pass; else fail "$1: \"$2\" is not \"$3\""; fi; }
# seed FILE [openssl option...]: the seed of an Ed25519 private key, in hexadecimal
seed() { openssl pkey -in "$@" -outform DER 2>>"$tmp/err" | tail -c 32 | od -An -v -tx1 | tr -d ' \n'; }

check "a wallet" coffer create w --pin-file pin --so-pin-file so

# ---- generate, list, show ----
check "generate" coffer key generate w --type ed25519 --label first --pin-file pin
check "generate with an ID" coffer key generate w --type ed25519 --label second --id 0aFF --extractable --pin-file pin
status "an ID is given once" 5 coffer key generate w --label third --id 0aff --pin-file pin
status "an ID is hexadecimal" 2 coffer key generate w --label third --id xyz --pin-file pin
status "an unknown type" 2 coffer key generate w --type des --pin-file pin
status "a wrong PIN" 3 coffer key generate w --pin-file other
status "no such wallet" 4 coffer key generate nothing --pin-file pin
coffer key list w --json >list 2>err
same "two keys without a PIN" "$(grep -c '"label"' list)" 2
same "labels in order" "$(field label <list | tr '\n' ' ')" "first second "
same "IDs as given, in lower case" "$(field id <list | sed -n 2p)" 0aff
same "types" "$(field type <list | sort -u)" ed25519
same "private halves are not to be seen" "$(field private <list | sort -u)" null
same "32 bytes of public key" "$(field public_key <list | sed -n 1p | tr -d '\n' | wc -c)" 64
coffer key list w --json --pin-file pin >list
same "with the PIN they are" "$(field private <list | sort -u)" true
same "one is extractable" "$(field extractable <list | tr '\n' ' ')" "false true "
same "both are sensitive" "$(field sensitive <list | sort -u)" true
same "both are local" "$(field local <list | sort -u)" true
# The ID of RFC 5280: SHA-1 of the public key.
coffer key export w --key first --public --format hex >hex
same "the standard ID" "$(field id <list | sed -n 1p)" \
	"$(python3 -c 'import hashlib; print(hashlib.sha1(bytes.fromhex(open("hex").read())).hexdigest())')"
same "hex is what is listed" "$(cat hex)" "$(field public_key <list | sed -n 1p)"
uri=$(field uri <list | sed -n 1p)
for name in first "$(field id <list | sed -n 1p)" "$uri" "$uri;type=private"; do
	coffer key show w --key "$name" --json >shown 2>err
	same "show by $name" "$(field public_key <shown)" "$(cat hex)"
done
check "a table for people" coffer key list w --pin-file pin
says "a table" '^first  *ed25519  *[0-9a-f]*  *pair$'
check "what a key is, for people" coffer key show w --key second --pin-file pin
says "extractable" 'Extractable .*yes'
status "no such key" 4 coffer key show w --key nothing
status "a URI of another wallet" 2 coffer key show w --key 'pkcs11:token=other;id=%0a%ff'
status "no key named" 2 coffer key show w

# ---- export of public keys ----
coffer key export w --key first --public --out public.pem >/dev/null
check "OpenSSL reads the public key" openssl pkey -pubin -in public.pem -noout
same "OpenSSL sees the same key" "$(openssl pkey -pubin -in public.pem -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')" "$(cat hex)"
coffer key export w --key first --public --format der --out public.der >/dev/null
check "DER is the same" sh -c 'openssl pkey -pubin -in public.pem -outform DER | cmp - public.der'
coffer key export w --key first --public --format openssh --out public.ssh >/dev/null
check "ssh-keygen reads the line" ssh-keygen -l -f public.ssh
same "the line's comment is the label" "$(cut -d' ' -f3 public.ssh)" first
status "files are not overwritten" 5 coffer key export w --key first --public --out public.pem
status "a public key has no pkcs8" 2 coffer key export w --key first --public --format pkcs8

# ---- export of private keys ----
status "a key that must not leave" 7 coffer key export w --key first --passphrase-file passphrase --pin-file pin --out no.pem
[ ! -e no.pem ] && pass || fail "a file was left behind"
status "a private key needs a way to be protected" 2 coffer key export w --key second --pin-file pin </dev/null
check "encrypted PKCS#8" coffer key export w --key second --passphrase-file passphrase --pin-file pin --out second.pem
same "mode of the file" "$(stat -c %a second.pem)" 600
check "its form" grep -q '^-----BEGIN ENCRYPTED PRIVATE KEY-----$' second.pem
check "OpenSSL opens it" openssl pkey -in second.pem -passin file:passphrase -noout
refuse "OpenSSL does not open it with another" openssl pkey -in second.pem -passin file:other -noout
check "scrypt and AES-256" sh -c "openssl asn1parse -in second.pem | grep -q scrypt && openssl asn1parse -in second.pem | grep -q aes-256-cbc"
status "--plain and a passphrase" 2 coffer key export w --key second --plain --passphrase-file passphrase --pin-file pin --out x
status "--plain needs a place" 2 coffer key export w --key second --plain --pin-file pin
check "plain, on request" coffer key export w --key second --plain --pin-file pin --out plain.pem
same "mode of the plain file" "$(stat -c %a plain.pem)" 600
same "both are the same key" "$(seed plain.pem)" "$(seed second.pem -passin file:passphrase)"
check "plain DER to standard output" sh -c '"$COFFER" key export w --key second --plain --format der --pin-file pin --out - >plain.der'
check "it is the same" sh -c 'openssl pkey -in plain.pem -outform DER | cmp - plain.der'

# ---- import ----
check "delete" coffer key delete w --key second --yes --pin-file pin
status "it is gone" 4 coffer key show w --key second --pin-file pin
status "import without a passphrase, without a terminal" 2 setsid -w "$COFFER" key import w second.pem --pin-file pin
status "import with a wrong passphrase" 3 coffer key import w second.pem --passphrase-file other --pin-file pin
check "import of what was exported" coffer key import w second.pem --label second --id 0aff --extractable \
	--passphrase-file passphrase --pin-file pin
coffer key show w --key second --pin-file pin --json >shown
same "an imported key is not local" "$(field local <shown)" false
check "export again" coffer key export w --key second --plain --pin-file pin --out again.pem
check "the same key came back" cmp plain.pem again.pem
status "the same key under its own ID, once" 0 coffer key import w plain.pem --label twin --pin-file pin
status "and not twice" 5 coffer key import w plain.pem --label twin --pin-file pin
same "nothing was left of the second" "$(coffer key list w --pin-file pin --json | grep -c '"label": "twin"')" 1
check "from standard input" sh -c '"$COFFER" key import w - --label stdin --id 0b --pin-file pin <plain.der'
n=0
for prf in hmacWithSHA1 hmacWithSHA256 hmacWithSHA384 hmacWithSHA512; do
	for cipher in aes-128-cbc aes-192-cbc aes-256-cbc; do
		n=$((n + 1))
		openssl pkcs8 -topk8 -in plain.pem -v2 $cipher -v2prf $prf -passout file:passphrase -out made.pem
		check "OpenSSL's $prf, $cipher" coffer key import w made.pem --id "$(printf '0c%02x' $n)" --passphrase-file passphrase \
			--label "made $n" --pin-file pin
	done
done
openssl pkcs8 -topk8 -in plain.pem -scrypt -passout file:passphrase -outform DER -out made.der
check "OpenSSL's scrypt, DER" coffer key import w made.der --id 0d --passphrase-file passphrase --pin-file pin
openssl pkcs8 -topk8 -in plain.pem -v1 PBE-SHA1-3DES -passout file:passphrase -out old.pem
status "PBES1 is refused" 1 coffer key import w old.pem --passphrase-file passphrase --pin-file pin
says "with a way out" 'openssl pkcs8 -topk8'
ssh-keygen -q -t ed25519 -N '' -C host -f ssh
check "OpenSSH's private key" coffer key import w ssh --label ssh --pin-file pin
coffer key export w --key ssh --public --format openssh >line
same "its public half is OpenSSH's" "$(cut -d' ' -f1,2 line)" "$(cut -d' ' -f1,2 ssh.pub)"
ssh-keygen -q -t ed25519 -N secret -f sshenc
status "OpenSSH's encrypted format is refused" 1 coffer key import w sshenc --pin-file pin
says "with a way out" 'ssh-keygen -p'
seed plain.pem >seed
check "a seed in hexadecimal" coffer key import w seed --label seed --id 0e --pin-file pin
same "it is the same key" "$(coffer key export w --key seed --public --format hex)" "$(openssl pkey -in plain.pem -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')"
for file in public.pem public.der public.ssh; do
	check "a public key: $file" coffer key import w $file --label pub --id "0f$(printf '%s' $file | cksum | cut -c1-6)" --pin-file pin
done
same "public keys alone" "$(coffer key list w --pin-file pin | grep -c '^pub .* public$')" 3
check "a public key in hexadecimal" coffer key import w hex --public --label pubhex --id 10 --pin-file pin
same "the same" "$(coffer key show w --key pubhex --json | field public_key)" "$(cat hex)"
status "--public takes no private key" 1 coffer key import w plain.pem --public --id 11 --pin-file pin
status "and nothing of it stays" 4 coffer key show w --key 11 --pin-file pin
printf 'nothing\n' >junk
status "a file that is no key" 1 coffer key import w junk --pin-file pin
status "a file that is not there" 4 coffer key import w missing --pin-file pin
head -c 40000 /dev/zero >large
status "a file that is too large" 1 coffer key import w large --pin-file pin
cp plain.der cut.der
printf x >>cut.der
status "something behind the key" 1 coffer key import w cut.der --pin-file pin

# ---- a pair of which one half has no ID, as a crash may leave it ----
if [ "${COFFER_SANITIZERS:-no}" = no ]; then
	check "a pair" coffer key generate w --label torn --id 77 --pin-file pin
	check "its public half" p11tool_opensc --token-label w --login --pin env:USER_PIN --type pubkey --id 77 --set-id ''
	coffer key list w --pin-file pin --json >list
	same "is shown as one key" "$(grep -c '"label": "torn"' list)" 1
	check "and named by the ID that is there" coffer key show w --key 77 --pin-file pin
fi

# ---- ambiguous labels ----
status "an ambiguous label" 2 coffer key show w --key pub
says "lists the IDs" 'means 3 keys; name the one by its ID: 0f'

# ---- delete ----
status "delete asks" 2 setsid -w "$COFFER" key delete w --key seed --pin-file pin
check "and did nothing" coffer key show w --key seed
check "delete" coffer key delete w --key seed --yes --pin-file pin --json
says "what was deleted" '"id": "0e"'
status "gone" 4 coffer key show w --key seed --pin-file pin

# ---- at a terminal ----
if command -v python3 >/dev/null; then
	terminal() { python3 "$COFFER_SRC/tests/support/terminal.py" "$@"; }
	check "delete at the terminal" terminal 'user PIN=user-1234' 'Type yes=yes' -- "$COFFER" key delete w --key stdin
	status "it is gone" 4 coffer key show w --key stdin --pin-file pin
	status "another answer deletes nothing" 2 terminal 'user PIN=user-1234' 'Type yes=y' -- "$COFFER" key delete w --key second
	check "it is there" coffer key show w --key second
	check "a passphrase is asked for twice" terminal 'passphrase for the exported key=typed once' 'again=typed once' -- \
		"$COFFER" key export w --key second --pin-file pin --out typed.pem
	check "and is what protects the key" openssl pkey -in typed.pem -passin 'pass:typed once' -noout
	status "two passphrases that differ" 3 terminal 'passphrase for the exported key=one thing' 'again=another' -- \
		"$COFFER" key export w --key second --pin-file pin --out differ.pem
	[ ! -e differ.pem ] && pass || fail "a file was left behind"
	check "the passphrase of a file is asked for" terminal 'passphrase of the key file=typed once' -- \
		"$COFFER" key import w typed.pem --id 55 --pin-file pin
	if grep -q 'typed once' "$tmp/out"; then fail "the passphrase was echoed" "$tmp/out"; else pass; fi
	# Raw bytes do not go to a terminal.
	check "a signature on a terminal" terminal -- "$COFFER" sign w junk --key second --pin-file pin
	says "is hexadecimal" '^[0-9a-f]\{128\}'
fi

# ---- other types ----
for type in ed448 x25519 x448 p256 p384 p521 secp256k1 rsa2048; do
	check "generate $type" coffer key generate w --type $type --label $type --extractable --pin-file pin
	check "OpenSSL reads its public key" sh -c "'$COFFER' key export w --key $type --public | openssl pkey -pubin -noout"
	check "export $type" coffer key export w --key $type --plain --pin-file pin --out $type.pem
	check "OpenSSL reads its private key" openssl pkey -in $type.pem -noout
	same "and finds the same public key" "$(openssl pkey -in $type.pem -pubout)" "$(coffer key export w --key $type --public)"
	check "import $type" coffer key import w $type.pem --label "again $type" --id "20$(printf %s $type | cksum | cut -c1-6)" --pin-file pin
done
check "the wallet is clean" coffer verify w --pin-file pin
finish
