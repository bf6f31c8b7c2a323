//! One QEMU process that outlives neither its owner nor its deadline.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::oneshot;

use crate::{Host, LauncherError, Plan, RunFolder, qemu_arguments};

/// A running QEMU. Dropping this kills it.
#[derive(Debug)]
pub(crate) struct Qemu {
    handle: OwnedFd,
    pid: u32,
    ended: oneshot::Receiver<io::Result<End>>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, or killed by its owner.
    Exited(ExitStatus),
    /// Killed because its time was over.
    Deadline,
}

impl Qemu {
    /// Starts QEMU for `plan`, with its error output in `folder`.
    pub(crate) async fn start(
        host: &Host,
        plan: &Plan,
        folder: &RunFolder,
        deadline: Duration,
    ) -> Result<Self, LauncherError> {
        let path = folder.errors();
        let errors = File::create(&path).map_err(LauncherError::run_folder(&path))?;
        let command = command(host, plan, errors);
        let started = Self::keep(command, deadline).await;
        started.map_err(|source| LauncherError::QemuStart { program: host.qemu.clone(), source })
    }

    async fn keep(command: Command, deadline: Duration) -> io::Result<Self> {
        let (started, start) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        thread::Builder::new().name("qemu".to_owned()).spawn(move || {
            keep(command, deadline, started, ended);
        })?;
        let (handle, pid) = start.await.map_err(io::Error::other)??;
        Ok(Self { handle, pid, ended: end })
    }

    /// The process.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end. Cancel-safe; the second answer would be an error.
    pub(crate) async fn ended(&mut self) -> io::Result<End> {
        (&mut self.ended).await.map_err(io::Error::other)?
    }

    /// Ends the process now.
    pub(crate) fn kill(&self) {
        let _already_ended = pidfd_send_signal(&self.handle, Signal::KILL);
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `setpriv` asks the kernel to kill QEMU when its parent ends, and becomes QEMU. A process group
/// of its own keeps a terminal's Ctrl-C from QEMU: its owner decides.
fn command(host: &Host, plan: &Plan, errors: File) -> Command {
    let mut command = Command::new(&host.setpriv);
    command.args(["--pdeathsig", "KILL", "--no-new-privs", "--"]).arg(&host.qemu);
    command.args(qemu_arguments(plan));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).process_group(0);
    command
}

/// The life of one process, on a thread that lives as long: the kernel takes the thread that
/// started a process, not the program, for the parent whose end it reports.
fn keep(
    mut command: Command,
    deadline: Duration,
    started: oneshot::Sender<io::Result<(OwnedFd, u32)>>,
    ended: oneshot::Sender<io::Result<End>>,
) {
    let since = Instant::now();
    let spawned = command.spawn().and_then(|mut child| match handle(&child) {
        Ok(handle) => Ok((child, handle)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    });
    let (mut child, own) = match spawned {
        Ok((child, (own, theirs))) => {
            if started.send(Ok((theirs, child.id()))).is_err() {
                let _already_ended = pidfd_send_signal(&own, Signal::KILL);
            }
            (child, own)
        }
        Err(error) => {
            let _nobody_waits = started.send(Err(error));
            return;
        }
    };
    let end = wait(&mut child, &own, since, deadline);
    let _nobody_waits = ended.send(end);
}

/// Two handles on a process: a process number could be another's by the time it is used.
fn handle(child: &Child) -> io::Result<(OwnedFd, OwnedFd)> {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    Ok((handle.try_clone()?, handle))
}

fn wait(
    child: &mut Child,
    handle: &OwnedFd,
    since: Instant,
    deadline: Duration,
) -> io::Result<End> {
    loop {
        let left = deadline.saturating_sub(since.elapsed());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&timeout)) {
            Ok(0) if left.is_zero() => {
                child.kill()?;
                child.wait()?;
                return Ok(End::Deadline);
            }
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return child.wait().map(End::Exited),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").args(arguments).stdin(Stdio::null());
        command
    }

    async fn end(arguments: &[&str], deadline: Duration) -> End {
        Qemu::keep(run(arguments), deadline).await.unwrap().ended().await.unwrap()
    }

    #[tokio::test]
    async fn a_process_ends_by_itself_or_at_its_deadline() {
        let End::Exited(status) = end(&["exit 3"], Duration::from_secs(60)).await else {
            panic!("the deadline was not reached")
        };
        assert_eq!(status.code(), Some(3));
        assert_eq!(end(&["exec sleep 60"], Duration::from_millis(20)).await, End::Deadline);
    }

    #[tokio::test]
    async fn a_dropped_process_is_killed() {
        // Longer than any test may take: it does not end by itself.
        let hour = Duration::from_secs(3600);
        let process = Qemu::keep(run(&["exec sleep 3600"]), hour).await.unwrap();
        let handle = process.handle.try_clone().unwrap();
        drop(process);
        let ended = poll(&mut [PollFd::new(&handle, PollFlags::IN)], None).unwrap();
        assert_eq!(ended, 1);
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_an_error() {
        let command = Command::new("/nonexistent/setpriv");
        let error = Qemu::keep(command, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
