//! Why evidence was refused.

use domain::Reason;

/// The one check that refused the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The memory of the platform was not checked for aliases (BadRAM, AMD-SB-3015).
    #[error("the platform did not complete its memory alias check")]
    AliasCheck,
    /// A certificate of the chain is not signed or named as the chain requires.
    #[error("the certificate chain does not hold")]
    Chain,
    /// The signing key's certificate is for another chip.
    #[error("the certificate is for another chip")]
    ChipId,
    /// The host masks the chip's identity, so that the certificate cannot be compared with it.
    #[error("the chip's identity is masked")]
    ChipIdMasked,
    /// The chip is not on the list of allowed chips.
    #[error("the chip is not on the list of allowed chips")]
    ChipNotAllowed,
    /// The revocation list is malformed or not signed by the root.
    #[error("the revocation list is malformed or not signed by the root")]
    Crl,
    /// No revocation list was given where one is required.
    #[error("a revocation list is required")]
    CrlMissing,
    /// The revocation list is not yet or no longer valid.
    #[error("the revocation list is not current")]
    CrlStale,
    /// The guest's policy lets the host debug it.
    #[error("the guest can be debugged by the host")]
    DebugEnabled,
    /// The evidence is from the emulated platform, whose root is not among the given roots.
    #[error("the evidence is from an emulated platform")]
    EmulatedPlatform,
    /// A certificate has expired.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// The host bound other data at launch: another launch manifest.
    #[error("the host data is not the expected one")]
    HostData,
    /// The bytes are not what their format says.
    #[error("malformed evidence: {0}")]
    Malformed(&'static str),
    /// Another guest was launched.
    #[error("the measurement is not an expected one")]
    Measurement,
    /// The guest's policy allows a migration agent.
    #[error("the guest can be read by a migration agent")]
    MigrationAgent,
    /// No measurement is expected, so none can match.
    #[error("at least one expected measurement is required")]
    NoMeasurements,
    /// A certificate is not valid yet.
    #[error("a certificate of the chain is not yet valid")]
    NotYetValid,
    /// Certificate, report and root do not name the same generation of processors.
    #[error("the processor generations of report and certificates differ")]
    Product,
    /// The guest bound other data: another nonce or another key.
    #[error("the report data is not the expected one")]
    ReportData,
    /// The report has a version that is unknown or too old for the checks.
    #[error("report version `{0}` is not supported here")]
    ReportVersion(u32),
    /// A certificate of the chain was revoked.
    #[error("a certificate of the chain was revoked")]
    Revoked,
    /// Firmware versions are not in the order reported, committed, current.
    #[error("the platform reports firmware versions that it can roll back")]
    Rollback,
    /// The report's signature does not verify.
    #[error("the report's signature does not verify")]
    Signature,
    /// The report names another signature algorithm than ECDSA P-384 with SHA-384.
    #[error("the report's signature algorithm is unknown")]
    SignatureAlgorithm,
    /// The report is unsigned, or signed by another kind of key than the certificate's.
    #[error("the report is not signed by the certificate's kind of key")]
    SigningKey,
    /// The firmware is older than the floor, or the floor does not know the processor.
    #[error("the firmware is older than the floor for this processor")]
    TcbFloor,
    /// The certificate is for other firmware versions than the reported ones.
    #[error("the certificate is for other firmware versions")]
    TcbMismatch,
    /// The chain ends in a root that was not given.
    #[error("the certificate chain ends in an unknown root")]
    UnknownRoot,
    /// A provider's key signed the report; only chips' own keys release keys.
    #[error("reports signed by a provider's key are not supported here")]
    VlekNotSupported,
    /// Other software than the guest's most privileged layer asked for the report.
    #[error("the report was requested at VMPL `{0}`")]
    Vmpl(u32),
}

impl Reason for EvidenceError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AliasCheck => "evidence.alias-check",
            Self::Chain => "evidence.chain",
            Self::ChipId => "evidence.chip-id",
            Self::ChipIdMasked => "evidence.chip-id-masked",
            Self::ChipNotAllowed => "evidence.chip-not-allowed",
            Self::Crl => "evidence.crl",
            Self::CrlMissing => "evidence.crl-missing",
            Self::CrlStale => "evidence.crl-stale",
            Self::DebugEnabled => "evidence.debug-enabled",
            Self::EmulatedPlatform => "evidence.emulated-platform",
            Self::Expired => "evidence.expired",
            Self::HostData => "evidence.host-data",
            Self::Malformed(_) => "evidence.malformed",
            Self::Measurement => "evidence.measurement",
            Self::MigrationAgent => "evidence.migration-agent",
            Self::NoMeasurements => "evidence.no-measurements",
            Self::NotYetValid => "evidence.not-yet-valid",
            Self::Product => "evidence.product",
            Self::ReportData => "evidence.report-data",
            Self::ReportVersion(_) => "evidence.report-version",
            Self::Revoked => "evidence.revoked",
            Self::Rollback => "evidence.rollback",
            Self::Signature => "evidence.signature",
            Self::SignatureAlgorithm => "evidence.signature-algorithm",
            Self::SigningKey => "evidence.signing-key",
            Self::TcbFloor => "evidence.tcb-floor",
            Self::TcbMismatch => "evidence.tcb-mismatch",
            Self::UnknownRoot => "evidence.unknown-root",
            Self::VlekNotSupported => "evidence.vlek-not-supported",
            Self::Vmpl(_) => "evidence.vmpl",
        }
    }
}
