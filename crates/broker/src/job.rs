//! Stage 6: an enclave says why it stopped without an output.

use domain::Digest;
use domain::event::{Action, Outcome};
use wire::broker::JobRefusal;

use crate::BrokerError;
use crate::broker::{Broker, Case};

impl Broker {
    /// `POST /v0/job/refusal`. Jobs may run for longer than a token is good for, and a report
    /// opens nothing, so the token's time does not matter here. It is accepted once.
    ///
    /// # Errors
    /// [`BrokerError::Token`] or [`BrokerError::SessionUnknown`], recorded.
    pub(crate) fn job_refused(
        &self,
        token: Option<&str>,
        report: JobRefusal,
    ) -> Result<(), BrokerError> {
        let mut state = self.current()?;
        let at = self.now();
        let unknown = Digest::of(token.unwrap_or_default().as_bytes());
        let mut case = Case::new(Action::JobFinished, unknown, at);
        let attested = token
            .ok_or(BrokerError::Token)
            .and_then(|token| self.attested(&state, token, None))
            .and_then(|(digest, attested)| Ok((digest, attested, state.record.launch(&digest)?)));
        match attested {
            Err(refusal) => Err(self.refuse(case, refusal)),
            Ok((digest, attested, launch)) => {
                case.is_about(digest, &launch);
                case.follows(&attested);
                case.event.evidence.clear();
                case.event.outcome = Outcome::Refused { reason: report.reason };
                self.accept(case, ())?;
                state.attested.remove(&digest);
                Ok(())
            }
        }
    }
}
