//! The vocabulary against the ontology's own tables, as ACRO ships them (shared vectors).

use std::collections::BTreeSet;
use std::path::Path;

use crate::vectors::VECTORS;
use disclosure::{Analysis, DisclosureRisk, Mitigation, OutputCheck, Statbarn};
use serde::Deserialize;
use serde_json::Value;

/// One of the ontology's tables, or none after saying what is skipped.
fn table(name: &str) -> Option<serde_json::Map<String, Value>> {
    match std::fs::read(Path::new(VECTORS).join("acro").join(name)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("skipped 1 table, {name}: the shared vectors are not here");
            None
        }
    }
}

fn known<T: for<'a> Deserialize<'a>>(name: &Value) -> T {
    T::deserialize(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn set<T: for<'a> Deserialize<'a> + Ord>(list: &Value) -> BTreeSet<T> {
    list.as_array().unwrap().iter().map(known).collect()
}

#[test]
fn analyses_are_the_ontologys() {
    let Some(published) = table("analyses.json") else { return };
    let ours: BTreeSet<&str> = Analysis::all().map(Analysis::name).collect();
    let theirs: BTreeSet<&str> = published.keys().map(String::as_str).collect();
    assert_eq!(ours, theirs);
    for (name, entry) in &published {
        let analysis = Analysis::named(name).unwrap();
        assert_eq!(analysis.statbarn(), known::<Statbarn>(&entry["statbarn"]), "{name}");
    }
    assert_eq!(published.len(), 112);
}

#[test]
fn risks_are_those_of_the_statbarn() {
    let Some(published) = table("statbarns.json") else { return };
    for (name, entry) in &published {
        let ours = known::<Statbarn>(&Value::from(name.as_str())).risks().iter().copied();
        assert_eq!(ours.collect::<BTreeSet<_>>(), set(&entry["risks"]), "{name}");
    }
    assert_eq!(published.len(), 14);
}

#[test]
fn checks_and_mitigations_are_those_of_the_risk() {
    let Some(published) = table("risks.json") else { return };
    for (name, entry) in &published {
        let risk = known::<DisclosureRisk>(&Value::from(name.as_str()));
        let checks: BTreeSet<OutputCheck> = risk.checks().iter().copied().collect();
        let mitigations: BTreeSet<Mitigation> = risk.mitigations().iter().copied().collect();
        assert_eq!(checks, set(&entry["checks"]), "{name}");
        assert_eq!(mitigations, set(&entry["mitigations"]), "{name}");
    }
    assert_eq!(published.len(), 7);
}

#[test]
fn no_name_stands_for_another() {
    assert!(Analysis::named("Mean").is_some());
    for name in ["mean", "Average", "", "Mean "] {
        assert_eq!(Analysis::named(name), None, "{name:?}");
    }
}
