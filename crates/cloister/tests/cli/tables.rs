//! `cloister table`: arguments, output and exit code of the program beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cloister");

/// `cloister` in a folder of its own.
struct Installed {
    folder: TempDir,
    program: PathBuf,
}

impl Installed {
    fn new() -> Self {
        // Beside the program, so that a link to it can be made.
        let folder = tempfile::tempdir_in(Path::new(PROGRAM).parent().unwrap()).unwrap();
        let program = folder.path().join("cloister");
        fs::hard_link(PROGRAM, &program).unwrap();
        Self { folder, program }
    }

    /// With a script as `cloister-table`.
    fn with_script(script: &str) -> Self {
        let installed = Self::new();
        let path = installed.folder.path().join("cloister-table");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        installed
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program).args(arguments).output().unwrap()
    }
}

#[test]
fn arguments_and_exit_code_are_passed_on() {
    let echo = Installed::with_script("printf '%s|' \"$@\"; exit 7");
    for (arguments, expected) in [
        (&["table", "measure", "--qi", "a,b", "--json"][..], "measure|--qi|a,b|--json|"),
        (&["--json", "table", "measure", "--help"], "--json|measure|--help|"),
        (&["table", "--version"], "--version|"),
        (&["table", "measure", "--separator", ";", "--", "x y"], "measure|--separator|;|--|x y|"),
    ] {
        let output = echo.run(arguments);
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{arguments:?}");
    }
}

#[test]
fn a_missing_program_says_how_to_get_it() {
    let output = Installed::new().run(&["--json", "table", "measure"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["verdict"]), (Some(2), &"unusable".into()));
    assert_eq!(said["reason"], "table.program-missing");
    assert!(said["detail"].as_str().unwrap().contains("`cargo build -p tables`"), "{said}");
    assert_eq!(Installed::new().run(&["table"]).status.code(), Some(2));
}

/// Through the real program, where it is built: `make test` builds it.
#[test]
fn a_table_is_measured() {
    if !Path::new(PROGRAM).with_file_name("cloister-table").exists() {
        println!("skipped: `cloister-table` is not built; run `cargo build -p tables`");
        return;
    }
    let bench = crate::run::Bench::new();
    bench.write("people.csv", "age;sex;illness\n3;f;flu\n3;f;cold\n4;m;flu\n4;m;flu\n");
    let arguments = "table measure --input people.csv --separator ; --qi age,sex --sa illness";
    let ran = bench.run(arguments);
    assert_eq!(ran.verdict(), (0, "measured", None));
    assert_eq!(
        (&ran.json["k"], &ran.json["l"], &ran.json["alpha"]),
        (&2.into(), &1.into(), &1.0.into())
    );
    let ran = bench.run("table measure --input people.csv --qi age");
    assert_eq!(ran.verdict(), (2, "unusable", Some("csv.unknown-column")));
}
