//! Why the agent stopped: one enum, one stable reason code per condition.

use std::io;

use disclosure::{PeopleError, RulesError};
use domain::canonical::CanonicalError;
use domain::dataset::DatasetError;
use domain::launch::LaunchError;
use domain::output::JobError;
use domain::{Reason, ReasonCode};
use evidence::EvidenceError;

/// Why a job was stopped. Every variant ends in power-off; nothing is retried.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The airlock did not take the output.
    #[error("the airlock refused the output")]
    AirlockRefused(#[source] Refusal),
    /// The broker refused, with its own reason.
    #[error("the broker refused")]
    BrokerRefused(#[source] Refusal),
    /// A message has no canonical form.
    #[error("a message cannot be encoded")]
    Canonical(#[source] CanonicalError),
    /// The TLS client could not be built.
    #[error("the channel to the relay cannot be set up")]
    Channel(#[source] channel::ChannelError),
    /// dm-verity met a block that the tree does not contain.
    #[error("the dataset's ciphertext is corrupted; fetch the sealed dataset again")]
    DatasetCorrupted,
    /// The detached header is not the one that the manifest names.
    #[error("the LUKS2 header is not the one that the dataset manifest names")]
    DatasetHeaderDigest,
    /// The dataset manifest is malformed or not signed by the custodian.
    #[error("the dataset manifest is not the custodian's")]
    DatasetManifest(#[source] DatasetError),
    /// A validly signed manifest of another dataset.
    #[error("the dataset manifest is another than the approved one")]
    DatasetOther,
    /// The tree disk does not begin with the superblock that the manifest implies.
    #[error("the dm-verity tree is not the one that the dataset manifest describes")]
    DatasetTree,
    /// The device mapper or the file system could not be set up.
    #[error("the dataset cannot be opened: {what}")]
    DatasetVolume {
        /// Which step failed.
        what: &'static str,
        /// What the library or kernel said.
        #[source]
        source: io::Error,
    },
    /// The platform's answer is no evidence.
    #[error("the platform gave evidence that cannot be read")]
    Evidence(#[source] EvidenceError),
    /// The inputs disk is not the archive that was agreed on.
    #[error("the inputs cannot be used: {0}")]
    Inputs(&'static str),
    /// The workload ended badly or wrote nothing.
    #[error(transparent)]
    Job(JobError),
    /// The workload ran longer than it may.
    #[error("the workload did not end within {seconds} seconds")]
    JobDeadline {
        /// The limit.
        seconds: u64,
    },
    /// The broker's answer to the key request could not be opened.
    #[error("the key envelope cannot be opened: {0}")]
    KeyEnvelope(&'static str),
    /// The manifest disk holds no launch manifest.
    #[error("the launch manifest cannot be read")]
    LaunchManifest(#[source] LaunchError),
    /// HOST_DATA of the platform's report is not the manifest's digest.
    #[error("the platform did not measure this launch manifest")]
    ManifestNotMeasured,
    /// A module of the image could not be loaded.
    #[error("kernel module `{name}` cannot be loaded")]
    Module {
        /// Its path in the image.
        name: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Another name is in the way of, or the interface refused, the guest's address.
    #[error("the network interface cannot be set up")]
    Network(#[source] rtnetlink::Error),
    /// A disk or interface is missing.
    #[error("the guest has no `{0}`")]
    NoDevice(&'static str),
    /// Neither configfs-tsm nor the emulated platform's port answers.
    #[error("the guest has no platform that makes evidence")]
    NoPlatform,
    /// The people of the dataset cannot be told.
    #[error("the people behind the output cannot be found")]
    People(#[source] PeopleError),
    /// The package could not be sealed, or the dataset's header is not acceptable.
    #[error(transparent)]
    Seal(seal::Error),
    /// The platform made a report over other data than asked for.
    #[error("the platform's report is over other data than asked for")]
    PlatformReportData,
    /// The output rules cannot be parsed.
    #[error("the output rules cannot be used")]
    Rules(#[source] RulesError),
    /// The output rules are not the approved ones.
    #[error("the output rules are not the approved ones")]
    RulesDigest,
    /// The container runtime could not start the workload.
    #[error("the workload's sandbox cannot be started")]
    Sandbox,
    /// The kernel refused something that always works on the measured image.
    #[error("{what} failed in the guest")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The relay or the service behind it did not answer, or not in its protocol.
    #[error("{service} cannot be reached or does not answer in its protocol")]
    Unreachable {
        /// `the broker` or `the airlock`.
        service: &'static str,
        /// What the HTTP client said.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The workload is not acceptable.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
}

/// What is wrong with a workload.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// A blob of the image is not what its descriptor says.
    #[error("a blob of the image has another digest or length than its descriptor")]
    BlobDigest,
    /// The image or component is not the approved one; perhaps its tag was moved.
    #[error("the workload is another than the approved one")]
    Digest,
    /// A layer holds a device, a FIFO or a socket.
    #[error("a layer of the image holds a device")]
    LayerDevice,
    /// A layer is no tar archive, or of a media type that is not supported.
    #[error("a layer of the image cannot be read: {0}")]
    LayerMalformed(&'static str),
    /// A layer reaches outside the image's root, or through a link.
    #[error("a layer of the image reaches outside its root")]
    LayerPath,
    /// The image is larger than a guest may unpack.
    #[error("the image is larger than {limit} bytes or entries")]
    LayerTooLarge {
        /// The limit that it exceeds.
        limit: u64,
    },
    /// Not an OCI image layout with one manifest for this machine.
    #[error("the image layout cannot be used: {0}")]
    Layout(&'static str),
    /// Unpacking failed for a reason of this machine, such as memory.
    #[error("the image cannot be unpacked")]
    Unpack(#[source] io::Error),
    /// The bundle was made by another key or over other bytes.
    #[error("the workload's signature was not made by the approved key over these bytes")]
    Signature,
    /// There is no signature, or nothing that can be read as one.
    #[error("the workload is not signed: {0}")]
    Unsigned(&'static str),
}

/// A refusal that came over HTTP: the service's own code and sentence.
#[derive(Debug, thiserror::Error)]
#[error("{detail} ({reason})")]
pub struct Refusal {
    /// The service's reason code.
    pub reason: ReasonCode,
    /// Its sentence for people.
    pub detail: String,
}

impl AgentError {
    /// The code to report: the service's own where a service refused.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::AirlockRefused(refusal) | Self::BrokerRefused(refusal) => refusal.reason.clone(),
            other => ReasonCode::of(other),
        }
    }

    /// For `map_err` after a system call.
    pub(crate) fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what, source: source.into() }
    }

    /// For `map_err` after a step of opening the dataset.
    pub(crate) fn volume<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::DatasetVolume { what, source: source.into() }
    }
}

impl Reason for AgentError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AirlockRefused(_) => "guest.airlock-refused",
            Self::BrokerRefused(_) => "guest.broker-refused",
            Self::Canonical(cause) => cause.reason(),
            Self::Channel(_) => "guest.channel",
            Self::DatasetCorrupted => "dataset.corrupted",
            Self::DatasetHeaderDigest => "dataset.header-digest",
            Self::DatasetManifest(_) | Self::DatasetOther => "dataset.manifest",
            Self::DatasetTree => "dataset.tree",
            Self::DatasetVolume { .. } => "dataset.volume",
            Self::Evidence(cause) => cause.reason(),
            Self::Inputs(_) => "guest.inputs",
            Self::Job(cause) => cause.reason(),
            Self::JobDeadline { .. } => "job.deadline",
            Self::KeyEnvelope(_) => "guest.key-envelope",
            Self::LaunchManifest(cause) => cause.reason(),
            Self::ManifestNotMeasured => "guest.manifest-not-measured",
            Self::Module { .. } => "guest.module",
            Self::Network(_) => "guest.network",
            Self::NoDevice(_) => "guest.no-device",
            Self::NoPlatform => "guest.no-platform",
            Self::People(cause) => cause.reason(),
            Self::PlatformReportData => "guest.platform-report-data",
            Self::Rules(cause) => cause.reason(),
            Self::RulesDigest => "rules.digest",
            Self::Sandbox => "guest.sandbox",
            Self::Seal(cause) => cause.reason(),
            Self::System { .. } => "guest.system",
            Self::Unreachable { .. } => "guest.unreachable",
            Self::Workload(cause) => cause.reason(),
        }
    }
}

impl Reason for WorkloadError {
    fn reason(&self) -> &'static str {
        match self {
            Self::BlobDigest => "workload.blob-digest",
            Self::Digest => "workload.digest",
            Self::LayerDevice => "workload.layer-device",
            Self::LayerMalformed(_) => "workload.layer-malformed",
            Self::LayerPath => "workload.layer-path",
            Self::LayerTooLarge { .. } => "workload.layer-too-large",
            Self::Layout(_) => "workload.layout",
            Self::Signature => "workload.signature",
            Self::Unpack(_) => "workload.unpack",
            Self::Unsigned(_) => "workload.unsigned",
        }
    }
}
