//! TDX and SGX quotes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::claims::{
    ConfigId, Fmspc, Measurement, ModuleMeasurement, OwnerConfig, OwnerId, Ppid, ReportData,
    RuntimeMeasurement, TdAttributes, Xfam,
};
use evidence::EvidenceError;
use evidence::eventlog::EventLog;
use evidence::intel::{
    Allowed, Body, Collateral, Expected, Measurements, Profile, Quote, Root, TcbPolicy, Tee,
    read_quote,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{EvidenceOptions, Kind, accepted, refused};
use crate::cli::event_log;
use crate::cli::files::{malformed, now, read, read_text, read_toml};
use crate::cli::{Failure, Outcome};

/// Intel's kinds of enclaves.
pub(super) const fn tee(kind: Kind) -> Option<Tee> {
    match kind {
        Kind::Tdx => Some(Tee::Tdx),
        Kind::Sgx => Some(Tee::Sgx),
        _ => None,
    }
}

pub(super) fn inspect(options: &EvidenceOptions, tee: Tee, profile: Profile) -> Outcome {
    let policy = TcbPolicy::published().map_err(|error| refused(&error))?;
    let (quote, collateral, root) = read_all(options)?;
    let at = options.at.map_or_else(now, Ok)?;
    let inspected = evidence::intel::inspect(&quote, tee, &collateral, &policy, profile, &root, at)
        .map_err(|error| refused(&error))?;
    let (report, log) = match inspected.body() {
        Body::Tdx(report) => (json!(report), event_log(options, &report.rtmrs)?),
        Body::Sgx(report) => (json!(report), None),
    };
    let claims = claims(report, json!(inspected.platform()), json!(inspected.tcb()), log);
    let trust = inspected.platform().trust;
    Ok(accepted("authentic", trust, claims, inspected.warnings()))
}

pub(super) fn verify(options: &EvidenceOptions, expect: &Path) -> Outcome {
    let expected = expected(expect)?;
    let (quote, collateral, root) = read_all(options)?;
    let at = options.at.map_or_else(now, Ok)?;
    let verified = evidence::intel::verify(&quote, &collateral, &expected, &root, at)
        .map_err(|error| refused(&error))?;
    let verified = verified.get();
    let log = event_log(options, &verified.report.rtmrs)?;
    let claims = claims(json!(verified.report), json!(verified.platform), json!(verified.tcb), log);
    Ok(accepted("verified", verified.platform.trust, claims, &[]))
}

/// The body's members, with the platform, the status and the events beside them.
fn claims(mut report: Value, platform: Value, tcb: Value, log: Option<EventLog>) -> Value {
    if let Value::Object(members) = &mut report {
        members.insert("platform".to_owned(), platform);
        members.insert("tcb".to_owned(), tcb);
        if let Some(log) = log {
            members.insert("event_log".to_owned(), event_log::json(&log));
        }
    }
    report
}

/// The event log, if there is one, which must explain these registers.
fn event_log(
    options: &EvidenceOptions,
    rtmrs: &[RuntimeMeasurement; 4],
) -> Result<Option<EventLog>, Failure> {
    let Some(path) = &options.event_log else { return Ok(None) };
    let log = EventLog::parse(&read(path)?).map_err(|error| refused(&error))?;
    log.explains(rtmrs).map_err(|error| refused(&error))?;
    Ok(Some(log))
}

fn read_all(options: &EvidenceOptions) -> Result<(Quote, Collateral, Root), Failure> {
    if options.trust.is_some() {
        return Err(Failure::unusable_because(
            "evidence.trust",
            "Intel's evidence is judged under Intel's root only; leave `--trust` out",
        ));
    }
    let input = read(&options.input)?;
    let paths = options.certs.iter().chain(&options.crl).chain(&options.collateral);
    let files = paths.map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let quote = read_quote(&input).map_err(|error| refused(&error))?;
    let collateral = Collateral::read(files.iter().map(Vec::as_slice));
    let collateral = collateral.map_err(|error| refused(&error))?;
    let root = Root::intel().map_err(|error| refused(&error))?;
    Ok((quote, collateral, root))
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

#[derive(Deserialize)]
#[serde(untagged, bound = "T: Deserialize<'de> + Ord")]
pub(super) enum RawAllowed<T> {
    Word(AnyValue),
    Listed(BTreeSet<T>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnyValue {
    Any,
}

impl<T> From<RawAllowed<T>> for Allowed<T> {
    fn from(raw: RawAllowed<T>) -> Self {
        match raw {
            RawAllowed::Word(AnyValue::Any) => Self::Any,
            RawAllowed::Listed(listed) => Self::Listed(listed),
        }
    }
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    let unusable = |error: EvidenceError| malformed(path, &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let tcb = match raw.tcb {
        Some(policy) => TcbPolicy::from_toml(&read_text(&folder.join(policy))?),
        None => TcbPolicy::published(),
    };
    Ok(Expected {
        measurements: Measurements::new(raw.measurements).map_err(unusable)?,
        rtmrs: raw.rtmrs,
        config_id: raw.mrconfigid,
        owner: raw.mrowner,
        owner_config: raw.mrownerconfig,
        report_data: raw.report_data,
        td_attributes: raw.td_attributes,
        xfam: raw.xfam,
        modules: raw.modules.into(),
        families: raw.families.into(),
        platforms: raw.platforms.into(),
        tcb: tcb.map_err(unusable)?,
    })
}
