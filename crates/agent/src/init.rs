//! What an init does: file systems, kernel modules, the end.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::{MountFlags, mount, mount_bind, mount_move};
use rustix::process::{chdir, chroot};
use rustix::system::{RebootCommand, finit_module, reboot};

use crate::AgentError;

/// Mounts the kernel's file systems.
///
/// # Errors
/// [`AgentError::System`].
pub fn mount_basics() -> Result<(), AgentError> {
    root_with_parent().map_err(AgentError::system("making the root a mount of its own"))?;
    for (kind, target, flags) in BASICS {
        fs::create_dir_all(target).map_err(AgentError::system("making a mount point"))?;
        match mount(*kind, *target, *kind, *flags, None) {
            Err(Errno::BUSY) if *kind == "devtmpfs" => Ok(()), // the kernel mounted it itself
            other => other.map_err(AgentError::system("mounting a kernel file system")),
        }?;
    }
    // A host that types the console's SysRq sequence must not raise its log level again.
    fs::write("/proc/sys/kernel/sysrq", "0").map_err(AgentError::system("switching SysRq off"))
}

/// Mounts configfs, whose module is loaded by then.
///
/// # Errors
/// [`AgentError::System`].
pub fn mount_configfs() -> Result<(), AgentError> {
    mount("configfs", "/sys/kernel/config", "configfs", STRICT, None)
        .map_err(AgentError::system("mounting configfs"))
}

/// `pivot_root` refuses to leave a root that has no parent mount, as the initramfs. A bind mount of
/// the initramfs onto itself, moved over it, is the same tree with a parent: nothing is copied.
fn root_with_parent() -> io::Result<()> {
    fs::create_dir_all(NEW_ROOT)?;
    mount_bind("/", NEW_ROOT)?;
    chdir(NEW_ROOT)?;
    mount_move(".", "/")?;
    chroot(".")?;
    chdir("/")?;
    Ok(())
}

/// Which part of the image's modules to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modules {
    /// Those without which no key can be asked for: network, disks, evidence.
    BeforeKey,
    /// The others, which open the dataset.
    AfterKey,
}

/// Loads modules in the order of the image's list.
///
/// # Errors
/// [`AgentError::Module`]; a platform's module is left out where its hardware is absent.
pub fn load_modules(part: Modules) -> Result<(), AgentError> {
    let list = fs::read_to_string("/modules.list")
        .map_err(AgentError::system("reading the module list"))?;
    for path in list.lines().filter(|path| part.holds(path)) {
        load(path).map_err(|source| AgentError::Module { name: path.to_owned(), source })?;
    }
    Ok(())
}

impl Modules {
    fn holds(self, path: &str) -> bool {
        BEFORE_KEY.contains(&module_name(path)) == (self == Self::BeforeKey)
    }
}

fn load(path: &str) -> io::Result<()> {
    match finit_module(File::open(path)?, c"", 0) {
        Err(Errno::EXIST) => Ok(()),
        Err(Errno::NODEV) if OF_ONE_PLATFORM.contains(&module_name(path)) => Ok(()),
        other => Ok(other?),
    }
}

fn module_name(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Ends the guest. Memory is the platform's to wipe: nothing of it outlives the power.
pub fn power_off() -> ! {
    rustix::fs::sync();
    let _refused = reboot(RebootCommand::PowerOff);
    // An init that ends makes the kernel panic, and `panic=-1` on the measured command line ends that.
    std::process::exit(1)
}

/// Nothing on these file systems is a program or a device.
pub(crate) const STRICT: MountFlags =
    MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

const NEW_ROOT: &str = "/newroot";

const BASICS: &[(&str, &str, MountFlags)] = &[
    ("proc", "/proc", STRICT),
    ("sysfs", "/sys", STRICT),
    ("devtmpfs", "/dev", MountFlags::NOSUID.union(MountFlags::NOEXEC)),
    ("tmpfs", "/run", STRICT),
    ("tmpfs", "/tmp", STRICT),
    ("cgroup2", "/sys/fs/cgroup", STRICT),
];

/// Names as in the image's list, with underscores.
const BEFORE_KEY: &[&str] = &[
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
    "configfs",
    "tsm",
    "tsm_report",
    "sev_guest",
    "tdx_guest",
];

/// Modules that refuse to load on another platform than their own.
const OF_ONE_PLATFORM: &[&str] = &["sev_guest", "tdx_guest", "aesni_intel"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_in_exactly_one_part() {
        for (path, before) in [
            ("/usr/lib/modules/virtio_net.ko", true),
            ("/usr/lib/modules/sev_guest.ko", true),
            ("/usr/lib/modules/dm_crypt.ko", false),
            ("/usr/lib/modules/unheard_of.ko", false),
        ] {
            assert_eq!(Modules::BeforeKey.holds(path), before, "{path}");
            assert_eq!(Modules::AfterKey.holds(path), !before, "{path}");
        }
    }
}
