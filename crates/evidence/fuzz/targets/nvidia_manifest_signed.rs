//! A reference manifest with changes, signed again.
#![no_main]

use std::sync::LazyLock;

use evidence::nvidia::{GpuEvidence, Profile, inspect};
use evidence_fuzz::nvidia::{ROOTS, evidence, signed_manifest, unsigned_manifest, unsigned_report};
use evidence_fuzz::{edited, now};

static EVIDENCE: LazyLock<GpuEvidence> = LazyLock::new(|| evidence(&unsigned_report()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let changed = edited(unsigned_manifest().as_bytes(), data);
    let Ok(changed) = String::from_utf8(changed) else { return };
    let Some(signed) = signed_manifest(&changed) else { return };
    let _ = inspect(&EVIDENCE, &[signed.as_bytes()], Profile::Archive, &ROOTS, now());
});
