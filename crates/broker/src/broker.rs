//! The broker and how it records decisions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::claims::Claims;
use domain::event::{Action, Actor, Event, Outcome};
use domain::grant::{KeyGrant, Permit};
use domain::ids::{PersonId, ProjectId};
use domain::launch::LaunchManifest;
use domain::{Digest, Reason as _, ReasonCode, Recorded, Timestamp, Verified};
use ledger::{Draft, Ledger};
use policy::{Question, ReleasePolicy};
use wire::broker::{About, ProjectRecord};

use crate::BrokerError;
use crate::config::{Config, Parts};
use crate::replay::replay;
use crate::state::{Attested, Launch, Project, State};
use crate::token::TokenKey;
use crate::vault::Vault;

/// Decides on datasets, projects, launches, evidence and keys. Its methods block on the disk:
/// [`crate::router`] calls them from blocking tasks.
pub struct Broker {
    pub(crate) config: Config,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) policy: ReleasePolicy,
    pub(crate) vault: Vault,
    pub(crate) tokens: TokenKey,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
    /// A decision whose recording failed may be in the log nevertheless, and is not in the state.
    in_doubt: AtomicBool,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Broker {
    /// Starts a broker with what the ledger says. Sessions of an earlier run are not among it.
    ///
    /// # Errors
    /// [`BrokerError::Ledger`] or [`BrokerError::Replay`] if log or objects cannot be read or do
    /// not fit each other, [`BrokerError::Cryptography`].
    pub fn open(config: Config, parts: Parts) -> Result<Self, BrokerError> {
        let record = replay(&parts.ledger, &config.custodians)?;
        Ok(Self {
            config,
            ledger: parts.ledger,
            policy: parts.policy,
            vault: Vault::new(parts.keys, parts.sealing_key),
            tokens: TokenKey::generate()?,
            clock: parts.clock,
            state: Mutex::new(State { record, ..State::default() }),
            in_doubt: AtomicBool::new(false),
            refusals: Mutex::default(),
        })
    }

    /// How often each reason was given since the start.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<&'static str, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn about(&self) -> About {
        About {
            sealing_key: self.vault.public().to_string(),
            log_origin: self.ledger.key().origin().to_owned(),
            log_key: *self.ledger.key().public(),
            release_policy: self.policy.digest(),
        }
    }

    pub(crate) fn project_record(&self, name: &ProjectId) -> Result<ProjectRecord, BrokerError> {
        let state = self.current()?;
        let project = state.record.project(name).map_err(|_| BrokerError::ProjectUnknown)?;
        drop(state);
        Ok(ProjectRecord {
            project: name.clone(),
            proposal: self.ledger.object(&project.approval.digest())?,
            approvals: project.statements.clone(),
            manifest: project.dataset.envelope.clone(),
            signer: project.dataset.signed.signer(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, with what turned up in the log after its recording had failed.
    ///
    /// # Errors
    /// As [`Broker::open`].
    pub(crate) fn current(&self) -> Result<MutexGuard<'_, State>, BrokerError> {
        let mut state = self.state();
        if self.in_doubt.load(Ordering::Acquire) {
            let mut record = replay(&self.ledger, &self.config.custodians)?;
            record.stay_used(&state.record);
            state.record = record;
            self.in_doubt.store(false, Ordering::Release);
        }
        Ok(state)
    }

    /// Whether this enclave may have the key of its launch's dataset at `at`; asked both when it
    /// attests and when it fetches the key.
    ///
    /// # Errors
    /// [`BrokerError::Policy`], [`BrokerError::Grant`].
    pub(crate) fn grant(
        &self,
        project: &Project,
        manifest: &LaunchManifest,
        claims: &Verified<Claims>,
        at: Timestamp,
    ) -> Result<KeyGrant, BrokerError> {
        let approval = &project.approval;
        let dataset = &project.dataset.signed;
        let question = Question { approval, dataset, manifest, claims, at };
        let permit = self.policy.decide(&question).map_err(BrokerError::Policy)?;
        KeyGrant::decide(approval, manifest, claims, permit, at).map_err(BrokerError::Grant)
    }

    /// Records `value` as accepted. Whatever rests on it takes what this returns.
    ///
    /// # Errors
    /// [`BrokerError::Ledger`]; nothing may be released then.
    pub(crate) fn accept<T>(&self, case: Case, value: T) -> Result<Recorded<T>, BrokerError> {
        let recorded = self.ledger.record(case.into_draft(), value);
        self.in_doubt.fetch_or(recorded.is_err(), Ordering::AcqRel);
        Ok(recorded?)
    }

    /// Records `refusal` and returns it; or the log's own reason, if it cannot be recorded.
    pub(crate) fn refuse(&self, mut case: Case, refusal: BrokerError) -> BrokerError {
        case.event.outcome = Outcome::Refused { reason: ReasonCode::of(&refusal) };
        case.event.rules = refusal.rules().to_vec();
        match self.ledger.record(case.into_draft(), ()) {
            Ok(_) => refusal,
            Err(error) => BrokerError::Ledger(error),
        }
    }

    pub(crate) fn count(&self, refusal: &BrokerError) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let count = refusals.entry(refusal.reason()).or_default();
        *count = count.saturating_add(1);
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({:?}, policy {})", self.vault, self.policy.digest())
    }
}

/// A decision in the making: its entry, filled in as things become known.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) at: Timestamp,
    pub(crate) person: Option<PersonId>,
    pub(crate) event: Event,
}

impl Case {
    pub(crate) const fn new(action: Action, object: Digest, at: Timestamp) -> Self {
        Self { at, person: None, event: Event::accepted(action, object) }
    }

    /// The decision is about this launch.
    pub(crate) fn is_about(&mut self, manifest: Digest, launch: &Launch) {
        self.event.object = manifest;
        self.event.project = Some(launch.manifest.project.clone());
        self.event.previous = vec![launch.entry.clone()];
    }

    /// The decision follows this attestation.
    pub(crate) fn follows(&mut self, attested: &Attested) {
        self.event.evidence.clone_from(&attested.evidence);
        self.event.previous = vec![attested.entry.clone()];
        self.event.platform = Some(attested.claims.get().platform.trust());
    }

    /// These rules permit.
    pub(crate) fn permitted(&mut self, permit: &Permit) {
        self.event.policy = Some(permit.policy());
        self.event.rules = permit.rules().to_vec();
    }

    fn into_draft(self) -> Draft {
        Draft { actor: Actor::Broker, time: self.at, person: self.person, event: self.event }
    }
}
