#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Transactions, programs, data and multisignatures: what the key management daemon signed, byte for byte, by the tool.
# Many durable changes, and no need for a disk.
[ ! -w /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need python3
: "${COFFER:?the built tool}"
wallets_new
vectors=$COFFER_SRC/tests/vectors/kmd
cd "$tmp" || exit 99
umask 077
echo user-1234 >pin
coffer() { "$COFFER" "$@"; }
same() { if cmp -s "$1" "$2"; then pass; else fail "$3"; fi; }

# Files of each vector, and what to do with them, a line each.
python3 - "$vectors/wallets.json" <<'END'
import json, sys
todo = open("todo", "w")
def put(name, data):
    open(name, "wb").write(bytes.fromhex(data))
    return name
for w in json.load(open(sys.argv[1]))["wallets"]:
    if w["tag"] not in ("cheap", "unicode"):
        continue
    tag = w["tag"]
    open("password-" + tag, "wb").write(bytes.fromhex(w["password_hex"]))
    print("wallet", tag, w["file"], file=todo)
    n = 0
    for t in w["signatures"]["transactions"]:
        n += 1
        signer = t["signer"] if t["signer_given"] else "-"
        print("txn", tag, put(f"{tag}-txn-{n}", t["transaction_msgpack_hex"]), put(f"{tag}-want-{n}", t["signed_transaction_msgpack_hex"]), signer, file=todo)
    for p in w["signatures"]["programs"]:
        n += 1
        print("program", tag, put(f"{tag}-program-{n}", p["program_hex"]), put(f"{tag}-want-{n}", p["signature_hex"]), p["signer"], file=todo)
    for d in w["signatures"]["data"]:
        n += 1
        if d.get("raw"):
            print("raw", tag, put(f"{tag}-raw-{n}", d["message_hex"]), put(f"{tag}-want-{n}", d["signature_hex"]), d["signer"], file=todo)
        else:
            import base64, hashlib
            h = bytes.fromhex(d["program_hash_hex"])
            address = base64.b32encode(h + hashlib.new("sha512_256", h).digest()[-4:]).decode().rstrip("=")
            print("data", tag, put(f"{tag}-data-{n}", d["data_hex"]), put(f"{tag}-want-{n}", d["signature_hex"]), d["signer"], address, file=todo)
    have = {k["public_key_hex"]: k["address"] for k in w["keys"]}
    for m in w["multisig_signatures"]:
        for kind in ("transaction", "program", "program_legacy"):
            if kind == "transaction":
                steps, first = m["transaction_steps"], m["transaction_msgpack_hex"]
            else:
                group = m["program_steps" if kind == "program" else "program_steps_legacy"]
                steps, first = group["steps"], group["program_hex"]
            n += 1
            last = put(f"{tag}-step-{n}", first)
            for s in steps:
                if s["error"] is not None:
                    continue
                n += 1
                want = s["signed_transaction_msgpack_hex"] if kind == "transaction" else s["multisig_msgpack_hex"]
                print("multisig", tag, last, put(f"{tag}-want-{n}", want), have[s["public_key_hex"]], m["address"], kind, f"{tag}-step-{n}", file=todo)
                last = f"{tag}-step-{n}"
END

# What is in a logic signature behind its program.
python3 - >cut.py <<'END'
print('''import sys
data, want = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
sys.exit(0 if want in data else 1)''')
END

while read -r job tag file want signer more kind next; do
	case $job in
	wallet)
		check "import of $tag" coffer algorand import-kmd "$vectors/$file" --wallet "$tag" --password-file "password-$tag" --pin-file pin
		continue
		;;
	txn) set -- --out result ;;
	program) set -- --program --out result ;;
	raw) set -- --raw --out result ;;
	data) set -- --program-data "$more" --out result ;;
	multisig)
		set -- --account "$more" --out "$next"
		[ "$kind" = transaction ] || set -- --program "$@"
		[ "$kind" != program_legacy ] || set -- --legacy "$@"
		;;
	esac
	[ "$signer" = - ] || set -- --signer "$signer" "$@"
	if [ "$job" = multisig ]; then
		rm -f "$next"
		check "$job $file" coffer algorand multisig-sign "$file" --wallet "$tag" --pin-file pin --yes "$@"
		if [ "$kind" = transaction ]; then same "$next" "$want" "$file: bytes"; else
			check "$file: the daemon's multisignature is in it" python3 cut.py "$next" "$want"
		fi
		continue
	fi
	rm -f result
	check "$job $file" coffer algorand sign "$file" --wallet "$tag" --pin-file pin --yes "$@"
	if [ "$job" = program ]; then
		check "$file: the daemon's signature is in it" python3 cut.py result "$want"
	else
		same result "$want" "$file: bytes"
	fi
done <todo
if [ "$(grep -c . todo)" -ge 100 ]; then pass; else fail "too few vectors"; fi

# ---- what is shown, and asked ----
python3 - <<'END'
# A payment that closes and rekeys its account, by a key of the wallet; canonical MessagePack by hand.
import base64, json
def address(text): return base64.b32decode(text + "=" * 6)[:32]
def s(t): return bytes([0xa0 + len(t)]) + t.encode()
def b(d): return b"\xc4" + bytes([len(d)]) + d
todo = [l.split() for l in open("todo")]
signer = next(t[4] for t in todo if t[0] == "program" and t[1] == "cheap")
open("signer", "w").write(signer)
me, other = address(signer), bytes(range(32))
fields = {"amt": b"\xce\x00\x0f\x42\x40", "close": b(other), "fee": b"\xcd\x03\xe8", "fv": b"\x01", "gh": b(bytes(range(1, 33))), "lv": b"\x64", "rcv": b(other), "rekey": b(other), "snd": b(me), "type": s("pay")}
def pack(f): return bytes([0x80 + len(f)]) + b"".join(s(k) + f[k] for k in sorted(f))
open("danger", "wb").write(pack(fields))
open("danger.base64", "wb").write(base64.b64encode(pack(fields)) + b"\n")
open("long", "wb").write(pack({**fields, "fee": b"\xce\x00\x00\x03\xe8"}))
open("zero", "wb").write(pack({**fields, "amt": b"\x00"}))
open("absent", "wb").write(pack({k: v for k, v in fields.items() if k != "amt"}))
open("unknown", "wb").write(pack({**fields, "zzz": b"\x01"}))
grouped = {**fields, "grp": b(bytes(32 * [7]))}
open("group", "wb").write(pack(grouped))
END
signer=$(cat signer)
refuse "without --yes and without a terminal" coffer algorand sign danger --wallet cheap --pin-file pin --out out-danger </dev/null
says "amount" "amount *1.000000 ALGO"
says "closing stands out" "^!! CLOSE ACCOUNT"
says "rekeying stands out" "^!! REKEY ACCOUNT"
says "who will sign" "signed by $signer"
if [ -e out-danger ]; then fail "something was written"; else pass; fi
check "an unknown field is shown" coffer algorand sign unknown --wallet cheap --pin-file pin --yes --out out-unknown
says "and stands out" "^!! UNKNOWN FIELD"
check "a cut group is shown" coffer algorand sign group --wallet cheap --pin-file pin --yes --out out-group
says "and stands out" "^!! GROUP NOT IN THIS FILE"
check "base64" coffer algorand sign danger.base64 --wallet cheap --pin-file pin --yes --out out-base64
coffer algorand sign danger --wallet cheap --pin-file pin --yes 2>/dev/null >out-bytes
same out-base64 out-bytes "base64 is the same transaction"
coffer algorand sign danger --wallet cheap --pin-file pin --yes --json 2>/dev/null >"$tmp/out"
json "JSON has the bytes and who signed" "__import__('base64').b64decode(v['base64']) == open('out-bytes', 'rb').read() and v['transactions'][0]['signer'] == '$signer'"
check "an integer that is too long" coffer algorand sign long --wallet cheap --pin-file pin --yes --out out-long
same out-long out-bytes "is signed as the network writes it"
check "a field that is zero" coffer algorand sign zero --wallet cheap --pin-file pin --yes --out out-zero
check "a field that is left out" coffer algorand sign absent --wallet cheap --pin-file pin --yes --out out-absent
same out-zero out-absent "are the same"
printf '\201\243txn\202\244type\243pay\243amt\377' >negative
refuse "a negative number" coffer algorand sign negative --wallet cheap --pin-file pin --yes
says "is explained" "negative"
refuse "a key that the wallet does not have" coffer algorand sign danger --wallet unicode --pin-file pin --yes
says "is named" "no key"
refuse "an existing file is left alone" coffer algorand sign danger --wallet cheap --pin-file pin --yes --out out-base64
printf 'TXsomething' >raw
refuse "raw bytes that are a transaction" coffer algorand sign raw --raw --signer "$signer" --wallet cheap --pin-file pin --yes
refuse "two kinds at once" coffer algorand sign raw --raw --program --signer "$signer" --wallet cheap --pin-file pin --yes

# Two signers, in one file: each signs what is theirs; a signature that is there stays.
cat danger danger >both
check "a file of two" coffer algorand sign both --wallet cheap --pin-file pin --yes --out both-signed
refuse "nothing is left to sign" coffer algorand sign both-signed --wallet cheap --pin-file pin --yes

# A key that is limited refuses through the tool as it does everywhere.
check "limit" coffer algorand limit "$signer" Program --wallet cheap --pin-file pin
refuse "no transaction any more" coffer algorand sign danger --wallet cheap --pin-file pin --yes
says "because of its limit" "begin with"

# ---- multisig accounts ----
check "a wallet of each member" coffer create one --pin-file pin
check "and another" coffer create two --pin-file pin
a=$(coffer algorand new one --pin-file pin) b=$(coffer algorand new two --pin-file pin)
check "an account of both" coffer algorand multisig-create one --threshold 2 --keys "$a,$b" --label ours --pin-file pin --json
json "kind" "v['kind'] == 'multisig' and v['label'] == 'ours'"
account=$(coffer algorand list one --pin-file pin --json | python3 -c 'import json, sys; print(next(a["address"] for a in json.load(sys.stdin) if a["kind"] == "multisig"))')
refuse "only once" coffer algorand multisig-create one --threshold 2 --keys "$a,$b" --pin-file pin
refuse "a threshold that cannot be reached" coffer algorand multisig-create one --threshold 3 --keys "$a,$b" --pin-file pin
python3 - "$account" <<'END'
import base64, sys
def s(t): return bytes([0xa0 + len(t)]) + t.encode()
snd = base64.b32decode(sys.argv[1] + "=" * 6)[:32]
f = {"amt": b"\x01", "fee": b"\xcd\x03\xe8", "fv": b"\x01", "lv": b"\x64", "rcv": b"\xc4\x20" + bytes(range(32)), "snd": b"\xc4\x20" + snd, "type": s("pay")}
open("spend", "wb").write(bytes([0x80 + len(f)]) + b"".join(s(k) + f[k] for k in sorted(f)))
END
coffer algorand multisig-sign spend --wallet one --pin-file pin --yes --out spend-one --json 2>/dev/null >"$tmp/out"
json "one of two" "v['signatures'] == 1 and v['threshold'] == 2"
refuse "two does not know the account" coffer algorand multisig-sign spend --wallet two --pin-file pin --yes
check "it takes it from what one signed" coffer algorand multisig-import two spend-one --pin-file pin
check "two signs the same" coffer algorand multisig-sign spend --wallet two --pin-file pin --yes --out spend-two
check "merge" coffer algorand multisig-merge spend-one spend-two --out merged
check "two signs what one signed" coffer algorand multisig-sign spend-one --wallet two --pin-file pin --yes --out in-turn
same merged in-turn "merging and signing in turn are the same"
refuse "a key that is no member" coffer algorand multisig-sign spend-one --signer "$signer" --wallet two --pin-file pin --yes
refuse "files of different transactions" coffer algorand multisig-merge spend-one danger
python3 - <<'END'
d = bytearray(open("spend-one", "rb").read())
at = d.index(b"\xa1s\xc4\x40") + 10
d[at] ^= 1
open("spend-bad", "wb").write(d)
END
refuse "a signature that is none" coffer algorand multisig-sign spend-bad --wallet two --pin-file pin --yes
says "is named" "not valid"
refuse "and is not merged" coffer algorand multisig-merge spend-bad spend-two
finish
