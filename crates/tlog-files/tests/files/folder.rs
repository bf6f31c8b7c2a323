//! What the folder holds, and which changes to it are noticed.

use std::fs;
use std::path::Path;

use domain::Reason as _;
use tlog::{VerifierKey, verify_inclusion};
use tlog_files::{FolderReader, verify_folder};

use crate::common::{Place, entry, files, key, names, open, secret};

fn copy(from: &Path, to: &Path) {
    for name in names(from) {
        let target = to.join(&name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(name), target).unwrap();
    }
}

#[test]
fn the_folder_is_what_the_specification_names() {
    let place = Place::new();
    let mut log = place.open();
    log.append(&(0..300).map(entry).collect::<Vec<_>>()).unwrap();
    let index = log.append(&[entry(300)]).unwrap().first_index;
    let proof = log.prove(index).unwrap();
    verify_inclusion(&entry(300), &proof, &key()).unwrap();
    let expected = [
        ".lock",
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/0/001.p/45",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "tile/entries/001.p/45",
    ];
    assert_eq!(names(&place.folder), expected);
    let note = FolderReader::new(&place.folder).checkpoint().unwrap();
    assert_eq!(note, log.checkpoint().note());
    assert_eq!(place.audit().unwrap(), (0..301).map(entry).collect::<Vec<_>>());
}

#[test]
fn one_writer_per_folder_and_per_cell() {
    let (one, two) = (Place::new(), Place::new());
    let log = one.open();
    assert_eq!(one.refusal(), "log.second-writer");
    let refused = |folder, cell| open(folder, cell).unwrap_err().reason();
    assert_eq!(refused(&one.folder, &two.cell), "log.second-writer");
    assert_eq!(refused(&two.folder, &one.cell), "log.second-writer");
    assert_eq!(refused(&two.folder, &two.folder.join("head")), "log.unavailable");
    drop(log);
    one.open();
}

#[test]
fn another_hand_on_the_cell_is_noticed() {
    let place = Place::new();
    let mut log = place.open();
    log.append(&[entry(0)]).unwrap();
    let older = fs::read(&place.cell).unwrap();
    log.append(&[entry(1)]).unwrap();
    let newer = fs::read(&place.cell).unwrap();
    fs::write(&place.cell, older).unwrap();
    assert_eq!(log.append(&[entry(2)]).unwrap_err().reason(), "log.second-writer");
    fs::write(&place.cell, newer).unwrap();
    assert_eq!(log.append(&[entry(2)]).unwrap().first_index, 2);
    // A cell that was torn or emptied is not a new log.
    for bytes in [b"".as_slice(), b"cloister-log-commit/v1\n2\n", b"\xff", b"{}"] {
        fs::write(&place.cell, bytes).unwrap();
        assert_eq!(log.append(&[entry(3)]).unwrap_err().reason(), "log.unavailable");
    }
}

#[test]
fn an_old_copy_is_refused() {
    let (place, backup) = (Place::new(), tempfile::tempdir().unwrap());
    let mut log = place.open();
    log.append(&[entry(0), entry(1)]).unwrap();
    copy(&place.folder, &backup.path().join("log"));
    fs::copy(&place.cell, backup.path().join("cell")).unwrap();
    log.append(&[entry(2)]).unwrap();
    drop(log);
    let newer = fs::read(&place.cell).unwrap();

    // The folder is lost, then restored; the cell is not.
    fs::remove_dir_all(&place.folder).unwrap();
    assert_eq!(place.refusal(), "log.rolled-back");
    copy(&backup.path().join("log"), &place.folder);
    assert_eq!(place.refusal(), "log.rolled-back");
    assert_eq!(place.audit().unwrap().len(), 2);
    // Both are restored: nothing here can tell, only a witness can.
    fs::copy(backup.path().join("cell"), &place.cell).unwrap();
    place.open().append(&[entry(3)]).unwrap();
    // So the two histories part, and the cell of the other one does not match.
    fs::write(&place.cell, newer).unwrap();
    assert_eq!(place.refusal(), "log.root-mismatch");
    // The cell is lost.
    fs::remove_file(&place.cell).unwrap();
    assert_eq!(place.refusal(), "log.rolled-back");
}

#[test]
fn a_flipped_bit_in_any_file_is_found() {
    let place = Place::new();
    place.open().append(&(0..257).map(entry).collect::<Vec<_>>()).unwrap();
    for path in files(&place.folder) {
        let good = fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(97) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, bad).unwrap();
            let expected = match path.strip_prefix(&place.folder).unwrap().to_str().unwrap() {
                "checkpoint" => &["log.malformed", "log.origin", "log.signature"][..],
                bundle if bundle.starts_with("tile/entries") => {
                    &["log.malformed", "log.root-mismatch"]
                }
                _ => &["log.root-mismatch"],
            };
            let reason = place.audit().unwrap_err();
            assert!(expected.contains(&reason), "{reason} for {}", path.display());
        }
        fs::write(&path, good).unwrap();
    }
    assert_eq!(place.audit().unwrap().len(), 257);
}

#[test]
fn what_is_missing_or_of_another_log_is_named() {
    let place = Place::new();
    place.open().append(&(0..257).map(entry).collect::<Vec<_>>()).unwrap();
    let other = VerifierKey::new("log.example/other", secret().public()).unwrap();
    let error = verify_folder(&place.folder, &other, |_, _| ()).unwrap_err();
    assert_eq!(error.reason(), "log.origin");
    fs::remove_file(place.folder.join("tile/0/000")).unwrap();
    assert_eq!(place.audit().unwrap_err(), "log.incomplete");
    fs::remove_file(place.folder.join("checkpoint")).unwrap();
    assert_eq!(place.audit().unwrap_err(), "log.unavailable");
}
