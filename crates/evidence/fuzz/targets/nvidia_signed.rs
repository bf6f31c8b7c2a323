//! A GPU's report with changes, signed again, with a manifest that is right.
#![no_main]

use std::sync::LazyLock;

use evidence::nvidia::{Profile, inspect};
use evidence_fuzz::nvidia::{ROOTS, evidence, signed_manifest, unsigned_manifest, unsigned_report};
use evidence_fuzz::{edited, now};

static MANIFEST: LazyLock<String> =
    LazyLock::new(|| signed_manifest(&unsigned_manifest()).expect("signed"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let evidence = evidence(&edited(&unsigned_report(), data));
    let manifest: &[&[u8]] = &[MANIFEST.as_bytes()];
    let _ = inspect(&evidence, manifest, Profile::Archive, &ROOTS, now());
});
