//! What a refusal leaves behind: a count always, an entry in the log once for each reason.
//!
//! Deliveries, votes and requests to release come from anybody who reaches the airlock. If each
//! refused one were logged, posting junk would fill the log. So the log says that and why something
//! was refused, and the counters say how often.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use domain::event::{Action, Actor, Event, Outcome};
use domain::{Digest, Reason as _, ReasonCode};

use crate::{Airlock, AirlockError};

impl Airlock {
    /// How often a request was refused since the start, by reason.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        let counts = self.decisions.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect()
    }

    pub(crate) fn count(&self, refusal: &AirlockError) {
        let mut counts = self.decisions.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(refusal.reason()).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Logs that `action` on `object` was refused, unless the log says so already, and hands the
    /// refusal back; or what kept it out of the log. Called under the lock of decisions.
    pub(crate) fn refuse(
        &self,
        action: Action,
        object: Digest,
        refusal: AirlockError,
    ) -> AirlockError {
        // What failed is the ledger itself: whether an earlier entry got in is not known.
        if matches!(refusal, AirlockError::Ledger(_)) {
            return refusal;
        }
        match self.log_refusal(action, object, ReasonCode::of(&refusal)) {
            Ok(()) => refusal,
            Err(error) => error,
        }
    }

    fn log_refusal(
        &self,
        action: Action,
        object: Digest,
        reason: ReasonCode,
    ) -> Result<(), AirlockError> {
        let outcome = Outcome::Refused { reason: reason.clone() };
        let known = self.ledger.entries()?.about(object).any(|(_, entry)| {
            entry.actor == Actor::Airlock
                && entry.event.action == action
                && entry.event.object == object
                && entry.event.outcome == outcome
        });
        if !known {
            self.ledger.record(self.draft(Event::refused(action, object, reason), None), ())?;
        }
        Ok(())
    }
}
