use super::*;
use crate::checkpoint::SignedCheckpoint;
use crate::testing::{MemoryStore, key};
use aws_lc_rs::signature::{KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use domain::Reason as _;
use zeroize::Zeroizing;

fn witness() -> (WitnessKey, SecretKey) {
    let secret = SecretKey::from_seed(&Zeroizing::new([21; 32]));
    (WitnessKey::new("witness.example/w1", secret.public()).unwrap(), secret)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

/// A checkpoint of the test log, cosigned at these times.
fn cosigned(times: &[i64]) -> String {
    let log = MemoryStore::default().open().unwrap();
    let (witness, secret) = witness();
    let checkpoint = log.checkpoint();
    let lines = times
        .iter()
        .map(|&time| witness.cosign(checkpoint.checkpoint(), at(time), &secret).unwrap());
    checkpoint.note().to_owned() + &lines.collect::<String>()
}

#[test]
fn the_time_is_what_was_signed() {
    let (witness, secret) = witness();
    assert_eq!(witness.to_string().parse::<WitnessKey>().unwrap(), witness);
    assert_eq!(witness.time_of(&cosigned(&[])).unwrap(), None);
    for (times, latest) in [(&[0_i64][..], 0), (&[1_800_000_000], 1_800_000_000), (&[5, 9, 7], 9)] {
        let note = cosigned(times);
        assert_eq!(witness.time_of(&note).unwrap(), Some(at(latest)));
        // The log's own signature is none the worse for it.
        assert!(SignedCheckpoint::verify(&note, &key()).is_ok());
    }
    let error = witness.cosign(log_checkpoint().checkpoint(), at(-1), &secret).unwrap_err();
    assert_eq!(error.reason(), "log.malformed");
}

fn log_checkpoint() -> SignedCheckpoint {
    MemoryStore::default().open().unwrap().checkpoint().clone()
}

#[test]
fn keys_of_logs_are_no_keys_of_witnesses() {
    let (witness, secret) = witness();
    let log = crate::VerifierKey::new("witness.example/w1", secret.public()).unwrap();
    assert_eq!(log.to_string().parse::<WitnessKey>().unwrap_err().reason(), "log.malformed");
    let error = witness.to_string().parse::<crate::VerifierKey>().unwrap_err();
    assert_eq!(error.reason(), "log.malformed");
    // A note that it signed as a log is not cosigned.
    let signed = log.sign(&log_checkpoint().checkpoint().to_string(), &secret);
    assert_eq!(witness.time_of(&signed).unwrap(), None);
}

#[test]
fn any_flipped_bit_of_a_cosignature_is_noticed() {
    let (witness, _) = witness();
    let note = cosigned(&[1_800_000_000]);
    let line = note.rfind('—').unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for (at, bit) in (0..note.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1 << bit;
        let Ok(altered) = String::from_utf8(bytes) else { continue };
        let outcome = match witness.time_of(&altered) {
            Ok(Some(time)) => {
                // Another signature line was altered: this one is not about it.
                assert!(at < line && time == self::at(1_800_000_000), "{altered}");
                "same"
            }
            Ok(None) => "not of this witness",
            Err(error) => error.reason(),
        };
        *seen.entry(outcome).or_insert(0) += 1;
    }
    let outcomes: Vec<_> = seen.keys().copied().collect();
    assert_eq!(outcomes, ["log.cosignature", "log.malformed", "not of this witness", "same"]);
}

/// A witness with an ML-DSA-44 key.
fn lattice(seed: u8) -> (WitnessKey, PqdsaKeyPair) {
    let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, &[seed; 32]).unwrap();
    let key = pair.public_key().as_ref().try_into().unwrap();
    (WitnessKey::new_ml_dsa_44("witness.example/w6", key).unwrap(), pair)
}

fn lattice_line(seed: u8, checkpoint: &Checkpoint, time: i64) -> String {
    let (key, pair) = lattice(seed);
    let mut signature = vec![0; 2420];
    pair.sign(&key.statement(checkpoint, at(time)).unwrap(), &mut signature).unwrap();
    key.line(at(time), &signature).unwrap()
}

#[test]
fn ml_dsa_signs_the_structure_of_the_specification() {
    let (key, _) = lattice(1);
    let checkpoint = Checkpoint {
        origin: "example.com/behind-the-sofa".to_owned(),
        size: 20_852_163,
        root: domain::Digest::of(b"root"),
    };
    let mut expected = b"subtree/v1\n\0\x12witness.example/w6".to_vec();
    expected.extend([0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb]);
    expected.extend(b"\x1bexample.com/behind-the-sofa");
    expected.extend([0; 8]);
    expected.extend([0, 0, 0, 0, 1, 0x3e, 0x2d, 0xc3]);
    expected.extend(checkpoint.root.as_bytes());
    assert_eq!(key.statement(&checkpoint, at(1_679_315_147)).unwrap(), expected);
    let long = Checkpoint { origin: "o".repeat(256), ..checkpoint };
    assert_eq!(key.statement(&long, at(0)).unwrap_err().reason(), "log.malformed");
}

#[test]
fn ml_dsa_cosignatures_are_believed_beside_others() {
    let (key, _) = lattice(1);
    assert_eq!(key.to_string().parse::<WitnessKey>().unwrap(), key);
    let checkpoint = log_checkpoint();
    let line = lattice_line(1, checkpoint.checkpoint(), 1_800_000_000);
    let note = cosigned(&[5]) + &line;
    assert_eq!(key.time_of(&note).unwrap(), Some(at(1_800_000_000)));
    assert_eq!(witness().0.time_of(&note).unwrap(), Some(at(5)));
    assert!(SignedCheckpoint::verify(&note, &crate::testing::key()).is_ok());
    // By another key, of another time, of another tree, under another name.
    let other = Checkpoint { size: 9, ..checkpoint.checkpoint().clone() };
    let (start, encoded) = line.trim_end().rsplit_once(' ').unwrap();
    let later = format!("{start} {}\n", later_by_one(encoded));
    for (wrong, outcome) in [
        (lattice_line(2, checkpoint.checkpoint(), 5), Ok(None)),
        (later, Err("log.cosignature")),
        (lattice_line(1, &other, 5), Err("log.cosignature")),
        (line.replace("witness.example/w6", "witness.example/w7"), Ok(None)),
    ] {
        let time = key.time_of(&(checkpoint.note().to_owned() + &wrong));
        assert_eq!(time.map_err(|error| error.reason()), outcome, "{wrong}");
    }
}

/// The same signature with a time one second later.
fn later_by_one(encoded: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut bytes = STANDARD.decode(encoded).unwrap();
    bytes[11] += 1;
    STANDARD.encode(bytes)
}

#[test]
fn an_ml_dsa_key_has_its_length_and_its_type() {
    let (key, _) = lattice(1);
    let bytes: &[u8; ML_DSA_44_KEY_LEN] = key.key().try_into().unwrap();
    let long = "n".repeat(256);
    assert_eq!(WitnessKey::new_ml_dsa_44(&long, bytes).unwrap_err().reason(), "log.malformed");
    for (kind, length) in [(6, 1311), (6, 32), (4, 1312), (5, 1312), (1, 32)] {
        let text = NamedKey::new("w", kind, &bytes[..length]).unwrap().to_string();
        let error = text.parse::<WitnessKey>().unwrap_err();
        assert_eq!(error.reason(), "log.malformed", "{kind} {length}");
    }
}
