use zeroize::Zeroizing;

use super::*;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn manifest() -> DatasetManifest {
    DatasetManifest {
        id: "randhie".parse().unwrap(),
        title: "Health insurance experiment".to_owned(),
        description: "Person-level records".to_owned(),
        classification: Classification::HighlyConfidential,
        rows: 20_190,
        columns: vec![Column {
            name: "age".to_owned(),
            role: Role::QuasiIdentifier,
            kind: Kind::Numeric,
        }],
        files: vec![DataFile { name: "t.csv".to_owned(), sha256: Digest::of(b"t"), bytes: 1 }],
        cipher: Cipher::AesXtsPlain64,
        header_digest: Digest::of(b"header"),
        verity: Verity {
            root_hash: Digest::of(b"root"),
            salt: Salt::from_bytes([7; 32]),
            data_blocks: 16.try_into().unwrap(),
            block_size: BlockSize,
            hash_algorithm: HashAlgorithm::Sha256,
        },
        custodians: Custodians::new(BTreeSet::from([key(1).public()]), 1).unwrap(),
        created: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}

/// The payload of a valid manifest after one edit of its JSON, signed by the right key.
fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Envelope {
    let payload = manifest().sign(&key(1)).unwrap().unverified_payload().unwrap();
    let mut json = serde_json::from_slice(&payload).unwrap();
    edit(&mut json);
    Envelope::sign(PAYLOAD_TYPE, &canonical::to_vec(&json).unwrap(), &key(1))
}

fn reason(envelope: &Envelope) -> &'static str {
    DatasetManifest::verify(envelope, &key(1).public()).unwrap_err().reason()
}

#[test]
fn signs_and_verifies() {
    let envelope = manifest().sign(&key(1)).unwrap();
    let signed = DatasetManifest::verify(&envelope, &key(1).public()).unwrap();
    assert_eq!(signed.manifest(), &manifest());
    assert_eq!(signed.digest(), envelope.payload_digest().unwrap());
    assert_eq!(signed.signer(), key(1).public());
    assert_eq!(
        DatasetManifest::verify(&envelope, &key(2).public()).unwrap_err().reason(),
        "dataset.signature"
    );
}

#[test]
fn each_edit_has_its_reason() {
    let other = serde_json::Value::from("0".repeat(64));
    type Edit<'a> = Box<dyn FnOnce(&mut serde_json::Value) + 'a>;
    let rows: Vec<(&str, Edit<'_>)> = vec![
        (
            "dataset.statement",
            Box::new(|j| j["_type"] = "https://in-toto.io/Statement/v0.1".into()),
        ),
        ("dataset.statement", Box::new(|j| j["predicateType"] = "https://example.org/x".into())),
        ("dataset.statement", Box::new(|j| j["subject"][0]["digest"]["sha256"] = other.clone())),
        ("dataset.statement", Box::new(|j| j["subject"] = serde_json::json!([]))),
        ("dataset.malformed", Box::new(|j| j["predicate"]["extra"] = 1.into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["cipher"] = "cipher_null".into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["verity"]["block_size"] = 512.into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["verity"]["data_blocks"] = 0.into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["verity"]["salt"] = "00".into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["custodians"]["threshold"] = 0.into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["custodians"]["threshold"] = 2.into())),
        ("dataset.malformed", Box::new(|j| j["predicate"]["classification"] = "secret".into())),
        (
            "dataset.duplicate-name",
            Box::new(|j| {
                let column = j["predicate"]["columns"][0].clone();
                j["predicate"]["columns"].as_array_mut().unwrap().push(column);
            }),
        ),
    ];
    for (expected, edit) in rows {
        assert_eq!(reason(&edited(edit)), expected);
    }
}

#[test]
fn other_spellings_are_refused() {
    let mut payload = manifest().sign(&key(1)).unwrap().unverified_payload().unwrap();
    payload.push(b' ');
    assert_eq!(reason(&Envelope::sign(PAYLOAD_TYPE, &payload, &key(1))), "dataset.not-canonical");
    let typed = Envelope::sign("text/plain", &payload, &key(1));
    assert_eq!(reason(&typed), "dataset.payload-type");
}

#[test]
fn a_manifest_that_would_be_refused_is_not_signed() {
    let mut manifest = manifest();
    manifest.files.push(manifest.files[0].clone());
    assert_eq!(manifest.sign(&key(1)).unwrap_err().reason(), "dataset.duplicate-name");
}
