//! Evidence that is changed at random is never accepted, and never panics.

use domain::Reason as _;
use evidence::snp::{Crl, SnpEvidence, verify};

use crate::emulated::{expected, launch, processor, report_data, roots};
use crate::support::now;

const MUTATIONS: u32 = 12_000;

#[test]
fn no_mutation_is_accepted() {
    let processor = processor(|_| ());
    let right = processor.evidence(&launch(), report_data(), 0).unwrap();
    let (expected, roots) = (expected(), roots(&processor));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut reasons = std::collections::BTreeMap::new();
    for _ in 0..MUTATIONS {
        let mut changed = right.clone();
        for _ in 0..=random.below(3) {
            mutate(&mut changed, &mut random);
        }
        if changed == right {
            continue;
        }
        match verify(&changed, &expected, &roots, Crl::EmulatedNone, now()) {
            Ok(_) => panic!("accepted: {changed:?}"),
            Err(error) => *reasons.entry(error.reason()).or_insert(0) += 1,
        }
    }
    // Mutations reach past the parsers.
    for reason in ["evidence.malformed", "evidence.chain", "evidence.signature"] {
        assert!(reasons.contains_key(reason), "{reasons:?}");
    }
}

/// One change of structure in one part.
pub(crate) fn mutate(evidence: &mut SnpEvidence, random: &mut Random) {
    let SnpEvidence { report, vek, ask } = evidence;
    let part = match random.below(4) {
        0 | 1 => report,
        2 => vek,
        _ => ask,
    };
    random.mutate(part);
}

/// xorshift64: the same mutations in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 1).unwrap() % bound
    }

    /// A bit, a byte, a field of zeros or ones, a cut, an insertion, a copy of one part over another.
    pub(crate) fn mutate(&mut self, part: &mut Vec<u8>) {
        if part.is_empty() {
            return;
        }
        let position = self.below(part.len());
        let length = 1 + self.below((part.len() - position).min(64));
        match self.below(10) {
            0..=3 => part[position] ^= 1 << self.below(8),
            4 => part[position] = u8::try_from(self.below(256)).unwrap(),
            5 => part[position..position + length].fill(0),
            6 => part[position..position + length].fill(0xff),
            7 => part.truncate(position),
            8 => part.insert(position, 0),
            _ => part.copy_within(position..position + length, 0),
        }
    }
}
