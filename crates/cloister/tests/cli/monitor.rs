//! `log monitor`: what it prints line by line, what it keeps, and its exit codes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::event::{Action, Actor, Entry, Event};
use domain::ids::EntryId;
use domain::keys::SecretKey;
use domain::{Digest, Timestamp};
use serde_json::Value;
use tlog::{Log, WitnessKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

use crate::run::{Bench, Ran};

const ORIGIN: &str = "example.org/log";
const MONITOR: &str = "log monitor --origin example.org/log --key log.pem --dir log";

/// A log, and the folder in which it is monitored.
struct Scene {
    bench: Bench,
    log: Log<FileStore>,
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn seconds_ago(seconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Timestamp::from_unix_seconds(i64::try_from(now).unwrap() - seconds).unwrap()
}

/// A dataset is sealed.
fn entry(sequence: u64, time: Timestamp) -> Vec<u8> {
    let number = u8::try_from(sequence).unwrap();
    let entry = Entry {
        id: EntryId::from_random([number; 16]),
        sequence,
        time,
        actor: Actor::Broker,
        person: None,
        event: Event::accepted(Action::DatasetSealed, Digest::of(&[number])),
    };
    entry.to_leaf().unwrap()
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        bench.write("log.pem", secret(5).public().to_pem().unwrap());
        let log = Self::log(&bench, "log");
        Self { bench, log }
    }

    fn log(bench: &Bench, folder: &str) -> Log<FileStore> {
        let head = bench.path(&format!("{folder}-head"));
        let store = FileStore::open(&bench.path(folder), &head).unwrap();
        Log::open(store, ORIGIN, secret(5)).unwrap()
    }

    fn append(&mut self, leaf: Vec<u8>) {
        self.log.append(&[leaf]).unwrap();
    }
}

/// Verdict and reason of each line.
fn said(ran: &Ran) -> Vec<(&str, &str)> {
    ran.lines.iter().map(told).collect()
}

fn told(line: &Value) -> (&str, &str) {
    (line["verdict"].as_str().unwrap(), line["reason"].as_str().unwrap_or(""))
}

#[test]
fn each_violation_is_a_line_and_the_state_goes_on_where_it_was() {
    let mut scene = Scene::new();
    scene.append(entry(0, seconds_ago(20)));
    scene.append(entry(1, seconds_ago(20)));
    let run = format!("{MONITOR} --state state.json");
    let clean = scene.bench.run(&run);
    assert_eq!((clean.code, said(&clean)), (0, vec![("clean", "")]), "{clean:?}");
    let line = &clean.lines[0];
    assert_eq!(
        (&line["size"], &line["read"], &line["violations"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert_eq!(line["dated_by"], "entries");

    scene.append(entry(3, seconds_ago(20)));
    scene.append(b"no entry".to_vec());
    let found = scene.bench.run(&run);
    let gap = "monitor.sequence-gap";
    let expected = vec![("violation", gap), ("violation", "monitor.leaf"), ("refused", gap)];
    assert_eq!((found.code, said(&found)), (1, expected), "{found:?}");
    assert_eq!((&found.lines[0]["index"], &found.lines[1]["index"]), (&2.into(), &3.into()));
    assert_eq!(found.lines[0]["entry"], EntryId::from_random([3; 16]).as_str());
    assert_eq!(found.lines[1]["entry"], Value::Null);
    assert_eq!((&found.lines[2]["read"], &found.lines[2]["size"]), (&2.into(), &4.into()));

    // Said once; how many there were stays known.
    let again = scene.bench.run(&run);
    assert_eq!((again.code, said(&again)), (0, vec![("clean", "")]), "{again:?}");
    assert_eq!(again.lines[0]["earlier_violations"], 2);
    // Without a state, everything is said again.
    assert_eq!(said(&scene.bench.run(MONITOR)), said(&found));
}

#[test]
fn an_old_log_a_second_head_and_a_wrong_state_are_told() {
    let mut scene = Scene::new();
    scene.append(entry(0, seconds_ago(20)));
    scene.append(entry(1, seconds_ago(20)));
    let of = |folder: &str| {
        format!("log monitor --origin {ORIGIN} --key log.pem --dir {folder} --state state.json")
    };
    assert_eq!(scene.bench.run(&of("log")).code, 0);
    let kept = scene.bench.read("state.json");

    let mut older = Scene::log(&scene.bench, "older");
    older.append(&[entry(0, seconds_ago(20))]).unwrap();
    let mut other = Scene::log(&scene.bench, "other");
    other.append(&[entry(0, seconds_ago(20)), entry(9, seconds_ago(20))]).unwrap();
    for (folder, reason) in [("older", "log.rolled-back"), ("other", "log.consistency")] {
        let ran = scene.bench.run(&of(folder));
        assert_eq!((ran.code, said(&ran)), (1, vec![("refused", reason)]), "{ran:?}");
        let conflict = scene.bench.read("state.json.conflict");
        let checkpoint = scene.bench.read(&format!("{folder}/checkpoint"));
        assert_eq!(conflict, checkpoint, "{folder}");
        std::fs::remove_file(scene.bench.path("state.json.conflict")).unwrap();
        // What was known stays known.
        assert_eq!(scene.bench.read("state.json"), kept);
    }
    scene.bench.write("state.json", "");
    let ran = scene.bench.run(&of("log"));
    assert_eq!((ran.code, said(&ran)), (2, vec![("unusable", "monitor.state")]), "{ran:?}");
    let ran = scene.bench.run(&of("absent"));
    assert_eq!((ran.code, said(&ran)), (2, vec![("unusable", "log.unavailable")]), "{ran:?}");
}

#[test]
fn a_log_that_stands_still_is_told() {
    let mut scene = Scene::new();
    scene.append(entry(0, seconds_ago(600)));
    let aged = |age: &str| {
        let ran = scene.bench.run(&format!("{MONITOR} --max-age {age}"));
        let reason = ran.lines.last().map(|line| told(line).1.to_owned());
        (ran.code, reason.unwrap_or_default())
    };
    assert_eq!(aged("1h"), (0, String::new()));
    assert_eq!(aged("5m"), (1, "monitor.stale".to_owned()));
    for wrong in ["1", "h", "0s", "-1h", "1w", "1.5h", "99999999999999999999s"] {
        let ran = scene.bench.run(&format!("{MONITOR} --max-age={wrong}"));
        assert_eq!(ran.code, 2, "{wrong}");
        assert!(ran.errors.contains("no time such as"), "{wrong}: {}", ran.errors);
    }
}

/// With witnesses, their clocks count, and not the log's entries.
#[test]
fn a_log_is_as_fresh_as_its_witnesses_say() {
    let mut scene = Scene::new();
    scene.append(entry(0, seconds_ago(20)));
    let witness = WitnessKey::new("w.example", secret(6).public()).unwrap();
    let policy = format!("log {}\nwitness w {witness}\nquorum w\n", scene.log.key());
    scene.bench.write("policy.txt", policy);
    let run = || {
        let ran = scene.bench.run("log monitor --policy policy.txt --dir log --max-age 5m");
        let lines = said(&ran).iter().map(|(_, reason)| (*reason).to_owned()).collect::<Vec<_>>();
        let by = ran.lines[0]["dated_by"].as_str().unwrap_or_default().to_owned();
        (ran.code, lines, by)
    };
    assert_eq!(run(), (1, vec!["log.quorum".to_owned()], String::new()));
    let note = scene.log.checkpoint().note().to_owned();
    for (ago, code, reasons) in [(20, 0, vec![""]), (600, 1, vec!["", "monitor.stale"])] {
        let cosigned =
            witness.cosign(scene.log.checkpoint().checkpoint(), seconds_ago(ago), &secret(6));
        scene.bench.write("log/checkpoint", format!("{note}{}", cosigned.unwrap()));
        let reasons = reasons.into_iter().map(str::to_owned).collect();
        assert_eq!(run(), (code, reasons, "witnesses".to_owned()), "{ago}");
    }
}

/// A monitor that goes on.
struct Following(Child, BufReader<ChildStdout>);

impl Following {
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no line: {line}"))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Of a test that failed; one that ended is gone already.
        let _gone = self.0.kill();
    }
}

#[test]
fn it_follows_until_it_is_stopped() {
    let mut scene = Scene::new();
    scene.append(entry(0, seconds_ago(20)));
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloister"))
        .args(["--json"])
        .args(format!("{MONITOR} --state state.json --follow --every 1s").split(' '))
        .current_dir(scene.bench.path("."))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut following = Following(child, output);
    assert_eq!(told(&following.line()), ("clean", ""));
    scene.append(entry(2, seconds_ago(20)));
    assert_eq!(told(&following.line()), ("violation", "monitor.sequence-gap"));
    assert_eq!(told(&following.line()), ("refused", "monitor.sequence-gap"));
    // A log that is not there for a while is told once, and that it is back.
    let (log, away) = (scene.bench.path("log"), scene.bench.path("away"));
    std::fs::rename(&log, &away).unwrap();
    assert_eq!(told(&following.line()), ("unusable", "log.unavailable"));
    std::fs::rename(&away, &log).unwrap();
    assert_eq!(told(&following.line()), ("over", "log.unavailable"));
    let pid = following.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(following.0.wait().unwrap().code(), Some(1));
}
