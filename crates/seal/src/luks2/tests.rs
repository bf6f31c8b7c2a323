use std::path::Path;
use std::process::{Command, Output};

use domain::Reason as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::testing::Counter;

fn volume_key() -> VolumeKey {
    VolumeKey::draw(&mut Counter(100)).unwrap()
}

fn secret() -> DatasetSecret {
    DatasetSecret::draw(&mut Counter(200))
}

fn header() -> Vec<u8> {
    write(&volume_key(), &secret(), &HeaderRandomness::draw(&mut Counter(300))).unwrap()
}

fn reason(header: &[u8]) -> &'static str {
    AdmittedHeader::parse(header).unwrap_err().reason()
}

/// Makes the checksums of both copies right again.
fn repaired(mut header: Vec<u8>) -> Vec<u8> {
    for copy in header[..2 * COPY_BYTES].chunks_mut(COPY_BYTES) {
        binary::seal_checksum(copy);
    }
    header
}

/// `header` with another JSON text in both copies, checksums right.
fn with_text(mut header: Vec<u8>, text: &[u8]) -> Vec<u8> {
    for copy in header[..2 * COPY_BYTES].chunks_mut(COPY_BYTES) {
        copy[4096..].fill(0);
        copy[4096..4096 + text.len()].copy_from_slice(text);
    }
    repaired(header)
}

fn json_of(header: &[u8]) -> Value {
    let area = &header[4096..COPY_BYTES];
    serde_json::from_slice(area.split(|byte| *byte == 0).next().unwrap()).unwrap()
}

/// The valid header with one edit of its JSON.
fn edited(header: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json = json_of(header);
    edit(&mut json);
    with_text(header.to_vec(), &domain::canonical::to_vec(&json).unwrap())
}

#[test]
fn gives_the_key_to_its_secret_alone() {
    let admitted = AdmittedHeader::parse(&header()).unwrap();
    assert_eq!(admitted.recover_volume_key(&secret()).unwrap().expose(), volume_key().expose());
    let other = DatasetSecret::from_bytes(Zeroizing::new([1; 32]));
    let refused = admitted.recover_volume_key(&other).unwrap_err();
    assert_eq!(refused.reason(), "seal.luks-wrong-secret");
}

#[test]
fn is_determined_by_its_inputs() {
    assert_eq!(header(), header());
    let other = HeaderRandomness::draw(&mut Counter(301));
    assert_ne!(write(&volume_key(), &secret(), &other).unwrap(), header());
    // The format is frozen: what was sealed once must open for ever.
    assert_eq!(
        domain::Digest::of(&header()).to_string(),
        "sha256:f6dcf89c988c1ddd39e4673c7977a3e184886e4aabe9280a6ec6cb8e6e722a8a"
    );
}

#[test]
fn each_edit_of_the_json_has_its_reason() {
    type Edit = fn(&mut Value);
    let rows: [(&str, Edit); 50] = [
        ("seal.luks-cipher", |j| j["segments"]["0"]["encryption"] = json!("cipher_null-ecb")),
        ("seal.luks-cipher", |j| j["segments"]["0"]["encryption"] = json!("aes-cbc-essiv:sha256")),
        ("seal.luks-cipher", |j| j["segments"]["0"]["encryption"] = Value::Null),
        ("seal.luks-cipher", |j| {
            j["keyslots"]["0"]["area"]["encryption"] = json!("cipher_null-ecb");
        }),
        ("seal.luks-segments", |j| j["segments"] = json!({})),
        ("seal.luks-segments", |j| j["segments"] = json!([])),
        ("seal.luks-segments", |j| j["segments"]["1"] = j["segments"]["0"].clone()),
        ("seal.luks-segments", |j| {
            j["segments"]["1"] =
                json!({"type": "linear", "offset": "0", "size": "dynamic", "flags": ["backup"]});
        }),
        ("seal.luks-segments", |j| j["segments"] = json!({ "1": j["segments"]["0"] })),
        ("seal.luks-segments", |j| {
            j["segments"]["0"] = json!({"type": "linear", "offset": "0", "size": "dynamic"});
        }),
        ("seal.luks-segments", |j| j["segments"]["0"]["type"] = json!("linear")),
        ("seal.luks-segments", |j| j["segments"]["0"]["offset"] = json!("4096")),
        ("seal.luks-segments", |j| j["segments"]["0"]["offset"] = json!(0)),
        ("seal.luks-segments", |j| j["segments"]["0"]["size"] = json!("4096")),
        ("seal.luks-segments", |j| j["segments"]["0"]["iv_tweak"] = json!("8")),
        ("seal.luks-segments", |j| j["segments"]["0"]["sector_size"] = json!(512)),
        ("seal.luks-segments", |j| j["segments"]["0"]["flags"] = json!(["in-reencryption"])),
        ("seal.luks-segments", |j| {
            j["segments"]["0"]["integrity"] =
                json!({"type": "none", "journal_encryption": "none", "journal_integrity": "none"});
        }),
        ("seal.luks-keyslots", |j| j["keyslots"] = json!({})),
        ("seal.luks-keyslots", |j| j["keyslots"]["1"] = j["keyslots"]["0"].clone()),
        ("seal.luks-keyslots", |j| j["keyslots"] = json!({ "7": j["keyslots"]["0"] })),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["type"] = json!("reencrypt")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["key_size"] = json!(32)),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["priority"] = json!(0)),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["area"]["offset"] = json!("36864")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["area"]["size"] = json!("4096")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["area"]["type"] = json!("none")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["af"]["hash"] = json!("sha1")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["af"]["extra"] = json!(1)),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["kdf"]["salt"] = json!("AAAA")),
        ("seal.luks-keyslots", |j| j["keyslots"]["0"]["kdf"]["time"] = json!(4.5)),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["kdf"]["time"] = json!(3)),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["kdf"]["memory"] = json!(32_767)),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["kdf"]["cpus"] = json!(0)),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["kdf"]["type"] = json!("argon2i")),
        ("seal.luks-weak-keyslot", |j| {
            let salt = j["keyslots"]["0"]["kdf"]["salt"].clone();
            j["keyslots"]["0"]["kdf"] =
                json!({"type": "pbkdf2", "hash": "sha256", "iterations": 1000, "salt": salt});
        }),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["af"]["stripes"] = json!(1)),
        ("seal.luks-weak-keyslot", |j| j["keyslots"]["0"]["area"]["key_size"] = json!(32)),
        ("seal.luks-keyslot-cost", |j| j["keyslots"]["0"]["kdf"]["time"] = json!(17)),
        ("seal.luks-keyslot-cost", |j| j["keyslots"]["0"]["kdf"]["memory"] = json!(4_194_304)),
        ("seal.luks-keyslot-cost", |j| j["keyslots"]["0"]["kdf"]["cpus"] = json!(5)),
        ("seal.luks-digests", |j| j["digests"] = json!({})),
        ("seal.luks-digests", |j| j["digests"]["1"] = j["digests"]["0"].clone()),
        ("seal.luks-digests", |j| j["digests"]["0"]["segments"] = json!([])),
        ("seal.luks-digests", |j| j["digests"]["0"]["hash"] = json!("sha1")),
        ("seal.luks-digests", |j| j["digests"]["0"]["iterations"] = json!(1)),
        ("seal.luks-tokens", |j| {
            j["tokens"]["0"] = json!({"type": "luks2-keyring", "keyslots": ["0"]});
        }),
        ("seal.luks-config", |j| j["config"]["requirements"] = json!({"mandatory": ["x"]})),
        ("seal.luks-config", |j| j["config"]["flags"] = json!(["allow-discards"])),
        ("seal.luks-malformed", |j| j["extra"] = json!({})),
    ];
    let valid = header();
    for (number, (expected, edit)) in rows.into_iter().enumerate() {
        assert_eq!(reason(&edited(&valid, edit)), expected, "row {number}");
    }
}

#[test]
fn other_texts_of_the_same_json_are_refused() {
    let valid = header();
    let text = domain::canonical::to_vec(&json_of(&valid)).unwrap();
    assert_eq!(with_text(valid.clone(), &text), valid);
    let text = String::from_utf8(text).unwrap();
    let doubled = text.replacen('{', r#"{"tokens":{"0":{"type":"x","keyslots":[]}},"#, 1);
    for other in [format!("{text} "), text.replace(":{}", ": {}"), doubled, format!("{text}\0x")] {
        assert_eq!(reason(&with_text(valid.clone(), other.as_bytes())), "seal.luks-malformed");
    }
    for other in [&b""[..], b"{", b"[]", b"\xff", &[b'['; 12_000]] {
        assert_eq!(reason(&with_text(valid.clone(), other)), "seal.luks-malformed");
    }
}

#[test]
fn each_field_of_the_binary_header_has_its_reason() {
    let valid = header();
    // Position, whether in both copies, whether the checksums are made right again.
    let rows = [
        (0, false, true, "seal.luks-version"),
        (7, true, true, "seal.luks-version"),
        (14, true, true, "seal.luks-malformed"), // size
        (23, true, true, "seal.luks-malformed"), // sequence number
        (23, false, true, "seal.luks-copies"),
        (24, true, true, "seal.luks-malformed"), // label
        (24, false, true, "seal.luks-copies"),
        (72, true, true, "seal.luks-checksum"),   // algorithm
        (104, true, false, "seal.luks-checksum"), // salt
        (168, true, true, "seal.luks-malformed"), // UUID, now with `p` in it
        (168, false, true, "seal.luks-copies"),
        (208, true, true, "seal.luks-malformed"), // subsystem
        (263, true, true, "seal.luks-malformed"), // offset
        (264, true, true, "seal.luks-malformed"), // padding
        (448, true, false, "seal.luks-checksum"),
        (511, true, false, "seal.luks-checksum"),
        (512, true, true, "seal.luks-malformed"), // padding
        (4200, false, true, "seal.luks-copies"),  // JSON
        (COPY_BYTES - 1, true, true, "seal.luks-malformed"), // after the JSON
    ];
    for (position, both, repair, expected) in rows {
        let mut changed = valid.clone();
        changed[position] ^= 0x40;
        if both {
            changed[COPY_BYTES + position] ^= 0x40;
        }
        let changed = if repair { repaired(changed) } else { changed };
        assert_eq!(reason(&changed), expected, "byte {position}, both: {both}");
    }
    let mut padding = valid.clone();
    *padding.last_mut().unwrap() = 1;
    assert_eq!(reason(&padding), "seal.luks-malformed");
    assert_eq!(reason(&valid[1..]), "seal.luks-malformed");
    assert_eq!(reason(&[&*valid, &[0]].concat()), "seal.luks-malformed");
    assert_eq!(reason(&[]), "seal.luks-malformed");
}

/// The stripes begin after both copies and end where the padding of the area begins.
fn is_stripe(position: usize) -> bool {
    (2 * COPY_BYTES..2 * COPY_BYTES + anti_forensic::SPLIT_BYTES).contains(&position)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// No byte outside the encrypted stripes may change, even if somebody makes the checksums right.
    #[test]
    fn no_mutation_is_admitted(
        positions in prop::collection::vec(
            prop_oneof![0..COPY_BYTES, 4096_usize..5200, 0..HEADER_BYTES], 1..6),
        flips in any::<[std::num::NonZeroU8; 6]>(),
        both in any::<bool>(),
    ) {
        thread_local!(static VALID: Vec<u8> = header());
        let valid = VALID.with(Clone::clone);
        let mut changed = valid.clone();
        for (position, flip) in positions.into_iter().zip(flips) {
            changed[position] ^= flip.get();
            if both && position < COPY_BYTES {
                changed[COPY_BYTES + position] ^= flip.get();
            }
        }
        let only_stripes = |changed: &[u8]| {
            (0..HEADER_BYTES).all(|i| is_stripe(i) || changed[i] == valid[i])
        };
        prop_assert_eq!(AdmittedHeader::parse(&changed).is_ok(), only_stripes(&changed));
        // A changed salt under a right checksum is another valid header: nothing reads the salts.
        for start in [0, COPY_BYTES] {
            let salt = start + 104..start + 168;
            changed[salt.clone()].copy_from_slice(&valid[salt]);
        }
        let changed = repaired(changed);
        // One letter of base64 or of the UUID may become another: then it is the header of another
        // key slot, which the manifest's digest refuses and no secret opens.
        let admitted = AdmittedHeader::parse(&changed);
        let same_shape = admitted.as_ref().is_ok_and(|admitted| {
            let json = admitted.metadata.to_json().unwrap();
            changed[4096..].starts_with(&json)
        });
        prop_assert_eq!(admitted.is_ok(), only_stripes(&changed) || same_shape);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Whatever a JSON area holds, the parser answers.
    #[test]
    fn no_text_panics(text in r#"[\[\]{}":,0-9a-z.\-]{0,200}"#, key in "[a-z/_]{1,12}", number in any::<i64>()) {
        let reason = |text: &str| Metadata::from_json(text).err().map(|error| error.reason());
        prop_assert_eq!(reason(&text), Some("seal.luks-malformed"));
        let json = json!({
            "keyslots": { "0": { key.clone(): number, "kdf": { "type": "argon2id", key: number } } },
            "tokens": {}, "segments": { "0": {} }, "digests": number, "config": null,
        });
        prop_assert_eq!(reason(&json.to_string()), Some("seal.luks-segments"));
    }
}

/// Runs `cryptsetup` with the header, the key file and an empty image in a folder; none if it is
/// not installed.
fn cryptsetup(folder: &Path, arguments: &[&str]) -> Option<Output> {
    std::fs::write(folder.join("header.img"), header()).unwrap();
    std::fs::write(folder.join("secret"), secret().expose()).unwrap();
    std::fs::write(folder.join("data.img"), vec![0; 1 << 20]).unwrap();
    let output = Command::new("cryptsetup").args(arguments).current_dir(folder).output();
    if output.is_err() {
        println!("skipped: cryptsetup (cryptsetup-bin) is not installed");
    }
    output.ok()
}

#[test]
fn cryptsetup_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["luksDump", "--dump-json-metadata", "header.img"];
    let Some(output) = cryptsetup(folder.path(), &arguments) else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), json_of(&header()));
}

#[test]
fn cryptsetup_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["open", "--test-passphrase", "--key-file", "secret", "--header", "header.img", "data.img"];
    let Some(output) = cryptsetup(folder.path(), &arguments) else { return };
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn cryptsetup_finds_the_same_volume_key() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "luksDump",
        "--batch-mode",
        "--dump-volume-key",
        "--volume-key-file",
        "volume-key",
        "--key-file",
        "secret",
        "header.img",
    ];
    let Some(output) = cryptsetup(folder.path(), &arguments) else { return };
    assert!(output.status.success(), "{output:?}");
    let found = std::fs::read(folder.path().join("volume-key")).unwrap();
    assert_eq!(found, volume_key().expose());
}
