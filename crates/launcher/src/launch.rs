//! From a request to a running guest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::Digest;
use domain::claims::HostData;
use domain::ids::LaunchId;
use wire::guest::{DATA_DISK, INPUTS_DISK, MANIFEST_DISK, TREE_DISK};

use crate::plan::{Disk, Machine, Network, Plan, RelayTargets, SNP_POLICY, Size};
use crate::process::Qemu;
use crate::running::{self, Running};
use crate::{Accelerator, GuestImage, Host, LauncherError, Platform, RunFolder};

/// Launches guests of one image on this machine.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The programs that it uses.
    pub host: Host,
    /// What it launches.
    pub image: GuestImage,
    /// What executes the guests.
    pub accelerator: Accelerator,
    /// How large they are.
    pub size: Size,
    /// Folder for the run folders. Unix sockets lie in it: its path must be shorter than 70 bytes.
    pub runs: PathBuf,
}

/// What one launch is made of. Nothing in it is trusted or checked here.
#[derive(Clone, Debug)]
pub struct LaunchRequest {
    /// The launch.
    pub launch: LaunchId,
    /// The launch manifest, as the broker authorised it.
    pub initdata: Vec<u8>,
    /// Folder of the sealed dataset: `data.img`, `hash.img`, `header.img`, `manifest.dsse.json`.
    pub dataset: PathBuf,
    /// What else the agent needs.
    pub inputs: Inputs,
    /// Where the guest's two addresses lead to.
    pub relay: RelayTargets,
}

/// Inputs of a job beside its dataset.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The output rules (TOML).
    pub rules: Vec<u8>,
    /// The workload's sigstore bundle, if it has one.
    pub bundle: Option<Vec<u8>>,
    /// The workload: an image layout as a tar archive, or a component.
    pub workload: PathBuf,
}

/// A launch that is ready to start.
#[derive(Debug)]
pub struct Prepared {
    /// What QEMU will be asked. Tests alter it to be a dishonest host.
    pub plan: Plan,
    /// Its files; removed with the run.
    pub folder: RunFolder,
    /// Which launch it is.
    pub launch: LaunchId,
}

impl Launcher {
    /// Writes the disks of a launch. Blocks for as long as copying the workload takes.
    ///
    /// # Errors
    /// [`LauncherError::KvmRequired`], [`LauncherError::RunFolder`] or [`LauncherError::Input`].
    pub fn prepare(
        &self,
        request: &LaunchRequest,
        machine: Machine,
    ) -> Result<Prepared, LauncherError> {
        if machine == Machine::SevSnp && self.accelerator == Accelerator::Tcg {
            return Err(LauncherError::KvmRequired);
        }
        let folder = RunFolder::create(&self.runs)?;
        let dataset = std::path::absolute(&request.dataset)
            .map_err(LauncherError::input(&request.dataset))?;
        let disk = |serial, file| Disk { serial, file };
        let emulated = machine == Machine::Plain;
        let plan = Plan {
            machine,
            host_data: HostData::from(Digest::of(&request.initdata)),
            disks: vec![
                disk(MANIFEST_DISK, folder.write_manifest(&request.initdata)?),
                disk(INPUTS_DISK, folder.write_inputs(&dataset, &request.inputs)?),
                disk(DATA_DISK, dataset.join("data.img")),
                disk(TREE_DISK, dataset.join("hash.img")),
            ],
            network: Some(Network { program: self.host.relay.clone(), targets: request.relay }),
            progress: Some(folder.path().join("progress.sock")),
            emulated_platform: emulated.then(|| folder.path().join("platform.sock")),
            ..bare_plan(&self.image, self.accelerator, self.size, &folder)
        };
        let plan = Plan { initrd: self.image.initrd.clone(), ..plan };
        Ok(Prepared { plan, folder, launch: request.launch.clone() })
    }

    /// Starts a prepared launch. It is ended after `deadline`.
    ///
    /// # Errors
    /// [`LauncherError::Measurement`], [`LauncherError::RunFolder`], [`LauncherError::QemuStart`],
    /// [`LauncherError::QemuFailed`] or [`LauncherError::Deadline`] if QEMU does not get as far as
    /// opening its ports.
    pub async fn start(
        &self,
        prepared: Prepared,
        platform: Arc<dyn Platform>,
        deadline: Duration,
    ) -> Result<Running, LauncherError> {
        running::start(&self.host, prepared, platform, deadline).await
    }

    /// The time from QEMU's start to its end of the same guest with an init that does nothing but
    /// power off: what a job's own time is compared with.
    ///
    /// # Errors
    /// As [`Launcher::start`].
    pub async fn bare_boot(&self, deadline: Duration) -> Result<Duration, LauncherError> {
        let folder = RunFolder::create(&self.runs)?;
        let plan = bare_plan(&self.image, self.accelerator, self.size, &folder);
        let since = std::time::Instant::now();
        let mut qemu = Qemu::start(&self.host, &plan, &folder, deadline).await?;
        let end = qemu.ended().await;
        let ran = since.elapsed();
        running::judge(end, &folder, deadline, &self.host).map(|()| ran)
    }
}

/// The image with its empty init: no disks, no network, nobody to talk to.
pub(crate) fn bare_plan(
    image: &GuestImage,
    accelerator: Accelerator,
    size: Size,
    folder: &RunFolder,
) -> Plan {
    Plan {
        accelerator,
        machine: Machine::Plain,
        size,
        firmware: image.firmware.clone(),
        kernel: image.kernel.clone(),
        initrd: image.bare_initrd.clone(),
        cmdline: image.cmdline.clone(),
        host_data: HostData::from_bytes([0; 32]),
        policy: SNP_POLICY,
        disks: Vec::new(),
        network: None,
        console: folder.console(),
        progress: None,
        emulated_platform: None,
    }
}

#[cfg(test)]
#[path = "tests/launch.rs"]
mod tests;
