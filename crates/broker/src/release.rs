//! Stage 5: releasing a dataset's key to the enclave that attested (KBS protocol `/resource`).

use std::sync::Arc;

use domain::event::Action;
use domain::grant::KeyGrant;
use domain::{Digest, Timestamp};
use seal::WrappedDatasetKey;
use wire::kbs::{Response, dataset_key_path};

use crate::BrokerError;
use crate::broker::{Broker, Case};
use crate::state::{Attested, State};
use crate::token::Ticket;

impl Broker {
    /// `GET /kbs/v0/resource/{path}`.
    ///
    /// # Errors
    /// [`BrokerError`], recorded.
    pub(crate) fn release(&self, token: Option<&str>, path: &str) -> Result<Response, BrokerError> {
        let mut state = self.current()?;
        let mut case = Case::new(Action::KeyReleased, requested(path), self.now());
        let (grant, wrapped, attested) = match self.judge_release(&state, &mut case, token, path) {
            Err(refusal) => return Err(self.refuse(case, refusal)),
            Ok(judged) => judged,
        };
        // CRASH: an entry whose writing failed may still be in the log after a restart. So the
        // launch counts as used from here on, whatever becomes of the entry.
        state.record.mark_used(&case.event.object);
        let undone = case.clone();
        let recorded = self.accept(case, grant)?;
        self.vault
            .release(&recorded, &wrapped, &attested.tee_key)
            .map_err(|failure| self.refuse(undone, failure))
    }

    fn judge_release(
        &self,
        state: &State,
        case: &mut Case,
        token: Option<&str>,
        path: &str,
    ) -> Result<(KeyGrant, WrappedDatasetKey, Arc<Attested>), BrokerError> {
        let token = token.ok_or(BrokerError::Token)?;
        // For the entry alone: a launch that a token merely names is what its refusal is about.
        let named = Ticket::unverified(token).map(|ticket| ticket.launch_manifest);
        if let Some((digest, launch)) = named.and_then(|d| Some((d, state.record.launch(&d).ok()?)))
        {
            case.is_about(digest, &launch);
        }
        let (manifest, attested) = self.attested(state, token, Some(case.at))?;
        let launch = state.record.launch(&manifest)?;
        case.is_about(manifest, &launch);
        case.follows(&attested);
        if path != dataset_key_path(&launch.manifest.dataset) {
            return Err(BrokerError::OtherResource);
        }
        let project = state.record.approval_of(&launch.manifest, case.at)?;
        launch.open_at(case.at)?;
        state.record.job_not_run(&launch.manifest)?;
        case.event.policy = Some(self.policy.digest());
        let grant = self.grant(&project, &launch.manifest, &attested.claims, case.at)?;
        case.permitted(grant.permit());
        // Before the entry, so that it does not speak of a key that is not there.
        let wrapped = self.vault.wrapped(&grant.dataset())?;
        Ok((grant, wrapped, attested))
    }

    /// The attestation that a token stands for, if it still is the launch's newest; and, where
    /// `at` is given, if the token's time is not over.
    ///
    /// # Errors
    /// [`BrokerError::Token`], [`BrokerError::TokenExpired`], [`BrokerError::SessionUnknown`].
    pub(crate) fn attested(
        &self,
        state: &State,
        token: &str,
        at: Option<Timestamp>,
    ) -> Result<(Digest, Arc<Attested>), BrokerError> {
        let ticket = self.tokens.read(token)?;
        if let Some(at) = at {
            ticket.check(at)?;
        }
        let attested = state.attested.get(&ticket.launch_manifest);
        let attested = attested.filter(|attested| attested.ticket == ticket.jti);
        let attested = attested.ok_or(BrokerError::SessionUnknown)?;
        Ok((ticket.launch_manifest, Arc::clone(attested)))
    }
}

/// The dataset that a path asks for, by digest; or the path's own digest.
fn requested(path: &str) -> Digest {
    let tag = path.rsplit('/').next().unwrap_or_default();
    format!("sha256:{tag}").parse().unwrap_or_else(|_| Digest::of(path.as_bytes()))
}
