//! REST API, people, persistence and orchestration.
//!
//! Control is trusted to authenticate people and to queue, and for nothing else: it holds no key and
//! no plaintext, and this crate depends on nothing that could open either. What it stores can at most
//! stop the service: the broker decides about launches and keys, the airlock about outputs, and both
//! judge the signed statements that control only passes on.
//!
//! [`api`] has one file per resource, [`app`] one function per transition, [`db`] all of the SQL,
//! [`error`] the only mapping to HTTP, [`authz`] who may do what.

mod api;
mod app;
pub mod authz;
mod db;
mod decisions;
mod error;
mod job;
mod launch;
mod remote;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::JobId;
use domain::{Digest, Timestamp};
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot};

pub use api::{openapi_json, router};
pub use app::people::{LoginToken, NewPerson};
pub use app::stored::Stored;
pub use authz::Role;
pub use db::decided::decisions;
pub use db::erased::forget;
pub use db::rebuild::rebuild;
pub use decisions::{
    Comparison, DatasetDecision, Decisions, Difference, ExportDecision, JobDecision, JobEnd,
    Logged, ProjectDecision, Recovered,
};
pub use error::ControlError;
pub use job::JobState;
pub use launch::{LaunchEvent, LaunchOrder};
use remote::Remote;

/// Another service, and the one TLS key that it may have.
#[derive(Clone, Debug)]
pub struct Service {
    /// Such as `https://127.0.0.1:7000`, without a trailing slash.
    pub url: String,
    /// SHA-256 of its TLS key (DER SubjectPublicKeyInfo).
    pub pin: Digest,
}

/// Where everything is.
pub struct Config {
    /// The SQLite file. It holds personal data: names of people.
    pub database: PathBuf,
    /// The folder in which each sealed dataset has a folder.
    pub datasets: PathBuf,
    /// The folder in which workloads are kept, by digest.
    pub workloads: PathBuf,
    /// The log's folder, which is served.
    pub log_folder: PathBuf,
    /// Who decides about datasets, projects and launches.
    pub broker: Service,
    /// Who decides about outputs.
    pub airlock: Service,
    /// The clock.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("database", &self.database)
            .field("broker", &self.broker)
            .field("airlock", &self.airlock)
            .finish_non_exhaustive()
    }
}

/// The control plane of one deployment.
#[derive(Debug)]
pub struct Control {
    pool: SqlitePool,
    broker: Remote,
    airlock: Remote,
    config: Config,
    launches: mpsc::Sender<LaunchOrder>,
    /// Held while a statement is judged and kept.
    approving: tokio::sync::Mutex<()>,
    /// How to ask each running job to stop.
    cancels: Mutex<BTreeMap<JobId, oneshot::Sender<()>>>,
    /// Whether what runs jobs is being stopped together with this.
    stopping: AtomicBool,
}

impl Control {
    /// To be called before what runs jobs is stopped together with this: a job whose machine goes away
    /// from now on was not lost but interrupted, which the next [`Self::open`] records.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Opens the database, making or migrating it, and ends the jobs that a former process left in
    /// flight: their enclaves ended with it.
    ///
    /// # Errors
    /// [`ControlError::Database`], [`ControlError::Migration`], [`ControlError::Storage`],
    /// [`ControlError::Channel`].
    pub async fn open(
        config: Config,
        launches: mpsc::Sender<LaunchOrder>,
    ) -> Result<Arc<Self>, ControlError> {
        tokio::fs::create_dir_all(&config.workloads).await?;
        app::workloads::sweep(&config.workloads).await?;
        let pool = db::open(&config.database).await?;
        db::jobs::interrupt_all(&pool, (config.clock)()).await?;
        Ok(Arc::new(Self {
            pool,
            broker: Remote::new(&config.broker, ControlError::BrokerUnavailable)?,
            airlock: Remote::new(&config.airlock, ControlError::AirlockUnavailable)?,
            config,
            launches,
            approving: tokio::sync::Mutex::default(),
            cancels: Mutex::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    fn cancels(&self) -> MutexGuard<'_, BTreeMap<JobId, oneshot::Sender<()>>> {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
