//! Evidence that is changed at random is never accepted, and never panics.

use std::collections::BTreeMap;

use domain::Reason as _;

use super::machine::{Machine, answer, expected};
use crate::mutations::Random;

const MUTATIONS: u32 = 12_000;

/// Every byte of header, request data, claims and quote with one bit changed, and many of the rest.
#[test]
fn no_changed_byte_is_accepted() {
    let right = Machine::right();
    assert_eq!(right.reason(), "verified");
    let mut reasons = BTreeMap::new();
    let mut refuse = |machine: &Machine, place: (&str, usize)| {
        let error = machine.answer().expect_err(&format!("{place:?}"));
        *reasons.entry((place.0.to_owned(), error.reason())).or_insert(0) += 1;
    };
    for bit in [0x01, 0x80] {
        for position in 0..right.hcl.len() {
            // The padding is one field; the processor's report has mutations of its own.
            let part = part(&right.hcl, position);
            if matches!(part, "padding" | "report") && position % 16 != 0 {
                continue;
            }
            let mut machine = right.clone();
            machine.hcl[position] ^= bit;
            refuse(&machine, (part, position));
        }
        for position in 0..right.message.len() {
            let mut machine = right.clone();
            machine.message[position] ^= bit;
            refuse(&machine, ("quote", position));
        }
        for position in (0..right.signature.len()).step_by(5) {
            let mut machine = right.clone();
            machine.signature[position] ^= bit;
            refuse(&machine, ("signature", position));
        }
        for position in (0..24 * 32).step_by(3) {
            let mut machine = right.clone();
            machine.pcrs[position / 32][position % 32] ^= bit;
            refuse(&machine, ("pcrs", position));
        }
    }
    for ((place, reason), count) in &reasons {
        println!("{place}: {count} {reason}");
    }
    assert_eq!(reasons.keys().filter(|(place, _)| place == "claims").count(), 1);
    assert!(reasons.contains_key(&("claims".to_owned(), "evidence.report-data")));
    assert!(reasons.contains_key(&("pcrs".to_owned(), "evidence.azure-pcr-digest")));
}

/// Where a byte of the HCL's report is.
fn part(hcl: &[u8], position: usize) -> &'static str {
    let end = usize::from(u16::from_le_bytes([hcl[8], hcl[9]]));
    match position {
        0..32 => "header",
        32..1216 => "report",
        1216..1236 => "request data",
        _ if position < end => "claims",
        _ => "padding",
    }
}

#[test]
fn no_mutation_is_accepted() {
    let right = Machine::right();
    let parsed = right.read().unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut reasons = BTreeMap::new();
    let mut same = 0;
    for _ in 0..MUTATIONS {
        let mut changed = right.clone();
        for _ in 0..=random.below(3) {
            mutate(&mut changed, &mut random);
        }
        let read = changed.read();
        // Padding that was cut, the header's other version: the same evidence.
        if read.as_ref() == Ok(&parsed) {
            same += 1;
            continue;
        }
        match read.and_then(|evidence| answer(&evidence, &expected())) {
            Ok(()) => panic!("accepted: {:?}", String::from_utf8(changed.json())),
            Err(error) => *reasons.entry(error.reason()).or_insert(0) += 1,
        }
    }
    println!("{MUTATIONS} mutations, {same} without a meaning: {reasons:?}");
    for reason in [
        "evidence.malformed",
        "evidence.chain",
        "evidence.signature",
        "evidence.report-data",
        "evidence.azure-quote-type",
        "evidence.azure-quote-signature",
        "evidence.azure-pcr-digest",
    ] {
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
    }
}

/// The JSON itself, byte by byte: what reads as other evidence is refused.
#[test]
fn no_mutated_json_is_accepted() {
    let right = Machine::right();
    let parsed = right.read().unwrap();
    let json = right.json();
    let certificates: [&[u8]; 2] = [&right.vek, &right.ask];
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..MUTATIONS {
        let mut changed = json.clone();
        for _ in 0..=random.below(3) {
            random.mutate(&mut changed);
        }
        let read = evidence::azure::snp_vtpm::read_evidence(&changed, &certificates, &[]);
        if read.as_ref() == Ok(&parsed) {
            continue;
        }
        let answer = read.and_then(|evidence| answer(&evidence, &expected()));
        assert!(answer.is_err(), "accepted: {:?}", String::from_utf8(changed));
    }
}

fn mutate(machine: &mut Machine, random: &mut Random) {
    let Machine { hcl, message, signature, pcrs, vek, ask } = machine;
    let part = match random.below(10) {
        0..=3 => hcl,
        4 | 5 => message,
        6 => signature,
        7 => match random.below(pcrs.len() + 1) {
            number if number < pcrs.len() => &mut pcrs[number],
            _ => {
                pcrs.pop();
                return;
            }
        },
        8 => vek,
        _ => ask,
    };
    random.mutate(part);
}
