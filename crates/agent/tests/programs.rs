//! The programs themselves, as far as they run outside a guest. (With this test, `cargo test` builds
//! the probe for the end-to-end tests too.)

use std::process::Command;

#[test]
fn the_wasm_runner_refuses_what_is_no_component() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("component.wasm");
    std::fs::write(&component, b"\0asm no component").unwrap();
    let runner = env!("CARGO_BIN_EXE_cloister-wasm");
    let status = Command::new(runner).arg(&component).status().unwrap();
    assert_ne!(status.code(), Some(0));
    assert_ne!(status.code(), None, "ended by a signal");
}
