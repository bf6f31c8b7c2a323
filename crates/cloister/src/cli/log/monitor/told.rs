//! What a monitor prints, line by line, and the exit code that it comes to.

use std::io::{self, Write as _};
use std::process::ExitCode;

use domain::Reason as _;
use monitor::{Finding, Watch};
use serde_json::{Value, json};

use super::Dated;
use crate::cli::{Failure, Format};

/// Prints each thing once, as it becomes known.
pub(super) struct Teller {
    format: Format,
    /// The first reason that was told, and how many were.
    first: Option<String>,
    violations: u64,
    /// The alarm that is on, so that it is not told at every look.
    alarm: Option<String>,
    looked: bool,
    unheard: bool,
}

impl Teller {
    pub(super) const fn new(format: Format) -> Self {
        Self { format, first: None, violations: 0, alarm: None, looked: false, unheard: false }
    }

    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), Failure> {
        let Finding { index, entry, violation } = finding;
        let reason = violation.reason();
        self.first.get_or_insert_with(|| reason.to_owned());
        self.violations = self.violations.saturating_add(1);
        let json = json!({
            "verdict": "violation",
            "reason": reason,
            "detail": violation.to_string(),
            "index": index,
            "entry": entry,
        });
        let name = entry.as_ref().map_or("no entry", |entry| entry.as_str());
        self.print(&json, &format!("violation  {index}  {name}: {violation} ({reason})"))
    }

    /// Tells of a failure that others than the log's entries are the reason of, unless it is still the same.
    pub(super) fn alarm(&mut self, failure: &Failure) -> Result<(), Failure> {
        let (verdict, reason, detail) = said(failure);
        self.first.get_or_insert_with(|| reason.clone());
        if self.alarm.as_ref() == Some(&reason) {
            return Ok(());
        }
        let json = json!({ "verdict": verdict, "reason": reason, "detail": detail });
        self.print(&json, &format!("alarm      {detail} ({reason})"))?;
        self.alarm = Some(reason);
        Ok(())
    }

    /// A look came to its end, and the log is there and as fresh as it must be.
    pub(super) fn all_clear(&mut self) -> Result<(), Failure> {
        match self.alarm.take() {
            None => Ok(()),
            Some(over) => {
                let json = json!({ "verdict": "over", "reason": over });
                self.print(&json, &format!("over       {over}"))
            }
        }
    }

    /// All that is new was judged: where the monitor stands. Of a look at nothing new nothing is said,
    /// but at the first one.
    pub(super) fn looked(
        &mut self,
        watch: &Watch,
        before: u64,
        dated: &Dated,
    ) -> Result<(), Failure> {
        let monitor = watch.monitor();
        let read = monitor.size().saturating_sub(before);
        if std::mem::replace(&mut self.looked, true) && read == 0 {
            return Ok(());
        }
        let Some(newest) = watch.newest().map(tlog::SignedCheckpoint::checkpoint) else {
            return Ok(());
        };
        let verdict = if self.violations == 0 { "clean" } else { "refused" };
        let earlier = monitor.violations().saturating_sub(self.violations);
        let json = json!({
            "verdict": verdict,
            "reason": self.first.as_ref().filter(|_| self.violations > 0),
            "origin": newest.origin,
            "size": newest.size,
            "root": newest.root,
            "read": read,
            "violations": self.violations,
            "earlier_violations": earlier,
            "newest": dated.newest,
            "dated_by": if dated.by_witnesses { "witnesses" } else { "entries" },
        });
        let mut text = format!(
            "{verdict}  {read} new of {} entries of `{}`, {} violations",
            newest.size, newest.origin, self.violations
        );
        if earlier > 0 {
            text.push_str(&format!(", {earlier} before"));
        }
        if let Some(time) = dated.newest {
            let by = if dated.by_witnesses { "cosigned" } else { "newest entry" };
            text.push_str(&format!("; {by} {time}"));
        }
        self.print(&json, &text)
    }

    /// Tells what ended it.
    pub(super) fn failed(&mut self, failure: &Failure) -> ExitCode {
        if !self.unheard {
            let _gone = self.alarm(failure);
        }
        match failure {
            Failure::Unusable { .. } if self.violations == 0 => ExitCode::from(2),
            _ => ExitCode::from(1),
        }
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.first.is_some()))
    }

    /// Whether what was printed reached nobody.
    pub(super) const fn is_unheard(&self) -> bool {
        self.unheard
    }

    fn print(&mut self, json: &Value, text: &str) -> Result<(), Failure> {
        let line = match self.format {
            Format::Json => json.to_string(),
            Format::Human => text.to_owned(),
        };
        let mut out = io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| {
            self.unheard = true;
            Failure::unusable("output.unwritable", &error)
        })
    }
}

/// Verdict, reason and detail, as every command prints them.
fn said(failure: &Failure) -> (&'static str, String, String) {
    let of = |json: &Value, member: &str| json[member].as_str().unwrap_or_default().to_owned();
    match failure {
        Failure::Refused(answer) => {
            let json = answer.json();
            ("refused", of(json, "reason"), of(json, "detail"))
        }
        Failure::Unusable { reason, detail } => ("unusable", reason.clone(), detail.clone()),
    }
}
