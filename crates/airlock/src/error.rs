//! Why the airlock refuses.

use std::io;

use bundle::BundleError;
use bundle::write::WriteError;
use disclosure::{FootprintsError, RecheckError, ReleaseError, ReplayError, RulesError};
use domain::canonical::CanonicalError;
use domain::dataset::DatasetError;
use domain::dsse::DsseError;
use domain::launch::LaunchError;
use domain::project::ApprovalError;
use domain::review::ReviewError;
use domain::{Reason, ReasonCode};
use evidence::EvidenceError;
use ledger::LedgerError;

use crate::export::ExportError;

/// Why an output is not taken in, shown or released.
#[derive(Debug, thiserror::Error)]
pub enum AirlockError {
    /// The approval no longer holds.
    #[error("the project's approval does not hold")]
    Approval(#[source] ApprovalError),
    /// This launch has already delivered its one output.
    #[error("this launch has already delivered its output")]
    AlreadyDelivered,
    /// The output has left; no vote changes that.
    #[error("the output has already left; withdraw the export instead")]
    AlreadyExported,
    /// A blocking task ended abnormally.
    #[error("the request was not finished; try again")]
    Aborted,
    /// The files do not pass the checks again.
    #[error("the output does not pass the checks: {0}")]
    Checks(RecheckError),
    /// The ledger's copy of the dataset manifest does not hold.
    #[error("the dataset's manifest does not hold")]
    Dataset(#[source] DatasetError),
    /// The enclave's evidence does not hold.
    #[error("the enclave's evidence does not hold: {0}")]
    Evidence(EvidenceError),
    /// The export could not be put together.
    #[error("the export cannot be put together")]
    Export(#[from] ExportError),
    /// The package's record sets are not of the expected form.
    #[error("the output's footprints cannot be read")]
    Footprints(#[source] FootprintsError),
    /// The export's sigstore bundle could not be made.
    #[error("the export's bundle cannot be made: {0}")]
    Publication(#[from] WriteError),
    /// The project's outputs would hold more free choice than its rules allow.
    #[error("the project has used the bits of free choice that its rules allow")]
    BitsBudget,
    /// Beside what was released before, the output would show too few people.
    #[error("{0}")]
    Releases(#[source] ReleaseError),
    /// What the log says was released is not what the sealed packages say.
    #[error(
        "the record of earlier releases is not whole; nothing more is released from this dataset"
    )]
    ReleaseHistory {
        /// The release, counted from 0.
        at: usize,
        /// What is wrong with its footprints; none if they are not those that the log binds.
        #[source]
        source: Option<ReplayError>,
    },
    /// The ledger cannot be used.
    #[error("{0}; nothing was released")]
    Ledger(#[from] LedgerError),
    /// The launch manifest cannot be read.
    #[error("the launch manifest cannot be read")]
    Manifest(#[source] LaunchError),
    /// A part of the request or of the ledger is not of the expected form.
    #[error("the request is malformed")]
    Malformed(#[source] CanonicalError),
    /// The log shows no release of a key for this launch.
    #[error("the log shows no `{0}` for this launch")]
    NoSuchLaunch(&'static str),
    /// The export left without one: nothing was published then.
    #[error("no bundle was published with this export")]
    NoBundle,
    /// The time stamp authority gave none.
    #[error("the time stamp authority gave no time stamp; nothing was released")]
    NoTimeStamp(#[source] crate::StampError),
    /// There is no such output or export.
    #[error("there is no such output")]
    NotFound,
    /// The package speaks of another job than the manifest.
    #[error("the package is not of this launch")]
    OtherLaunch,
    /// The image manifest in the delivery is not the workload's.
    #[error("the delivery names another workload than the launch")]
    OtherWorkload,
    /// The request to read is not a reviewer's, or not of now.
    #[error("only a reviewer of the project may read the output; sign the request again")]
    ReadNotAllowed,
    /// The request to read is not signed by its reviewer.
    #[error("the request is not signed by the reviewer it names")]
    ReadSignature(#[source] DsseError),
    /// The checks inside the enclave refused all of it.
    #[error("the checks refused all files of this output (`{0}`)")]
    Refused(ReasonCode),
    /// The body of the request is not what this path takes.
    #[error("the request's body is not the expected JSON")]
    Request,
    /// The revocation list cannot be read.
    #[error("the certificate revocation list cannot be read")]
    Revocation(#[source] io::Error),
    /// A review does not count, or there are too few.
    #[error("{0}")]
    Review(ReviewError),
    /// The output rules cannot be read.
    #[error("the output rules cannot be read")]
    Rules(#[source] RulesError),
    /// The sealed output cannot be opened.
    #[error("the sealed output cannot be opened with the airlock's key")]
    Sealed(#[source] seal::Error),
    /// The custodians have approved another proposal for the project since.
    #[error("the project's custodians have approved another proposal since; run the job again")]
    Superseded,
    /// The workload's signature does not hold.
    #[error("the workload's signature does not hold")]
    Workload(#[source] BundleError),
}

impl Reason for AirlockError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Approval(cause) => cause.reason(),
            Self::AlreadyDelivered => "output.already-delivered",
            Self::AlreadyExported => "output.already-exported",
            Self::Aborted => "system.aborted",
            Self::Checks(cause) => cause.reason(),
            Self::Dataset(cause) => cause.reason(),
            Self::Evidence(cause) => cause.reason(),
            Self::Export(cause) => cause.reason(),
            Self::Footprints(cause) => cause.reason(),
            Self::Publication(cause) => cause.reason(),
            Self::BitsBudget => "output.bits-budget",
            Self::Releases(cause) => cause.reason(),
            Self::ReleaseHistory { source, .. } => {
                source.as_ref().map_or("releases.chain", Reason::reason)
            }
            Self::Ledger(cause) => cause.reason(),
            Self::Manifest(cause) => cause.reason(),
            Self::Malformed(cause) => cause.reason(),
            Self::NoSuchLaunch(_) => "output.no-such-launch",
            Self::NoBundle => "export.no-bundle",
            Self::NoTimeStamp(_) => "export.no-time-stamp",
            Self::NotFound => "output.not-found",
            Self::OtherLaunch => "output.other-launch",
            Self::OtherWorkload => "output.other-workload",
            Self::ReadNotAllowed => "output.read-not-allowed",
            Self::ReadSignature(_) => "output.read-signature",
            Self::Refused(_) => "output.refused",
            Self::Request => "request.malformed",
            Self::Revocation(_) => "evidence.crl-missing",
            Self::Review(cause) => cause.reason(),
            Self::Rules(cause) => cause.reason(),
            Self::Sealed(cause) => cause.reason(),
            Self::Superseded => "approval.superseded",
            Self::Workload(cause) => cause.reason(),
        }
    }
}
