//! Taking a vote: judged, logged, and only then counted.

use domain::canonical;
use domain::dsse::Envelope;
use domain::event::{Action, Event};
use domain::ids::OutputId;
use domain::review::{Review, ReviewError, Vote};
use domain::ReasonCode;
use wire::airlock::OutputSummary;

use crate::{Airlock, AirlockError};

impl Airlock {
    /// Takes one signed vote on the output called `id`. A vote that does not count is logged as
    /// refused, with its reason.
    pub(crate) fn review(
        &self,
        id: &OutputId,
        vote: &Envelope,
    ) -> Result<OutputSummary, AirlockError> {
        let _deciding = self.deciding();
        let package = self.package_of(id)?;
        let opened = self.reopen(package)?;
        let output = opened.checked.map_err(AirlockError::Refused)?;
        let kept = canonical::to_vec(vote).map_err(AirlockError::Malformed)?;
        let kept = self.ledger.keep(&kept)?;
        let approval = &opened.chain.approval;
        let (event, person, error) = match Review::verify(vote, &output, approval) {
            Ok(review) if review.vote == Vote::Accept => {
                (Event::accepted(Action::OutputReviewed, package), Some(review.reviewer), None)
            }
            Ok(review) => {
                let reason = ReasonCode::of(&ReviewError::Rejected);
                let event = Event::refused(Action::OutputReviewed, package, reason);
                (event, Some(review.reviewer), None)
            }
            Err(error) => {
                let reason = ReasonCode::of(&error);
                (Event::refused(Action::OutputReviewed, package, reason), None, Some(error))
            }
        };
        let event = Event {
            project: Some(opened.package.project.clone()),
            evidence: vec![kept],
            platform: Some(opened.claims.get().platform.trust()),
            ..event
        };
        self.record(event, person, ())?;
        match error {
            Some(error) => Err(AirlockError::Review(error)),
            None => self.summary(package),
        }
    }
}

