//! Azure's machines with TDX.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use domain::claims::{
    ConfigId, Fmspc, Measurement, ModuleMeasurement, OwnerConfig, OwnerId, Ppid,
    RuntimeMeasurement, TdAttributes, Xfam,
};
use evidence::EvidenceError;
use evidence::azure::tdx_vtpm::{self, Evidence, Expected, read_evidence};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::intel::{Collateral, ExpectedGuest, Measurements, Profile, Root, TcbPolicy};
use serde::Deserialize;
use serde_json::json;

use crate::cli::evidence::intel::{RawAllowed, no_trust_file, tcb_policy, with_cache};
use crate::cli::evidence::{EvidenceOptions, accepted, files, refused, slices};
use crate::cli::files::{malformed, read, read_toml};
use crate::cli::{Failure, Outcome};

pub(in crate::cli::evidence) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    let policy = TcbPolicy::published().map_err(|error| refused(&error))?;
    let Input { evidence, collateral, root, at } = Input::read(options)?;
    let inspected = tdx_vtpm::inspect(&evidence, &collateral, &policy, profile, &root, at)
        .map_err(|error| refused(&error))?;
    Ok(accepted("authentic", inspected.trust(), json!(inspected), inspected.warnings()))
}

pub(in crate::cli::evidence) fn verify(options: &EvidenceOptions, expect: &Path) -> Outcome {
    let expected = expected(expect)?;
    let Input { evidence, collateral, root, at } = Input::read(options)?;
    let verified = tdx_vtpm::verify(&evidence, &collateral, &expected, &root, at)
        .map_err(|error| refused(&error))?;
    let claims = verified.get();
    Ok(accepted("verified", claims.platform.trust, json!(claims), &[]))
}

struct Input {
    evidence: Evidence,
    collateral: Collateral,
    root: Root,
    at: Timestamp,
}

impl Input {
    fn read(options: &EvidenceOptions) -> Result<Self, Failure> {
        no_trust_file(options)?;
        let input = read(&options.input)?;
        let mut paths = options.collateral.clone();
        paths.extend(options.certs.iter().chain(&options.crl).cloned());
        let files = files(&paths)?;
        let at = options.at()?;
        let (evidence, others) =
            read_evidence(&input, &slices(&files)).map_err(|error| refused(&error))?;
        let root = Root::intel().map_err(|error| refused(&error))?;
        let collateral = with_cache(options, evidence.quote(), &others, &root)?;
        Ok(Self { evidence, collateral, root, at })
    }
}

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    measurements: BTreeSet<Measurement>,
    rtmrs: [RuntimeMeasurement; 4],
    mrconfigid: ConfigId,
    mrowner: OwnerId,
    mrownerconfig: OwnerConfig,
    td_attributes: TdAttributes,
    xfam: Xfam,
    modules: RawAllowed<ModuleMeasurement>,
    families: RawAllowed<Fmspc>,
    platforms: RawAllowed<Ppid>,
    tcb: Option<PathBuf>,
    nonce: Nonce,
    pcrs: Vec<Pcrs>,
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    let unusable = |error: EvidenceError| malformed(path, &error);
    let guest = ExpectedGuest {
        measurements: Measurements::new(raw.measurements).map_err(unusable)?,
        rtmrs: raw.rtmrs,
        config_id: raw.mrconfigid,
        owner: raw.mrowner,
        owner_config: raw.mrownerconfig,
        td_attributes: raw.td_attributes,
        xfam: raw.xfam,
        modules: raw.modules.into(),
        families: raw.families.into(),
        platforms: raw.platforms.into(),
        tcb: tcb_policy(path, raw.tcb)?,
    };
    let vtpm = VtpmExpected { nonce: raw.nonce, pcrs: PcrSets::new(raw.pcrs).map_err(unusable)? };
    Ok(Expected { guest, vtpm })
}
