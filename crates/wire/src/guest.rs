//! What the launcher and the guest agree on: device names, ports, and the agent's progress lines.
//!
//! Everything that crosses here is controlled by the host; the agent checks all of it against the
//! launch manifest before use.

use domain::ReasonCode;
use serde::{Deserialize, Serialize};

/// virtio-blk serial of the launch manifest: initdata bytes, zero-padded to 512.
pub const MANIFEST_DISK: &str = "cloister-manifest";
/// virtio-blk serial of the job's inputs: a tar archive of the members below.
pub const INPUTS_DISK: &str = "cloister-inputs";
/// virtio-blk serial of the dataset's ciphertext.
pub const DATA_DISK: &str = "cloister-data";
/// virtio-blk serial of the dataset's dm-verity tree.
pub const TREE_DISK: &str = "cloister-tree";

/// Inputs member: the dataset's signed manifest (DSSE JSON).
pub const INPUT_DATASET: &str = "dataset.json";
/// Inputs member: the detached LUKS2 header.
pub const INPUT_HEADER: &str = "header.img";
/// Inputs member: the output rules (TOML).
pub const INPUT_RULES: &str = "rules.toml";
/// Inputs member: the workload's sigstore bundle.
pub const INPUT_BUNDLE: &str = "workload.bundle.json";
/// Inputs member: the OCI image layout as a tar archive, or the wasm component.
pub const INPUT_WORKLOAD: &str = "workload";

/// virtio-serial port over which the emulated platform answers report requests; absent elsewhere.
pub const EMULATED_PLATFORM_PORT: &str = "cloister.emulated-platform";
/// virtio-serial port on which the agent writes its [`Progress`] lines.
pub const PROGRESS_PORT: &str = "cloister.progress";

/// The relay's one address inside the guest.
pub const RELAY_ADDRESS: [u8; 4] = [10, 0, 2, 100];
/// The relay's port to the broker.
pub const BROKER_PORT: u16 = 7000;
/// The relay's port to the airlock.
pub const AIRLOCK_PORT: u16 = 7001;
/// The guest's own address, in QEMU's user network.
pub const GUEST_ADDRESS: [u8; 4] = [10, 0, 2, 15];

/// A report request on the emulated platform's port: 64 bytes of REPORT_DATA go in; a `u32` length
/// (little-endian) and that many bytes of `SnpEvidence` JSON come out.
pub const REPORT_DATA_BYTES: usize = 64;

/// One JSON line from the agent: where it is, for people to follow. It carries no data and decides
/// nothing: the host could forge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum Progress {
    /// A step begins.
    Step {
        /// Which.
        step: Step,
        /// Milliseconds since the kernel started.
        uptime_ms: u64,
    },
    /// The agent stopped the job and powers off.
    Refused {
        /// Which check stopped it.
        reason: ReasonCode,
        /// One sentence for people.
        detail: String,
        /// Milliseconds since the kernel started.
        uptime_ms: u64,
    },
    /// All done; the agent wipes itself and powers off.
    Done {
        /// Milliseconds since the kernel started.
        uptime_ms: u64,
        /// The agent's own peak memory, KiB.
        peak_memory_kib: u64,
    },
}

/// The agent's steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The agent runs.
    Booted,
    /// It asks the broker for a nonce.
    Attesting,
    /// It holds a token and checks its inputs.
    Attested,
    /// It holds the dataset key.
    KeyReceived,
    /// The dataset is mounted.
    DatasetOpened,
    /// The workload runs.
    Running,
    /// The outputs are checked.
    Checking,
    /// The package goes to the airlock.
    Delivering,
}
