//! Our events as others read them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use siem::{Alarm, Event, Happened, ocsf, otlp};
use tlog::leaf_hash;

use crate::scene::{ACTIONS, ORIGIN, entry, leaf, program};

/// Each action accepted and refused, something that is no decision, an alarm.
fn events() -> Vec<Event> {
    let seen = "2026-11-20T12:00:05Z".parse().unwrap();
    let count = 3 * u64::try_from(ACTIONS.len()).unwrap();
    let mut events: Vec<_> =
        (0..count).map(|index| Event::of_leaf(ORIGIN, index, &leaf(index), seen)).collect();
    events.push(Event::of_leaf(ORIGIN, count, b"\xff", seen));
    let happened = Happened::Alarm(Alarm {
        reason: "log.consistency",
        detail: "the newer tree does not extend the older one".to_owned(),
        delivered: 7,
    });
    events.push(Event { log: ORIGIN.to_owned(), seen, happened });
    events
}

/// What a script prints for `input`, line by line.
fn asked(script: &str, arguments: &[&str], input: &str) -> Vec<Value> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let python = program(cache.join("cloister/siem-peers/bin/python"));
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");
    let mut child = Command::new(python)
        .arg(format!("{scripts}/{script}"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const VERSIONS: [&str; 5] = [ocsf::VERSION, "1.5.0", "1.6.0", "1.7.0", "1.8.0"];

#[test]
fn ocsf_events_are_what_the_schema_says() {
    let events = events();
    let lines: String = events.iter().map(|event| ocsf::line(event).unwrap()).collect();
    let verdicts = asked("ocsf.py", &VERSIONS, &lines);
    assert_eq!(verdicts.len(), VERSIONS.len() * events.len());
    for verdict in &verdicts {
        assert_eq!(verdict["errors"], json!([]), "{verdict}");
    }
    let last: Vec<_> =
        verdicts[events.len() - 3..events.len()].iter().map(|v| &v["class"]).collect();
    assert_eq!(last, ["entity_management", "base_event", "detection_finding"]);
}

#[test]
fn the_schema_misses_whatever_is_left_out() {
    let events = events();
    let all = [
        &[
            "activity_id",
            "category_uid",
            "class_uid",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
        ][..],
        &["entity"],
    ];
    let mut mutants = Vec::new();
    let decision: Value = serde_json::from_str(&ocsf::line(&events[0]).unwrap()).unwrap();
    for name in all.concat() {
        if name == "class_uid" {
            continue; // by it the schema is chosen
        }
        let mut mutant = decision.clone();
        mutant.as_object_mut().unwrap().remove(name).unwrap();
        mutants.push((name.to_owned(), mutant));
    }
    let mut alarm: Value =
        serde_json::from_str(&ocsf::line(events.last().unwrap()).unwrap()).unwrap();
    alarm["finding_info"].as_object_mut().unwrap().remove("uid").unwrap();
    mutants.push(("uid".to_owned(), alarm));
    let mut stranger = decision.clone();
    stranger["leaf_hash"] = json!("x");
    mutants.push(("leaf_hash".to_owned(), stranger));
    let mut textual = decision;
    textual["time"] = json!("2026-11-20T12:00:00Z");
    mutants.push(("time".to_owned(), textual));
    let lines: String = mutants.iter().map(|(_, mutant)| format!("{mutant}\n")).collect();
    let verdicts = asked("ocsf.py", &VERSIONS, &lines);
    assert_eq!(verdicts.len(), VERSIONS.len() * mutants.len());
    for (verdict, (name, _)) in verdicts.iter().zip(mutants.iter().cycle()) {
        let errors = verdict["errors"].as_array().unwrap();
        let named = errors.iter().any(|error| error.as_str().unwrap().contains(name.as_str()));
        assert!(named, "{name}: {verdict}");
    }
}

#[test]
fn opentelemetry_reads_every_record() {
    let events = events();
    let records = asked("otlp.py", &[], &otlp::request(&events).unwrap());
    assert_eq!(records.len(), events.len());
    let decisions = records.len() - 2;
    for (index, record) in (0..).zip(&records[..decisions]) {
        let refused = index % 3 == 0;
        let attributes = &record["attributes"];
        assert_eq!(record["service"], "cloister");
        assert_eq!(record["severity"], if refused { 13 } else { 9 });
        assert_eq!(record["time"], 1_795_176_000_000_000_000_u64);
        assert_eq!(record["observed"], 1_795_176_005_000_000_000_u64);
        assert_eq!(attributes["cloister.index"], index);
        assert_eq!(attributes["cloister.leaf_hash"], leaf_hash(&leaf(index)).to_string());
        assert_eq!(attributes["cloister.log"], ORIGIN);
        let action = format!("{:?}", entry(index).event.action);
        assert_eq!(attributes["cloister.action"], action.as_str());
        assert_eq!(record["event"], format!("cloister.{action}"));
        let reason = refused.then_some("evidence.debug-enabled");
        assert_eq!(attributes["cloister.reason"].as_str(), reason);
        let rules = if refused { json!(["forbid"]) } else { Value::Null };
        assert_eq!(attributes["cloister.rules"], rules);
    }
    assert_eq!(records[decisions]["attributes"]["cloister.length"], 1);
    assert_eq!(
        (&records[decisions + 1]["severity"], &records[decisions + 1]["time"]),
        (&json!(19), &json!(0))
    );
}
