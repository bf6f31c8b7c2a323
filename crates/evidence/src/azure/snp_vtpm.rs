//! SEV-SNP behind a virtual TPM (`az-snp-vtpm`).

use domain::claims::{Claims, HostData};
use domain::{Timestamp, Verified};
use serde::Serialize;

use super::hcl::HardwareKind;
use super::input::Parts;
use super::vtpm::{RuntimeClaims, Vtpm, VtpmClaims, VtpmExpected};
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::snp::{
    self, Chips, Crl, Expected as SnpExpected, Measurements, PlatformRules, Profile, Report, Roots,
    SnpEvidence, TcbFloors,
};

/// Evidence of an Azure machine with SEV-SNP; well-formed, and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    snp: SnpEvidence,
    vtpm: Vtpm,
}

/// The values that evidence is compared with. Besides them, and not configurable, all that
/// [`snp::Expected`] says is not; its report data is here that of the runtime claims.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Launch digests of the HCL, one of which must match: it makes the TPM's key.
    pub measurements: Measurements,
    /// What the host must have bound at launch: on Azure zeros.
    pub host_data: HostData,
    /// Oldest acceptable firmware of each processor.
    pub floors: TcbFloors,
    /// Chips that are allowed.
    pub chips: Chips,
    /// What else guests and hosts must be like.
    pub rules: PlatformRules,
    /// Nonce and PCR values.
    pub vtpm: VtpmExpected,
}

/// What verified evidence says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AzureSnpClaims {
    /// What the processor says.
    #[serde(flatten)]
    pub snp: Claims,
    /// What the HCL says about the machine.
    pub runtime: RuntimeClaims,
    /// What the virtual TPM says.
    pub vtpm: VtpmClaims,
}

/// The processor's report of the same forms of `input`, for whoever looks for its certificates.
///
/// # Errors
/// [`EvidenceError::Malformed`] for anything else, [`EvidenceError::AzureReportType`] for a machine
/// with other hardware, and those of [`Report::parse`].
pub fn read_report(input: &[u8]) -> Result<Report, EvidenceError> {
    let Parts { hcl, .. } = Parts::read(input)?;
    refuse_if(hcl.kind != HardwareKind::Snp, EvidenceError::AzureReportType)?;
    Report::parse(&hcl.report)
}

/// Puts evidence together from a file and any number of others.
///
/// `input` is a report of the HCL or JSON that holds one, with or without quote and certificate;
/// `quotes` are TPM quotes of their own, as JSON or as `azure-cvm-tooling` stores them; for
/// `certificates` see [`snp::read_evidence`]. Nothing is verified here.
///
/// # Errors
/// [`EvidenceError::Malformed`] for anything else, [`EvidenceError::AzureReportType`] for a machine
/// with other hardware, [`EvidenceError::AzureQuoteType`] and [`EvidenceError::AzurePcrSelection`] for
/// what is not a quote of all PCRs, and the errors of [`snp::read_evidence`].
pub fn read_evidence(
    input: &[u8],
    certificates: &[&[u8]],
    quotes: &[&[u8]],
) -> Result<Evidence, EvidenceError> {
    let mut parts = Parts::read(input)?;
    for file in quotes {
        if !parts.add_quote(file)? {
            return Err(EvidenceError::Malformed("not a TPM quote"));
        }
    }
    if parts.hcl.kind != HardwareKind::Snp {
        return Err(EvidenceError::AzureReportType);
    }
    let certificates: Vec<_> = certificates.iter().copied().chain(parts.vcek.as_deref()).collect();
    Ok(Evidence {
        snp: snp::read_evidence(&parts.hcl.report, &certificates)?,
        vtpm: Vtpm { runtime: parts.hcl.runtime, quote: parts.quote },
    })
}

/// Decides whether `evidence` shows what is `expected` at the time `at`, under the given `roots` and
/// their revocation list.
///
/// # Errors
/// The first check that fails, in this order:
/// 1. all of [`snp::verify`], where the expected report data is the digest of the runtime claims;
/// 2. the claims hold one usable AK, a quote is there, the AK signed it, it is about the PCR values;
/// 3. nonce and PCR values are expected ones.
pub fn verify(
    evidence: &Evidence,
    expected: &Expected,
    roots: &Roots,
    crl: Crl<'_>,
    at: Timestamp,
) -> Result<Verified<AzureSnpClaims>, EvidenceError> {
    let Expected { measurements, host_data, floors, chips, rules, vtpm } = expected;
    let hardware = SnpExpected {
        measurements: measurements.clone(),
        host_data: *host_data,
        report_data: evidence.vtpm.report_data(),
        floors: floors.clone(),
        chips: chips.clone(),
        rules: rules.clone(),
    };
    let snp = snp::verify(&evidence.snp, &hardware, roots, crl, at)?.get().clone();
    let attested = evidence.vtpm.attested_by(&snp.report_data)?;
    let claims = attested.vtpm.ok_or(EvidenceError::AzureQuoteMissing)?;
    vtpm.check(&claims)?;
    Ok(Verified::assertion(AzureSnpClaims { snp, runtime: attested.runtime, vtpm: claims }))
}

/// Says whether `evidence` is authentic at the time `at`, and what is wrong with it apart from values
/// that only a deployment knows: nonce and PCR values are claims.
///
/// # Errors
/// What [`snp::inspect`] refuses; then [`EvidenceError::ReportData`] if the report does not bind the
/// runtime claims, and what [`verify`] refuses in its step 2. Evidence without a quote is refused under
/// [`Profile::Production`] and a warning under [`Profile::Archive`].
pub fn inspect(
    evidence: &Evidence,
    floors: &TcbFloors,
    profile: Profile,
    roots: &Roots,
    crls: &[&[u8]],
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    let snp = snp::inspect(&evidence.snp, floors, profile, roots, crls, at)?;
    let attested = evidence.vtpm.attested_by(&snp.claims().report_data)?;
    let mut warnings = snp.warnings().to_vec();
    warnings.extend(attested.finding(profile)?);
    Ok(Inspected {
        snp: snp.claims().clone(),
        runtime: attested.runtime,
        vtpm: attested.vtpm,
        warnings,
    })
}

/// Authentic evidence. Unlike `Verified<AzureSnpClaims>` it was compared with nothing and opens
/// nothing.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    #[serde(flatten)]
    snp: Claims,
    runtime: RuntimeClaims,
    vtpm: Option<VtpmClaims>,
    #[serde(skip)]
    warnings: Vec<EvidenceError>,
}

impl Inspected {
    /// What the processor says.
    #[must_use]
    pub const fn snp(&self) -> &Claims {
        &self.snp
    }

    /// What the HCL says about the machine.
    #[must_use]
    pub const fn runtime(&self) -> &RuntimeClaims {
        &self.runtime
    }

    /// What the virtual TPM says; `None` if the evidence holds no quote.
    #[must_use]
    pub const fn vtpm(&self) -> Option<&VtpmClaims> {
        self.vtpm.as_ref()
    }

    /// What a release would refuse, or could not check.
    #[must_use]
    pub fn warnings(&self) -> &[EvidenceError] {
        &self.warnings
    }
}
