// SPDX-License-Identifier: Apache-2.0

//! What a Rust program does with a token through the crate cryptoki. Argument: the module; the PIN is in USER_PIN.

use cryptoki::context::{CInitializeArgs, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const MESSAGE: &[u8] = b"a message of some length........";

fn pair(s: &Session, mechanism: &Mechanism, oid: &[u8]) -> Result<(ObjectHandle, ObjectHandle), Error> {
    let public = [Attribute::EcParams(oid.to_vec()), Attribute::Verify(true)];
    let private = [Attribute::Sign(true), Attribute::Sensitive(true), Attribute::Extractable(false)];
    s.generate_key_pair(mechanism, &public, &private)
}

fn signs(s: &Session, generate: Mechanism, mechanism: Mechanism, oid: &[u8]) -> Result<bool, Error> {
    let (public, private) = pair(s, &generate, oid)?;
    let mut signature = s.sign(&mechanism, private, MESSAGE)?;
    s.verify(&mechanism, public, MESSAGE, &signature)?;
    signature[10] ^= 1;
    let wrong = s.verify(&mechanism, public, MESSAGE, &signature);
    Ok(matches!(wrong, Err(Error::Pkcs11(RvError::SignatureInvalid))))
}

fn hidden(s: &Session) -> Result<bool, Error> {
    let (_, private) = pair(s, &Mechanism::EccEdwardsKeyPairGen, ED25519)?;
    let info = s.get_attribute_info(private, &[AttributeType::Value])?;
    Ok(matches!(info[0], AttributeInfo::Sensitive))
}

fn encrypts(s: &Session) -> Result<bool, Error> {
    let template = [Attribute::ValueLen(32.into()), Attribute::Encrypt(true), Attribute::Decrypt(true)];
    let key = s.generate_key(&Mechanism::AesKeyGen, &template)?;
    let sealed = s.encrypt(&Mechanism::AesCbcPad([7; 16]), key, MESSAGE)?;
    Ok(s.decrypt(&Mechanism::AesCbcPad([7; 16]), key, &sealed)? == MESSAGE)
}

fn found(s: &Session) -> Result<bool, Error> {
    let label = Attribute::Label(b"from Rust".to_vec());
    let key = s.generate_key(&Mechanism::AesKeyGen, &[Attribute::ValueLen(16.into()), label.clone(), Attribute::Token(true)])?;
    let seen = s.find_objects(&[label])?;
    s.destroy_object(key)?;
    Ok(seen == vec![key])
}

fn open(module: &str) -> Result<Session, Error> {
    let context = Pkcs11::new(module)?;
    context.initialize(CInitializeArgs::OsThreads)?;
    let slot = context.get_slots_with_initialized_token()?[0];
    let session = context.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new(std::env::var("USER_PIN").unwrap())))?;
    Ok(session)
}

fn main() {
    let session = open(&std::env::args().nth(1).expect("the module")).expect("login");
    let results = [
        ("Ed25519", signs(&session, Mechanism::EccEdwardsKeyPairGen, Mechanism::Eddsa, ED25519)),
        ("ECDSA, P-256", signs(&session, Mechanism::EccKeyPairGen, Mechanism::Ecdsa, P256)),
        ("a sensitive value", hidden(&session)),
        ("AES-CBC", encrypts(&session)),
        ("an object is found", found(&session)),
    ];
    let mut failed = 0;
    for (what, result) in &results {
        if !matches!(result, Ok(true)) {
            println!("FAIL: {}: {:?}", what, result);
            failed += 1;
        }
    }
    println!("{} passed, {} failed", results.len() - failed, failed);
    std::process::exit(if failed > 0 { 1 } else { 0 });
}
