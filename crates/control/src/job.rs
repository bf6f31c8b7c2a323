//! A job's states and what moves it from one to the next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::guest::Step;

/// Where a job stands. What the guest reports moves it, and nothing rests on that: the log says what
/// was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Taken in; the broker is being asked.
    Requested,
    /// The broker issued a launch manifest; the job waits for a machine.
    Authorised,
    /// The machine runs.
    Launched,
    /// The broker accepted the enclave's evidence.
    Attested,
    /// The enclave has the dataset's key.
    KeyReleased,
    /// The workload runs.
    Running,
    /// Its outputs are checked and handed over.
    Checking,
    /// The airlock has the output. Final.
    Delivered,
    /// The broker or the enclave refused. Final.
    Refused,
    /// Something broke. Final.
    Failed,
    /// A person stopped it. Final.
    Cancelled,
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Authorise,
    Start,
    Reach(Step),
    Deliver,
    Refuse,
    Fail,
    Cancel,
}

impl JobState {
    /// All states, in order.
    pub const ALL: [Self; 11] = [
        Self::Requested,
        Self::Authorised,
        Self::Launched,
        Self::Attested,
        Self::KeyReleased,
        Self::Running,
        Self::Checking,
        Self::Delivered,
        Self::Refused,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing can happen to the job any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Refused | Self::Failed | Self::Cancelled)
    }

    /// The state after `change`; `None` if it changes nothing or cannot happen here. A job never
    /// goes back, and a line that the guest lost holds nothing up.
    pub(crate) fn after(self, change: Change) -> Option<Self> {
        let runs = self >= Self::Launched;
        let next = match change {
            _ if self.is_final() => None,
            Change::Authorise => (self == Self::Requested).then_some(Self::Authorised),
            Change::Start => (self == Self::Authorised).then_some(Self::Launched),
            Change::Reach(step) => runs.then_some(Self::at(step)),
            Change::Deliver => runs.then_some(Self::Delivered),
            Change::Refuse => Some(Self::Refused),
            Change::Fail => Some(Self::Failed),
            Change::Cancel => Some(Self::Cancelled),
        };
        next.filter(|next| *next > self)
    }

    const fn at(step: Step) -> Self {
        match step {
            Step::Booted | Step::Attesting => Self::Launched,
            Step::Attested => Self::Attested,
            Step::KeyReceived | Step::DatasetOpened => Self::KeyReleased,
            Step::Running => Self::Running,
            Step::Checking | Step::Delivering => Self::Checking,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Authorised => "authorised",
            Self::Launched => "launched",
            Self::Attested => "attested",
            Self::KeyReleased => "key-released",
            Self::Running => "running",
            Self::Checking => "checking",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JobState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(UnknownState)
    }
}

/// The text names no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a job")]
pub struct UnknownState;

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: [Change; 14] = [
        Change::Authorise,
        Change::Start,
        Change::Reach(Step::Booted),
        Change::Reach(Step::Attesting),
        Change::Reach(Step::Attested),
        Change::Reach(Step::KeyReceived),
        Change::Reach(Step::DatasetOpened),
        Change::Reach(Step::Running),
        Change::Reach(Step::Checking),
        Change::Reach(Step::Delivering),
        Change::Deliver,
        Change::Refuse,
        Change::Fail,
        Change::Cancel,
    ];

    /// One row per state, one column per change of `CHANGES`: `.` changes nothing, else the first
    /// letters of the next state.
    const TABLE: &str = "\
requested    au .  .  .  .  .  .  .  .  .  .  re fa ca
authorised   .  la .  .  .  .  .  .  .  .  .  re fa ca
launched     .  .  .  .  at ke ke ru ch ch de re fa ca
attested     .  .  .  .  .  ke ke ru ch ch de re fa ca
key-released .  .  .  .  .  .  .  ru ch ch de re fa ca
running      .  .  .  .  .  .  .  .  ch ch de re fa ca
checking     .  .  .  .  .  .  .  .  .  .  de re fa ca
delivered    .  .  .  .  .  .  .  .  .  .  .  .  .  .
refused      .  .  .  .  .  .  .  .  .  .  .  .  .  .
failed       .  .  .  .  .  .  .  .  .  .  .  .  .  .
cancelled    .  .  .  .  .  .  .  .  .  .  .  .  .  .";

    #[test]
    fn the_table_holds() {
        for (state, row) in JobState::ALL.into_iter().zip(TABLE.lines()) {
            let mut cells = row.split_whitespace();
            assert_eq!(cells.next(), Some(state.name()));
            for change in CHANGES {
                let next = state
                    .after(change)
                    .map_or(".".to_owned(), |next| next.name().chars().take(2).collect());
                assert_eq!(cells.next(), Some(next.as_str()), "{state} {change:?}");
            }
        }
        assert_eq!(TABLE.lines().count(), JobState::ALL.len());
    }

    #[test]
    fn names_round_trip_and_are_those_of_the_json() {
        for state in JobState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        assert_eq!("done".parse::<JobState>(), Err(UnknownState));
    }
}
