//! Real guests under real QEMU. Where QEMU or the guest image is absent, each test says that it
//! was skipped and passes.

#![expect(clippy::unwrap_used, reason = "a test's own set-up fails the test")]

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Reason as _;
use domain::ids::LaunchId;
use launcher::{
    Accelerator, GuestImage, Host, Inputs, LaunchRequest, LaunchedFacts, Launcher, Machine,
    Platform, Prepared, RelayTargets, Running, Size, cache_folder, serve_reports,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

/// What a guest needs on a busy machine without KVM, and more: nothing waits for its end.
const PATIENCE: Duration = Duration::from_secs(240);

/// A launcher of the image in the cache, with run folders of its own.
fn launcher(runs: &TempDir) -> Option<Launcher> {
    let skipped = |error| println!("1 test skipped: {error}");
    let host = Host::find(std::env::current_exe().unwrap()).map_err(skipped).ok()?;
    let folder = GuestImage::default_folder().map_err(skipped).ok()?;
    let image = GuestImage::open(&folder).map_err(skipped).ok()?;
    let runs = runs.path().to_owned();
    Some(Launcher { host, image, accelerator: Accelerator::Tcg, size: Size::default(), runs })
}

/// A launch of the bare guest, with every device that a job has.
fn prepare(launcher: &Launcher, dataset: &Path) -> Prepared {
    for name in ["manifest.dsse.json", "header.img", "data.img", "hash.img", "workload"] {
        fs::write(dataset.join(name), [1; 4096]).unwrap();
    }
    let request = LaunchRequest {
        launch: LaunchId::from_random([1; 16]),
        initdata: b"manifest".to_vec(),
        dataset: dataset.to_owned(),
        inputs: Inputs {
            rules: Vec::new(),
            bundle: Some(Vec::new()),
            workload: dataset.join("workload"),
        },
        relay: RelayTargets {
            broker: "127.0.0.1:1".parse().unwrap(),
            airlock: "127.0.0.1:1".parse().unwrap(),
        },
    };
    let mut prepared = launcher.prepare(&request, Machine::Plain).unwrap();
    prepared.plan.initrd.clone_from(&launcher.image.bare_initrd);
    prepared
}

/// A kernel that finds no init and stays there.
fn hang(prepared: &mut Prepared) {
    prepared.plan.cmdline = "console=hvc0 rdinit=/absent panic=0".to_owned();
}

/// A platform that keeps what it was told of the launch.
#[derive(Debug, Default)]
struct Witness(Mutex<Option<LaunchedFacts>>);

impl Platform for Witness {
    fn machine(&self) -> Machine {
        Machine::Plain
    }

    fn attach(&self, launched: &LaunchedFacts, port: UnixStream) -> io::Result<()> {
        *self.0.lock().unwrap() = Some(*launched);
        serve_reports(port, |_| Err("the bare guest asks for nothing"))
    }
}

async fn hanging(launcher: &Launcher, dataset: &Path, deadline: Duration) -> Running {
    let mut prepared = prepare(launcher, dataset);
    hang(&mut prepared);
    launcher.start(prepared, Arc::new(Witness::default()), deadline).await.unwrap()
}

fn folders() -> (TempDir, TempDir) {
    (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
}

fn is_empty(folder: &TempDir) -> bool {
    fs::read_dir(folder.path()).unwrap().next().is_none()
}

/// Waits for the end of a process that may be nobody's child any more.
fn ends(pid: u32) -> bool {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    let timeout = Timespec::try_from(PATIENCE).unwrap();
    poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)).unwrap() == 1
}

#[tokio::test]
async fn the_bare_guest_boots_and_powers_off() {
    let (runs, _) = folders();
    let Some(launcher) = launcher(&runs) else { return };
    let ran = launcher.bare_boot(PATIENCE).await.unwrap();
    println!("bare boot: {} ms", ran.as_millis());
    assert!(is_empty(&runs));
}

#[tokio::test]
async fn a_launch_is_measured_runs_and_leaves_nothing() {
    let (runs, dataset) = folders();
    let Some(launcher) = launcher(&runs) else { return };
    let prepared = prepare(&launcher, dataset.path());
    let host_data = prepared.plan.host_data;
    let platform = Arc::new(Witness::default());
    let mut running = launcher.start(prepared, Arc::clone(&platform) as _, PATIENCE).await.unwrap();
    let facts = *running.facts();
    assert_eq!(running.next().await, None);
    let finished = running.wait().await.unwrap();
    assert!(finished.console_tail.contains("bare init reached"), "{}", finished.console_tail);
    assert!(is_empty(&runs));

    assert_eq!(*platform.0.lock().unwrap(), Some(facts));
    assert_eq!(facts.host_data, host_data);
    let bare = GuestImage { initrd: launcher.image.bare_initrd.clone(), ..launcher.image.clone() };
    let measured = |image: &GuestImage, vcpus| {
        let vcpus = NonZeroU32::new(vcpus).unwrap();
        image.expected_measurement(vcpus, "EPYC-v4".parse().unwrap()).unwrap()
    };
    assert_eq!(facts.measurement, measured(&bare, 2));
    assert_ne!(facts.measurement, measured(&bare, 1));
    assert_ne!(facts.measurement, measured(&launcher.image, 2));
    let other = GuestImage { cmdline: "console=hvc0".to_owned(), ..bare };
    assert_ne!(facts.measurement, measured(&other, 2));
}

#[tokio::test]
async fn a_guest_that_hangs_ends_at_its_deadline() {
    let (runs, dataset) = folders();
    let Some(launcher) = launcher(&runs) else { return };
    let mut prepared = prepare(&launcher, dataset.path());
    hang(&mut prepared);
    // How far QEMU and the guest get until then, and so what they say, is the machine's business.
    let platform = Arc::new(Witness::default());
    let error = match launcher.start(prepared, platform, Duration::from_secs(3)).await {
        Ok(running) => running.wait().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.reason(), "launcher.deadline");
    assert!(error.console().is_some());
    assert!(is_empty(&runs));
}

#[tokio::test]
async fn a_cancelled_and_a_dropped_guest_end() {
    let (runs, dataset) = folders();
    let Some(launcher) = launcher(&runs) else { return };
    let cancelled = hanging(&launcher, dataset.path(), PATIENCE).await;
    let pid = cancelled.pid();
    cancelled.cancel().await;
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    let dropped = hanging(&launcher, dataset.path(), PATIENCE).await;
    let pid = dropped.pid();
    drop(dropped);
    assert!(ends(pid));
    assert!(is_empty(&runs));
}

#[tokio::test]
async fn what_qemu_refuses_is_told_in_its_words() {
    let (runs, dataset) = folders();
    let Some(launcher) = launcher(&runs) else { return };
    let prepared = prepare(&launcher, dataset.path());
    fs::remove_file(dataset.path().join("data.img")).unwrap();
    // QEMU opens its ports before its disks: it may or may not get as far as the former.
    let error = match launcher.start(prepared, Arc::new(Witness::default()), PATIENCE).await {
        Ok(running) => running.wait().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.reason(), "launcher.qemu-failed");
    assert!(error.to_string().contains("data.img"), "{error}");
}

#[tokio::test]
async fn the_accelerator_is_one_that_boots_and_is_remembered() {
    let (runs, cache) = folders();
    let Some(mut launcher) = launcher(&runs) else { return };
    let found = launcher.host.accelerator(&launcher.image, cache.path()).await;
    println!("accelerator: {}", found.name());
    launcher.accelerator = found;
    launcher.bare_boot(PATIENCE).await.unwrap();
    let kept = cache.path().join("accelerator");
    if let Ok(mut files) = fs::read_dir(&kept) {
        let file = files.next().unwrap().unwrap().path();
        assert_eq!(fs::read_to_string(&file).unwrap(), found.name());
        // It is not asked again: another answer put there is believed.
        let other = if found == Accelerator::Kvm { Accelerator::Tcg } else { Accelerator::Kvm };
        fs::write(&file, other.name()).unwrap();
        assert_eq!(launcher.host.accelerator(&launcher.image, cache.path()).await, other);
    }
}

/// Runs itself in a second process, which launches a guest that hangs and is then killed.
#[tokio::test]
async fn a_killed_parent_takes_its_guest_along() {
    const CHILD: &str = "LAUNCHER_TEST_RUNS";
    if let Some(folder) = std::env::var_os(CHILD) {
        let runs = tempfile::tempdir_in(&folder).unwrap();
        let launcher = launcher(&runs).unwrap();
        let running = hanging(&launcher, Path::new(&folder), PATIENCE).await;
        println!("\nqemu {}", running.pid());
        std::future::pending::<()>().await;
    }
    let (runs, folder) = folders();
    if launcher(&runs).is_none() {
        return;
    }
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_parent_takes_its_guest_along", "--nocapture"])
        .env(CHILD, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let qemu = lines.find_map(|line| line.strip_prefix("qemu ")?.parse().ok()).unwrap();
    assert!(fs::read_to_string(format!("/proc/{qemu}/comm")).unwrap().starts_with("qemu"));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(ends(qemu));
}

#[test]
fn the_cache_folder_is_the_images_parent() {
    let image = GuestImage::default_folder().unwrap();
    assert_eq!(image.parent(), Some(cache_folder().unwrap().as_path()));
}
