//! GPU evidence and manifests that are changed at random are never accepted, and never panic.

use std::collections::BTreeMap;

use domain::Reason as _;
use evidence::nvidia::{References, verify};

use crate::mutations::Random;
use crate::nvidia_device::{Parts, driver, evidence, expected, reason, roots, sign, vbios};
use crate::support::now;

/// Of the report, the certificates and the manifests more than 10,000 each.
const MUTATIONS: u32 = 36_000;

/// Without signing again: everything before the signature is under it.
#[test]
fn no_changed_byte_of_a_report_is_accepted() {
    let right = evidence(&Parts::right().bytes());
    for position in 0..right.report.len() {
        let mut changed = right.clone();
        changed.report[position] ^= 1;
        let reason = reason(&changed);
        let known = ["evidence.malformed", "evidence.signature"];
        assert!(known.contains(&reason), "{position}: {reason}");
    }
    println!("{} bytes of a report, unsigned: 0 accepted", right.report.len());
}

#[test]
fn no_mutation_is_accepted() {
    let right = evidence(&Parts::right().bytes());
    let (expected, roots) = (expected(), roots());
    let manifests = [sign(&driver()).into_bytes(), sign(&vbios()).into_bytes()];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut reasons = BTreeMap::new();
    let (mut tried, mut respelled) = (0, 0);
    let references = References { driver: &manifests[0], vbios: &manifests[1] };
    let claims = verify(&right, &expected, references, &roots, now()).unwrap().get().clone();
    for _ in 0..MUTATIONS {
        let mut changed = right.clone();
        let mut manifests = manifests.clone();
        let part = match random.below(7) {
            0..=2 => &mut changed.report,
            part @ (3 | 4) => &mut manifests[part - 3],
            _ => {
                let index = random.below(changed.certificates.len());
                &mut changed.certificates[index]
            }
        };
        let before = part.clone();
        for _ in 0..=random.below(3) {
            random.mutate(part);
        }
        if *part == before {
            continue;
        }
        tried += 1;
        let references = References { driver: &manifests[0], vbios: &manifests[1] };
        match verify(&changed, &expected, references, &roots, now()) {
            // White space that is not part of a manifest's canonical form, or outside what is signed.
            Ok(verified) if changed == right => {
                assert_eq!(verified.get(), &claims);
                respelled += 1;
            }
            Ok(_) => panic!("accepted: {changed:?}"),
            Err(error) => *reasons.entry(error.reason()).or_insert(0) += 1,
        }
    }
    println!("{tried} mutations, {respelled} of them spell a manifest otherwise: {reasons:?}");
    for reason in [
        "evidence.malformed",
        "evidence.chain",
        "evidence.signature",
        "evidence.gpu-rim-signature",
        "evidence.gpu-rim-chain",
    ] {
        assert!(reasons.contains_key(reason), "{reasons:?}");
    }
}
