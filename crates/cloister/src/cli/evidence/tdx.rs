//! TDX quotes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::claims::{
    ConfigId, Fmspc, Measurement, ModuleMeasurement, OwnerConfig, OwnerId, Ppid, ReportData,
    RuntimeMeasurement, TdAttributes, Xfam,
};
use evidence::EvidenceError;
use evidence::eventlog::EventLog;
use evidence::intel::{Body, Expected, ExpectedGuest, Measurements, Profile, Tee};
use serde::Deserialize;
use serde_json::{Value, json};

use super::intel::{Input, RawAllowed, claims, tcb_policy};
use super::{EvidenceOptions, accepted, refused};
use crate::cli::event_log;
use crate::cli::files::{malformed, read, read_toml};
use crate::cli::{Failure, Outcome};

pub(super) fn inspect(options: &EvidenceOptions, profile: Profile) -> Outcome {
    let inspected = Input::read(options)?.inspect(Tee::Tdx, profile)?;
    let Body::Tdx(report) = inspected.body() else {
        return Err(refused(&EvidenceError::TeeType));
    };
    let mut claims = claims(json!(report), json!(inspected.platform()), json!(inspected.tcb()));
    add_event_log(&mut claims, options, &report.rtmrs)?;
    Ok(accepted("authentic", inspected.platform().trust, claims, inspected.warnings()))
}

pub(super) fn verify(options: &EvidenceOptions, expect: &Path) -> Outcome {
    let expected = expected(expect)?;
    let Input { quote, collateral, root, at } = Input::read(options)?;
    let verified = evidence::intel::verify(&quote, &collateral, &expected, &root, at)
        .map_err(|error| refused(&error))?;
    let verified = verified.get();
    let mut claims = claims(json!(verified.report), json!(verified.platform), json!(verified.tcb));
    add_event_log(&mut claims, options, &verified.report.rtmrs)?;
    Ok(accepted("verified", verified.platform.trust, claims, &[]))
}

/// Adds the event log, if there is one, which must explain these registers.
fn add_event_log(
    claims: &mut Value,
    options: &EvidenceOptions,
    rtmrs: &[RuntimeMeasurement; 4],
) -> Result<(), Failure> {
    let Some(path) = &options.event_log else { return Ok(()) };
    let log = EventLog::parse(&read(path)?).map_err(|error| refused(&error))?;
    log.explains(rtmrs).map_err(|error| refused(&error))?;
    if let Value::Object(members) = claims {
        members.insert("event_log".to_owned(), event_log::json(&log));
    }
    Ok(())
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
    report_data: ReportData,
    td_attributes: TdAttributes,
    xfam: Xfam,
    modules: RawAllowed<ModuleMeasurement>,
    families: RawAllowed<Fmspc>,
    platforms: RawAllowed<Ppid>,
    tcb: Option<PathBuf>,
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
    Ok(Expected { guest, report_data: raw.report_data })
}
