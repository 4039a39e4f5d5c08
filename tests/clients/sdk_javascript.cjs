// SPDX-License-Identifier: Apache-2.0
// Algorand's JavaScript SDK makes transactions, coffer signs them, the SDK reads and verifies what comes back.
// Usage: sdk_javascript.cjs COFFER WALLET PIN-FILE PKCS11-SIGN: the last signs FILE to FILE by the key of an ID.
const { execFileSync } = require("child_process");
const fs = require("fs");
const algosdk = require("algosdk");
const nacl = require("tweetnacl");

const [coffer, wallet, pin, pkcs11] = process.argv.slice(2);
let passed = 0;
let failed = 0;

function check(what, good) {
	if (good) passed++;
	else {
		failed++;
		console.log("FAIL: " + what);
	}
}

const run = (...words) => execFileSync(coffer, ["algorand", ...words, "--pin-file", pin], { stdio: ["ignore", "pipe", "ignore"] });
const make = () => JSON.parse(run("new", wallet, "--json"))[0].address;
const key = (address) => algosdk.decodeAddress(address).publicKey;
const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
const valid = (address, message, signature) => nacl.sign.detached.verify(message, signature, key(address));

function sign(name, ...more) {
	run("sign", name, "--wallet", wallet, "--yes", "--out", name + ".signed", ...more);
	return new Uint8Array(fs.readFileSync(name + ".signed"));
}

const me = make();
const other = make();
const suggestedParams = { fee: 1000, flatFee: true, firstValid: 1000, lastValid: 2000, genesisHash: new Uint8Array(32).fill(7), genesisID: "test-v1.0", minFee: 1000 };
const T = algosdk;
const kinds = {
	payment: T.makePaymentTxnWithSuggestedParamsFromObject({ sender: me, receiver: other, amount: 1234567, note: new Uint8Array([1, 2, 3]), suggestedParams }),
	"closing payment": T.makePaymentTxnWithSuggestedParamsFromObject({ sender: me, receiver: other, amount: 0, closeRemainderTo: other, rekeyTo: other, suggestedParams }),
	"asset transfer": T.makeAssetTransferTxnWithSuggestedParamsFromObject({ sender: me, receiver: other, amount: 5, assetIndex: 777, suggestedParams }),
	"asset creation": T.makeAssetCreateTxnWithSuggestedParamsFromObject({ sender: me, total: 1000, decimals: 2, defaultFrozen: false, unitName: "U", assetName: "Name", manager: me, suggestedParams }),
	"application call": T.makeApplicationNoOpTxnFromObject({ sender: me, appIndex: 9, appArgs: [new Uint8Array([1]), new Uint8Array(0)], accounts: [other], foreignApps: [10], foreignAssets: [11], suggestedParams }),
	"going offline": T.makeKeyRegistrationTxnWithSuggestedParamsFromObject({ sender: me, suggestedParams, nonParticipation: false }),
};

let number = 0;
for (const [what, txn] of Object.entries(kinds)) {
	const name = "js-" + number++;
	fs.writeFileSync(name, algosdk.encodeUnsignedTransaction(txn));
	const bytes = sign(name);
	const back = algosdk.decodeSignedTransaction(bytes);
	check(what + ": the SDK reads it", back.txn.txID() === txn.txID());
	check(what + ": it is valid", valid(me, txn.bytesToSign(), back.sig));
	check(what + ": the SDK writes the same", same(algosdk.encodeMsgpack(back), bytes));
	fs.writeFileSync(name + ".message", txn.bytesToSign());
	execFileSync(pkcs11, [Buffer.from(key(me)).toString("hex"), name + ".message", name + ".p11"], { stdio: "ignore" });
	const signature = new Uint8Array(fs.readFileSync(name + ".p11"));
	check(what + ": through PKCS#11 the same bytes", same(txn.attachSignature(me, signature), bytes));
}

// A group of two senders in one file.
const group = algosdk.assignGroupID([
	T.makePaymentTxnWithSuggestedParamsFromObject({ sender: me, receiver: other, amount: 1, suggestedParams }),
	T.makePaymentTxnWithSuggestedParamsFromObject({ sender: other, receiver: me, amount: 2, suggestedParams }),
]);
fs.writeFileSync("js-group", Buffer.concat(group.map((t) => algosdk.encodeUnsignedTransaction(t))));
const both = sign("js-group");
const wanted = group.map((t, i) => {
	const whole = Buffer.from(t.bytesToSign());
	fs.writeFileSync("js-group.message", whole);
	execFileSync(pkcs11, [Buffer.from(key(i === 0 ? me : other)).toString("hex"), "js-group.message", "js-group.p11." + i], { stdio: "ignore" });
	return t.attachSignature(i === 0 ? me : other, new Uint8Array(fs.readFileSync("js-group.p11." + i)));
});
check("group: each by its sender", same(both, Buffer.concat(wanted)));

// Rekeyed: another key signs.
fs.writeFileSync("js-rekeyed", algosdk.encodeUnsignedTransaction(kinds.payment));
const rekeyed = algosdk.decodeSignedTransaction(sign("js-rekeyed", "--signer", other));
check("rekeyed: who signed", rekeyed.sgnr !== undefined && rekeyed.sgnr.toString() === other && valid(other, kinds.payment.bytesToSign(), rekeyed.sig));

// A program.
const program = new Uint8Array([6, 0x81, 1]);
fs.writeFileSync("js-program", program);
const logic = algosdk.logicSigFromByte(sign("js-program", "--program", "--signer", me));
check("logic signature", logic.verify(key(me)));

// A multisig account.
const members = { version: 1, threshold: 2, addrs: [me, other] };
const shared = algosdk.multisigAddress(members).toString();
run("multisig-create", wallet, "--threshold", "2", "--keys", me + "," + other);
check("multisig: the SDK's address", JSON.parse(run("list", wallet, "--json")).some((a) => a.address === shared && a.kind === "multisig"));
const spend = T.makePaymentTxnWithSuggestedParamsFromObject({ sender: shared, receiver: me, amount: 5, suggestedParams });
fs.writeFileSync("js-spend", algosdk.createMultisigTransaction(spend, members));
run("multisig-sign", "js-spend", "--wallet", wallet, "--yes", "--signer", me, "--out", "js-one");
run("multisig-sign", "js-spend", "--wallet", wallet, "--yes", "--signer", other, "--out", "js-two");
const merged = algosdk.mergeMultisigTransactions([new Uint8Array(fs.readFileSync("js-one")), new Uint8Array(fs.readFileSync("js-two"))]);
execFileSync(coffer, ["algorand", "multisig-merge", "js-one", "js-two", "--out", "js-merged"]);
check("multisig: merged as the SDK merges", same(merged, fs.readFileSync("js-merged")));
const whole = algosdk.decodeSignedTransaction(merged);
check("multisig: every signature is valid", whole.msig.subsig.every((s) => nacl.sign.detached.verify(spend.bytesToSign(), s.s, s.pk)));

// Mnemonics.
const account = algosdk.mnemonicToSecretKey(run("export", me, "--wallet", wallet, "--mnemonic").toString().trim());
check("mnemonic: the SDK's address", account.addr.toString() === me);

console.log(passed + " passed, " + failed + " failed");
process.exit(failed ? 1 : 0);
