//! The demo as a person runs it, what it leaves behind, and what Ctrl-C leaves behind.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use airlock::export::{self, Members, Trust};
use domain::Reason as _;
use evidence::snp::Roots;
use lab::edition::LAB;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::program;

#[test]
fn the_demo_ends_verified_and_its_exports_hold() {
    let (place, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = place.path().join("demo");
    let output = demo(&folder, temporary.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_empty(&temporary), "the demo left something in the folder for temporary files");
    let end = ends_verified(&output);
    let trust_file = PathBuf::from(end["trust"].as_str().unwrap());
    let trust: Trust = serde_json::from_slice(&fs::read(&trust_file).unwrap()).unwrap();
    let exports: Vec<PathBuf> = serde_json::from_value(end["exports"].clone()).unwrap();
    assert_eq!(exports.len(), 2);
    for export in &exports {
        verified_by_the_lab_alone(export, &trust_file);
        for (file, reason) in altered(export, &trust) {
            let path = place.path().join("altered.zip");
            fs::write(&path, file).unwrap();
            refused("cloister-lab", &verify(&path, &trust_file), reason);
        }
    }
    the_log_verifies(&folder, &trust, place.path());
    no_plaintext_in(&folder, place.path());
}

fn demo(folder: &Path, temporary: &Path) -> Command {
    let mut command = Command::new(program("cloister-lab"));
    command.args(["--json", "demo", "--folder"]).arg(folder).env("TMPDIR", temporary);
    command
}

/// Each line is an object, the stages come in order; the last line.
fn ends_verified(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stages: Vec<_> = lines.iter().filter_map(|line| line["stage"].as_u64()).collect();
    // Two jobs, then each output is reviewed and leaves.
    let jobs = [3, 4, 5, 6, 7, 3, 4, 5, 6, 7];
    assert_eq!(stages, [&[1, 2], &jobs[..], &[7, 8, 7, 8, 9]].concat());
    let end = lines.last().unwrap();
    assert_eq!((&end["verdict"], &end["platform"]), (&"verified".into(), &"emulated".into()));
    end.clone()
}

fn verified_by_the_lab_alone(export: &Path, trust: &Path) {
    let arguments = verify(export, trust);
    let verdict = accepted("cloister-lab", &arguments);
    assert_eq!(verdict["verdict"], "verified");
    assert_eq!(verdict["platform"], "emulated");
    assert_eq!(verdict["notice"], "emulated platform: not confidential");
    refused("cloister", &arguments, "evidence.emulated-platform");
}

fn verify(export: &Path, trust: &Path) -> Vec<String> {
    let words = ["export", "verify", "--json", "--trust"].map(str::to_owned);
    [&words[..], &[text(trust), text(export)]].concat()
}

/// Flips bytes all over the file, and all over its members in a file that is whole again; each
/// must be refused for its reason. One altered file of each kind.
fn altered(export: &Path, trust: &Trust) -> [(Vec<u8>, &'static str); 2] {
    let file = fs::read(export).unwrap();
    let roots = (LAB.roots)(Some(trust)).unwrap();
    let members = export::unpack(&file).unwrap();
    let contents = contents(&file, &members);
    for at in spread(file.len(), 60) {
        let found = reason(&flipped(&file, at), trust, &roots);
        let inside = contents.iter().any(|content| content.contains(&at));
        let around = !inside && found == "export.container";
        assert!(around || found == "export.member", "byte {at}: {found}");
    }
    for (path, bytes) in &members {
        for at in spread(bytes.len(), 3) {
            let found = reason(&repacked(&members, path, at), trust, &roots);
            assert!(reasons(path).contains(&found.as_str()), "{path} byte {at}: {found}");
        }
    }
    let released = members.keys().find(|path| path.starts_with("files/")).unwrap();
    let around = flipped(&file, file.len() - 1);
    [(around, "export.container"), (repacked(&members, released, 0), "export.member")]
}

/// Where in the file its members' contents are: each after 30 bytes, its name and extra fields
/// (PKWARE APPNOTE 4.3.7), in the order of their names.
fn contents(file: &[u8], members: &Members) -> Vec<Range<usize>> {
    let mut end = 0;
    let place = |(path, bytes): (&String, &Vec<u8>)| {
        let extra = usize::from(u16::from_le_bytes([file[end + 28], file[end + 29]]));
        let start = end + 30 + path.len() + extra;
        end = start + bytes.len();
        assert_eq!(&file[start..end], bytes.as_slice(), "{path}");
        start..end
    };
    members.iter().map(place).collect()
}

fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 1;
    file
}

/// Positions at even distances.
fn spread(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(length.div_ceil(count).max(1))
}

fn repacked(members: &Members, path: &str, at: usize) -> Vec<u8> {
    let mut members = members.clone();
    members.get_mut(path).unwrap()[at] ^= 1;
    export::pack(&members).unwrap()
}

fn reason(file: &[u8], trust: &Trust, roots: &Roots) -> String {
    match export::verify(file, trust, roots) {
        Ok(_) => "verified".to_owned(),
        Err(error) => error.reason().to_owned(),
    }
}

/// The link that a flipped byte of this member breaks.
fn reasons(path: &str) -> &'static [&'static str] {
    match path {
        "receipt.dsse.json" => &["export.receipt", "export.format"],
        _ if path.starts_with("log/") => &["export.log-proof"],
        _ => &["export.member"],
    }
}

fn the_log_verifies(folder: &Path, trust: &Trust, place: &Path) {
    let key = place.join("log.pem");
    fs::write(&key, trust.log_key.to_pem().unwrap()).unwrap();
    let about = |command: &str| {
        [
            ["log", command, "--json"].map(str::to_owned).to_vec(),
            vec!["--origin".to_owned(), trust.log_origin.clone()],
            vec!["--key".to_owned(), text(&key)],
            vec!["--dir".to_owned(), text(&folder.join("node/ledger/log"))],
        ]
        .concat()
    };
    let verdict = accepted("cloister", &about("verify"));
    assert_eq!(verdict["verdict"], "verified");
    assert_eq!(verdict["origin"], trust.log_origin.as_str());
    assert!(verdict["size"].as_u64().unwrap() > 10, "{verdict}");
    // What the services of two jobs, from the dataset to the exports, wrote is what they may write.
    let judged = accepted("cloister", &about("monitor"));
    assert_eq!((&judged["verdict"], &judged["read"]), (&"clean".into(), &verdict["size"]));
}

/// No line of the table, its header included, is in any file that the demo left.
fn no_plaintext_in(folder: &Path, place: &Path) {
    let packed = concat!(env!("CARGO_MANIFEST_DIR"), "/../images/demo-data/randhie.csv.xz");
    let table = Command::new("xz").args(["--decompress", "--stdout", packed]).output().unwrap();
    assert!(table.status.success());
    let plain = place.join("plain");
    fs::create_dir(&plain).unwrap();
    let table_file = plain.join("table.csv");
    fs::write(&table_file, table.stdout).unwrap();
    assert_eq!(files_with_lines_of(&table_file, &plain), [text(&table_file)]);
    assert_eq!(files_with_lines_of(&table_file, folder), [""; 0]);
}

fn files_with_lines_of(table: &Path, folder: &Path) -> Vec<String> {
    let options = ["--recursive", "--text", "--fixed-strings", "--files-with-matches", "--file"];
    let mut grep = Command::new("grep");
    let output = grep.args(options).arg(table).arg(folder).env("LC_ALL", "C").output().unwrap();
    // 1: nothing found; above: grep could not look.
    assert!(output.status.code().unwrap() <= 1, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn accepted(name: &str, arguments: &[String]) -> Value {
    answer(name, arguments, 0)
}

fn refused(name: &str, arguments: &[String], reason: &str) {
    let verdict = answer(name, arguments, 1);
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"refused".into(), &reason.into()));
}

fn answer(name: &str, arguments: &[String], code: i32) -> Value {
    let output = Command::new(program(name)).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{name} {arguments:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn ctrl_c_leaves_nothing() {
    let (place, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = place.path().join("demo");
    let mut command = demo(&folder, temporary.path());
    let mut child = Ended(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap());
    read_until_stage(3, &mut lines);
    assert!(folder.exists());
    // The first job's guest, or, if this test was held up for so long, the second's.
    while processes_mentioning(temporary.path()).is_empty() {
        assert_eq!(child.0.try_wait().unwrap(), None, "no guest was seen");
        thread::yield_now();
    }

    let pressed = Instant::now();
    let pid = child.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest = until_end(lines);
    assert!(pressed.elapsed() < PATIENCE);
    assert_eq!(child.0.wait().unwrap().code(), Some(1));
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["reason"], "lab.interrupted");
    assert!(!folder.exists());
    assert!(is_empty(&temporary));
    // The kernel takes a moment to clear a killed process away.
    while !processes_mentioning(temporary.path()).is_empty() {
        assert!(pressed.elapsed() < PATIENCE, "QEMU outlives the demo");
        thread::yield_now();
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// A child that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn read_until_stage(stage: u64, lines: &mut BufReader<ChildStdout>) {
    let mut line = String::new();
    loop {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the demo ended before stage {stage}");
        let value: Value = serde_json::from_str(&line).unwrap();
        if value["stage"] == stage {
            return;
        }
    }
}

/// What the demo still prints; it must end in time.
fn until_end(mut lines: BufReader<ChildStdout>) -> String {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        sender.send(rest).unwrap();
    });
    receiver.recv_timeout(PATIENCE).expect("the demo goes on after Ctrl-C")
}

/// The command lines that name `folder`, of all processes.
fn processes_mentioning(folder: &Path) -> Vec<String> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    numbers
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|command| String::from_utf8_lossy(&command).replace('\0', " "))
        .filter(|command| command.contains(folder.to_str().unwrap()))
        .collect()
}

fn is_empty(folder: &TempDir) -> bool {
    fs::read_dir(folder.path()).unwrap().next().is_none()
}
