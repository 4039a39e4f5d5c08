# SPDX-License-Identifier: Apache-2.0
# Algorand's Python SDK makes transactions, coffer signs them, the SDK reads and verifies what comes back.
# Usage: sdk_python.py COFFER WALLET PIN-FILE PKCS11-SIGN...: the last is a command that signs FILE to FILE by a key of an ID.
import base64
import json
import subprocess
import sys

from algosdk import account, encoding, mnemonic, transaction
from nacl.signing import VerifyKey

coffer, wallet, pin = sys.argv[1:4]
pkcs11 = sys.argv[4:]
passed = failed = 0


def check(what, good):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("FAIL:", what)


def run(*arguments):
    return subprocess.run([coffer, "algorand", *arguments, "--pin-file", pin], check=True, stdout=subprocess.PIPE, stderr=open("errors", "w")).stdout


def new():
    return json.loads(run("new", wallet, "--json"))[0]["address"]


def valid(address, message, signature):
    try:
        VerifyKey(encoding.decode_address(address)).verify(message, signature)
        return True
    except Exception:
        return False


def message_of(txn):
    return b"TX" + base64.b64decode(encoding.msgpack_encode(txn))


def sign(name, *more):
    run("sign", name, "--wallet", wallet, "--yes", "--out", name + ".signed", *more)
    return transaction.retrieve_from_file(name + ".signed")


parameters = transaction.SuggestedParams(fee=1000, first=1000, last=2000, gh=base64.b64encode(bytes(range(32))).decode(), gen="test-v1.0", flat_fee=True)
me, other = new(), new()

# ---- each kind of transaction, by the tool and by PKCS#11 ----
kinds = {
    "payment": transaction.PaymentTxn(me, parameters, other, 1234567, note=b"a note"),
    "closing payment": transaction.PaymentTxn(me, parameters, other, 0, close_remainder_to=other, rekey_to=other),
    "asset transfer": transaction.AssetTransferTxn(me, parameters, other, 5, 777),
    "asset creation": transaction.AssetConfigTxn(me, parameters, total=1000, default_frozen=False, unit_name="U", asset_name="Name", manager=me, reserve=me, freeze=me, clawback=me, decimals=2),
    "asset freeze": transaction.AssetFreezeTxn(me, parameters, 777, other, True),
    "application call": transaction.ApplicationNoOpTxn(me, parameters, 9, app_args=[b"one", b"", b"3"], accounts=[other], foreign_apps=[10], foreign_assets=[11], boxes=[(0, b"box")]),
    "application creation": transaction.ApplicationCreateTxn(me, parameters, transaction.OnComplete.NoOpOC, b"\x06\x81\x01", b"\x06\x81\x01", transaction.StateSchema(1, 2), transaction.StateSchema(3, 4)),
    "going offline": transaction.KeyregOfflineTxn(me, parameters),
}
for number, (what, txn) in enumerate(kinds.items()):
    name = f"txn-{number}"
    transaction.write_to_file([txn], name)
    back = sign(name)[0]
    check(f"{what}: the SDK reads it", isinstance(back, transaction.SignedTransaction) and back.transaction == txn)
    check(f"{what}: it is valid", valid(me, message_of(txn), base64.b64decode(back.signature)))
    check(f"{what}: its ID", back.get_txid() == txn.get_txid())
    open(name + ".message", "wb").write(message_of(txn))
    subprocess.run([*pkcs11, encoding.decode_address(me).hex(), name + ".message", name + ".p11"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    signature = base64.b64encode(open(name + ".p11", "rb").read()).decode()
    by_token = transaction.SignedTransaction(txn, signature)
    check(f"{what}: through PKCS#11 the same bytes", base64.b64decode(encoding.msgpack_encode(by_token)) == open(name + ".signed", "rb").read())
    check(f"{what}: and read back", encoding.msgpack_decode(encoding.msgpack_encode(by_token)).transaction == txn)

# ---- as encoding.msgpack_encode writes it: base64, without a map around it ----
open("base64", "w").write(encoding.msgpack_encode(kinds["payment"]))
check("base64", sign("base64")[0].transaction == kinds["payment"])

# ---- a group, of two senders ----
group = transaction.assign_group_id([transaction.PaymentTxn(me, parameters, other, 1), transaction.PaymentTxn(other, parameters, me, 2)])
transaction.write_to_file(group, "group")
back = sign("group")
check("group: both", len(back) == 2 and all(b.transaction == g for b, g in zip(back, group)))
check("group: each by its sender", all(valid(g.sender, message_of(g), base64.b64decode(b.signature)) for b, g in zip(back, group)))

# ---- a rekeyed sender ----
transaction.write_to_file([kinds["payment"]], "rekeyed")
back = sign("rekeyed", "--signer", other)[0]
check("rekeyed: who signed", back.authorizing_address == other and valid(other, message_of(kinds["payment"]), base64.b64decode(back.signature)))

# ---- programs and data for them ----
program = b"\x06\x81\x01"
open("program", "wb").write(program)
run("sign", "program", "--program", "--signer", me, "--wallet", wallet, "--yes", "--out", "program.signed")
logic = encoding.msgpack_decode(base64.b64encode(open("program.signed", "rb").read()).decode())
check("logic signature", isinstance(logic, transaction.LogicSig) and logic.logic == program and logic.verify(encoding.decode_address(me)))
contract = transaction.LogicSig(program).address()
open("data", "wb").write(b"some data")
run("sign", "data", "--program-data", contract, "--signer", me, "--wallet", wallet, "--yes", "--out", "data.signed")
check("program data", valid(me, b"ProgData" + encoding.decode_address(contract) + b"some data", open("data.signed", "rb").read()))

# ---- a multisig account ----
multisig = transaction.Multisig(1, 2, [me, other])
run("multisig-create", wallet, "--threshold", "2", "--keys", f"{me},{other}")
accounts = json.loads(run("list", wallet, "--json"))
check("multisig: the SDK's address", any(a["address"] == multisig.address() and a["kind"] == "multisig" for a in accounts))
spend = transaction.PaymentTxn(multisig.address(), parameters, me, 5)
transaction.write_to_file([transaction.MultisigTransaction(spend, multisig)], "spend")
run("multisig-sign", "spend", "--wallet", wallet, "--yes", "--signer", me, "--out", "spend.one")
run("multisig-sign", "spend.one", "--wallet", wallet, "--yes", "--signer", other, "--out", "spend.two")
back = transaction.retrieve_from_file("spend.two")[0]
check("multisig: the SDK verifies it", back.multisig.verify(message_of(spend)))
check("multisig: it is complete", back.transaction == spend and all(s.signature for s in back.multisig.subsigs))

# ---- mnemonics ----
key = mnemonic.to_private_key(run("export", me, "--wallet", wallet, "--mnemonic").decode().strip())
check("mnemonic: the SDK's address", account.address_from_private_key(key) == me)
master = mnemonic.to_master_derivation_key(run("show-master", wallet, "--mnemonic").decode().strip())
check("mnemonic of the master key", len(base64.b64decode(master)) == 32)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
