//! The log that Tessera wrote, written again.

use std::fs;
use std::path::Path;

use tlog::{SignedCheckpoint, VerifierKey};

use crate::common::{Place, names};

const FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/tlog/tessera-log");
const THEIR_KEY: &str =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const ENTRIES: &str =
    "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten";

#[test]
fn the_same_entries_make_the_same_bytes() {
    let theirs = Path::new(FOLDER);
    if !theirs.exists() {
        eprintln!("skipped: 16 sizes of the Tessera log, no shared vectors here");
        return;
    }
    let key: VerifierKey = THEIR_KEY.parse().unwrap();
    let place = Place::new();
    let mut log = place.open();
    for word in std::iter::once(None).chain(ENTRIES.split(' ').map(Some)) {
        let batch: Vec<_> = word.map(|word| word.as_bytes().to_vec()).into_iter().collect();
        log.append(&batch).unwrap();
        let note = fs::read_to_string(theirs.join(format!("checkpoint.{}", log.size()))).unwrap();
        let signed = SignedCheckpoint::verify(&note, &key).unwrap();
        let (their, our) = (signed.checkpoint(), log.checkpoint().checkpoint());
        assert_eq!((their.size, their.root), (our.size, our.root));
    }
    let (our_tiles, their_tiles) = (place.folder.join("tile"), theirs.join("tile"));
    let tiles = names(&our_tiles);
    assert_eq!((log.size(), tiles.len()), (15, 30));
    assert_eq!(tiles, names(&their_tiles));
    for name in tiles {
        let [our, their] = [&our_tiles, &their_tiles].map(|at| fs::read(at.join(&name)).unwrap());
        assert_eq!(our, their, "{name}");
    }
}
