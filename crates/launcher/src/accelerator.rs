//! What executes a guest's instructions, and how to find out.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use domain::Digest;

use crate::launch::bare_plan;
use crate::process::{End, Qemu};
use crate::{GuestImage, Host, LauncherError, RunFolder, Size};

/// What executes a guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor, through the kernel's KVM.
    Kvm,
    /// QEMU's own translator: slower, anywhere.
    Tcg,
}

impl Accelerator {
    /// QEMU's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

impl Host {
    /// The fastest accelerator with which this machine really boots the image's kernel. That a
    /// device called `/dev/kvm` opens says nothing: some nested hosts then fail in the guest.
    ///
    /// The answer is kept in `cache` for this QEMU, this kernel and this boot of the host.
    pub async fn accelerator(&self, image: &GuestImage, cache: &Path) -> Accelerator {
        if OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
            return Accelerator::Tcg;
        }
        let Some(key) = self.key(image) else { return Accelerator::Tcg };
        let kept = cache.join("accelerator").join(key.hex());
        match fs::read_to_string(&kept).as_deref() {
            Ok("kvm") => return Accelerator::Kvm,
            Ok("tcg") => return Accelerator::Tcg,
            _ => {}
        }
        let found = match self.boots_under_kvm(image, cache).await {
            Ok(true) => Accelerator::Kvm,
            Ok(false) => Accelerator::Tcg,
            // Not an answer about KVM: ask again next time.
            Err(_) => return Accelerator::Tcg,
        };
        let _asked_again_next_time = fs::create_dir_all(cache.join("accelerator"))
            .and_then(|()| fs::write(&kept, found.name()));
        found
    }

    fn key(&self, image: &GuestImage) -> Option<Digest> {
        let parts = [
            self.qemu_version().ok()?,
            fs::read(&image.kernel).ok()?,
            fs::read("/proc/sys/kernel/random/boot_id").ok()?,
        ];
        let digests: Vec<u8> = parts.iter().flat_map(|part| *Digest::of(part).as_bytes()).collect();
        Some(Digest::of(&digests))
    }

    async fn boots_under_kvm(
        &self,
        image: &GuestImage,
        cache: &Path,
    ) -> Result<bool, LauncherError> {
        let folder = RunFolder::create(&cache.join("runs"))?;
        let plan = bare_plan(image, Accelerator::Kvm, Size::default(), &folder);
        let end = Qemu::start(self, &plan, &folder, PROBE_DEADLINE).await?.ended().await;
        let powered_off = matches!(end, Ok(End::Exited(status)) if status.success());
        Ok(powered_off && folder.console_tail().contains(BARE_INIT_MARKER))
    }
}

/// A guest under a working KVM needs less than a second.
const PROBE_DEADLINE: Duration = Duration::from_secs(10);

/// What the bare initrd's init prints (`images/guest/bare-init.rs`).
const BARE_INIT_MARKER: &str = "bare init reached";
