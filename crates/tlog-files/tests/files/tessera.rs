//! The log that Tessera wrote, written again.

use std::fs;
use std::path::Path;

use tlog::{Log, SignedCheckpoint, VerifierKey};
use tlog_files::FileStore;

use crate::common::{Place, names, secret};

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
    // Under their name, and our own key: all but the signature is theirs.
    let store = FileStore::open(&place.folder, &place.cell).unwrap();
    let mut log = Log::open(store, key.origin(), secret()).unwrap();
    for word in std::iter::once(None).chain(ENTRIES.split(' ').map(Some)) {
        let batch: Vec<_> = word.map(|word| word.as_bytes().to_vec()).into_iter().collect();
        log.append(&batch).unwrap();
        let note = fs::read_to_string(theirs.join(format!("checkpoint.{}", log.size()))).unwrap();
        SignedCheckpoint::verify(&note, &key).unwrap();
        let our_note = fs::read_to_string(place.folder.join("checkpoint")).unwrap();
        let text = |note: &str| note.rsplit_once("\n\n").unwrap().0.to_owned();
        assert_eq!(text(&our_note), text(&note));
        SignedCheckpoint::verify(&our_note, log.key()).unwrap();
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
