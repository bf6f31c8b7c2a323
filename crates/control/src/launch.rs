//! What control asks of whoever runs enclaves, and what it hears back.

use std::path::PathBuf;

use domain::ReasonCode;
use domain::claims::Trust;
use domain::ids::{JobId, LaunchId};
use tokio::sync::{mpsc, oneshot};
use wire::guest::Progress;

/// One authorised launch. None of it is secret, and the enclave checks all of it.
#[derive(Debug)]
pub struct LaunchOrder {
    /// The job.
    pub job: JobId,
    /// The launch, as the broker named it.
    pub launch: LaunchId,
    /// The launch manifest's initdata bytes.
    pub initdata: Vec<u8>,
    /// The folder of the sealed dataset.
    pub dataset_folder: PathBuf,
    /// The workload: a component, or the tar archive of an OCI image layout.
    pub workload: PathBuf,
    /// The workload's sigstore bundle.
    pub bundle: Vec<u8>,
    /// The project's output rules.
    pub output_rules: Vec<u8>,
    /// Where to report to. Dropped without an end, the job has failed.
    pub events: mpsc::Sender<LaunchEvent>,
    /// Resolves to `Ok` when the job is to be stopped; to `Err` when that can no longer happen.
    pub cancel: oneshot::Receiver<()>,
}

/// What happens to a launch: `Started`, progress, then one of `Ended` and `Failed`.
#[derive(Clone, Debug)]
pub enum LaunchEvent {
    /// The machine runs.
    Started {
        /// What runs it, for people: `kvm`, `tcg`.
        accelerator: String,
        /// Whether it is a real enclave.
        platform: Trust,
    },
    /// The agent wrote a line.
    Progress(Progress),
    /// The machine is off again, by itself or because it was asked to stop.
    Ended,
    /// The machine could not be run to its end.
    Failed {
        /// Why, as a stable code.
        reason: ReasonCode,
        /// One sentence for people.
        detail: String,
    },
}
