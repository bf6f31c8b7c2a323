//! Azure's machines with SEV-SNP.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::claims::{HostData, Measurement};
use domain::{Digest, Timestamp};
use evidence::EvidenceError;
use evidence::azure::snp_vtpm::{self, Evidence, Expected, read_evidence, read_report};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::snp::{Measurements, PlatformRules, Profile, Roots, TcbFloors};
use serde::Deserialize;
use serde_json::json;

use crate::Edition;
use crate::cli::evidence::cache::ForReport;
use crate::cli::evidence::snp::{RawChips, floors, roots, the_list};
use crate::cli::evidence::{EvidenceOptions, accepted, files, refused, slices};
use crate::cli::files::{malformed, read, read_toml};
use crate::cli::{Failure, Outcome};

pub(in crate::cli::evidence) fn inspect(
    options: &EvidenceOptions,
    profile: Profile,
    edition: &Edition,
) -> Outcome {
    let input = Input::read(options, edition)?;
    let floors = TcbFloors::published().map_err(|error| refused(&error))?;
    let crls: Vec<_> = input.crls.iter().map(Vec::as_slice).collect();
    let inspected =
        snp_vtpm::inspect(&input.evidence, &floors, profile, &input.roots, &crls, input.at)
            .map_err(|error| refused(&error))?;
    let trust = inspected.snp().platform.trust();
    Ok(accepted("authentic", trust, json!(inspected), inspected.warnings()))
}

pub(in crate::cli::evidence) fn verify(
    options: &EvidenceOptions,
    expect: &Path,
    edition: &Edition,
) -> Outcome {
    let expected = expected(expect)?;
    let input = Input::read(options, edition)?;
    let crl = the_list(&input.crls)?;
    let verified = snp_vtpm::verify(&input.evidence, &expected, &input.roots, crl, input.at)
        .map_err(|error| refused(&error))?;
    let claims = verified.get();
    Ok(accepted("verified", claims.snp.platform.trust(), json!(claims), &[]))
}

struct Input {
    evidence: Evidence,
    crls: Vec<Vec<u8>>,
    roots: Roots,
    at: Timestamp,
}

impl Input {
    fn read(options: &EvidenceOptions, edition: &Edition) -> Result<Self, Failure> {
        let input = read(&options.input)?;
        let (mut certificates, mut crls) = (files(&options.certs)?, files(&options.crl)?);
        let quotes = files(&options.collateral)?;
        let found = ForReport::find(options.cache.as_deref(), read_report(&input))?;
        found.add_to(&mut certificates, &mut crls);
        let roots = roots(options, edition)?;
        let at = options.at()?;
        let evidence = read_evidence(&input, &slices(&certificates), &slices(&quotes))
            .map_err(|error| refused(&error))?;
        Ok(Self { evidence, crls, roots, at })
    }
}

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    measurements: BTreeSet<Measurement>,
    host_data: Digest,
    chips: RawChips,
    #[serde(default = "PlatformRules::none")]
    rules: PlatformRules,
    floors: Option<PathBuf>,
    nonce: Nonce,
    pcrs: Vec<Pcrs>,
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    let unusable = |error: EvidenceError| malformed(path, &error);
    Ok(Expected {
        measurements: Measurements::new(raw.measurements).map_err(unusable)?,
        host_data: HostData::from(raw.host_data),
        floors: floors(path, raw.floors)?,
        chips: raw.chips.into(),
        rules: raw.rules,
        vtpm: VtpmExpected { nonce: raw.nonce, pcrs: PcrSets::new(raw.pcrs).map_err(unusable)? },
    })
}
