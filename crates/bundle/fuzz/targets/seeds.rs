//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names. It is a target itself, to
//! be built like the others; there is nothing to fuzz in it.
#![no_main]

use bundle_fuzz::input::{Seeds, write_seeds};
use bundle_fuzz::{RIGHT, joined};

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    let whole = joined(&[RIGHT.bundle.as_bytes(), RIGHT.root.as_bytes()]);
    let edits = (0..8).map(|part| vec![part, 1, 3, 9, 1, 2, 9, 9, 1]).collect();
    vec![("sigstore_bundle", vec![whole]), ("sigstore_edited", edits)]
}
