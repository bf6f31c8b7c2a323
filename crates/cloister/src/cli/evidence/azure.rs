//! Azure's machines, whose hardware vouches for a virtual TPM.

mod tdx;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use airlock::export::Trust as TrustFile;
use domain::claims::{HostData, Measurement};
use domain::{Digest, Timestamp};
use evidence::EvidenceError;
use evidence::azure::snp_vtpm::{self, Evidence, Expected, read_evidence};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::snp::{Crl, Measurements, PlatformRules, Profile, Roots, TcbFloors};
use serde::Deserialize;
use serde_json::json;

use super::{EvidenceOptions, Kind, RawChips, accepted, floors, refused};
use crate::Edition;
use crate::cli::files::{malformed, now, read, read_json, read_toml};
use crate::cli::{Failure, Outcome};

pub(super) fn inspect(options: &EvidenceOptions, profile: Profile, edition: &Edition) -> Outcome {
    if options.kind == Kind::AzTdxVtpm {
        return tdx::inspect(options, profile);
    }
    let input = Input::read(options, edition)?;
    let floors = TcbFloors::published().map_err(|error| refused(&error))?;
    let crls: Vec<_> = input.crls.iter().map(Vec::as_slice).collect();
    let inspected =
        snp_vtpm::inspect(&input.evidence, &floors, profile, &input.roots, &crls, input.at)
            .map_err(|error| refused(&error))?;
    let trust = inspected.snp().platform.trust();
    Ok(accepted("authentic", trust, json!(inspected), inspected.warnings()))
}

pub(super) fn verify(options: &EvidenceOptions, expect: &Path, edition: &Edition) -> Outcome {
    if options.kind == Kind::AzTdxVtpm {
        return tdx::verify(options, expect);
    }
    let expected = expected(expect)?;
    let input = Input::read(options, edition)?;
    let crl = match input.crls.as_slice() {
        [] => Crl::EmulatedNone,
        [crl] => Crl::Given(crl),
        _ => return Err(Failure::unusable_because("evidence.crls", "give one `--crl`")),
    };
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
        let certificates = files(&options.certs)?;
        let quotes = files(&options.collateral)?;
        let crls = files(&options.crl)?;
        let trust = options.trust.as_deref().map(read_json::<TrustFile>).transpose()?;
        let roots = (edition.roots)(trust.as_ref()).map_err(|error| refused(&error))?;
        let at = options.at.map_or_else(now, Ok)?;
        let evidence = read_evidence(&input, &slices(&certificates), &slices(&quotes))
            .map_err(|error| refused(&error))?;
        Ok(Self { evidence, crls, roots, at })
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    paths.iter().map(|path| read(path)).collect()
}

fn slices(files: &[Vec<u8>]) -> Vec<&[u8]> {
    files.iter().map(Vec::as_slice).collect()
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
