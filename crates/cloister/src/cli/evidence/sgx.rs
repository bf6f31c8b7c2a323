//! SGX quotes.

use std::path::Path;

use evidence::EvidenceError;
use evidence::intel::{Body, Profile, Tee};
use serde_json::json;

use super::intel::{Input, claims};
use super::{EvidenceOptions, accepted, refused};
use crate::cli::{Failure, Outcome};

pub(super) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    let inspected = Input::read(options)?.inspect(Tee::Sgx, profile)?;
    let Body::Sgx(report) = inspected.body() else {
        return Err(refused(&EvidenceError::TeeType));
    };
    let claims = claims(json!(report), json!(inspected.platform()), json!(inspected.tcb()));
    Ok(accepted("authentic", inspected.platform().trust, claims, inspected.warnings()))
}

pub(super) fn verify(_options: &EvidenceOptions, _expect: &Path) -> Outcome {
    Err(Failure::unusable_because(
        "evidence.unsupported-kind",
        "this version inspects SGX quotes and does not decide on them",
    ))
}
