//! Any bytes as a reference manifest: XML, its canonical form, its signature.
#![no_main]

use std::sync::LazyLock;

use evidence::nvidia::{GpuEvidence, Profile, inspect};
use evidence_fuzz::now;
use evidence_fuzz::nvidia::{ROOTS, evidence, unsigned_report};

static EVIDENCE: LazyLock<GpuEvidence> = LazyLock::new(|| evidence(&unsigned_report()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inspect(&EVIDENCE, &[data], Profile::Archive, &ROOTS, now());
});
