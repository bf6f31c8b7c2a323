//! Why evidence was refused.

use domain::Reason;
use domain::claims::TcbStatus;

use crate::nvidia::Mismatches;

/// The one check that refused the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The platform needs software mitigations for an advisory that is not tolerated here.
    #[error("the platform has an advisory that is not tolerated")]
    AdvisoryNotTolerated,
    /// The memory of the platform was not checked for aliases (BadRAM, AMD-SB-3015).
    #[error("the platform did not complete its memory alias check")]
    AliasCheck,
    /// Somebody else certified the key of the guest's ID block.
    #[error("the guest's author key is not an expected one")]
    AuthorKey,
    /// The HCL's claims hold no attestation key, more than one, or one that is not RSA with 2048 bits
    /// for signing.
    #[error("the runtime claims hold no usable attestation key")]
    AzureAttestationKey,
    /// The quote is over another nonce.
    #[error("the quote's nonce is not the expected one")]
    AzureNonce,
    /// There is no nonce: a quote without one is as good tomorrow.
    #[error("the quote is over no nonce")]
    AzureNonceMissing,
    /// The quote is about other PCR values than those that came with it.
    #[error("the quote is about other PCR values")]
    AzurePcrDigest,
    /// The quote is not about all 24 PCRs of the SHA-256 bank and nothing else.
    #[error("the quote is not about all PCRs of the SHA-256 bank")]
    AzurePcrSelection,
    /// Something else was measured while the machine started or ran.
    #[error("the PCR values are not an expected set")]
    AzurePcrValues,
    /// The evidence holds no quote of the virtual TPM.
    #[error("the evidence holds no TPM quote")]
    AzureQuoteMissing,
    /// The virtual TPM's attestation key did not sign the quote.
    #[error("the quote is not signed by the virtual TPM's attestation key")]
    AzureQuoteSignature,
    /// What is signed was not made by a TPM, or is not a quote.
    #[error("the signed structure is not a TPM's quote")]
    AzureQuoteType,
    /// The HCL's report is of a machine with other hardware than asked for.
    #[error("the HCL's report is of another kind of hardware")]
    AzureReportType,
    /// The HCL holds the report of another TDX guest than the quote is about.
    #[error("the TDX module's report and the quote differ")]
    AzureTdReport,
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
    /// Collateral is not what its format says.
    #[error("malformed collateral: {0}")]
    CollateralMalformed(&'static str),
    /// Collateral is for another processor family or another kind of enclave.
    #[error("the collateral is for another platform: {0}")]
    CollateralMismatch(&'static str),
    /// Collateral is missing.
    #[error("collateral is missing: {0}")]
    CollateralMissing(&'static str),
    /// Collateral was issued after the time of verification.
    #[error("the collateral is not yet valid: {0}")]
    CollateralNotYetValid(&'static str),
    /// The signature over collateral does not verify.
    #[error("the signature over the collateral does not verify: {0}")]
    CollateralSignature(&'static str),
    /// The collateral's next update was due before the time of verification.
    #[error("the collateral is out of date: {0}")]
    CollateralStale(&'static str),
    /// The enclave was configured otherwise at launch.
    #[error("the enclave's configuration identity is not the expected one")]
    ConfigId,
    /// The version of the enclave's configuration is too low.
    #[error("the enclave's configuration version is lower than accepted")]
    ConfigSvn,
    /// The revocation list is malformed or not signed by the issuer that it names.
    #[error("the revocation list is malformed or not signed by its issuer")]
    Crl,
    /// No revocation list was given where one is required.
    #[error("a revocation list is required")]
    CrlMissing,
    /// An inspection was given no complete set of revocation lists, and could not look.
    #[error("whether a certificate of the chain was revoked could not be checked")]
    CrlNotChecked,
    /// The revocation list is not yet or no longer valid.
    #[error("the revocation list is not current")]
    CrlStale,
    /// The guest's policy lets the host debug it.
    #[error("the guest can be debugged by the host")]
    DebugEnabled,
    /// The evidence is from the emulated platform, whose root is not among the given roots.
    #[error("the evidence is from an emulated platform")]
    EmulatedPlatform,
    /// The enclave has other attributes than expected.
    #[error("the enclave's attributes are not the expected ones")]
    EnclaveAttributes,
    /// The event log does not explain this RTMR of the quote: it is another guest's, or incomplete.
    #[error("the event log does not replay to RTMR{0}")]
    EventLog(usize),
    /// The data of an event is not what its digest is of, although its type says so.
    #[error("the data of an event is not what its digest is of")]
    EventLogData,
    /// The event log is not what its format says.
    #[error("malformed event log: {0}")]
    EventLogMalformed(&'static str),
    /// A certificate has expired.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// The processor family is not on the list of allowed ones.
    #[error("the processor family is not on the list of allowed ones")]
    FmspcNotAllowed,
    /// Another kind of device made the evidence than was stated or expected.
    #[error("the device is of another architecture than was stated or expected")]
    GpuArchitecture,
    /// One device appears twice among several.
    #[error("the same device appears twice")]
    GpuDuplicate,
    /// The report is from other firmware than the certificate of its key.
    #[error("the report's firmware identity is not the certificate's")]
    GpuFirmwareId,
    /// The report does not say which firmware made it, as old drivers' do not.
    #[error("the report does not state its firmware identity")]
    GpuFirmwareIdMissing,
    /// Measurements differ from the reference values of the manifests.
    #[error("measurements {0} differ from the reference values")]
    GpuMeasurement(Mismatches),
    /// The device is in another mode than was expected, or does not say in which.
    #[error("the device is not in the expected mode")]
    GpuMode,
    /// The report is for another nonce: another request.
    #[error("the report is for another nonce")]
    GpuNonce,
    /// The certificates of a reference manifest do not lead to the pinned root.
    #[error("the certificate chain of a reference manifest does not hold")]
    GpuRimChain,
    /// Two reference manifests cover the same measurement or the same component.
    #[error("two reference manifests cover the same")]
    GpuRimConflict,
    /// A certificate of a reference manifest has expired.
    #[error("a certificate of a reference manifest has expired")]
    GpuRimExpired,
    /// Measurements were not all compared: there is no manifest of the driver, or none of the VBIOS.
    #[error("the reference manifests of driver and VBIOS were not both given")]
    GpuRimMissing,
    /// A certificate of a reference manifest is not valid yet.
    #[error("a certificate of a reference manifest is not yet valid")]
    GpuRimNotYetValid,
    /// The signature of a reference manifest does not verify.
    #[error("the signature of a reference manifest does not verify")]
    GpuRimSignature,
    /// A reference manifest is for another product or version than the report's.
    #[error("a reference manifest is for another product or version")]
    GpuRimVersion,
    /// What was sent beside the report is not what the report says.
    #[error("the versions stated beside the report are not the report's")]
    GpuStatement,
    /// The guest's own security version is too low.
    #[error("the guest's security version is lower than accepted")]
    GuestSvn,
    /// The host bound other data at launch: another launch manifest.
    #[error("the host data is not the expected one")]
    HostData,
    /// Somebody else signed the guest's ID block.
    #[error("the guest's ID key is not an expected one")]
    IdKey,
    /// The enclave is another one by its extended product identity.
    #[error("the enclave's extended product identity is not the expected one")]
    IsvExtProdId,
    /// The enclave is of another family.
    #[error("the enclave's family is not the expected one")]
    IsvFamilyId,
    /// The enclave is another product of its signer's.
    #[error("the enclave's product is not the expected one")]
    IsvProdId,
    /// The signer's version of the enclave is too low.
    #[error("the enclave's security version is lower than accepted")]
    IsvSvn,
    /// The bytes are not what their format says.
    #[error("malformed evidence: {0}")]
    Malformed(&'static str),
    /// Another guest was launched.
    #[error("the measurement is not an expected one")]
    Measurement,
    /// The guest's policy allows a migration agent.
    #[error("the guest can be read by a migration agent")]
    MigrationAgent,
    /// The guest can be moved to another machine.
    #[error("the guest can be migrated")]
    Migratable,
    /// The enclave saves other things on an exit than expected.
    #[error("the enclave's MISCSELECT is not the expected one")]
    MiscSelect,
    /// A mitigation that is asked for was not in force, at launch or now.
    #[error("a required mitigation is not in force")]
    Mitigation,
    /// The guest was configured otherwise: another launch manifest.
    #[error("the guest's configuration identity is not the expected one")]
    MrConfigId,
    /// The guest has another owner.
    #[error("the guest's owner is not the expected one")]
    MrOwner,
    /// The guest's owner configured it otherwise.
    #[error("the guest's owner configuration is not the expected one")]
    MrOwnerConfig,
    /// The TDX module is not an expected one.
    #[error("the TDX module's measurement is not an expected one")]
    MrSeam,
    /// Somebody else signed the enclave.
    #[error("the enclave's signer is not an expected one")]
    MrSigner,
    /// No measurement is expected, so none can match.
    #[error("at least one expected measurement is required")]
    NoMeasurements,
    /// No signer is expected, so none can match.
    #[error("at least one expected signer is required")]
    NoSigners,
    /// A certificate is not valid yet.
    #[error("a certificate of the chain is not yet valid")]
    NotYetValid,
    /// The host is not set up as asked for.
    #[error("the host is not set up as required")]
    PlatformInfo,
    /// The guest's policy accepts older firmware interfaces than asked for.
    #[error("the guest's policy accepts an older firmware ABI than required")]
    PolicyAbi,
    /// Certificate, report and root do not name the same generation of processors.
    #[error("the processor generations of report and certificates differ")]
    Product,
    /// The host can profile the guest.
    #[error("the guest can be profiled by the host")]
    Profiling,
    /// A provider's key signed the report, and the rules do not name that provider.
    #[error("the report is signed by a provider's key (VLEK) that the rules do not name")]
    ProviderNotAllowed,
    /// The quoting enclave has other attributes than its identity says.
    #[error("the quoting enclave's attributes are not those of its identity")]
    QeAttributes,
    /// The quoting enclave can be debugged: its key is anybody's.
    #[error("the quoting enclave can be debugged")]
    QeDebugEnabled,
    /// The quoting enclave has another MISCSELECT than its identity says.
    #[error("the quoting enclave's MISCSELECT is not that of its identity")]
    QeMiscselect,
    /// The enclave that made the quote is another product than the quoting enclave.
    #[error("the quoting enclave's product is not that of its identity")]
    QeProduct,
    /// The quoting enclave's report does not bind the key that signed the quote.
    #[error("the quoting enclave does not vouch for the attestation key")]
    QeReportData,
    /// The platform's key did not sign the quoting enclave's report.
    #[error("the quoting enclave's report is not signed by the platform's key")]
    QeSignature,
    /// The enclave that made the quote is signed by somebody else than Intel's quoting enclave.
    #[error("the quoting enclave's signer is not that of its identity")]
    QeSigner,
    /// The quote has a version or body that is not supported.
    #[error("quote version `{0}` is not supported here")]
    QuoteVersion(u16),
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
    /// Something else was measured while the guest started or ran.
    #[error("runtime measurement `{0}` is not the expected one")]
    RuntimeMeasurement(u8),
    /// The host can inject exceptions where the guest touches memory that it has not accepted.
    #[error("the guest does not disable exceptions on pending memory")]
    SeptVeDisable,
    /// A service guest is bound to the guest and could move it or read it.
    #[error("a service guest is bound to the guest")]
    ServiceTd,
    /// The report's signature does not verify.
    #[error("the report's signature does not verify")]
    Signature,
    /// The report names another signature algorithm than ECDSA P-384 with SHA-384.
    #[error("the report's signature algorithm is unknown")]
    SignatureAlgorithm,
    /// The report is unsigned, or signed by another kind of key than the certificate's.
    #[error("the report is not signed by the certificate's kind of key")]
    SigningKey,
    /// The guest's policy lets the host run other threads on the guest's cores.
    #[error("the guest's policy allows simultaneous multithreading")]
    SmtAllowed,
    /// The guest's policy lets the guest run on several sockets.
    #[error("the guest's policy allows several sockets")]
    SocketsAllowed,
    /// The chip, or its whole generation, is switched off in this deployment.
    #[error("the chip or its generation is switched off here")]
    SwitchedOff,
    /// The collateral is older than the lowest accepted evaluation of Intel's.
    #[error("the TCB evaluation data number `{0}` is lower than accepted")]
    TcbEvaluation(u32),
    /// The firmware is older than the floor, or the floor does not know the processor.
    #[error("the firmware is older than the floor for this processor")]
    TcbFloor,
    /// The platform, the quoting enclave or the TDX module is older than every level that the
    /// collateral knows.
    #[error("the collateral knows no TCB level this old: {0}")]
    TcbLevel(&'static str),
    /// The certificate is for other firmware versions than the reported ones.
    #[error("the certificate is for other firmware versions")]
    TcbMismatch,
    /// Firmware, configuration or microcode is not good enough.
    #[error("the platform's TCB status is `{0}`")]
    TcbStatus(TcbStatus),
    /// The guest has other attributes than expected.
    #[error("the guest's attributes are not the expected ones")]
    TdAttributes,
    /// Attributes that no specification defines are set.
    #[error("reserved attributes of the guest are set")]
    TdAttributesReserved,
    /// The TDX module is not Intel's, or has attributes such as debugging.
    #[error("the TDX module is not the one that the collateral describes")]
    TdxModule,
    /// The quote is of another kind of enclave than asked for.
    #[error("the quote is of another kind of enclave")]
    TeeType,
    /// Bytes follow the quote that are neither part of it nor padding.
    #[error("other bytes than zeros follow the quote")]
    TrailingBytes,
    /// The chain ends in a root that was not given.
    #[error("the certificate chain ends in an unknown root")]
    UnknownRoot,
    /// Other software than the guest's most privileged layer asked for the report.
    #[error("the report was requested at VMPL `{0}`")]
    Vmpl(u32),
    /// Other processor features are on than expected.
    #[error("the guest's extended features are not the expected ones")]
    Xfam,
}

impl Reason for EvidenceError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AdvisoryNotTolerated => "evidence.advisory-not-tolerated",
            Self::AliasCheck => "evidence.alias-check",
            Self::AuthorKey => "evidence.author-key",
            Self::AzureAttestationKey => "evidence.azure-attestation-key",
            Self::AzureNonce => "evidence.azure-nonce",
            Self::AzureNonceMissing => "evidence.azure-nonce-missing",
            Self::AzurePcrDigest => "evidence.azure-pcr-digest",
            Self::AzurePcrSelection => "evidence.azure-pcr-selection",
            Self::AzurePcrValues => "evidence.azure-pcr-values",
            Self::AzureQuoteMissing => "evidence.azure-quote-missing",
            Self::AzureQuoteSignature => "evidence.azure-quote-signature",
            Self::AzureQuoteType => "evidence.azure-quote-type",
            Self::AzureReportType => "evidence.azure-report-type",
            Self::AzureTdReport => "evidence.azure-td-report",
            Self::Chain => "evidence.chain",
            Self::ChipId => "evidence.chip-id",
            Self::ChipIdMasked => "evidence.chip-id-masked",
            Self::ChipNotAllowed => "evidence.chip-not-allowed",
            Self::CollateralMalformed(_) => "evidence.collateral-malformed",
            Self::CollateralMismatch(_) => "evidence.collateral-mismatch",
            Self::CollateralMissing(_) => "evidence.collateral-missing",
            Self::CollateralNotYetValid(_) => "evidence.collateral-not-yet-valid",
            Self::CollateralSignature(_) => "evidence.collateral-signature",
            Self::CollateralStale(_) => "evidence.collateral-stale",
            Self::ConfigId => "evidence.config-id",
            Self::ConfigSvn => "evidence.config-svn",
            Self::Crl => "evidence.crl",
            Self::CrlMissing => "evidence.crl-missing",
            Self::CrlNotChecked => "evidence.crl-not-checked",
            Self::CrlStale => "evidence.crl-stale",
            Self::DebugEnabled => "evidence.debug-enabled",
            Self::EmulatedPlatform => "evidence.emulated-platform",
            Self::EnclaveAttributes => "evidence.enclave-attributes",
            Self::EventLog(_) => "evidence.event-log",
            Self::EventLogData => "evidence.event-log-data",
            Self::EventLogMalformed(_) => "evidence.event-log-malformed",
            Self::Expired => "evidence.expired",
            Self::FmspcNotAllowed => "evidence.fmspc-not-allowed",
            Self::GpuArchitecture => "evidence.gpu-architecture",
            Self::GpuDuplicate => "evidence.gpu-duplicate",
            Self::GpuFirmwareId => "evidence.gpu-fwid",
            Self::GpuFirmwareIdMissing => "evidence.gpu-fwid-missing",
            Self::GpuMeasurement(_) => "evidence.gpu-measurement",
            Self::GpuMode => "evidence.gpu-mode",
            Self::GpuNonce => "evidence.gpu-nonce",
            Self::GpuRimChain => "evidence.gpu-rim-chain",
            Self::GpuRimConflict => "evidence.gpu-rim-conflict",
            Self::GpuRimExpired => "evidence.gpu-rim-expired",
            Self::GpuRimMissing => "evidence.gpu-rim-missing",
            Self::GpuRimNotYetValid => "evidence.gpu-rim-not-yet-valid",
            Self::GpuRimSignature => "evidence.gpu-rim-signature",
            Self::GpuRimVersion => "evidence.gpu-rim-version",
            Self::GpuStatement => "evidence.gpu-statement",
            Self::GuestSvn => "evidence.guest-svn",
            Self::HostData => "evidence.host-data",
            Self::IdKey => "evidence.id-key",
            Self::IsvExtProdId => "evidence.isv-ext-prod-id",
            Self::IsvFamilyId => "evidence.isv-family-id",
            Self::IsvProdId => "evidence.isv-prod-id",
            Self::IsvSvn => "evidence.isv-svn",
            Self::Malformed(_) => "evidence.malformed",
            Self::Measurement => "evidence.measurement",
            Self::Migratable => "evidence.td-migratable",
            Self::MigrationAgent => "evidence.migration-agent",
            Self::MiscSelect => "evidence.misc-select",
            Self::Mitigation => "evidence.mitigation",
            Self::MrConfigId => "evidence.mr-config-id",
            Self::MrOwner => "evidence.mr-owner",
            Self::MrOwnerConfig => "evidence.mr-owner-config",
            Self::MrSeam => "evidence.mr-seam",
            Self::MrSigner => "evidence.mr-signer",
            Self::NoMeasurements => "evidence.no-measurements",
            Self::NoSigners => "evidence.no-signers",
            Self::NotYetValid => "evidence.not-yet-valid",
            Self::PlatformInfo => "evidence.platform-info",
            Self::PolicyAbi => "evidence.policy-abi",
            Self::Product => "evidence.product",
            Self::Profiling => "evidence.td-profiling",
            Self::ProviderNotAllowed => "evidence.provider-not-allowed",
            Self::QeAttributes => "evidence.qe-attributes",
            Self::QeDebugEnabled => "evidence.qe-debug-enabled",
            Self::QeMiscselect => "evidence.qe-miscselect",
            Self::QeProduct => "evidence.qe-product",
            Self::QeReportData => "evidence.qe-report-data",
            Self::QeSignature => "evidence.qe-signature",
            Self::QeSigner => "evidence.qe-signer",
            Self::QuoteVersion(_) => "evidence.quote-version",
            Self::ReportData => "evidence.report-data",
            Self::ReportVersion(_) => "evidence.report-version",
            Self::Revoked => "evidence.revoked",
            Self::Rollback => "evidence.rollback",
            Self::RuntimeMeasurement(_) => "evidence.runtime-measurement",
            Self::SeptVeDisable => "evidence.td-sept-ve-disable",
            Self::ServiceTd => "evidence.td-service",
            Self::Signature => "evidence.signature",
            Self::SignatureAlgorithm => "evidence.signature-algorithm",
            Self::SigningKey => "evidence.signing-key",
            Self::SmtAllowed => "evidence.smt-allowed",
            Self::SocketsAllowed => "evidence.sockets-allowed",
            Self::SwitchedOff => "evidence.switched-off",
            Self::TcbEvaluation(_) => "evidence.tcb-evaluation",
            Self::TcbFloor => "evidence.tcb-floor",
            Self::TcbLevel(_) => "evidence.tcb-level",
            Self::TcbMismatch => "evidence.tcb-mismatch",
            Self::TcbStatus(status) => tcb_status(*status),
            Self::TdAttributes => "evidence.td-attributes",
            Self::TdAttributesReserved => "evidence.td-attributes-reserved",
            Self::TdxModule => "evidence.tdx-module",
            Self::TeeType => "evidence.tee-type",
            Self::TrailingBytes => "evidence.trailing-bytes",
            Self::UnknownRoot => "evidence.unknown-root",
            Self::Vmpl(_) => "evidence.vmpl",
            Self::Xfam => "evidence.xfam",
        }
    }
}

/// One check: `error` if `wrong`.
pub(crate) fn refuse_if(wrong: bool, error: EvidenceError) -> Result<(), EvidenceError> {
    if wrong { Err(error) } else { Ok(()) }
}

/// Intel's name for the status, as a code.
const fn tcb_status(status: TcbStatus) -> &'static str {
    match status {
        TcbStatus::UpToDate => "evidence.tcb-up-to-date",
        TcbStatus::SwHardeningNeeded => "evidence.tcb-sw-hardening-needed",
        TcbStatus::ConfigurationNeeded => "evidence.tcb-configuration-needed",
        TcbStatus::ConfigurationAndSwHardeningNeeded => {
            "evidence.tcb-configuration-and-sw-hardening-needed"
        }
        TcbStatus::OutOfDate => "evidence.tcb-out-of-date",
        TcbStatus::OutOfDateConfigurationNeeded => "evidence.tcb-out-of-date-configuration-needed",
        TcbStatus::TdRelaunchAdvised => "evidence.tcb-td-relaunch-advised",
        TcbStatus::TdRelaunchAdvisedConfigurationNeeded => {
            "evidence.tcb-td-relaunch-advised-configuration-needed"
        }
        TcbStatus::Revoked => "evidence.tcb-revoked",
    }
}
