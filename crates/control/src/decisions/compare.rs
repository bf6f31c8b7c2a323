//! What differs between a database and a log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use domain::Digest;
use domain::claims::Trust;
use serde::Serialize;

use super::{DatasetDecision, Decisions, ExportDecision, JobDecision, JobEnd, ProjectDecision};

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What cannot both be true.
    pub differences: Vec<Difference>,
    /// What the database says of a job and the log neither says nor denies: a guest reported its end
    /// or its host the platform, and no service decided anything.
    pub unlogged: Vec<Difference>,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `dataset`, `project`, `job` or `export`.
    pub kind: &'static str,
    /// Its name.
    pub id: String,
    /// Which value; `""` where one side does not know it at all.
    pub field: &'static str,
    /// In the database; bytes and what was written for people as their digest.
    pub database: Option<String>,
    /// In the log.
    pub log: Option<String>,
}

/// A decision's values by name: none of them may be left out of a comparison.
type Fields = BTreeMap<&'static str, Option<String>>;

impl Decisions {
    /// Holds what a database says against what the `log` says.
    #[must_use]
    pub fn compare(&self, log: &Self) -> Comparison {
        let mut found = Comparison::default();
        found.kind("dataset", &self.datasets, &log.datasets, DatasetDecision::fields);
        found.kind("project", &self.projects, &log.projects, ProjectDecision::fields);
        found.kind("job", &self.jobs, &log.jobs, JobDecision::fields);
        found.kind("export", &self.exports, &log.exports, ExportDecision::fields);
        found
    }
}

impl Comparison {
    fn kind<K: Ord + Display, T>(
        &mut self,
        kind: &'static str,
        database: &BTreeMap<K, T>,
        log: &BTreeMap<K, T>,
        fields: fn(&T) -> Fields,
    ) {
        for id in database.keys().chain(log.keys()).collect::<BTreeSet<_>>() {
            let [before, now] = [database.get(id), log.get(id)].map(|found| found.map(fields));
            let id = id.to_string();
            match (before, now) {
                (Some(before), Some(now)) => self.fields(kind, &id, before, now),
                (before, now) => self.differences.push(Difference {
                    kind,
                    id,
                    field: "",
                    database: before.map(|_| "present".to_owned()),
                    log: now.map(|_| "present".to_owned()),
                }),
            }
        }
    }

    fn fields(&mut self, kind: &'static str, id: &str, mut database: Fields, log: Fields) {
        let delivered = database.get("end").is_some_and(|end| end.as_deref() == Some(DELIVERED));
        for (field, log) in log {
            let database = database.remove(field).flatten();
            if database == log {
                continue;
            }
            // Of what was delivered the log has everything.
            let may_lack = kind == "job" && log.is_none() && !delivered;
            let to = if may_lack { &mut self.unlogged } else { &mut self.differences };
            to.push(Difference { kind, id: id.to_owned(), field, database, log });
        }
    }
}

impl DatasetDecision {
    fn fields(&self) -> Fields {
        let Self { id, title, description, classification, rows, columns, log_index } = self;
        Fields::from([
            ("id", shown(id)),
            ("title", digest(title)),
            ("description", digest(description)),
            ("classification", json(classification)),
            ("rows", shown(rows)),
            ("columns", json(columns).and_then(digest)),
            ("log_index", shown(log_index)),
        ])
    }
}

impl ProjectDecision {
    fn fields(&self) -> Fields {
        let Self { digest: own, title, purpose, dataset, expires, .. } = self;
        let Self { proposal, output_rules, members, statements, log_index, .. } = self;
        Fields::from([
            ("digest", shown(own)),
            ("title", digest(title)),
            ("purpose", digest(purpose)),
            ("dataset", shown(dataset)),
            ("expires", shown(expires)),
            ("proposal", digest(proposal)),
            ("output_rules", digest(output_rules)),
            ("members", json(members)),
            ("statements", json(statements).and_then(digest)),
            ("log_index", shown(log_index)),
        ])
    }
}

impl JobDecision {
    fn fields(&self) -> Fields {
        let Self { project, author, workload, request, launch, .. } = self;
        let Self { initdata, log_index, platform, end, .. } = self;
        Fields::from([
            ("project", shown(project)),
            ("author", shown(author)),
            ("workload", shown(workload)),
            ("request", digest(request)),
            ("launch", shown(launch)),
            ("initdata", digest(initdata)),
            ("log_index", shown(log_index)),
            ("platform", platform.as_ref().and_then(trust)),
            ("end", end.as_ref().map(ended)),
        ])
    }
}

impl ExportDecision {
    fn fields(&self) -> Fields {
        let Self { output, project, platform, log_index, bundle } = self;
        Fields::from([
            ("output", shown(output)),
            ("project", shown(project)),
            ("platform", trust(platform)),
            ("log_index", shown(log_index)),
            ("bundle", shown(bundle)),
        ])
    }
}

fn shown(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

fn digest(value: impl AsRef<[u8]>) -> Option<String> {
    Some(Digest::of(value.as_ref()).to_string())
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn trust(platform: &Trust) -> Option<String> {
    let named = match platform {
        Trust::Emulated => "emulated",
        Trust::Hardware => "hardware",
    };
    Some(named.to_owned())
}

fn ended(end: &JobEnd) -> String {
    match end {
        JobEnd::Delivered => DELIVERED.to_owned(),
        JobEnd::Refused(reason) => format!("refused ({reason})"),
    }
}

const DELIVERED: &str = "delivered";
