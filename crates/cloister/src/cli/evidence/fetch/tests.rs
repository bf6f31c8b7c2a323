//! The command against services that are played here, and what inspections then find in the cache.

mod amd;
mod intel;
mod refused;
mod service;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::fetch;
use super::http::Machine;
use super::schedule::Schedule;
use crate::cli::evidence::EvidenceCommand;
use crate::cli::{Failure, Outcome};
use crate::edition::{Edition, RELEASED};

/// A folder in which commands are run, and how long they would have waited.
struct Bench {
    folder: TempDir,
    edition: Edition,
    waits: Arc<Mutex<Vec<Duration>>>,
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: EvidenceCommand,
}

impl Bench {
    fn new(edition: Edition) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), edition, waits: Arc::default() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs `evidence …`; arguments that start with `@` are names in the bench's folder.
    fn run(&self, arguments: &str) -> Ran {
        let words = arguments.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        });
        let line = std::iter::once("evidence".to_owned()).chain(words);
        let command = Line::try_parse_from(line).unwrap().command;
        let outcome = match command {
            EvidenceCommand::Fetch(options) => {
                let waits = Arc::clone(&self.waits);
                let sleep = Box::new(move |wait| waits.lock().unwrap().push(wait));
                let machine = Machine { sleep, random: Box::new(|| 0) };
                fetch(&options, &self.edition, Schedule::POLITE, machine)
            }
            other => crate::cli::evidence::run(other, &self.edition),
        };
        Ran(outcome)
    }

    /// The waits since the last call that are not the pace.
    fn waits(&self) -> Vec<u128> {
        let waits = std::mem::take(&mut *self.waits.lock().unwrap());
        let waits = waits.into_iter().filter(|wait| *wait != Schedule::POLITE.pace);
        waits.map(|wait| wait.as_millis()).collect()
    }
}

/// What a command came to.
#[derive(Debug)]
struct Ran(Outcome);

impl Ran {
    /// The verdict, or the reason why there is none.
    fn verdict(&self) -> &str {
        match &self.0 {
            Ok(answer) => answer.json()["verdict"].as_str().unwrap(),
            Err(Failure::Refused(answer)) => answer.json()["reason"].as_str().unwrap(),
            Err(Failure::Unusable { reason, .. }) => reason,
        }
    }

    fn json(&self) -> &Value {
        self.0.as_ref().unwrap().json()
    }

    /// `state` and `file` of what was fetched.
    fn files(&self) -> Vec<(String, String)> {
        let text = |file: &Value, name: &str| file[name].as_str().unwrap().to_owned();
        let files = self.json()["files"].as_array().unwrap();
        files.iter().map(|file| (text(file, "state"), text(file, "file"))).collect()
    }

    fn states(&self) -> Vec<String> {
        self.files().into_iter().map(|(state, _)| state).collect()
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.json()["warnings"].as_array().unwrap();
        warnings.iter().map(|warning| warning.as_str().unwrap()).collect()
    }
}

/// The bytes of shared test data; `None`, and a line on the terminal, without them.
fn vector(path: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/attestation");
    if !std::path::Path::new(folder).is_dir() {
        println!("skipped: {path}");
        return None;
    }
    Some(std::fs::read(format!("{folder}/{path}")).unwrap())
}

fn released() -> Bench {
    Bench::new(RELEASED)
}
