#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RFC 8032 §7.1 to §7.3 through the tool: a seed is imported, signs, and the signature is compared and verified.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
wallets_new
: "${COFFER:?the built tool}"
cd "$tmp" || exit 99
umask 077
printf 'user-1234\n' >pin

check "a wallet" "$COFFER" create rfc --pin-file pin
python3 - "$COFFER_SRC/tests/vectors/eddsa/rfc8032.json" >vectors <<'END'
import json, sys
for n, v in enumerate(json.load(open(sys.argv[1]))["vectors"]):
    open("seed%d" % n, "w").write(v["sk"] + "\n")
    open("message%d" % n, "wb").write(bytes.fromhex(v["msg"]))
    open("changed%d" % n, "wb").write(bytes.fromhex(v["msg"]) + b"x")
    open("expected%d" % n, "w").write(v["sig"] + "\n")
    open("raw%d" % n, "wb").write(bytes.fromhex(v["sig"]))
    options = "--prehash" if v["alg"] == "Ed25519ph" else ""
    if v["ctx"]:
        options += " --context-hex " + v["ctx"]
    print(n, v["alg"], v["pk"], options)
END
while read -r n alg pk options; do
	check "vector $n: import" "$COFFER" key import rfc "seed$n" --label "key$n" --id "aa0$n" --pin-file pin --json
	says "vector $n: public key" "\"public_key\": \"$pk\""
	# shellcheck disable=SC2086
	check "vector $n, $alg: sign" "$COFFER" sign rfc "message$n" --key "key$n" $options --format hex --out "made$n" --pin-file pin
	check "vector $n, $alg: the signature" cmp "made$n" "expected$n"
	# shellcheck disable=SC2086
	check "vector $n: verify without a PIN" "$COFFER" verify-signature rfc "message$n" --key "key$n" $options \
		--signature "raw$n" --json
	says "vector $n: the variant" "\"algorithm\": \"$alg\""
	got=0
	# shellcheck disable=SC2086
	"$COFFER" verify-signature rfc "changed$n" --key "key$n" $options --signature "raw$n" >out 2>&1 || got=$?
	if [ $got = 6 ]; then pass; else fail "vector $n: another message (exit status $got)" out; fi
done <vectors
[ "$(wc -l <vectors)" -ge 10 ] && pass || fail "there are fewer than ten vectors"
finish
