//! A workspace for each test, and what its log says.

use std::path::{Path, PathBuf};

use cloister::node::now;
use domain::event::{Action, Entry, Outcome};
use domain::project::Proposal;
use evidence::launch::VcpuType;
use lab::platform::EmulatedPlatform;
use lab::serve;
use lab::workspace::{Job, Sealed, Signed, Workspace, signed_workloads};
use launcher::Launcher;
use tempfile::TempDir;

/// A sealed dataset, a launcher and an emulated platform: all good until a test spoils one.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) sealed: Sealed,
    pub(crate) launcher: Launcher,
    pub(crate) platform: EmulatedPlatform,
    measurement: domain::claims::Measurement,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sealed = Sealed::new(folder.path()).unwrap();
        let launcher = serve::launcher(program("cloister-lab")).await.unwrap();
        let vcpus = launcher.size.vcpus;
        let measurement = launcher.image.expected_measurement(vcpus, VcpuType::EPYC_V4).unwrap();
        // Two RSA keys of 4096 bits take seconds: one processor serves all tests.
        let pem = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulated.pem");
        let platform = EmulatedPlatform::open(&pem, now()).unwrap();
        Self { folder, sealed, launcher, platform, measurement }
    }

    pub(crate) fn dataset(&self, file: &str) -> PathBuf {
        self.sealed.dataset_folder().join(file)
    }

    pub(crate) fn workloads(&self) -> (Signed, Signed) {
        signed_workloads(self.folder.path()).unwrap()
    }

    pub(crate) async fn start(self) -> Stage {
        let workspace =
            self.sealed.start(self.launcher, self.platform, self.measurement).await.unwrap();
        Stage { workspace, folder: self.folder }
    }
}

/// Running services.
pub(crate) struct Stage {
    pub(crate) workspace: Workspace,
    pub(crate) folder: TempDir,
}

impl Stage {
    /// Approves `signed` and runs it to its end.
    pub(crate) async fn run(&self, signed: &Signed) -> Job {
        let proposal = self.workspace.approved(&[signed]).await.unwrap();
        self.run_approved(&proposal, signed).await
    }

    pub(crate) async fn run_approved(&self, proposal: &Proposal, signed: &Signed) -> Job {
        let workload = signed.workload.digest;
        let job = self.workspace.start_job(&proposal.project, workload).await.unwrap();
        self.workspace.follow(&job, |_| ()).await.unwrap()
    }

    /// The log, verified.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let key = self.workspace.node.trust().log().unwrap();
        let mut entries = Vec::new();
        tlog_files::verify_folder(&self.workspace.log_folder(), &key, |_, leaf| {
            entries.push(Entry::from_leaf(leaf).unwrap());
        })
        .unwrap();
        entries
    }

    /// The reasons with which `action` was refused.
    pub(crate) fn refusals(&self, action: Action) -> Vec<String> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.event.action == action)
            .filter_map(|entry| match entry.event.outcome {
                Outcome::Refused { reason } => Some(reason.to_string()),
                Outcome::Accepted => None,
            })
            .collect()
    }

    pub(crate) fn accepted(&self, action: Action) -> usize {
        let accepted = |entry: &Entry| {
            entry.event.action == action && entry.event.outcome == Outcome::Accepted
        };
        self.entries().iter().filter(|entry| accepted(entry)).count()
    }

    /// The job was refused for `reason`, `action` was logged so, and no key left.
    pub(crate) fn refused_without_key(&self, job: &Job, action: Action, reason: &str) {
        assert_eq!(outcome(job), ("refused", reason), "{job:?}");
        assert_eq!(self.refusals(action), [reason]);
        assert_eq!(self.accepted(Action::KeyReleased), 0);
    }
}

/// State and reason of a job.
pub(crate) fn outcome(job: &Job) -> (&str, &str) {
    (&job.state, job.reason.as_deref().unwrap_or(""))
}

/// A program that was built beside this test.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join(name);
    assert!(
        path.exists(),
        "`{name}` is not built: run `make test`, or `cargo build -p lab -p cloister`"
    );
    path
}
