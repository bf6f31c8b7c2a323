//! A workspace for each test, its services in a process of their own, and what its log says.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cloister::node::{NodeFolder, now};
use domain::claims::Measurement;
use domain::event::{Action, Entry, Outcome};
use domain::project::Proposal;
use domain::{Digest, Leaf};
use evidence::launch::VcpuType;
use lab::LabError;
use lab::platform::EmulatedPlatform;
use lab::served::Served;
use lab::workspace::{Job, Sealed, Signed, Workspace, signed_workloads};
use launcher::{GuestImage, Size};
use monitor::Monitor;
use serde_json::Value;
use tempfile::TempDir;

/// A sealed dataset, a guest image and an emulated platform: all good until a test spoils one.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) sealed: Sealed,
    arguments: Vec<String>,
    measurement: Measurement,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sealed = Sealed::new(folder.path()).unwrap();
        let node = NodeFolder::open(&sealed.node_folder()).unwrap();
        fs::copy(processor(), EmulatedPlatform::file(&node)).unwrap();
        let image = GuestImage::open(&GuestImage::default_folder().unwrap()).unwrap();
        let vcpus = Size::default().vcpus;
        let measurement = image.expected_measurement(vcpus, VcpuType::EPYC_V4).unwrap();
        Self { folder, sealed, arguments: Vec::new(), measurement }
    }

    pub(crate) fn dataset(&self, file: &str) -> PathBuf {
        self.sealed.dataset_folder().join(file)
    }

    pub(crate) fn workloads(&self) -> (Signed, Signed) {
        signed_workloads(self.folder.path()).unwrap()
    }

    /// Starts `cloister-lab serve` with this argument too.
    pub(crate) fn with(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Launches guests from an image of which one file is altered. It is whole otherwise: its list of
    /// digests names the altered file.
    pub(crate) fn with_altered_image(self, file: &str, edit: impl FnOnce(&mut Vec<u8>)) -> Self {
        let good = GuestImage::default_folder().unwrap();
        let altered = self.folder.path().join("image");
        fs::create_dir(&altered).unwrap();
        let list = fs::read(good.join("image.json")).unwrap();
        let mut list: Value = serde_json::from_slice(&list).unwrap();
        let files = list["files"].as_array_mut().unwrap();
        for listed in files.iter_mut() {
            let name = listed["name"].as_str().unwrap();
            std::os::unix::fs::symlink(good.join(name), altered.join(name)).unwrap();
        }
        let mut bytes = fs::read(good.join(file)).unwrap();
        edit(&mut bytes);
        let listed = files.iter_mut().find(|listed| listed["name"] == file).unwrap();
        listed["sha256"] = Digest::of(&bytes).hex().into();
        fs::remove_file(altered.join(file)).unwrap();
        fs::write(altered.join(file), bytes).unwrap();
        fs::write(altered.join("image.json"), list.to_string()).unwrap();
        self.with(format!("--image={}", altered.display()))
    }

    pub(crate) fn start(self) -> Stage {
        let server = Server::start(&self.sealed.node_folder(), &self.arguments);
        let workspace = self.sealed.join(server.served.clone(), self.measurement).unwrap();
        Stage { workspace, server, folder: self.folder, arguments: self.arguments }
    }
}

/// Two RSA keys of 4096 bits take seconds: one processor serves all tests.
fn processor() -> PathBuf {
    let pem = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulated.pem");
    EmulatedPlatform::open(&pem, now()).unwrap();
    pem
}

/// `cloister-lab serve` as a process of its own, killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) served: Served,
}

impl Server {
    pub(crate) fn start(node: &Path, arguments: &[String]) -> Self {
        let temporary = node.parent().unwrap().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(program("cloister-lab"));
        command.args(["--json", "serve", "--listen=127.0.0.1:0", "--folder"]).arg(node);
        command.args(arguments).env("TMPDIR", temporary).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let served = serde_json::from_str(&line);
        Self { served: served.unwrap_or_else(|error| panic!("{error} in {line:?}")), child }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop as a service manager does, which it must do well.
    fn terminate(mut self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Running services, and their people.
pub(crate) struct Stage {
    pub(crate) workspace: Workspace,
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    arguments: Vec<String>,
}

impl Stage {
    /// Kills the services without a warning and starts them again.
    pub(crate) fn crash_and_restart(self) -> Self {
        self.restart(drop, |_| ())
    }

    /// Asks the services to stop and starts them again.
    pub(crate) fn terminate_and_restart(self) -> Self {
        self.restart(Server::terminate, |_| ())
    }

    /// Asks the services to stop, does something with their node's folder, and starts them again.
    pub(crate) fn terminate_and_restart_after(self, meanwhile: impl FnOnce(&Path)) -> Self {
        self.restart(Server::terminate, meanwhile)
    }

    fn restart(self, end: fn(Server), meanwhile: impl FnOnce(&Path)) -> Self {
        end(self.server);
        meanwhile(&self.workspace.node_folder());
        let measurement = self.workspace.measurement;
        let sealed = self.workspace.leave();
        let server = Server::start(&sealed.node_folder(), &self.arguments);
        let workspace = sealed.join(server.served.clone(), measurement).unwrap();
        Self { workspace, server, folder: self.folder, arguments: self.arguments }
    }

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

    /// The log, verified, and nothing in it that may not be there.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let key = self.workspace.served.trust.log().unwrap();
        let mut entries = Vec::new();
        let (mut monitor, mut findings) = (Monitor::default(), Vec::new());
        tlog_files::verify_folder(&self.workspace.log_folder(), &key, |_, leaf| {
            // A published signature is no decision; the monitor knows both kinds.
            if let Leaf::Entry(entry) = Leaf::from_bytes(leaf).unwrap() {
                entries.push(*entry);
            }
            findings.extend(monitor.take(leaf));
        })
        .unwrap();
        assert_eq!(findings, []);
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

/// The code with which a service refused.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, LabError>) -> String {
    match answer {
        Err(LabError::Answered { reason, .. }) => reason.to_string(),
        other => panic!("not a refusal: {other:?}"),
    }
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
