//! The airlock: opens sealed outputs for reviewers, re-checks them, and releases them with a
//! receipt that anyone can verify offline ([`export::verify`]).
//!
//! Between requests it keeps ciphertext only: a sealed output is an object of the ledger, opened
//! with the airlock's key while a request is served. Its state is the ledger and nothing else.

mod api;
mod ballot;
mod chain;
mod error;
pub mod export;
mod intake;
mod kept;
mod output;
mod publication;
mod refusal;
mod release;
mod remember;
mod review;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;
use domain::event::{Actor, Event};
use domain::ids::PersonId;
use domain::keys::SecretKey;
use evidence::snp::{Chips, PlatformRules, Roots, TcbFloors};
use ledger::{Draft, Ledger};
use seal::SealingSecretKey;

pub use api::router;
pub use error::AirlockError;
pub use output::output_id;
pub use publication::{Publication, Stamp, StampError};

/// What the airlock is made of. Roots, floors and time are given, never fetched.
pub struct Airlock {
    /// The log and its objects, shared with the broker.
    pub ledger: Arc<Ledger>,
    /// The HPKE key to which enclaves seal outputs.
    pub sealing_key: SealingSecretKey,
    /// The key that signs receipts.
    pub signing_key: SecretKey,
    /// Whose evidence counts.
    pub roots: Roots,
    /// The lowest firmware versions.
    pub floors: TcbFloors,
    /// Which chips count.
    pub chips: Chips,
    /// What else guests and hosts must be like.
    pub platform_rules: PlatformRules,
    /// The vendor's revocation list (DER), read at each use; none on the emulated platform alone.
    pub revocation: Revocation,
    /// Whether exports are published as sigstore bundles.
    pub publication: Publication,
    /// The clock.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Held while a decision that depends on earlier ones is taken and logged.
    pub decisions: Decisions,
}

/// Where the vendor's certificate revocation list is.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// Only roots of an emulated platform go without.
    EmulatedNone,
    /// A DER file that an operator's job keeps fresh.
    File(PathBuf),
}

/// What a running airlock holds beside the ledger: the lock under which "not yet delivered", "not
/// yet exported" and the entry that ends it are one step, and what can be read from the ledger again.
#[derive(Debug, Default)]
pub struct Decisions {
    deciding: Mutex<()>,
    facts: Mutex<output::KnownFacts>,
    histories: Mutex<remember::Histories>,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Airlock {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn deciding(&self) -> std::sync::MutexGuard<'_, ()> {
        self.decisions.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draft(&self, event: Event, person: Option<PersonId>) -> Draft {
        draft(event, person, self.now())
    }

    fn crl(&self) -> Result<Vec<u8>, AirlockError> {
        match &self.revocation {
            Revocation::EmulatedNone => Ok(Vec::new()),
            Revocation::File(path) => std::fs::read(path).map_err(AirlockError::Revocation),
        }
    }
}

const fn draft(event: Event, person: Option<PersonId>, time: Timestamp) -> Draft {
    Draft { actor: Actor::Airlock, time, person, event }
}

impl fmt::Debug for Airlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Airlock").field("log", self.ledger.key()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
