//! Why an export is not what it says: one variant for each link of the chain.

use bundle::BundleError;
use disclosure::{RecheckError, RulesError};
use domain::Reason;
use domain::canonical::CanonicalError;
use domain::dataset::DatasetError;
use domain::dsse::DsseError;
use domain::launch::LaunchError;
use domain::project::ApprovalError;
use domain::review::ReviewError;
use evidence::EvidenceError;
use tlog::LogError;

/// Which link of an export's chain is broken.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The custodians' approval does not hold.
    #[error("the custodians' approval does not hold")]
    Approval(#[source] ApprovalError),
    /// The bundle published with the export does not hold.
    #[error("the export's bundle does not hold")]
    Bundle(#[source] BundleError),
    /// The checks do not come out as the report says.
    #[error("the output checks do not come out as the report says")]
    Checks(#[source] RecheckError),
    /// Not a zip file in the one form that an export has.
    #[error("the file is not an export in its one byte form; it was altered or repacked")]
    Container,
    /// The dataset's manifest does not hold.
    #[error("the dataset's manifest does not hold")]
    Dataset(#[source] DatasetError),
    /// The enclave's evidence does not hold.
    #[error("the enclave's evidence does not hold: {0}")]
    Evidence(EvidenceError),
    /// A part is not of the expected form.
    #[error("a part of the export is malformed")]
    Format(#[source] CanonicalError),
    /// The log's proof does not hold.
    #[error("the log's proof does not hold")]
    Log(#[source] LogError),
    /// The log proves other events than this export needs.
    #[error("the log does not show the event `{0}` for this export")]
    LogEvent(&'static str),
    /// The launch manifest does not hold.
    #[error("the launch manifest does not hold")]
    Manifest(#[source] LaunchError),
    /// A member is not the one that the receipt names.
    #[error("`{0}` is not the file that the receipt names")]
    Member(String),
    /// A link names another thing than the one before it.
    #[error("`{0}` is not what the rest of the chain names")]
    Mismatch(&'static str),
    /// The receipt is not the airlock's.
    #[error("the receipt is not signed by the airlock of the trust file")]
    Receipt(#[source] DsseError),
    /// The reviews do not suffice.
    #[error("the reviews do not hold")]
    Reviews(#[source] ReviewError),
    /// The output rules cannot be read.
    #[error("the output rules cannot be read")]
    Rules(#[source] RulesError),
    /// The dataset is not of a custodian in the trust file.
    #[error("the dataset is not signed by a custodian of the trust file")]
    UnknownCustodian,
    /// The workload's signature does not hold.
    #[error("the workload's signature does not hold")]
    Workload(#[source] BundleError),
}

impl Reason for ExportError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Approval(_) => "export.approval",
            Self::Bundle(cause) => cause.reason(),
            Self::Checks(_) => "export.checks",
            Self::Container => "export.container",
            Self::Dataset(_) => "export.dataset",
            // The evidence's own code: `evidence.emulated-platform` is what an auditor must see.
            Self::Evidence(cause) => cause.reason(),
            Self::Format(_) => "export.format",
            Self::Log(_) => "export.log-proof",
            Self::LogEvent(_) => "export.log-event",
            Self::Manifest(_) => "export.launch-manifest",
            Self::Member(_) => "export.member",
            Self::Mismatch(_) => "export.mismatch",
            Self::Receipt(_) => "export.receipt",
            Self::Reviews(_) => "export.reviews",
            Self::Rules(_) => "export.rules",
            Self::UnknownCustodian => "export.unknown-custodian",
            Self::Workload(_) => "export.workload",
        }
    }
}
