//! The tracked files of this work tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// Path relative to the root, and content, of every text file that git tracks or would track.
pub(crate) fn all() -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files failed");
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<_> = names
        .split_terminator('\0')
        .filter_map(|name| Some((name.to_owned(), fs::read_to_string(root().join(name)).ok()?)))
        .collect();
    assert!(files.len() > 50, "only {} files found", files.len());
    files
}

/// The Rust files among them.
pub(crate) fn rust() -> Vec<(String, String)> {
    let mut files = all();
    files.retain(|(name, _)| name.ends_with(".rs"));
    files
}

/// The lines of a Rust file that are in the program: no comments, nothing that is for tests.
pub(crate) fn program<'a>(name: &str, content: &'a str) -> Vec<&'a str> {
    let for_tests = |part: &str| part == "tests" || part.ends_with("tests.rs");
    if name.split('/').any(for_tests) {
        return Vec::new();
    }
    content
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}
