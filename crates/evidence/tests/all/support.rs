//! Published vectors, which are not part of the project: without them a test says so and passes.

use std::path::PathBuf;
use std::sync::OnceLock;

use domain::Timestamp;
use domain::claims::{ChipId, Generation, Tcb};
use testkit::emulated::{Authority, Endorsement};

pub(crate) fn vectors() -> Option<PathBuf> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/attestation"));
    folder.is_dir().then_some(folder)
}

/// The bytes of a vector; `None`, and a line on the terminal, without the vectors.
pub(crate) fn vector(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = vectors() else {
        println!("skipped: {path}");
        return None;
    };
    Some(std::fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When everything of the emulated platform in these tests is created, and a year later.
pub(crate) fn created() -> Timestamp {
    time("2026-01-01T00:00:00Z")
}

pub(crate) fn now() -> Timestamp {
    time("2027-01-01T00:00:00Z")
}

/// One authority for all tests: its keys take seconds to make.
pub(crate) fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::create(Generation::Genoa, created()).unwrap())
}

/// An authority of the same name with other keys.
pub(crate) fn other_authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::create(Generation::Genoa, created()).unwrap())
}

pub(crate) const TCB: Tcb = Tcb { fmc: None, bootloader: 10, tee: 1, snp: 0x1b, microcode: 0x58 };

pub(crate) fn chip_id() -> ChipId {
    ChipId::from_bytes([7; 64])
}

pub(crate) fn endorsement() -> Endorsement {
    Endorsement::new(Generation::Genoa, chip_id(), TCB, created())
}
