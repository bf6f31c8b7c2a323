//! The check report as an ACRO session: the folder that `acro` loads and SACRO-Viewer shows
//! (version 1.0.2 of its `results.json`). The files in it are the workload's own, for reviewers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use disclosure::{
    Analysis, CheckReport, Criteria, DisclosureRisk, Finding, Output, OutputCheck, OutputKind,
    Rules, Shape, Status,
};
use domain::{Digest, Timestamp};
use serde_json::{Map, Value, json};

use crate::cli::Failure;

/// Writes the session of the output in `folder` to `session`, which must not exist.
pub(super) fn write(
    session: &Path,
    folder: &Path,
    rules: &Rules,
    report: &CheckReport,
    at: Timestamp,
) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        let detail = format!("`{}` cannot be written: {error}", session.display());
        Failure::unusable_because("output.unwritable", detail)
    };
    fs::create_dir(session).map_err(unwritable)?;
    fs::create_dir(session.join("checksums")).map_err(unwritable)?;
    let keep = |name: &str, bytes: &[u8]| {
        fs::write(session.join(name), bytes)?;
        let digest = Digest::of(bytes).hex();
        fs::write(session.join("checksums").join(format!("{name}.txt")), digest)
    };
    let mut results = Map::new();
    for output in rules.outputs() {
        let name = output.name();
        let told = report.files.iter().any(|file| file.name == name);
        let refused = report.refused.iter().any(|refused| refused == name);
        // What the gate draws is not the workload's to show.
        if !told && !refused || matches!(output.shape(), Shape::Figure(_)) {
            continue;
        }
        let uid = format!("output_{}", results.len());
        let ending = name.rsplit_once('.').map_or("txt", |(_, ending)| ending);
        let kept = format!("{uid}_0.{ending}");
        let bytes = fs::read(folder.join(name)).map_err(unwritable)?;
        keep(&kept, &bytes).map_err(unwritable)?;
        let columns = header(&bytes);
        let record = Record { uid: &uid, file: &kept, output, columns: &columns };
        results.insert(uid.clone(), record.json(report, at));
    }
    let results = json!({
        "version": FORMAT,
        "tool": {
            "@type": "SoftwareApplication",
            "name": "Cloister",
            "version": env!("CARGO_PKG_VERSION"),
            "rules_digest": report.rules_digest,
        },
        "results": results,
    });
    let config = config(&report.criteria);
    for (name, value) in [("results.json", results), ("config.json", config)] {
        keep(name, format!("{value:#}\n").as_bytes()).map_err(unwritable)?;
    }
    Ok(())
}

/// The names of a CSV file's columns, as they are.
fn header(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    line.split(',').map(|name| name.trim_matches('"').to_owned()).collect()
}

/// One output in the words of ACRO.
struct Record<'a> {
    uid: &'a str,
    file: &'a str,
    /// As the rules declare it.
    output: &'a Output,
    columns: &'a [String],
}

impl Record<'_> {
    fn json(&self, report: &CheckReport, at: Timestamp) -> Value {
        let file = report.files.iter().find(|file| file.name == self.output.name());
        let findings =
            || report.findings.iter().filter(|finding| finding.file == self.output.name());
        let status = match file.map(|file| file.status) {
            Some(Status::Pass) => "pass",
            Some(Status::Review) => "review",
            None => "fail",
        };
        let analysis = self.output.analyses().first().and_then(|name| Analysis::named(name));
        let of_statbarn = analysis.map_or(&[][..], |analysis| analysis.statbarn().risks());
        let left_to_people = file.iter().flat_map(|file| &file.risks);
        let risks: BTreeSet<DisclosureRisk> =
            of_statbarn.iter().chain(left_to_people).copied().collect();
        let mut checks: BTreeMap<OutputCheck, &str> = BTreeMap::new();
        if let Some(file) = file {
            checks.extend(file.checks.iter().map(|check| (*check, "pass")));
            let left = file.risks.iter().flat_map(|risk| risk.checks());
            checks.extend(left.map(|check| (*check, "review")));
        }
        checks.extend(findings().filter_map(|finding| Some((finding.check?, "fail"))));
        let said: Vec<String> = findings().map(sentence).collect();
        let mitigations: BTreeSet<_> = risks.iter().flat_map(|risk| risk.mitigations()).collect();
        json!({
            "uid": self.uid,
            "status": status,
            "type": kind(file.map(|file| file.kind)),
            "properties": { "method": self.output.name(), "mitigation": "none" },
            "files": [{ "name": self.file, "sdc": self.sdc(findings()) }],
            "outcome": {},
            "command": self.output.name(),
            "summary": if said.is_empty() { status.to_owned() } else { said.join("\n") },
            "timestamp": at.to_string().trim_end_matches('Z'),
            "comments": [],
            "exception": "",
            "fair": {
                "context": "https://w3id.org/statbarnsdc#",
                "statbarn": analysis.map(Analysis::statbarn),
                "risks": risks,
                "checks_needed": checks.keys().collect::<Vec<_>>(),
                "common_mitigations": mitigations,
                "check_status": checks,
                "dependent": "unknown",
                "independent": self.columns,
            },
        })
    }

    /// The cells that a check found, counted from 0 as a data frame has them: its first column is
    /// the index.
    fn sdc<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> Value {
        let mut cells: BTreeMap<OutputCheck, Vec<[u64; 2]>> = BTreeMap::new();
        let mut summary: BTreeMap<OutputCheck, u64> = BTreeMap::new();
        for finding in findings {
            let Some(check) = finding.check else { continue };
            *summary.entry(check).or_default() += 1;
            let place = cells.entry(check).or_default();
            let column = finding.column.as_ref().and_then(|column| self.place(column));
            let row = finding.row.and_then(|row| row.checked_sub(1));
            place.extend(row.zip(column).map(|(row, column)| [row, column]));
        }
        if summary.is_empty() { json!({}) } else { json!({ "summary": summary, "cells": cells }) }
    }

    fn place(&self, column: &str) -> Option<u64> {
        let at = self.columns.iter().position(|name| name == column)?;
        u64::try_from(at).ok()?.checked_sub(1)
    }
}

fn sentence(finding: &Finding) -> String {
    let row = finding.row.map_or_else(String::new, |row| format!("row {row}: "));
    format!("{}: fail - {row}{}", finding.code, finding.detail)
}

const fn kind(kind: Option<OutputKind>) -> &'static str {
    match kind {
        Some(OutputKind::Table) | None => "table",
        Some(OutputKind::Survival) => "survival",
        Some(OutputKind::Estimates) => "regression",
        Some(OutputKind::Microdata | OutputKind::Figure | OutputKind::Text) => "custom",
    }
}

/// The criteria by ACRO's names.
fn config(criteria: &Criteria) -> Value {
    let share = |percent: u64| json!(f64::from(u32::try_from(percent).unwrap_or(u32::MAX)) / 100.0);
    json!({
        "safe_threshold": criteria.threshold,
        "safe_dof_threshold": criteria.degrees_of_freedom,
        "safe_nk_n": criteria.dominance_n,
        "safe_nk_k": share(criteria.dominance_k_percent),
        "safe_pratio_p": share(criteria.p_percent),
        "check_missing_values": false,
        "survival_safe_threshold": criteria.threshold,
        "zeros_are_disclosive": criteria.zeros_refused,
    })
}

/// The version of ACRO whose `results.json` this is; it loads no other.
const FORMAT: &str = "1.0.2";
