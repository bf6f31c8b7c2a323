//! SEV-SNP reports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use airlock::export::Trust as TrustFile;
use domain::claims::{ChipId, HostData, Measurement, ReportData};
use domain::{Digest, Timestamp};
use evidence::EvidenceError;
use evidence::snp::{
    Chips, Crl, Expected, Measurements, PlatformRules, Profile, Roots, SnpEvidence, TcbFloors,
    read_evidence, read_report,
};
use serde::Deserialize;
use serde_json::json;

use super::cache::ForReport;
use super::{EvidenceOptions, accepted, files, refused, slices};
use crate::Edition;
use crate::cli::files::{malformed, read, read_json, read_text, read_toml};
use crate::cli::{Failure, Outcome};

pub(super) fn inspect(options: &EvidenceOptions, profile: Profile, edition: &Edition) -> Outcome {
    let input = Input::read(options, edition)?;
    let crls: Vec<_> = input.crls.iter().map(Vec::as_slice).collect();
    let floors = TcbFloors::published().map_err(|error| refused(&error))?;
    let inspected =
        evidence::snp::inspect(&input.evidence, &floors, profile, &input.roots, &crls, input.at)
            .map_err(|error| refused(&error))?;
    let claims = inspected.claims();
    Ok(accepted("authentic", claims.platform.trust(), json!(claims), inspected.warnings()))
}

pub(super) fn verify(options: &EvidenceOptions, expect: &Path, edition: &Edition) -> Outcome {
    let expected = expected(expect)?;
    let input = Input::read(options, edition)?;
    let crl = the_list(&input.crls)?;
    let claims = evidence::snp::verify(&input.evidence, &expected, &input.roots, crl, input.at)
        .map_err(|error| refused(&error))?;
    Ok(accepted("verified", claims.get().platform.trust(), json!(claims.get()), &[]))
}

/// The one list that a decision takes.
pub(super) fn the_list(crls: &[Vec<u8>]) -> Result<Crl<'_>, Failure> {
    match crls {
        [] => Ok(Crl::EmulatedNone),
        [crl] => Ok(Crl::Given(crl)),
        _ => Err(Failure::unusable_because("evidence.crls", "give one `--crl`")),
    }
}

/// The roots that this edition of the program judges AMD's evidence under.
pub(super) fn roots(options: &EvidenceOptions, edition: &Edition) -> Result<Roots, Failure> {
    let trust = options.trust.as_deref().map(read_json::<TrustFile>).transpose()?;
    (edition.roots)(trust.as_ref()).map_err(|error| refused(&error))
}

struct Input {
    evidence: SnpEvidence,
    crls: Vec<Vec<u8>>,
    roots: Roots,
    at: Timestamp,
}

impl Input {
    fn read(options: &EvidenceOptions, edition: &Edition) -> Result<Self, Failure> {
        if !options.collateral.is_empty() {
            return Err(Failure::unusable_because(
                "evidence.collateral",
                "evidence of the kind `snp` has no collateral; give lists as `--crl`",
            ));
        }
        let input = read(&options.input)?;
        let (mut certificates, mut crls) = (files(&options.certs)?, files(&options.crl)?);
        let found = ForReport::find(options.cache.as_deref(), read_report(&input))?;
        found.add_to(&mut certificates, &mut crls);
        let roots = roots(options, edition)?;
        let at = options.at()?;
        let evidence =
            read_evidence(&input, &slices(&certificates)).map_err(|error| refused(&error))?;
        Ok(Self { evidence, crls, roots, at })
    }
}

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    measurements: BTreeSet<Measurement>,
    host_data: Digest,
    report_data: ReportData,
    chips: RawChips,
    floors: Option<PathBuf>,
    #[serde(default = "PlatformRules::none")]
    rules: PlatformRules,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawChips {
    Word(AnyChip),
    Listed(BTreeSet<ChipId>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnyChip {
    Any,
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    let unusable = |error: EvidenceError| malformed(path, &error);
    Ok(Expected {
        measurements: Measurements::new(raw.measurements).map_err(unusable)?,
        host_data: HostData::from(raw.host_data),
        report_data: raw.report_data,
        floors: floors(path, raw.floors)?,
        chips: raw.chips.into(),
        rules: raw.rules,
    })
}

impl From<RawChips> for Chips {
    fn from(chips: RawChips) -> Self {
        match chips {
            RawChips::Word(AnyChip::Any) => Self::Any,
            RawChips::Listed(chips) => Self::Listed(chips),
        }
    }
}

/// The floors that the file `expect` names, beside it, or the built-in ones.
pub(super) fn floors(expect: &Path, named: Option<PathBuf>) -> Result<TcbFloors, Failure> {
    let folder = expect.parent().unwrap_or(Path::new("."));
    let floors = match named {
        Some(floors) => TcbFloors::from_toml(&read_text(&folder.join(floors))?),
        None => TcbFloors::published(),
    };
    floors.map_err(|error| malformed(expect, &error))
}
