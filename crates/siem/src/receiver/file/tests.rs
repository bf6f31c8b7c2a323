#![expect(clippy::string_slice, reason = "a test that cannot go on fails")]

use std::fs;

use domain::Reason as _;

use super::*;
use crate::testing::events;

#[test]
fn lines_are_appended_and_a_torn_one_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    for lines in [Lines::Json, Lines::Ocsf] {
        let receiver = FileReceiver::new(&path, lines);
        let text = lines.of(&events()).unwrap();
        assert_eq!(text.lines().count(), 4);
        receiver.deliver(&events()).unwrap();
        receiver.deliver(&events()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{text}{text}"));
        // As a crash in the middle of the second line leaves it.
        let torn = &text[..text.find('\n').unwrap() + 9];
        fs::write(&path, torn).unwrap();
        receiver.deliver(&events()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{torn}\n{text}"));
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent/events.jsonl");
    let refused = FileReceiver::new(&path, Lines::Json).deliver(&events()).unwrap_err();
    assert_eq!((refused.reason(), refused.is_final()), ("siem.file", false));
    assert!(refused.to_string().contains("absent/events.jsonl"), "{refused}");
    // A device that takes nothing.
    let full = FileReceiver::new(Path::new("/dev/full"), Lines::Json);
    assert_eq!(full.deliver(&events()).unwrap_err().reason(), "siem.file");
}
