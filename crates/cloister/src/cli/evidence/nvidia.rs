//! `cloister evidence inspect --kind nvidia-gpu`.

use std::path::Path;

use domain::Reason as _;
use evidence::nvidia::{Inspected, Profile, Roots, inspect_all, read_evidence};
use serde_json::{Value, json};

use super::{EvidenceOptions, files, refused, slices};
use crate::cli::files::read;
use crate::cli::{Answer, Failure, Outcome};

/// Looks at the evidence of one device or of all devices of a machine, and compares it with the
/// reference manifests that are given as collateral.
pub(super) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    if options.trust.is_some() || !options.crl.is_empty() {
        return Err(Failure::unusable_because(
            "evidence.crls",
            "evidence of the kind `nvidia-gpu` has no revocation lists and no emulated platform; \
             give certificates as `--certs`, reference manifests as `--collateral`",
        ));
    }
    let input = read(&options.input)?;
    let (certificates, manifests) = (files(&options.certs)?, files(&options.collateral)?);
    let at = options.at()?;
    let inspected = read_evidence(&input, &slices(&certificates))
        .and_then(|devices| {
            inspect_all(&devices, &slices(&manifests), profile, &Roots::nvidia()?, at)
        })
        .map_err(|error| refused(&error))?;
    Ok(accepted(&inspected))
}

pub(super) fn verify(_options: &EvidenceOptions, _expect: &Path) -> Outcome {
    Err(Failure::unusable_because(
        "evidence.unsupported-kind",
        "this version inspects evidence of GPUs and does not decide on it",
    ))
}

/// The claims of one device as they are, those of several as `devices`.
fn accepted(inspected: &[Inspected]) -> Answer {
    let mut warnings = Vec::new();
    let mut text = "authentic".to_owned();
    for warning in inspected.iter().flat_map(Inspected::warnings) {
        if !warnings.contains(&warning.reason()) {
            warnings.push(warning.reason());
            text = format!("{text}\nwarning: {warning} ({})", warning.reason());
        }
    }
    let trust = inspected.first().map(|one| one.claims().trust);
    let claims = match inspected {
        [one] => json!(one.claims()),
        several => json!({ "devices": several.iter().map(Inspected::claims).collect::<Vec<_>>() }),
    };
    for one in inspected {
        let claims = one.claims();
        text = format!(
            "{text}\n{} {}  driver {}  vbios {}  nonce {}",
            claims.product,
            claims.device,
            claims.driver_version.as_deref().unwrap_or("none"),
            claims.vbios_version,
            claims.nonce,
        );
    }
    let json: Value = json!({
        "verdict": "authentic",
        "reason": null,
        "platform": trust,
        "warnings": warnings,
        "claims": claims,
    });
    Answer::new(json, text)
}
