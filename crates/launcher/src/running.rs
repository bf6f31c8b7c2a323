//! A guest that runs.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use domain::ids::LaunchId;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use wire::guest::Progress;

use crate::process::{End, Qemu};
use crate::progress::ProgressLines;
use crate::{Host, LaunchedFacts, LauncherError, Platform, Prepared, RunFolder};

/// A guest that runs. Dropping this ends QEMU and removes the run's folder; QEMU also ends at its
/// deadline, and when this process ends in whatever way.
#[derive(Debug)]
pub struct Running {
    // Fields are dropped in this order: QEMU ends before its folder goes away.
    qemu: Qemu,
    progress: Option<ProgressLines<BufReader<UnixStream>>>,
    platform: Option<oneshot::Receiver<io::Result<()>>>,
    folder: RunFolder,
    launch: LaunchId,
    facts: LaunchedFacts,
    since: Instant,
    deadline: Duration,
    host: Host,
}

/// A guest that has powered off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// From QEMU's start to its end.
    pub ran: Duration,
    /// The end of the guest's console. Control characters are removed.
    pub console_tail: String,
}

impl Running {
    /// Which launch it is.
    #[must_use]
    pub const fn launch(&self) -> &LaunchId {
        &self.launch
    }

    /// What was launched, as security hardware measures it.
    #[must_use]
    pub const fn facts(&self) -> &LaunchedFacts {
        &self.facts
    }

    /// QEMU's process number.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.qemu.pid()
    }

    /// The end of the guest's console so far. Control characters are removed.
    #[must_use]
    pub fn console_tail(&self) -> String {
        self.folder.console_tail()
    }

    /// The guest's next line of progress; none once it has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Progress> {
        self.progress.as_mut()?.next().await
    }

    /// Waits until the guest has powered off.
    ///
    /// # Errors
    /// [`LauncherError::Deadline`], [`LauncherError::QemuFailed`] or [`LauncherError::Platform`].
    pub async fn wait(mut self) -> Result<Finished, LauncherError> {
        // Unread lines would hold the guest up.
        while self.next().await.is_some() {}
        let end = self.qemu.ended().await;
        let ran = self.since.elapsed();
        judge(end, &self.folder, self.deadline, &self.host)?;
        if let Some(platform) = self.platform.take()
            && let Ok(Err(error)) = platform.await
        {
            return Err(LauncherError::Platform(error));
        }
        Ok(Finished { ran, console_tail: self.folder.console_tail() })
    }

    /// Ends the guest now, and returns when it has ended.
    pub async fn cancel(mut self) {
        self.qemu.kill();
        let _killed = self.qemu.ended().await;
    }
}

pub(crate) async fn start(
    host: &Host,
    prepared: Prepared,
    platform: Arc<dyn Platform>,
    deadline: Duration,
) -> Result<Running, LauncherError> {
    let Prepared { plan, folder, launch } = prepared;
    let measured = plan.clone();
    let facts = tokio::task::spawn_blocking(move || measured.facts()).await;
    let facts = facts.map_err(|error| LauncherError::Platform(io::Error::other(error)))??;
    let progress = plan.progress.as_deref().map(listen).transpose()?;
    let port = plan.emulated_platform.as_deref().map(listen).transpose()?;
    let since = Instant::now();
    let mut qemu = Qemu::start(host, &plan, &folder, deadline).await?;
    let connected = tokio::select! {
        connected = async { tokio::try_join!(accept(progress), accept(port)) } => Ok(connected),
        end = qemu.ended() => Err(end),
    };
    let (progress, port) = match connected {
        Ok(streams) => streams.map_err(LauncherError::run_folder(folder.path()))?,
        Err(end) => return Err(ended_early(end, &folder, deadline, host)),
    };
    let platform = match port {
        Some(port) => Some(attach(platform, facts, port).map_err(LauncherError::Platform)?),
        None => None,
    };
    let progress = progress.map(|stream| ProgressLines::new(BufReader::new(stream)));
    let host = host.clone();
    Ok(Running { qemu, progress, platform, folder, launch, facts, since, deadline, host })
}

fn listen(path: &Path) -> Result<UnixListener, LauncherError> {
    UnixListener::bind(path).map_err(LauncherError::run_folder(path))
}

async fn accept(listener: Option<UnixListener>) -> io::Result<Option<UnixStream>> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| Some(stream)),
        None => Ok(None),
    }
}

/// Has the platform serve its port on a thread of its own, which ends with QEMU.
fn attach(
    platform: Arc<dyn Platform>,
    facts: LaunchedFacts,
    port: UnixStream,
) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    let port = port.into_std()?;
    port.set_nonblocking(false)?;
    let (ended, end) = oneshot::channel();
    thread::Builder::new().name("platform".to_owned()).spawn(move || {
        let _nobody_waits = ended.send(platform.attach(&facts, port));
    })?;
    Ok(end)
}

/// What an ended QEMU means.
pub(crate) fn judge(
    end: io::Result<End>,
    folder: &RunFolder,
    deadline: Duration,
    host: &Host,
) -> Result<(), LauncherError> {
    match end {
        Ok(End::Exited(status)) if status.success() => Ok(()),
        Ok(End::Exited(status)) => Err(LauncherError::QemuFailed {
            status,
            said: folder.last_error(),
            console: folder.console_tail(),
        }),
        Ok(End::Deadline) => Err(LauncherError::Deadline {
            seconds: deadline.as_secs(),
            console: folder.console_tail(),
        }),
        Err(source) => Err(LauncherError::QemuStart { program: host.qemu.clone(), source }),
    }
}

/// A guest that powers off before its ports are open was no guest.
fn ended_early(
    end: io::Result<End>,
    folder: &RunFolder,
    deadline: Duration,
    host: &Host,
) -> LauncherError {
    match judge(end, folder, deadline, host) {
        Err(error) => error,
        Ok(()) => LauncherError::QemuStart {
            program: host.qemu.clone(),
            source: io::ErrorKind::UnexpectedEof.into(),
        },
    }
}
