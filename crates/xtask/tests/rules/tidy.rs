//! How the files look.

use crate::sources;

/// A longer file is split by subject, from day one.
const LONGEST_FILE: usize = 600;

#[test]
fn files_are_short() {
    let long: Vec<_> = sources::rust()
        .into_iter()
        .map(|(name, content)| (name, content.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn nothing_is_left_to_do() {
    assert_nowhere(sources::rust(), &[concat!("todo", "!"), concat!("unimplemented", "!")]);
}

#[test]
fn no_machine_and_no_mirror_is_named() {
    // Written in two halves, or this file would be found.
    let banned = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("deb.", "debian.org"),
        concat!("index.", "crates.io"),
        concat!("static.", "crates.io"),
        concat!("registry.", "npmjs.org"),
        concat!("files.", "pythonhosted.org"),
    ];
    let mut files = sources::all();
    // Lock files are written by their tools.
    files.retain(|(name, _)| !name.ends_with("Cargo.lock"));
    assert_nowhere(files, &banned);
}

#[test]
fn trust_begins_in_one_crate() {
    let mut calls = Vec::new();
    for (name, content) in sources::rust() {
        if name.starts_with("crates/evidence/") {
            continue;
        }
        for line in sources::program(&name, &content) {
            if vouches(line) {
                calls.push((name.clone(), line.trim().to_owned()));
            }
        }
    }
    assert!(calls.is_empty(), "only `evidence` may vouch: {calls:?}");
}

/// Whether a line calls it on our type, not on rustls's `ServerCertVerified`.
fn vouches(line: &str) -> bool {
    let mut parts = line.split("Verified::assertion").peekable();
    while let Some(before) = parts.next() {
        let ours = !before.ends_with(char::is_alphanumeric);
        if parts.peek().is_some() && ours {
            return true;
        }
    }
    false
}

#[test]
fn vouching_is_recognised() {
    assert!(vouches("Ok(Verified::assertion(claims))"));
    assert!(vouches("domain::Verified::assertion(claims)"));
    assert!(!vouches("ServerCertVerified::assertion()"));
}

#[test]
fn the_core_touches_nothing_outside() {
    let core =
        ["disclosure", "domain", "evidence", "monitor", "policy", "seal", "timestamp", "tlog"];
    let banned = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        // Scoped threads end where they began: what uses them is still a function of its arguments.
        "thread::spawn",
        "thread::sleep",
        "thread::current",
        "thread::Builder",
        "available_parallelism",
        "SystemTime::now",
        "Instant::now",
    ];
    let mut found = Vec::new();
    for (name, content) in sources::rust() {
        let of_core =
            core.iter().any(|package| name.starts_with(&format!("crates/{package}/src/")));
        if !of_core {
            continue;
        }
        for line in sources::program(&name, &content) {
            if banned.iter().any(|word| line.contains(word)) {
                found.push((name.clone(), line.trim().to_owned()));
            }
        }
    }
    assert!(found.is_empty(), "core crates use the machine: {found:?}");
}

#[test]
fn what_is_for_tests_is_told_apart() {
    let content = "use a;\n// std::fs\n#[cfg(test)]\nmod tests { std::fs }\n";
    assert_eq!(sources::program("crates/a/src/lib.rs", content), ["use a;"]);
    assert!(sources::program("crates/a/tests/b.rs", content).is_empty());
    assert!(sources::program("crates/a/src/vector_tests.rs", content).is_empty());
}

fn assert_nowhere(files: Vec<(String, String)>, banned: &[&str]) {
    let mut found = Vec::new();
    for (name, content) in files {
        for (number, line) in (1..).zip(content.lines()) {
            if banned.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
