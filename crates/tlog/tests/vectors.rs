//! Vectors of other programs: RFC 6962 proofs, Tessera's log, Sunlight's checkpoint.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::keys::{PublicKey, SecretKey};
use domain::{Digest, Reason as _};
use serde::Deserialize;
use tlog::merkle::{
    verify_consistency, verify_inclusion, verify_subtree, verify_subtree_inclusion,
};
use tlog::tiles::Tiles;
use tlog::witness::{AddCheckpoint, WitnessRefusal};
use tlog::{
    Checkpoint, LogError, SignedCheckpoint, StoreError, TilePath, VerifierKey, WitnessKey,
    verify_log,
};
use zeroize::Zeroizing;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/tlog");

/// The folder `name` of the vectors, or `None` after saying what is skipped.
fn vectors(name: &str) -> Option<PathBuf> {
    let folder = Path::new(VECTORS).join(name);
    if !folder.exists() {
        eprintln!("skipped: {name}, no shared vectors here");
    }
    folder.exists().then_some(folder)
}

/// The union of the fields of the four kinds of case.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    leaf_idx: Option<u64>,
    tree_size: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
    size: Option<u64>,
    size1: Option<u64>,
    size2: Option<u64>,
    root: Option<String>,
    root1: Option<String>,
    root2: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    desc: String,
    want_err: bool,
}

/// A hash; one that has not 32 bytes, as made-up roots and extended hashes have not, is
/// stood in for by its own hash: as unlike all others, and as equal to itself, as it was.
fn hash(text: Option<&String>) -> Digest {
    let bytes = STANDARD.decode(text.unwrap()).unwrap();
    let stand_in = || Digest::of(&[b"stands in for ", bytes.as_slice()].concat());
    bytes.as_slice().try_into().map_or_else(|_| stand_in(), Digest::from_bytes)
}

fn verdict(kind: &str, case: &Case) -> Result<(), LogError> {
    let proof = case.proof.as_deref().unwrap_or_default();
    let proof: Vec<_> = proof.iter().map(|text| hash(Some(text))).collect();
    let range = || case.start.unwrap()..case.end.unwrap();
    let roots = || (hash(case.root1.as_ref()), hash(case.root2.as_ref()));
    let leaf_and_root = || (hash(case.leaf_hash.as_ref()), hash(case.root.as_ref()));
    match kind {
        "inclusion" => {
            let (leaf, root) = leaf_and_root();
            verify_inclusion(&leaf, case.leaf_idx.unwrap(), case.tree_size.unwrap(), &proof, &root)
        }
        "subtreeinclusion" => {
            let (leaf, root) = leaf_and_root();
            verify_subtree_inclusion(&leaf, case.leaf_idx.unwrap(), range(), &proof, &root)
        }
        "consistency" => {
            let (older, newer) = roots();
            verify_consistency(case.size1.unwrap(), case.size2.unwrap(), &proof, &older, &newer)
        }
        _ => {
            let (subtree, root) = roots();
            verify_subtree(range(), case.size.unwrap(), &proof, &subtree, &root)
        }
    }
}

/// Whether every hash in the case has 32 bytes.
fn is_whole(case: &Case) -> bool {
    let roots = [&case.root, &case.root1, &case.root2, &case.leaf_hash].into_iter().flatten();
    let proof = case.proof.iter().flatten();
    roots.chain(proof).all(|text| STANDARD.decode(text).unwrap().len() == 32)
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    accepted: usize,
    refused: usize,
    /// Wrong only in that a hash has not 32 bytes: a type refuses them, not the verifier.
    refused_by_length: usize,
}

fn run(kind: &str, folder: &Path, counts: &mut Counts) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            run(kind, &path, counts);
            continue;
        }
        let case: Case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let reason = verdict(kind, &case).err().map(|error| error.reason());
        let refusal = if kind.ends_with("inclusion") { "log.inclusion" } else { "log.consistency" };
        if case.want_err && reason.is_none() && !is_whole(&case) {
            counts.refused_by_length += 1;
            continue;
        }
        assert_eq!(reason, case.want_err.then_some(refusal), "{}: {}", path.display(), case.desc);
        *(if case.want_err { &mut counts.refused } else { &mut counts.accepted }) += 1;
    }
}

#[test]
fn rfc6962_proofs() {
    // Accepted, refused, refused by length: 518 in all.
    let expected = [
        ("inclusion", [6, 91, 1]),
        ("consistency", [6, 92, 0]),
        ("subtreeconsistency", [12, 106, 0]),
        ("subtreeinclusion", [12, 190, 2]),
    ];
    for (kind, [accepted, refused, refused_by_length]) in expected {
        let Some(folder) = vectors(&format!("rfc6962-merkle/{kind}")) else {
            return;
        };
        let mut counts = Counts::default();
        run(kind, &folder, &mut counts);
        println!("{kind}: {counts:?}");
        assert_eq!(counts, Counts { accepted, refused, refused_by_length }, "{kind}");
    }
}

/// A log in a folder, of which each partial tile is there for each size.
fn read(folder: &Path, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(std::fs::read(folder.join(path.to_string())).ok())
}

#[test]
fn tessera_log_verifies_at_every_size() {
    let Some(folder) = vectors("tessera-log") else {
        return;
    };
    let key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let key: VerifierKey = key.parse().unwrap();
    for size in 0..=15 {
        let note = std::fs::read_to_string(folder.join(format!("checkpoint.{size}"))).unwrap();
        let mut count = 0;
        let signed =
            verify_log(|path| read(&folder, path), &note, &key, |_, _| count += 1).unwrap();
        assert_eq!((signed.checkpoint().size, count), (size, size));
    }
}

#[test]
fn sunlight_checkpoint_is_read_and_its_unknown_signature_ignored() {
    let Some(folder) = vectors("sunlight") else {
        return;
    };
    let mut found = Vec::new();
    find_checkpoints(&folder, &mut found);
    assert!(!found.is_empty());
    for path in found {
        let note = std::fs::read_to_string(&path).unwrap();
        let origin = note.split('\n').next().unwrap();
        let stranger = SecretKey::from_seed(&Zeroizing::new([1; 32])).public();
        let verdict = VerifierKey::new(origin, stranger)
            .and_then(|key| SignedCheckpoint::verify(&note, &key));
        let decoy = note.starts_with("decoy");
        let expected = if decoy { "log.malformed" } else { "log.signature" };
        assert_eq!(verdict.unwrap_err().reason(), expected, "{}", path.display());
    }
}

#[test]
fn sunlight_tiles_hash_to_their_checkpoint() {
    let Some(folder) = vectors("sunlight/witness/mirror") else {
        return;
    };
    let log = "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706";
    let folder = folder.join(log);
    let note = std::fs::read_to_string(folder.join("checkpoint")).unwrap();
    let text = note.split_inclusive('\n').take(3).collect::<String>();
    let checkpoint: Checkpoint = text.parse().unwrap();
    let tiles = Tiles::new(|path: &TilePath| read(&folder, path), checkpoint.size);
    assert_eq!((checkpoint.size, tiles.root(300).unwrap()), (300, checkpoint.root));
}

#[test]
fn sunlight_witness_cosigned_its_checkpoint() {
    let Some(folder) = vectors("sunlight") else {
        return;
    };
    let key = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN";
    let witness: WitnessKey = key.parse().unwrap();
    assert_eq!(witness.to_string(), key);
    let mut found = Vec::new();
    find_checkpoints(&folder.join("witness"), &mut found);
    let notes = found.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let times = notes.filter_map(|note| witness.time_of(&note).ok().flatten());
    let times: Vec<i64> = times.map(domain::Timestamp::unix_seconds).collect();
    assert_eq!(times, [1_767_139_200]);
}

#[derive(Deserialize)]
struct Answer {
    case: String,
    status: u16,
    body: String,
}

fn hex_key(hex: &str) -> PublicKey {
    PublicKey::from_bytes(&hex::decode(hex).unwrap().try_into().unwrap()).unwrap()
}

/// What Debian's sigsum-witness 0.11.1 answered, one request after the other.
#[test]
fn a_recorded_conversation_with_a_witness_is_judged_alike() {
    let Some(folder) = vectors("witness") else {
        return;
    };
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let answers = text("sigsum-witness-0.11.1-responses.json");
    let answers: Vec<Answer> = serde_json::from_str(&answers).unwrap();
    assert_eq!(answers.len(), 9);
    let log = hex_key(text("log-key.hex").trim());
    // An SSH key: lengths, `ssh-ed25519`, and the 32 bytes last.
    let ssh = text("witness-key.pub");
    let ssh = STANDARD.decode(ssh.split(' ').nth(1).unwrap()).unwrap();
    let witness = hex_key(&hex::encode(&ssh[ssh.len() - 32..]));
    let mut latest: Option<Checkpoint> = None;
    for answer in answers {
        let request = text(&format!("{}.request", answer.case));
        let key = |request: &AddCheckpoint| VerifierKey::new(request.origin(), log).unwrap();
        let judged = request
            .parse::<AddCheckpoint>()
            .and_then(|request| request.judge(&key(&request), latest.as_ref()));
        let status = judged.as_ref().map_or_else(|refusal| refusal.status(), |_| 200);
        assert_eq!(status, answer.status, "{}", answer.case);
        match judged {
            Ok(grown) => {
                let note = request.parse::<AddCheckpoint>().unwrap().note + &answer.body;
                let name = answer.body.split(' ').nth(1).unwrap();
                let witness = WitnessKey::new(name, witness).unwrap();
                assert!(witness.time_of(&note).unwrap().is_some(), "{}", answer.case);
                latest = Some(grown.checkpoint().clone());
            }
            Err(WitnessRefusal::Conflict { size }) => {
                assert_eq!(format!("{size}\n"), answer.body);
            }
            Err(_) => {}
        }
    }
    assert_eq!(latest.map(|latest| latest.size), Some(700));
}

fn find_checkpoints(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_checkpoints(&path, found);
        } else if path.ends_with("checkpoint") {
            found.push(path);
        }
    }
}
