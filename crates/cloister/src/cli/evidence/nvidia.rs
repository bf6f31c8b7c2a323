//! NVIDIA's devices.

use std::collections::BTreeSet;
use std::path::Path;

use domain::claims::Trust;
use domain::{Reason as _, Timestamp, Verified};
use evidence::EvidenceError;
use evidence::nvidia::{
    Architecture, DeviceId, Devices, Expected, GpuClaims, GpuEvidence, Inspected, Nonce, Profile,
    References, Roots, Setting, inspect_all, read_evidence, verify as verify_one,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::intel::RawAllowed;
use super::{EvidenceOptions, files, refused, slices};
use crate::cli::files::{read, read_toml};
use crate::cli::{Answer, Failure, Outcome};

/// Looks at the evidence of one device or of all devices of a machine, and compares it with the
/// reference manifests that are given as collateral.
pub(super) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    let Input { devices, manifests, roots, at } = Input::read(options)?;
    let inspected = inspect_all(&devices, &slices(&manifests), profile, &roots, at)
        .map_err(|error| refused(&error))?;
    let warnings: Vec<_> = inspected.iter().flat_map(Inspected::warnings).copied().collect();
    let claims: Vec<_> = inspected.iter().map(Inspected::claims).collect();
    Ok(accepted("authentic", &claims, &warnings))
}

/// Decides on each device of the evidence by the same values.
pub(super) fn verify(options: &EvidenceOptions, expect: &Path) -> Outcome {
    let raw: RawExpected = read_toml(expect)?;
    let expected = Expected::from(raw);
    let Input { devices, manifests, roots, at } = Input::read(options)?;
    let [one, other] = manifests.as_slice() else {
        return Err(Failure::unusable_because(
            "evidence.collateral",
            "give the reference manifests of driver and VBIOS, each as `--collateral`",
        ));
    };
    let mut verified = Vec::new();
    let mut seen = BTreeSet::new();
    for device in &devices {
        let device = either_order(device, &expected, [one, other], &roots, at)
            .map_err(|error| refused(&error))?;
        if !seen.insert(device.get().device) {
            return Err(refused(&EvidenceError::GpuDuplicate));
        }
        verified.push(device);
    }
    let claims: Vec<_> = verified.iter().map(Verified::get).collect();
    Ok(accepted("verified", &claims, &[]))
}

/// Decides with the two manifests, of which either is the driver's. In the wrong places they are
/// refused as for another version before anything is compared with them.
fn either_order(
    evidence: &GpuEvidence,
    expected: &Expected,
    [one, other]: [&[u8]; 2],
    roots: &Roots,
    at: Timestamp,
) -> Result<Verified<GpuClaims>, EvidenceError> {
    let decide =
        |driver, vbios| verify_one(evidence, expected, References { driver, vbios }, roots, at);
    match decide(one, other) {
        Err(EvidenceError::GpuRimVersion) => decide(other, one),
        answer => answer,
    }
}

struct Input {
    devices: Vec<GpuEvidence>,
    manifests: Vec<Vec<u8>>,
    roots: Roots,
    at: Timestamp,
}

impl Input {
    fn read(options: &EvidenceOptions) -> Result<Self, Failure> {
        if options.trust.is_some() || !options.crl.is_empty() {
            return Err(Failure::unusable_because(
                "evidence.crls",
                "evidence of the kind `nvidia-gpu` has no revocation lists and no emulated platform; \
                 give certificates as `--certs`, reference manifests as `--collateral`",
            ));
        }
        if options.cache.is_some() {
            return Err(Failure::unusable_because(
                "evidence.cache",
                "nothing of NVIDIA's is cached; give reference manifests as `--collateral`",
            ));
        }
        let input = read(&options.input)?;
        let (certificates, manifests) = (files(&options.certs)?, files(&options.collateral)?);
        let devices =
            read_evidence(&input, &slices(&certificates)).map_err(|error| refused(&error))?;
        let roots = Roots::nvidia().map_err(|error| refused(&error))?;
        Ok(Self { devices, manifests, roots, at: options.at()? })
    }
}

/// The claims of one device as they are, those of several as `devices`.
fn accepted(verdict: &str, devices: &[&GpuClaims], found: &[EvidenceError]) -> Answer {
    let mut warnings = Vec::new();
    let mut text = verdict.to_owned();
    for warning in found {
        if !warnings.contains(&warning.reason()) {
            warnings.push(warning.reason());
            text = format!("{text}\nwarning: {warning} ({})", warning.reason());
        }
    }
    for claims in devices {
        text = format!(
            "{text}\n{} {}  driver {}  vbios {}  nonce {}",
            claims.product,
            claims.device,
            claims.driver_version.as_deref().unwrap_or("none"),
            claims.vbios_version,
            claims.nonce,
        );
    }
    let trust: Option<Trust> = devices.first().map(|one| one.trust);
    let claims = match devices {
        [one] => json!(one),
        several => json!({ "devices": several }),
    };
    let json: Value = json!({
        "verdict": verdict,
        "reason": null,
        "platform": trust,
        "warnings": warnings,
        "claims": claims,
    });
    Answer::new(json, text)
}

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    nonce: Nonce,
    architecture: Architecture,
    devices: RawAllowed<DeviceId>,
    protected_pcie: Setting,
}

impl From<RawExpected> for Expected {
    fn from(raw: RawExpected) -> Self {
        Self {
            nonce: raw.nonce,
            architecture: raw.architecture,
            devices: match raw.devices {
                RawAllowed::Word(_) => Devices::Any,
                RawAllowed::Listed(devices) => Devices::Listed(devices),
            },
            protected_pcie: raw.protected_pcie,
        }
    }
}
