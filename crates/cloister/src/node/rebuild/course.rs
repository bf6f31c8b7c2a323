//! What became of a launch, as the log has it.

use control::JobEnd;
use domain::ReasonCode;
use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Outcome};
use serde::Serialize;

/// The decisions about one launch, of each kind the one that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Course {
    /// The verdict on its evidence.
    pub(crate) attested: Option<Said>,
    /// Whether it got the key.
    pub(crate) released: Option<Said>,
    /// Whether its output was taken in; a refusal is the enclave's own.
    pub(crate) finished: Option<Said>,
    /// The airlock's refusal of a delivery.
    pub(crate) delivery: Option<Said>,
    #[serde(skip)]
    platform: Option<Trust>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    /// Its entry.
    pub(crate) index: u64,
    /// Why not; absent if it was accepted.
    pub(crate) refusal: Option<ReasonCode>,
}

impl Course {
    /// Keeps what `entry` says of the launch; `false` if that is nothing.
    pub(super) fn take(&mut self, index: u64, entry: &Entry) -> bool {
        let event = &entry.event;
        let refusal = match &event.outcome {
            Outcome::Accepted => None,
            Outcome::Refused { reason } => Some(reason.clone()),
        };
        let place = match (entry.actor, event.action, &refusal) {
            (Actor::Broker, Action::EnclaveAttested, _) => &mut self.attested,
            (Actor::Broker, Action::KeyReleased, _) => &mut self.released,
            (Actor::Airlock, Action::JobFinished, None)
            | (Actor::Broker, Action::JobFinished, Some(_)) => &mut self.finished,
            (Actor::Airlock, Action::OutputChecked, Some(_)) => &mut self.delivery,
            _ => return false,
        };
        if refusal.is_none() {
            self.platform = event.platform.or(self.platform);
        }
        // Whoever reaches the services can have something refused in the name of a launch: a refusal
        // takes nothing back, and of several the enclave, which stops at its own, had the first. Of
        // acceptances the latest counts: an enclave may attest anew before it has the key.
        let counts = place.is_none() || refusal.is_none();
        if counts {
            *place = Some(Said { index, refusal });
        }
        counts
    }

    /// The entry that took its output in, if no accepted decision had led there.
    pub(super) fn unfounded(&self) -> Option<u64> {
        let accepted =
            |said: &Option<Said>| said.as_ref().is_some_and(|said| said.refusal.is_none());
        let delivered = self.finished.as_ref().filter(|said| said.refusal.is_none())?;
        let founded = accepted(&self.attested) && accepted(&self.released);
        (!founded).then_some(delivered.index)
    }

    /// Whose word counted for the enclave.
    pub(super) const fn platform(&self) -> Option<Trust> {
        self.platform
    }

    /// How the job ended. Where nothing was refused and nothing arrived, the log does not know.
    pub(super) fn end(&self) -> Option<JobEnd> {
        if let Some(finished) = &self.finished {
            return Some(finished.refusal.clone().map_or(JobEnd::Delivered, JobEnd::Refused));
        }
        let steps = [&self.delivery, &self.released, &self.attested];
        let last = steps.into_iter().flatten().next()?;
        last.refusal.clone().map(JobEnd::Refused)
    }
}

#[cfg(test)]
mod tests;
