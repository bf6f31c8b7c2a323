//! What makes a mutant, and what one comes to: here, and by the library alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, Verifier};

use super::lab::lab;

/// A change to a bundle or a trusted root, under a name, with the one reason that it deserves.
pub(crate) type Mutant = (&'static str, &'static str, fn(&mut Value));

/// The value at a JSON pointer.
pub(crate) fn at<'a>(json: &'a mut Value, pointer: &str) -> &'a mut Value {
    json.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"))
}

/// Replaces the value at a pointer, which must change it.
pub(crate) fn set(json: &mut Value, pointer: &str, value: impl Into<Value>) {
    let value = value.into();
    let old = at(json, pointer);
    assert_ne!(*old, value, "{pointer} does not change");
    *old = value;
}

/// Removes the value at a pointer.
pub(crate) fn remove(json: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match at(json, parent) {
        Value::Object(fields) => drop(fields.remove(name).expect("nothing to remove")),
        Value::Array(list) => drop(list.remove(name.parse().unwrap())),
        _ => panic!("nothing to remove at {pointer}"),
    }
}

/// Puts a field where none was.
pub(crate) fn add(json: &mut Value, pointer: &str, value: impl Into<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let fields = at(json, parent).as_object_mut().unwrap();
    assert!(fields.insert(name.to_owned(), value.into()).is_none(), "{pointer} is there");
}

/// The text at a pointer.
pub(crate) fn text(json: &Value, pointer: &str) -> String {
    json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}

/// Replaces a part of the text at a pointer.
pub(crate) fn replace(json: &mut Value, pointer: &str, from: &str, to: &str) {
    let old = text(json, pointer);
    assert!(old.contains(from), "no {from:?} in {old:?}");
    set(json, pointer, old.replacen(from, to, 1));
}

/// The bytes at a pointer.
pub(crate) fn bytes(json: &Value, pointer: &str) -> Vec<u8> {
    STANDARD.decode(text(json, pointer)).unwrap()
}

/// Changes the bytes at a pointer.
pub(crate) fn change(json: &mut Value, pointer: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut changed = bytes(json, pointer);
    change(&mut changed);
    set(json, pointer, STANDARD.encode(changed));
}

/// Flips the lowest bit of the byte at `index`, which counts from the end.
pub(crate) fn flip(json: &mut Value, pointer: &str, from_end: usize) {
    change(json, pointer, |bytes| {
        let index = bytes.len() - 1 - from_end;
        bytes[index] ^= 1;
    });
}

/// Whether the library alone accepts what it is given, with the lab's key.
pub(crate) fn library_accepts(bundle: &str, artifact: &[u8], root: &str) -> bool {
    let (Ok(bundle), Ok(root)) = (Bundle::from_json(bundle), TrustedRoot::from_json(root)) else {
        return false;
    };
    let Ok(verifier) = Verifier::new(&root) else { return false };
    let key = DerPublicKey::from_pem(&lab().key.public_pem()).unwrap();
    verifier.verify(artifact, &bundle, &PublicKeyVerificationPolicy::new(key)).is_ok()
}

pub(crate) const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
pub(crate) const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
pub(crate) const NOTE: &str =
    "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
pub(crate) const BODY: &str = "/verificationMaterial/tlogEntries/0/canonicalizedBody";
pub(crate) const STAMPS: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
pub(crate) const STAMP: &str =
    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
