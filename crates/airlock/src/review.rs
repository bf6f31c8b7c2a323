//! Taking a vote: judged, logged, and only then counted.

use domain::dsse::Envelope;
use domain::event::{Action, Event};
use domain::ids::OutputId;
use domain::review::{Review, ReviewError, Vote};
use domain::{ReasonCode, canonical};
use ledger::Person;
use wire::airlock::OutputSummary;

use crate::ballot::Ballots;
use crate::intake::Opened;
use crate::output::{Delivery, checked, must_have_passed};
use crate::release::export_of;
use crate::{Airlock, AirlockError};

impl Airlock {
    /// Takes one signed vote on the output called `id`. A vote that is already counted changes
    /// nothing; one that does not count is refused and not kept.
    pub(crate) fn review(
        &self,
        id: &OutputId,
        vote: &Envelope,
    ) -> Result<OutputSummary, AirlockError> {
        let entries = self.ledger.entries()?;
        let delivery = Delivery::named(&entries, id)?;
        let opened = self.reopen(&entries, &delivery)?;
        // What left before may keep in what the enclave let through.
        let judged =
            must_have_passed(&entries, delivery.package).and_then(|()| judge(&opened, vote));
        let _deciding = self.deciding();
        match judged.and_then(|review| self.count_vote(&opened, &review, vote)) {
            Ok(()) => self.summary(&self.ledger.entries()?, delivery.package),
            Err(error) => Err(self.refuse(Action::OutputReviewed, delivery.package, error)),
        }
    }

    fn count_vote(
        &self,
        opened: &Opened,
        review: &Review,
        vote: &Envelope,
    ) -> Result<(), AirlockError> {
        let package = opened.package_digest;
        let entries = self.ledger.entries()?;
        let ballots = Ballots::count(&entries, package).readable(&self.ledger);
        let project = Some(opened.package.project.clone());
        let reviewer = Person { person: review.reviewer.clone(), project: project.clone() };
        let reviewer = self.ledger.pseudonym_of(&reviewer);
        if reviewer.is_some_and(|reviewer| ballots.has(&reviewer, review.vote)) {
            return Ok(());
        }
        if export_of(&entries, package).is_some() {
            return Err(AirlockError::AlreadyExported);
        }
        let event = match review.vote {
            Vote::Accept if ballots.rejected() => {
                return Err(AirlockError::Review(ReviewError::Rejected));
            }
            Vote::Accept => Event::accepted(Action::OutputReviewed, package),
            Vote::Reject => {
                let reason = ReasonCode::of(&ReviewError::Rejected);
                Event::refused(Action::OutputReviewed, package, reason)
            }
        };
        let kept = canonical::to_vec(vote).map_err(AirlockError::Malformed)?;
        let event = Event {
            project,
            evidence: vec![self.ledger.keep_personal(&kept)?],
            previous: checked(&entries, package)
                .map(|(_, entry)| entry.id.clone())
                .into_iter()
                .collect(),
            platform: Some(opened.claims.get().platform.trust()),
            ..event
        };
        let draft = self.draft(event, Some(review.reviewer.clone()));
        self.ledger.record(draft, ())?;
        Ok(())
    }
}

fn judge(opened: &Opened, vote: &Envelope) -> Result<Review, AirlockError> {
    let output = opened.checked.as_ref().map_err(|code| AirlockError::Refused(code.clone()))?;
    Review::verify(vote, output, &opened.chain.approval).map_err(AirlockError::Review)
}
