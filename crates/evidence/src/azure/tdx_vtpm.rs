//! TDX behind a virtual TPM (`az-tdx-vtpm`).

use domain::claims::Trust;
use domain::claims::intel::{IntelPlatform, TcbAssessment};
use domain::claims::tdx::{TdReport, TdxClaims};
use domain::{Timestamp, Verified};
use serde::Serialize;

use super::hcl::HardwareKind;
use super::input::Parts;
use super::td_report::same_guest;
use super::vtpm::{Attested, RuntimeClaims, Vtpm, VtpmClaims, VtpmExpected};
use crate::EvidenceError;
use crate::intel::{
    self, Body, Collateral, Expected as TdxExpected, ExpectedGuest, Profile, Quote, Root,
    TcbPolicy, Tee, read_quote,
};

/// Evidence of an Azure machine with TDX; well-formed, and nothing more.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The TDX module's report, from which the quote was made.
    td_report: Vec<u8>,
    quote: Quote,
    vtpm: Vtpm,
}

impl Evidence {
    /// The quote, for whoever looks for its collateral.
    #[must_use]
    pub const fn quote(&self) -> &Quote {
        &self.quote
    }
}

/// The values that evidence is compared with: those of [`intel::Expected`], whose report data is here
/// that of the runtime claims, and those of the virtual TPM.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The guest: the HCL, whose MRTD makes the TPM's key, and where it runs.
    pub guest: ExpectedGuest,
    /// Nonce and PCR values.
    pub vtpm: VtpmExpected,
}

/// What verified evidence says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AzureTdxClaims {
    /// The platform that made the quote.
    pub platform: IntelPlatform,
    /// How good its firmware is.
    pub tcb: TcbAssessment,
    /// What the quote says about the guest.
    #[serde(flatten)]
    pub report: TdReport,
    /// What the HCL says about the machine.
    pub runtime: RuntimeClaims,
    /// What the virtual TPM says.
    pub vtpm: VtpmClaims,
}

/// Puts evidence together from a file and any number of others; also returns those of `files` that are
/// neither a TPM's nor a TDX quote, for [`Collateral::read`].
///
/// `input` is a report of the HCL or JSON that holds one, with or without quotes; `files` may hold
/// quotes of their own: the TPM's as JSON or as `azure-cvm-tooling` stores it, the TDX guest's raw.
/// Nothing is verified here.
///
/// # Errors
/// [`EvidenceError::Malformed`] for anything else and if there is no TDX quote,
/// [`EvidenceError::AzureReportType`] for a machine with other hardware,
/// [`EvidenceError::AzureQuoteType`] and [`EvidenceError::AzurePcrSelection`] for what is not a quote of
/// all PCRs, and the errors of [`read_quote`].
pub fn read_evidence<'a>(
    input: &[u8],
    files: &[&'a [u8]],
) -> Result<(Evidence, Vec<&'a [u8]>), EvidenceError> {
    let mut parts = Parts::read(input)?;
    let mut others = Vec::new();
    for file in files {
        if parts.add_quote(file)? {
            continue;
        }
        if !is_td_quote(file) {
            others.push(*file);
        } else if parts.td_quote.replace(file.to_vec()).is_some() {
            return Err(EvidenceError::Malformed("more than one TDX quote"));
        }
    }
    if parts.hcl.kind != HardwareKind::Tdx {
        return Err(EvidenceError::AzureReportType);
    }
    let quote = parts.td_quote.ok_or(EvidenceError::Malformed("no TDX quote"))?;
    let evidence = Evidence {
        td_report: parts.hcl.report,
        quote: read_quote(&quote)?,
        vtpm: Vtpm { runtime: parts.hcl.runtime, quote: parts.quote },
    };
    Ok((evidence, others))
}

/// Decides whether `evidence` shows what is `expected` at the time `at`, under the given `root`.
///
/// # Errors
/// The first check that fails, in this order:
/// 1. all of [`intel::verify`], where the expected report data is the digest of the runtime claims;
/// 2. the TDX module's report says what the quote says;
/// 3. the claims hold one usable AK, a quote is there, the AK signed it, it is about the PCR values;
/// 4. nonce and PCR values are expected ones.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    expected: &Expected,
    root: &Root,
    at: Timestamp,
) -> Result<Verified<AzureTdxClaims>, EvidenceError> {
    let hardware = expected.of_hardware(&evidence.vtpm);
    let verified = intel::verify(&evidence.quote, collateral, &hardware, root, at)?;
    let TdxClaims { platform, tcb, report } = verified.get().clone();
    same_guest(&evidence.td_report, &report)?;
    let Attested { runtime, vtpm } = evidence.vtpm.attested_by(&report.report_data)?;
    let vtpm = vtpm.ok_or(EvidenceError::AzureQuoteMissing)?;
    expected.vtpm.check(&vtpm)?;
    Ok(Verified::assertion(AzureTdxClaims { platform, tcb, report, runtime, vtpm }))
}

/// Says whether `evidence` is authentic at the time `at`, and what is wrong with it apart from values
/// that only a deployment knows: nonce and PCR values are claims.
///
/// # Errors
/// What [`intel::inspect`] refuses; then what [`verify`] refuses in its steps 2 and 3, and
/// [`EvidenceError::ReportData`] if the quote does not bind the runtime claims. Evidence without a TPM
/// quote is refused under [`Profile::Production`] and a warning under [`Profile::Archive`].
pub fn inspect(
    evidence: &Evidence,
    collateral: &Collateral,
    policy: &TcbPolicy,
    profile: Profile,
    root: &Root,
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    let tdx = intel::inspect(&evidence.quote, Tee::Tdx, collateral, policy, profile, root, at)?;
    let Body::Tdx(report) = tdx.body() else { return Err(EvidenceError::TeeType) };
    same_guest(&evidence.td_report, report)?;
    let attested = evidence.vtpm.attested_by(&report.report_data)?;
    let mut warnings = tdx.warnings().to_vec();
    warnings.extend(attested.finding(profile)?);
    Ok(Inspected {
        platform: tdx.platform().clone(),
        tcb: tdx.tcb().cloned(),
        report: report.clone(),
        runtime: attested.runtime,
        vtpm: attested.vtpm,
        warnings,
    })
}

/// Authentic evidence. Unlike `Verified<AzureTdxClaims>` it was compared with nothing and opens
/// nothing.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    platform: IntelPlatform,
    tcb: Option<TcbAssessment>,
    #[serde(flatten)]
    report: TdReport,
    runtime: RuntimeClaims,
    vtpm: Option<VtpmClaims>,
    #[serde(skip)]
    warnings: Vec<EvidenceError>,
}

impl Inspected {
    /// Whose root vouches for the platform.
    #[must_use]
    pub const fn trust(&self) -> Trust {
        self.platform.trust
    }

    /// What the quote says about the guest.
    #[must_use]
    pub const fn report(&self) -> &TdReport {
        &self.report
    }

    /// What the virtual TPM says; `None` if the evidence holds no quote of it.
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

impl Expected {
    fn of_hardware(&self, vtpm: &Vtpm) -> TdxExpected {
        TdxExpected { guest: self.guest.clone(), report_data: vtpm.report_data() }
    }
}

/// Whether `file` starts as a quote of a TDX guest: version 4 or 5, a key on P-256, TEE type 0x81.
fn is_td_quote(file: &[u8]) -> bool {
    matches!(file, [4 | 5, 0, 2, 0, 0x81, 0, 0, 0, ..])
}
