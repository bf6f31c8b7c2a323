//! The program itself. (With this test, `cargo test` builds it for the end-to-end tests too.)
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends by panicking")]

use std::process::Command;

fn lab(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cloister-lab")).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn it_says_that_nothing_is_confidential_and_has_every_command() {
    let (done, help) = lab(&["--help"]);
    assert!(done);
    assert!(help.contains("NOTHING HERE IS CONFIDENTIAL"), "{help}");
    for command in ["demo", "serve", "dataset", "project", "job", "output", "evidence", "measure"] {
        assert!(help.contains(&format!("\n  {command}")), "{command}: {help}");
    }
}

#[test]
fn a_folder_that_no_demo_made_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.tex"), "precious").unwrap();
    let path = folder.path().to_str().unwrap();
    let (done, said) = lab(&["--json", "demo", "--folder", path]);
    assert!(!done);
    assert!(said.contains(r#""reason":"lab.file""#), "{said}");
    assert_eq!(std::fs::read(folder.path().join("thesis.tex")).unwrap(), b"precious");
}
