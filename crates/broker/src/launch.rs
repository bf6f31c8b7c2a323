//! Stage 3: issuing the manifest of one launch.

use domain::Digest;
use domain::event::Action;
use domain::ids::LaunchId;
use domain::launch::{JobRequest, LaunchManifest};
use wire::broker::{AuthoriseLaunch, LaunchAuthorised};

use crate::BrokerError;
use crate::broker::{Broker, Case};
use crate::intake::canonical_bytes;
use crate::jwe::random;
use crate::state::Record;

impl Broker {
    /// `POST /v0/launches`.
    ///
    /// # Errors
    /// [`BrokerError`], recorded.
    pub(crate) fn authorise_launch(
        &self,
        request: &AuthoriseLaunch,
    ) -> Result<LaunchAuthorised, BrokerError> {
        let mut state = self.current()?;
        let envelope = canonical_bytes(&request.request)?;
        let mut case = Case::new(Action::LaunchAuthorised, Digest::of(&envelope), self.now());
        case.event.evidence = vec![Digest::of(&envelope)];
        match self.judge_launch(&state.record, &mut case, request, &envelope) {
            Err(refusal) => Err(self.refuse(case, refusal)),
            Ok((manifest, initdata)) => {
                let digest = case.event.object;
                let recorded = self.accept(case, manifest)?;
                let place = recorded.place().clone();
                let manifest = recorded.into_inner();
                let launch = manifest.launch.clone();
                state.record.add_launch(digest, manifest, place.entry);
                Ok(LaunchAuthorised { launch, initdata, log_index: place.index })
            }
        }
    }

    fn judge_launch(
        &self,
        record: &Record,
        case: &mut Case,
        request: &AuthoriseLaunch,
        envelope: &[u8],
    ) -> Result<(LaunchManifest, Vec<u8>), BrokerError> {
        let name = JobRequest::unverified_project(&request.request).map_err(BrokerError::Launch)?;
        let project = record.project(&name)?;
        case.event.project = Some(name);
        case.event.previous = vec![project.entry.clone()];
        let manifest = LaunchManifest::authorise(
            LaunchId::from_random(*random::<16>()?),
            &project.approval,
            project.dataset.signed.signer(),
            &request.request,
            self.config.deployment.clone(),
            case.at,
            self.config.lifetimes.launch_seconds,
        )
        .map_err(BrokerError::Launch)?;
        record.job_not_run(&manifest)?;
        record.request_not_erased(&Digest::of(envelope))?;
        let initdata = manifest.to_initdata().map_err(BrokerError::Launch)?;
        case.person = Some(manifest.author.clone());
        case.event.object = self.ledger.keep_personal(&initdata)?;
        self.ledger.keep_personal(envelope)?;
        Ok((manifest, initdata))
    }
}
