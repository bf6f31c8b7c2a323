//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names. It is a target itself, to
//! be built like the others; there is nothing to fuzz in it.
#![no_main]

use timestamp_fuzz::input::{Seeds, write_seeds};
use timestamp_fuzz::{forged, joined, plan};

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    let forged = forged(&plan());
    let (root, beside) = (forged.root(), forged.beside());
    let response = joined(&[&forged.response, root.as_bytes(), beside.as_bytes()]);
    let token = joined(&[&forged.response[9..], root.as_bytes(), b""]);
    let edits = (0..12).map(|part| vec![part, 0, 3, 9, 1, 0, 9, 9, 1]).collect();
    vec![("stamp_response", vec![response, token]), ("stamp_signed", edits)]
}
