// SPDX-License-Identifier: Apache-2.0

// What a Go program does with a token through miekg/pkcs11. Argument: the module; the PIN is in USER_PIN.
package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"os"

	"github.com/miekg/pkcs11"
)

var (
	p       *pkcs11.Ctx
	session pkcs11.SessionHandle
	passed  int
	failed  int
)

var message = []byte("a message")

func check(what string, err error) bool {
	if err == nil {
		passed++
		return true
	}
	failed++
	fmt.Printf("FAIL: %s: %v\n", what, err)
	return false
}

func attribute(kind uint, value interface{}) *pkcs11.Attribute { return pkcs11.NewAttribute(kind, value) }

func pair(mechanism uint, oid []byte) (pkcs11.ObjectHandle, pkcs11.ObjectHandle, []byte, error) {
	public := []*pkcs11.Attribute{attribute(pkcs11.CKA_EC_PARAMS, oid), attribute(pkcs11.CKA_VERIFY, true)}
	private := []*pkcs11.Attribute{attribute(pkcs11.CKA_SIGN, true), attribute(pkcs11.CKA_SENSITIVE, true)}
	pub, priv, err := p.GenerateKeyPair(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, public, private)
	if err != nil {
		return 0, 0, nil, err
	}
	point, err := p.GetAttributeValue(session, pub, []*pkcs11.Attribute{attribute(pkcs11.CKA_EC_POINT, nil)})
	if err != nil {
		return 0, 0, nil, err
	}
	// An OCTET STRING around the point.
	return pub, priv, point[0].Value[2:], nil
}

func sign(mechanism uint, key pkcs11.ObjectHandle, data []byte) ([]byte, error) {
	if err := p.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, key); err != nil {
		return nil, err
	}
	return p.Sign(session, data)
}

func ed25519Keys() error {
	_, key, point, err := pair(0x1055, []byte{0x06, 0x03, 0x2b, 0x65, 0x70})
	if err != nil {
		return err
	}
	signature, err := sign(0x1057, key, message)
	if err != nil {
		return err
	}
	if !ed25519.Verify(point, message, signature) {
		return fmt.Errorf("crypto/ed25519 does not verify the signature")
	}
	return nil
}

func ecdsaKeys() error {
	_, key, point, err := pair(pkcs11.CKM_EC_KEY_PAIR_GEN, []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(message)
	signature, err := sign(pkcs11.CKM_ECDSA, key, digest[:])
	if err != nil {
		return err
	}
	x, y := elliptic.Unmarshal(elliptic.P256(), point)
	public := ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(&public, digest[:], r, s) {
		return fmt.Errorf("crypto/ecdsa does not verify the signature")
	}
	return nil
}

func aesGCM() error {
	template := []*pkcs11.Attribute{attribute(pkcs11.CKA_VALUE_LEN, 32), attribute(pkcs11.CKA_ENCRYPT, true), attribute(pkcs11.CKA_DECRYPT, true)}
	key, err := p.GenerateKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, template)
	if err != nil {
		return err
	}
	params := pkcs11.NewGCMParams(make([]byte, 12), []byte("associated"), 128)
	defer params.Free()
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}
	if err = p.EncryptInit(session, mechanism, key); err != nil {
		return err
	}
	sealed, err := p.Encrypt(session, message)
	if err != nil {
		return err
	}
	if err = p.DecryptInit(session, mechanism, key); err != nil {
		return err
	}
	plain, err := p.Decrypt(session, sealed)
	if err == nil && string(plain) != string(message) {
		err = fmt.Errorf("what was decrypted is something else")
	}
	return err
}

func hidden() error {
	_, key, _, err := pair(0x1055, []byte{0x06, 0x03, 0x2b, 0x65, 0x70})
	if err != nil {
		return err
	}
	_, err = p.GetAttributeValue(session, key, []*pkcs11.Attribute{attribute(pkcs11.CKA_VALUE, nil)})
	if err != pkcs11.Error(pkcs11.CKR_ATTRIBUTE_SENSITIVE) {
		return fmt.Errorf("the private key's value was not refused: %v", err)
	}
	return nil
}

func open() error {
	if err := p.Initialize(); err != nil {
		return err
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		return err
	}
	if session, err = p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION); err != nil {
		return err
	}
	return p.Login(session, pkcs11.CKU_USER, os.Getenv("USER_PIN"))
}

func main() {
	p = pkcs11.New(os.Args[1])
	if p == nil {
		fmt.Println("FAIL: the module cannot be loaded")
		os.Exit(1)
	}
	if check("login", open()) {
		check("Ed25519", ed25519Keys())
		check("ECDSA, P-256", ecdsaKeys())
		check("AES-GCM", aesGCM())
		check("a sensitive value", hidden())
		check("logout", p.Logout(session))
	}
	check("finalize", p.Finalize())
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
