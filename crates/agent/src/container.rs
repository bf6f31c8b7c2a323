//! One workload in one sandbox: an OCI runtime bundle (runtime-spec 1.2) that crun runs to its end.
//!
//! The sandbox has its own namespaces of every kind, an empty network, no capabilities, a read-only
//! root, and two doors: `/data` to read and `/out` to write. Nothing that it prints is kept; of its
//! end only whether it reported failure leaves the guest.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use disclosure::Limits;
use domain::output::JobError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Gid, Uid, chown};
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_change, mount_remount,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};

use crate::admit::Program;
use crate::init::STRICT;
use crate::{AgentError, WorkloadError, seccomp};

/// A prepared sandbox.
#[derive(Debug)]
pub struct Sandbox {
    process: Process,
}

/// What is started in it.
#[derive(Debug)]
struct Process {
    arguments: Vec<String>,
    environment: Vec<String>,
    folder: String,
}

impl Sandbox {
    /// Lays out the root file system and the output folder for `program`.
    ///
    /// # Errors
    /// [`AgentError::System`], or what [`crate::oci::Image::unpack`] gives.
    pub fn prepare(
        program: &Program,
        arguments: &[String],
        limits: &Limits,
    ) -> Result<Self, AgentError> {
        let made = AgentError::system("making the sandbox's folders");
        fs::create_dir_all(ROOT).and_then(|()| fs::create_dir_all(OUT)).map_err(made)?;
        let size = format!("mode=0755,size={ROOT_BYTES}");
        mount_tmpfs(ROOT, MountFlags::NOSUID | MountFlags::NODEV, &size)?;
        mount_tmpfs(OUT, STRICT, &out_options(limits))?;
        let owner = HOST_ID_BASE.saturating_add(WORKLOAD_ID);
        chown(OUT, Some(Uid::from_raw(owner)), Some(Gid::from_raw(owner)))
            .map_err(AgentError::system("giving the output folder to the workload"))?;
        let mut process = match program {
            Program::Container(image) => {
                image.unpack(Path::new(ROOT))?;
                let process = image.process().clone();
                Process {
                    arguments: process.command,
                    environment: process.environment,
                    folder: process.folder,
                }
            }
            Program::Component(component) => runner(component)?,
        };
        process.arguments.extend_from_slice(arguments);
        mount_points(Path::new(ROOT))?;
        Ok(Self { process })
    }

    /// Runs the workload to its end.
    ///
    /// # Errors
    /// [`AgentError::Sandbox`] if it could not be started, [`AgentError::JobDeadline`],
    /// [`AgentError::Job`] if it ended with another status than 0.
    pub fn run(&self) -> Result<(), AgentError> {
        silence_kernel()?;
        let config = config(&self.process, memory_limit()?);
        let config = serde_json::to_vec(&config).unwrap_or_default();
        fs::write(format!("{BUNDLE}/config.json"), config)
            .map_err(AgentError::system("writing the sandbox's configuration"))?;
        let mut child = Command::new("/usr/bin/crun")
            .args(["--root=/run/crun", "--cgroup-manager=cgroupfs"])
            .arg(format!("--log={LOG}"))
            .args(["run", "--bundle", BUNDLE, "workload"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(AgentError::system("starting the container runtime"))?;
        wait(&mut child)
    }
}

/// The console is the host's, and the kernel writes names there that a workload chooses for its
/// processes, when memory runs out or a program crashes. From here on it writes nothing.
fn silence_kernel() -> Result<(), AgentError> {
    // Level 0 prints nothing, emergencies included; what would report stuck or crashed programs is
    // off besides.
    for (setting, value) in
        [("kernel/printk", "0 1 1 1"), ("kernel/watchdog", "0"), ("debug/exception-trace", "0")]
    {
        fs::write(format!("/proc/sys/{setting}"), value)
            .map_err(AgentError::system("silencing the kernel's console"))?;
    }
    Ok(())
}

/// Waits for the runtime; it ends with the workload's exit status.
fn wait(child: &mut Child) -> Result<(), AgentError> {
    let seconds = DEADLINE.as_secs();
    if !ended_in_time(child).map_err(AgentError::system("waiting for the workload"))? {
        // The guest powers off next, and with it whatever is still running.
        return Err(AgentError::JobDeadline { seconds });
    }
    let status = child.wait().map_err(AgentError::system("waiting for the workload"))?;
    if status.success() {
        return Ok(());
    }
    // The runtime logs its own failures only, such as a missing program; the workload cannot
    // write there.
    let log = fs::read_to_string(LOG).unwrap_or_default();
    if let Some(line) = log.lines().next() {
        crate::progress::say(&format!("container runtime: {line}"));
        return Err(AgentError::Sandbox);
    }
    match status.code() {
        Some(code) => Err(AgentError::Job(JobError::ExitStatus(code))),
        None => Err(AgentError::Sandbox),
    }
}

fn ended_in_time(child: &Child) -> io::Result<bool> {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pidfd = pidfd_open(id.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::empty())?;
    let timeout =
        Timespec { tv_sec: i64::try_from(DEADLINE.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
    let mut ended = [PollFd::new(&pidfd, PollFlags::IN)];
    Ok(poll(&mut ended, Some(&timeout))? > 0)
}

/// The root file system of a component: the runner, the libraries it is linked to, the component.
fn runner(component: &[u8]) -> Result<Process, AgentError> {
    let failed = AgentError::system("laying out the wasm runner");
    lay_out_runner(Path::new(ROOT), component).map_err(failed)?;
    Ok(Process {
        arguments: vec![format!("/{RUNNER}"), format!("/{COMPONENT}")],
        environment: Vec::new(),
        folder: "/".to_owned(),
    })
}

fn lay_out_runner(root: &Path, component: &[u8]) -> io::Result<()> {
    for folder in ["lib64", "usr/lib", "usr/libexec/cloister"] {
        fs::create_dir_all(root.join(folder))?;
    }
    for folder in ["lib64", "usr/lib", "usr/libexec/cloister"] {
        let (source, target) = (Path::new("/").join(folder), root.join(folder));
        mount_bind(&source, &target)?;
        let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        mount_remount(&target, flags, c"")?;
    }
    std::os::unix::fs::symlink("usr/lib", root.join("lib"))?;
    fs::write(root.join(COMPONENT), component)
}

/// The runtime mounts onto these; a link in their place would lead it elsewhere.
fn mount_points(root: &Path) -> Result<(), AgentError> {
    for name in ["data", "dev", "out", "proc", "tmp"] {
        let path = root.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(WorkloadError::LayerPath.into()),
            Err(_) => fs::create_dir(&path).map_err(AgentError::system("making a mount point"))?,
        }
    }
    Ok(())
}

fn mount_tmpfs(target: &str, flags: MountFlags, options: &str) -> Result<(), AgentError> {
    let options = std::ffi::CString::new(options).unwrap_or_default();
    mount("tmpfs", target, "tmpfs", flags, options.as_c_str())
        .and_then(|()| mount_change(target, MountPropagationFlags::PRIVATE))
        .map_err(AgentError::system("mounting a tmpfs"))
}

/// Twice the total that may leave, so that too much is seen and named, not cut off by a full disk.
fn out_options(limits: &Limits) -> String {
    let bytes = limits.max_total_bytes.saturating_mul(2).saturating_add(1 << 20);
    let inodes = limits.max_files.saturating_mul(4).saturating_add(64);
    format!("mode=0755,size={bytes},nr_inodes={inodes}")
}

/// Three quarters of what is free now: the rest is the agent's.
fn memory_limit() -> Result<u64, AgentError> {
    let text = fs::read_to_string("/proc/meminfo")
        .map_err(AgentError::system("reading the memory size"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.unwrap_or_default().saturating_mul(1024) / 4 * 3)
}

fn config(process: &Process, memory: u64) -> Value {
    let namespaces = ["pid", "network", "ipc", "uts", "mount", "user", "cgroup"];
    let ids = json!([{ "containerID": 0, "hostID": HOST_ID_BASE, "size": 65_536 }]);
    let nothing: [&str; 0] = [];
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": { "uid": WORKLOAD_ID, "gid": WORKLOAD_ID },
            "args": process.arguments,
            "env": process.environment,
            "cwd": process.folder,
            "noNewPrivileges": true,
            "capabilities": {
                "bounding": nothing, "effective": nothing, "inheritable": nothing,
                "permitted": nothing, "ambient": nothing,
            },
            "rlimits": [
                { "type": "RLIMIT_CORE", "hard": 0, "soft": 0 },
                { "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 },
            ],
        },
        "root": { "path": ROOT, "readonly": true },
        "hostname": "workload",
        "mounts": mounts(),
        "linux": {
            "namespaces": namespaces.map(|kind| json!({ "type": kind })),
            "uidMappings": ids,
            "gidMappings": ids,
            "cgroupsPath": "/workload",
            "resources": {
                "memory": { "limit": memory, "swap": memory },
                "pids": { "limit": 256 },
                "devices": [{ "allow": false, "access": "rwm" }],
            },
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                "/proc/timer_stats", "/proc/cmdline", "/proc/modules", "/proc/kallsyms",
            ],
            "readonlyPaths": [
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ],
            "seccomp": seccomp::profile(),
        },
    })
}

fn mounts() -> Value {
    let strict = ["nosuid", "nodev", "noexec"];
    let door = |name: &str, source: &str, access: &str| {
        let options = [&["bind", access], &strict[..]].concat();
        json!({ "destination": name, "source": source, "options": options })
    };
    json!([
        { "destination": "/proc", "type": "proc", "source": "proc", "options": strict },
        { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
          "options": ["nosuid", "noexec", "mode=755", "size=64k"] },
        { "destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
          "options": ["nosuid", "nodev", "noexec", "mode=1777", "size=128m"] },
        door("/data", DATA, "ro"),
        door("/out", OUT, "rw"),
    ])
}

/// Where the dataset is mounted, in the guest and in the sandbox.
pub const DATA: &str = "/data";
/// Where the workload's output lies in the guest.
pub const OUT: &str = "/run/cloister/out";

const BUNDLE: &str = "/run/cloister";
const ROOT: &str = "/run/cloister/root";
const LOG: &str = "/run/cloister/crun.log";
const RUNNER: &str = "usr/libexec/cloister/wasm-runner";
const COMPONENT: &str = "component.wasm";
const ROOT_BYTES: u64 = 768 << 20;

/// Nobody, inside; outside an identity that owns nothing but the output folder.
const WORKLOAD_ID: u32 = 65_534;
const HOST_ID_BASE: u32 = 100_000;

/// After this long the job is stopped.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Value {
        let process = Process {
            arguments: vec!["/usr/bin/python3".to_owned(), "/analysis.py".to_owned()],
            environment: vec!["A=b".to_owned()],
            folder: "/".to_owned(),
        };
        config(&process, 1 << 20)
    }

    #[test]
    fn the_sandbox_has_no_rights() {
        let config = example();
        let process = &config["process"];
        assert_eq!(process["noNewPrivileges"], true);
        assert_eq!(process["user"], json!({ "uid": 65_534, "gid": 65_534 }));
        for set in ["bounding", "effective", "inheritable", "permitted", "ambient"] {
            assert_eq!(process["capabilities"][set], json!([]), "{set}");
        }
        assert_eq!(config["root"]["readonly"], true);
        assert_eq!(config["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
    }

    #[test]
    fn every_namespace_is_its_own_and_joins_none() {
        let config = example();
        let namespaces = config["linux"]["namespaces"].as_array().unwrap();
        let kinds: Vec<_> =
            namespaces.iter().map(|found| found["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["pid", "network", "ipc", "uts", "mount", "user", "cgroup"]);
        assert!(namespaces.iter().all(|found| found.get("path").is_none()));
    }

    #[test]
    fn there_is_one_door_in_and_one_out() {
        let mounts = mounts();
        let binds: Vec<_> = mounts
            .as_array()
            .unwrap()
            .iter()
            .filter(|mount| mount["options"][0] == "bind")
            .map(|mount| {
                (mount["destination"].as_str().unwrap(), mount["options"][1].as_str().unwrap())
            })
            .collect();
        assert_eq!(binds, [("/data", "ro"), ("/out", "rw")]);
    }

    #[test]
    fn a_link_in_place_of_a_mount_point_is_refused() {
        let root = tempfile::tempdir().unwrap();
        mount_points(root.path()).unwrap();
        fs::remove_dir(root.path().join("out")).unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("out")).unwrap();
        let refused = mount_points(root.path()).unwrap_err();
        assert_eq!(domain::Reason::reason(&refused), "workload.layer-path");
    }
}
