//! OpenTelemetry logs: an `ExportLogsServiceRequest` in the JSON encoding of OTLP, and what is answered to it.
//!
//! In that encoding 64-bit numbers are texts, names are in lowerCamelCase and enumerations are numbers
//! (OTLP specification, "JSON Protobuf Encoding").

use domain::Timestamp;
use domain::canonical::CanonicalError;
use serde_json::{Map, Value, json};

use crate::event::{Event, Severity};
use crate::json::to_text;

/// The body of a request that hands over `events`.
///
/// # Errors
/// As [`domain::canonical::to_vec`].
pub fn request(events: &[Event]) -> Result<String, CanonicalError> {
    let records: Vec<Value> = events.iter().map(record).collect();
    to_text(&json!({ "resourceLogs": [{
        "resource": { "attributes": [attribute("service.name", "cloister".into())] },
        "scopeLogs": [{ "scope": { "name": "cloister.log" }, "logRecords": records }],
    }]}))
}

/// What a collector says about the records of a request that it answered with 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has all of them.
    Accepted,
    /// It has all of them, and something to say.
    AcceptedWith(String),
    /// It will not have some of them, now or later.
    Rejected {
        /// How many.
        records: u64,
        /// Why.
        said: String,
    },
}

/// Reads an `ExportLogsServiceResponse`. `None` if it is none: nobody knows then what became of the records.
#[must_use]
pub fn answer(body: &[u8]) -> Option<Answer> {
    let response: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let partial = match response.get("partialSuccess") {
        None | Some(Value::Null) => return Some(Answer::Accepted),
        Some(partial) => partial.as_object()?,
    };
    let said = partial.get("errorMessage").map_or(Some(""), Value::as_str)?.to_owned();
    let records = match partial.get("rejectedLogRecords") {
        None => 0,
        // A 64-bit number may come as a text or as a number.
        Some(Value::String(text)) => text.parse().ok()?,
        Some(number) => number.as_u64()?,
    };
    Some(match (records, said.is_empty()) {
        (0, true) => Answer::Accepted,
        (0, false) => Answer::AcceptedWith(said),
        _ => Answer::Rejected { records, said },
    })
}

fn record(event: &Event) -> Value {
    let (number, text) = severity(event.severity());
    let attributes = event
        .members()
        .into_iter()
        .map(|(name, value)| attribute(&format!("cloister.{name}"), value));
    let mut record = json!({
        "observedTimeUnixNano": nanoseconds(event.seen),
        "severityNumber": number,
        "severityText": text,
        "eventName": format!("cloister.{}", event.name()),
        "body": { "stringValue": event.summary() },
        "attributes": attributes.collect::<Vec<_>>(),
    });
    if let (Some(time), Some(members)) = (event.time(), record.as_object_mut()) {
        members.insert("timeUnixNano".to_owned(), nanoseconds(time).into());
    }
    record
}

fn attribute(name: &str, value: Value) -> Value {
    json!({ "key": name, "value": any_value(value) })
}

/// An `AnyValue`.
fn any_value(value: Value) -> Value {
    match value {
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(values) => {
            let values: Vec<Value> = values.into_iter().map(any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Value::String(text) => json!({ "stringValue": text }),
        // Entries hold texts, numbers and lists of these.
        other => json!({ "stringValue": other.to_string() }),
    }
}

/// Nanoseconds since 1970; a time before that is told as unknown, which is zero.
fn nanoseconds(time: Timestamp) -> String {
    let seconds = u64::try_from(time.unix_seconds()).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).to_string()
}

/// SeverityNumber and its text, as the data model maps those of syslog (OpenTelemetry Logs Data Model,
/// Appendix B).
const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (9, "INFO"),
        Severity::Warning => (13, "WARN"),
        Severity::Alert => (19, "ALERT"),
    }
}

#[cfg(test)]
mod tests;
