//! Jobs, and how far along the stages they came.

use domain::claims::Trust;
use domain::ids::{JobId, PersonId, ProjectId};
use domain::{Digest, ReasonCode};
use serde::Deserialize;
use wire::guest::Step;

use super::{Moment, is_emulated};

/// `/v1/jobs/{job}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) project: ProjectId,
    pub(crate) author: PersonId,
    pub(crate) workload: Digest,
    state: State,
    pub(crate) reason: Option<ReasonCode>,
    pub(crate) detail: Option<String>,
    pub(crate) cancel_asked: bool,
    pub(crate) log_index: Option<u64>,
    pub(crate) accelerator: Option<String>,
    platform: Option<Trust>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    steps: Vec<Reported>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Requested,
    Authorised,
    Launched,
    Attested,
    KeyReleased,
    Running,
    Checking,
    Delivered,
    Refused,
    Failed,
    Cancelled,
}

/// A step that the guest reported.
#[derive(Debug, Deserialize)]
struct Reported {
    step: Step,
    at: Moment,
}

/// One of the stages 3 to 7, as a job went through it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) mark: Mark,
    pub(crate) at: Option<Moment>,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Done,
    Now,
    Stopped,
    Ahead,
}

impl Mark {
    /// As a class of the style sheet.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Stopped => "stopped",
            Self::Ahead => "ahead",
        }
    }

    pub(crate) const fn words(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "under way",
            Self::Stopped => "stopped here",
            Self::Ahead => "not reached",
        }
    }
}

impl Job {
    pub(crate) fn is_emulated(&self) -> bool {
        is_emulated(self.platform)
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.state, State::Delivered | State::Refused | State::Failed | State::Cancelled)
    }

    /// Whether it ended without an output.
    pub(crate) const fn went_wrong(&self) -> bool {
        matches!(self.state, State::Refused | State::Failed)
    }

    /// Whether the airlock has its output.
    pub(crate) fn is_delivered(&self) -> bool {
        self.state == State::Delivered
    }

    pub(crate) const fn state(&self) -> &'static str {
        match self.state {
            State::Requested => "requested",
            State::Authorised => "waits for a machine",
            State::Launched => "launched",
            State::Attested => "attested",
            State::KeyReleased => "key released",
            State::Running => "running",
            State::Checking => "outputs are checked",
            State::Delivered => "delivered",
            State::Refused => "refused",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    /// The stages in order.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let here = self.stage_number();
        let mark = |number: u8| match number {
            number if number < here => Mark::Done,
            number if number > here => Mark::Ahead,
            _ if self.is_over() => Mark::Stopped,
            _ => Mark::Now,
        };
        let stage = |(number, name, meaning)| Stage {
            name,
            meaning,
            mark: mark(number),
            at: self.finished(number),
        };
        STAGES.into_iter().map(stage).collect()
    }

    /// The stage that is under way, or where the job stopped; 8 if it came through.
    fn stage_number(&self) -> u8 {
        match self.state {
            State::Requested | State::Authorised => 3,
            State::Launched => 4,
            State::Attested => 5,
            State::KeyReleased | State::Running => 6,
            State::Checking => 7,
            State::Delivered => 8,
            State::Refused | State::Failed | State::Cancelled => self.reported_number(),
        }
    }

    /// The same, from what the guest reported before it stopped.
    fn reported_number(&self) -> u8 {
        match self.steps.iter().map(|reported| reported.step).max() {
            None if self.accelerator.is_none() => 3,
            None | Some(Step::Booted | Step::Attesting) => 4,
            Some(Step::Attested) => 5,
            Some(Step::KeyReceived | Step::DatasetOpened | Step::Running) => 6,
            Some(Step::Checking | Step::Delivering) => 7,
        }
    }

    /// When the guest reported the first step after a stage.
    fn finished(&self, number: u8) -> Option<Moment> {
        let step = match number {
            3 => Step::Booted,
            4 => Step::Attested,
            5 => Step::KeyReceived,
            6 => Step::Checking,
            _ => return self.is_delivered().then_some(self.updated),
        };
        self.steps.iter().find(|reported| reported.step == step).map(|reported| reported.at)
    }
}

const STAGES: [(u8, &str, &str); 5] = [
    (
        3,
        "Launched",
        "the broker authorises this one launch, and a machine starts the measured image",
    ),
    (4, "Attested", "the broker verifies the evidence of the enclave"),
    (5, "Key released", "the enclave gets the dataset’s key, and nobody else does"),
    (6, "Run", "the signed workload runs inside, without a network"),
    (7, "Checked", "the output rules are applied, and the result is sealed for the reviewers"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(state: &str, accelerator: Option<&str>, steps: &[&str]) -> Job {
        let at = "2026-01-31T12:00:00Z";
        let steps: Vec<_> = steps.iter().map(|step| json!({"step": step, "at": at})).collect();
        serde_json::from_value(json!({
            "id": "job-1", "project": "study", "author": "a", "state": state,
            "workload": Digest::of(b"w"), "cancel_asked": false, "accelerator": accelerator,
            "created": at, "updated": at, "steps": steps,
        }))
        .unwrap()
    }

    #[test]
    fn the_stages_show_how_far_a_job_came() {
        // d done, n now, s stopped, a ahead: stages 3 to 7.
        for (state, accelerator, steps, marks) in [
            ("requested", None, &[][..], "naaaa"),
            ("authorised", None, &[], "naaaa"),
            ("launched", Some("tcg"), &[], "dnaaa"),
            ("attested", Some("tcg"), &["attested"], "ddnaa"),
            ("key-released", Some("tcg"), &["key-received"], "dddna"),
            ("running", Some("tcg"), &["running"], "dddna"),
            ("checking", Some("tcg"), &["checking"], "ddddn"),
            ("delivered", Some("tcg"), &["checking", "delivering"], "ddddd"),
            ("refused", None, &[], "saaaa"),
            ("failed", Some("tcg"), &[], "dsaaa"),
            ("refused", Some("tcg"), &["booted", "attesting"], "dsaaa"),
            ("refused", Some("tcg"), &["booted", "attesting", "attested"], "ddsaa"),
            ("cancelled", Some("tcg"), &["running"], "dddsa"),
            ("refused", Some("tcg"), &["running", "checking"], "dddds"),
        ] {
            let stages = job(state, accelerator, steps).stages();
            let found: String =
                stages.iter().filter_map(|stage| stage.mark.class().chars().next()).collect();
            assert_eq!(found, marks, "{state} {steps:?}");
        }
    }
}
