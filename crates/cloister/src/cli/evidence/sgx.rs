//! SGX quotes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::claims::{
    EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement, EnclaveSigner, FamilyId, Fmspc,
    ImageId, Ppid, ReportData,
};
use evidence::EvidenceError;
use evidence::intel::sgx::{Expected, MaskedAttributes, Signers};
use evidence::intel::{Body, Profile, Tee};
use serde::Deserialize;
use serde_json::json;

use super::intel::{Input, RawAllowed, claims, tcb_policy};
use super::{EvidenceOptions, accepted, refused};
use crate::cli::files::{malformed, read_toml};
use crate::cli::{Failure, Outcome};

pub(super) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    let inspected = Input::read(options)?.inspect(Tee::Sgx, profile)?;
    let Body::Sgx(report) = inspected.body() else {
        return Err(refused(&EvidenceError::TeeType));
    };
    let claims = claims(json!(report), json!(inspected.platform()), json!(inspected.tcb()));
    Ok(accepted("authentic", inspected.platform().trust, claims, inspected.warnings()))
}

pub(super) fn verify(options: &EvidenceOptions, expect: &Path) -> Outcome {
    let expected = expected(expect)?;
    let Input { quote, collateral, root, at } = Input::read(options)?;
    let verified = evidence::intel::sgx::verify(&quote, &collateral, &expected, &root, at)
        .map_err(|error| refused(&error))?;
    let claims = verified.get();
    Ok(accepted("verified", claims.platform.trust, json!(claims), &[]))
}

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    mrenclaves: RawAllowed<EnclaveMeasurement>,
    mrsigners: BTreeSet<EnclaveSigner>,
    isv_prod_id: u16,
    isv_svn: u16,
    isv_ext_prod_id: ImageId,
    isv_family_id: FamilyId,
    config_id: EnclaveConfigId,
    config_svn: u16,
    attributes: EnclaveAttributes,
    attributes_mask: EnclaveAttributes,
    misc_select: u32,
    report_data: ReportData,
    families: RawAllowed<Fmspc>,
    platforms: RawAllowed<Ppid>,
    tcb: Option<PathBuf>,
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    Ok(Expected {
        enclaves: raw.mrenclaves.into(),
        signers: Signers::new(raw.mrsigners).map_err(|error| malformed(path, &error))?,
        isv_prod_id: raw.isv_prod_id,
        minimum_isv_svn: raw.isv_svn,
        isv_ext_prod_id: raw.isv_ext_prod_id,
        isv_family_id: raw.isv_family_id,
        config_id: raw.config_id,
        minimum_config_svn: raw.config_svn,
        attributes: MaskedAttributes { value: raw.attributes, mask: raw.attributes_mask },
        misc_select: raw.misc_select,
        report_data: raw.report_data,
        families: raw.families.into(),
        platforms: raw.platforms.into(),
        tcb: tcb_policy(path, raw.tcb)?,
    })
}
