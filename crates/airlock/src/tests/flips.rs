//! No byte of an export can be changed, no member removed, added or exchanged.

use domain::Reason as _;

use super::world::*;
use crate::export::{
    ExportError, LogProofs, Members, Receipt, logged, pack, unpack, verify, verify_members,
};

/// Why the export that holds `members` is refused.
fn refused(members: &Members) -> ExportError {
    verify(&pack(members).unwrap(), &trust(), &roots()).unwrap_err()
}

/// The refusal's code and the member that it names, if it names one.
fn told(error: &ExportError) -> String {
    match error {
        ExportError::Member(path) => format!("{} {path}", error.reason()),
        ExportError::LogEvent(event) => format!("{} {event}", error.reason()),
        _ => error.reason().to_owned(),
    }
}

fn flipped(members: &Members, path: &str, byte: usize) -> Members {
    let mut altered = members.clone();
    altered.get_mut(path).unwrap()[byte] ^= 1;
    altered
}

#[tokio::test]
async fn no_byte_of_the_file_can_be_flipped() {
    let file = World::new().exported().await;
    let (trust, roots) = (trust(), roots());
    for byte in 0..file.len() {
        let mut altered = file.clone();
        altered[byte] ^= 1;
        let error = verify(&altered, &trust, &roots).unwrap_err();
        let known = ["export.container", "export.member"].contains(&error.reason());
        assert!(known, "byte {byte}: {error}");
    }
}

#[tokio::test]
async fn no_byte_of_a_repacked_member_can_be_flipped() {
    let members = unpack(&World::new().exported().await).unwrap();
    let (trust, roots) = (trust(), roots());
    for (path, bytes) in members.iter().filter(|(path, _)| !path.starts_with("log/")) {
        let mut reasons: Vec<String> = (0..bytes.len())
            .map(|byte| {
                let altered = flipped(&members, path, byte);
                told(&verify_members(&altered, &trust, &roots).unwrap_err())
            })
            .collect();
        reasons.sort();
        reasons.dedup();
        if path == "receipt.dsse.json" {
            assert_eq!(reasons, ["export.format", "export.receipt"]);
        } else if !bytes.is_empty() {
            assert_eq!(reasons, [format!("export.member {path}")]);
        }
    }
}

/// Verification comes to the log last; here it is asked alone, since each byte would otherwise
/// cost the whole of it.
#[tokio::test]
async fn no_byte_of_the_logs_entries_and_proofs_can_be_flipped() {
    let members = unpack(&World::new().exported().await).unwrap();
    let envelope = serde_json::from_slice(&members["receipt.dsse.json"]).unwrap();
    let (receipt, digest) = Receipt::verify(&envelope, &trust().airlock).unwrap();
    let trust = trust();
    logged(&members, &receipt, digest, &trust).unwrap();
    let mut flips = 0;
    for (path, bytes) in members.iter().filter(|(path, _)| path.starts_with("log/")) {
        for byte in 0..bytes.len() {
            let altered = flipped(&members, path, byte);
            let error = logged(&altered, &receipt, digest, &trust).unwrap_err();
            let expected = matches!(error, ExportError::Log(_))
                || matches!(&error, ExportError::Member(member) if member == path);
            assert!(expected, "{path} {byte}: {error:?}");
            flips += 1;
        }
    }
    assert!(flips > 5000, "{flips}");
}

#[tokio::test]
async fn no_member_can_be_removed() {
    let members = unpack(&World::new().exported().await).unwrap();
    for path in members.keys() {
        let mut altered = members.clone();
        altered.remove(path);
        // Of the last pair, the half that is left is the one too many.
        let missed = match path.as_str() {
            "log/008.json" => "log/008.tlog-proof",
            "log/008.tlog-proof" => "log/008.json",
            path => path,
        };
        let expected = format!("export.member {missed}");
        assert_eq!(told(&refused(&altered)), expected);
    }
}

#[tokio::test]
async fn no_member_can_be_added() {
    let members = unpack(&World::new().exported().await).unwrap();
    for path in ["extra", "files/extra.csv", "log/extra", "log/009.json", "enclave/extra"] {
        let mut altered = members.clone();
        altered.insert(path.to_owned(), b"x".to_vec());
        let expected = if path == "log/extra" { "log/extra" } else { path };
        assert_eq!(told(&refused(&altered)), format!("export.member {expected}"), "{path}");
    }
    // Not even a true entry with its proof.
    let mut altered = members.clone();
    for kind in ["json", "tlog-proof"] {
        altered.insert(format!("log/009.{kind}"), members[&format!("log/000.{kind}")].clone());
    }
    assert_eq!(told(&refused(&altered)), "export.log-event in the log's order");
}

#[tokio::test]
async fn no_true_entry_beyond_the_needed_ones_can_be_added() {
    let world = World::new();
    let file = world.exported().await;
    let mut members = unpack(&file).unwrap();
    world.launch();
    let last = u64::try_from(world.entries().len()).unwrap() - 1;
    let (leaf, proof) = world.ledger.prove(last).unwrap();
    LogProofs::add(&mut members, 9, leaf, &proof);
    assert_eq!(told(&refused(&members)), "export.member log/009.json");
}

#[tokio::test]
async fn no_two_members_can_be_exchanged() {
    let members = unpack(&World::new().exported().await).unwrap();
    let exchange = |one: &str, other: &str| {
        let mut altered = members.clone();
        altered.insert(one.to_owned(), members[other].clone());
        altered.insert(other.to_owned(), members[one].clone());
        told(&refused(&altered))
    };
    let first = exchange("checks/rules.toml", "project/proposal.json");
    assert_eq!(first, "export.member checks/rules.toml");
    assert_eq!(exchange("log/000.json", "log/001.json"), "export.log-proof");
    assert_eq!(exchange("log/000.tlog-proof", "log/001.tlog-proof"), "export.log-proof");
}

/// `members` with log entry `number` left out and the later ones moved up, or two exchanged.
fn renumbered(members: &Members, order: &[usize]) -> Members {
    let mut altered: Members =
        members.clone().into_iter().filter(|(path, _)| !path.starts_with("log/")).collect();
    for (to, from) in order.iter().enumerate() {
        for kind in ["json", "tlog-proof"] {
            let bytes = members[&format!("log/{from:03}.{kind}")].clone();
            altered.insert(format!("log/{to:03}.{kind}"), bytes);
        }
    }
    altered
}

#[tokio::test]
async fn no_entry_of_the_log_can_be_dropped_or_moved() {
    let members = unpack(&World::new().exported().await).unwrap();
    let events = [
        "DatasetSealed",
        "ProjectApproved",
        "LaunchAuthorised",
        "EnclaveAttested",
        "KeyReleased",
        "OutputChecked",
        "OutputReviewed",
        "OutputReviewed",
        "OutputExported",
    ];
    assert_eq!(renumbered(&members, &[0, 1, 2, 3, 4, 5, 6, 7, 8]), members);
    for (dropped, event) in events.into_iter().enumerate() {
        let order: Vec<usize> = (0..events.len()).filter(|number| *number != dropped).collect();
        let error = refused(&renumbered(&members, &order));
        assert_eq!(told(&error), format!("export.log-event {event}"), "{dropped}");
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.swap(dropped, (dropped + 1) % events.len());
        let error = refused(&renumbered(&members, &order));
        assert_eq!(told(&error), "export.log-event in the log's order", "{dropped}");
    }
}
