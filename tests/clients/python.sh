#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Python's bindings, where they are installed.
. "${COFFER_SRC:-$(dirname "$0")/../..}/tests/support/check.sh"
need_plain_module
need python3 pkcs11-tool
# The distribution's package is for its own python3, which need not be the first one.
python=
for program in python3 /usr/bin/python3; do
	if "$program" -c 'import PyKCS11' 2>/dev/null; then
		python=$program
		break
	fi
done
if [ -z "$python" ]; then
	echo "SKIP: no PyKCS11 here"
	exit 77
fi
wallets_new
token_new python || fail "token" "$tmp/init"
cat >"$tmp/sign.py" <<'END'
import os
import PyKCS11

lib = PyKCS11.PyKCS11Lib()
lib.load(os.environ["COFFER_MODULE"])
slot = [s for s in lib.getSlotList(tokenPresent=True) if lib.getTokenInfo(s).label.strip() == "python"][0]
session = lib.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
session.login(os.environ["USER_PIN"])
pub, priv = session.generateKeyPair(
    [(PyKCS11.CKA_TOKEN, True), (PyKCS11.CKA_EC_PARAMS, bytes.fromhex("06032b6570")), (PyKCS11.CKA_ID, (1,))],
    [(PyKCS11.CKA_TOKEN, True), (PyKCS11.CKA_SIGN, True), (PyKCS11.CKA_ID, (1,))],
    mecha=PyKCS11.Mechanism(0x1055),
)
signature = session.sign(priv, b"data", PyKCS11.Mechanism(0x1057))
assert len(signature) == 64
assert session.verify(pub, b"data", signature, PyKCS11.Mechanism(0x1057))
assert not session.verify(pub, b"other", signature, PyKCS11.Mechanism(0x1057))
for found in session.findObjects():
    found.to_dict()
END
check "PyKCS11" "$python" "$tmp/sign.py"
finish
