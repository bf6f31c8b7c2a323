//! From control's orders to guests, and from guests' progress back to control.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use control::{LaunchEvent, LaunchOrder};
use domain::ReasonCode;
use domain::claims::Trust;
use launcher::{
    Accelerator, Inputs, LaunchRequest, Launcher, LauncherError, Machine, Platform, RelayTargets,
    Running,
};
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Serves orders, each in a task of its own, until control is gone.
pub(super) async fn serve_launches(
    mut orders: mpsc::Receiver<LaunchOrder>,
    launcher: Launcher,
    platform: Arc<dyn Platform>,
    relay: RelayTargets,
) {
    let launcher = Arc::new(launcher);
    // Guests end with this task: a `JoinSet` aborts what it holds when it is dropped.
    let mut guests = tokio::task::JoinSet::new();
    while let Some(order) = orders.recv().await {
        guests.spawn(serve_one(order, Arc::clone(&launcher), Arc::clone(&platform), relay));
        while guests.try_join_next().is_some() {}
    }
}

async fn serve_one(
    order: LaunchOrder,
    launcher: Arc<Launcher>,
    platform: Arc<dyn Platform>,
    relay: RelayTargets,
) {
    let events = order.events.clone();
    let end = match run(order, launcher, platform, relay).await {
        Ok(()) => LaunchEvent::Ended,
        Err(error) => {
            LaunchEvent::Failed { reason: ReasonCode::of(&error), detail: error.to_string() }
        }
    };
    // Nobody listens any more when control is being stopped.
    let _told = events.send(end).await;
}

async fn run(
    order: LaunchOrder,
    launcher: Arc<Launcher>,
    platform: Arc<dyn Platform>,
    relay: RelayTargets,
) -> Result<(), LauncherError> {
    let LaunchOrder {
        launch,
        initdata,
        dataset_folder,
        workload,
        bundle,
        output_rules,
        events,
        cancel,
        ..
    } = order;
    let inputs = Inputs { rules: output_rules, bundle: Some(bundle), workload };
    let request = LaunchRequest { launch, initdata, dataset: dataset_folder, inputs, relay };
    // It copies the workload: the services go on meanwhile.
    let (preparing, machine) = (Arc::clone(&launcher), platform.machine());
    let prepared = spawn_blocking(move || preparing.prepare(&request, machine)).await;
    let prepared = prepared.map_err(|error| LauncherError::Platform(io::Error::other(error)))??;
    let trust = match platform.machine() {
        Machine::Plain => Trust::Emulated,
        Machine::SevSnp => Trust::Hardware,
    };
    let running = launcher.start(prepared, platform, DEADLINE).await?;
    let accelerator = match launcher.accelerator {
        Accelerator::Kvm => "kvm",
        Accelerator::Tcg => "tcg",
    };
    let started = LaunchEvent::Started { accelerator: accelerator.to_owned(), platform: trust };
    let _told = events.send(started).await;
    follow(running, events, cancel).await
}

/// Passes progress on until the guest ends or control cancels it.
async fn follow(
    mut running: Running,
    events: mpsc::Sender<LaunchEvent>,
    mut cancel: oneshot::Receiver<()>,
) -> Result<(), LauncherError> {
    let mut may_cancel = true;
    loop {
        tokio::select! {
            progress = running.next() => match progress {
                Some(progress) => {
                    let _told = events.send(LaunchEvent::Progress(progress)).await;
                }
                None => return running.wait().await.map(|_| ()),
            },
            asked = &mut cancel, if may_cancel => match asked {
                Ok(()) => {
                    running.cancel().await;
                    return Ok(());
                }
                Err(_) => may_cancel = false,
            },
        }
    }
}

/// No job of this version runs longer.
const DEADLINE: Duration = Duration::from_secs(3600);
