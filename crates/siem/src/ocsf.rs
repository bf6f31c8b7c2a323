//! OCSF events (Open Cybersecurity Schema Framework 1.4.0; versions up to 1.8.0
//! read them the same).
//!
//! A decision is *Entity Management* (3004): something that the deployment manages was created, enabled,
//! read or refused to be. *API Activity* (6003) does not fit, since it requires the network endpoint of the
//! caller, which the log never has; nor does *Authorize Session* (3003), which requires a user's session. An
//! alarm about the log is a *Detection Finding* (2004), an entry that is no decision a *Base Event* (0).
//!
//! `metadata.sequence` is the index and `metadata.uid` the leaf hash. What the classes have no attribute
//! for is in `unmapped`, by the names of the log.

use domain::Timestamp;
use domain::canonical::CanonicalError;
use domain::event::{Action, Entry, Outcome};
use serde_json::{Value, json};

use crate::event::{Alarm, Content, Event, Happened, Severity};
use crate::json::to_line;

/// The version of the schema that events name.
pub const VERSION: &str = "1.4.0";

/// The event as one line of JSON, with its line break.
///
/// # Errors
/// As [`domain::canonical::to_vec`].
pub fn line(event: &Event) -> Result<String, CanonicalError> {
    let particular = match &event.happened {
        Happened::Logged { content: Content::Entry(entry), .. } => decision(entry),
        Happened::Logged { content: Content::Opaque { .. }, .. } => base(),
        Happened::Alarm(alarm) => finding(alarm, event),
    };
    let (severity_id, severity) = severity(event.severity());
    let mut line = json!({
        "time": milliseconds(event.time().unwrap_or(event.seen)),
        "severity_id": severity_id,
        "severity": severity,
        "message": event.summary(),
        "metadata": metadata(event),
        "unmapped": event.members(),
    });
    if let (Some(members), Value::Object(particular)) = (line.as_object_mut(), particular) {
        members.extend(particular);
    }
    to_line(&line)
}

fn metadata(event: &Event) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "product": { "name": "Cloister", "vendor_name": "Cloister" },
        "log_name": event.log,
        "event_code": event.name(),
        "logged_time": milliseconds(event.seen),
    });
    if let (Happened::Logged { index, leaf_hash, .. }, Some(members)) =
        (&event.happened, metadata.as_object_mut())
    {
        members.insert("sequence".to_owned(), (*index).into());
        members.insert("uid".to_owned(), leaf_hash.to_string().into());
    }
    metadata
}

/// Entity Management.
fn decision(entry: &Entry) -> Value {
    let (activity_id, activity_name, kind) = activity(entry.event.action);
    let mut event = json!({
        "activity_name": activity_name,
        "category_name": "Identity & Access Management",
        "class_name": "Entity Management",
        "entity": { "type": kind, "type_id": OTHER, "uid": entry.event.object.to_string() },
    });
    classify(&mut event, 3, 3004, activity_id);
    let Some(members) = event.as_object_mut() else { return event };
    let mut actor = json!({ "app_name": actor(entry) });
    if let (Some(person), Some(actor)) = (&entry.person, actor.as_object_mut()) {
        actor.insert("user".to_owned(), json!({ "uid": person.to_string() }));
    }
    members.insert("actor".to_owned(), actor);
    let (status_id, status) = match &entry.event.outcome {
        Outcome::Accepted => (1, "Success"),
        Outcome::Refused { reason } => {
            members.insert("status_code".to_owned(), reason.as_str().into());
            (2, "Failure")
        }
    };
    members.insert("status_id".to_owned(), status_id.into());
    members.insert("status".to_owned(), status.into());
    event
}

/// Detection Finding. Its identifier is the same each time it is told.
fn finding(alarm: &Alarm, event: &Event) -> Value {
    let Alarm { reason, detail, delivered } = alarm;
    let mut finding = json!({
        "activity_name": "Create",
        "category_name": "Findings",
        "class_name": "Detection Finding",
        "is_alert": true,
        "status_id": 1,
        "status": "New",
        "finding_info": {
            "uid": format!("{}/{reason}/{delivered}", event.log),
            "title": format!("The log is not what it was ({reason})"),
            "desc": detail,
        },
    });
    classify(&mut finding, 2, 2004, 1);
    finding
}

/// Base Event: nothing is known of it.
fn base() -> Value {
    let mut event = json!({ "class_name": "Base Event", "category_name": "Uncategorized" });
    classify(&mut event, 0, 0, 0);
    event
}

fn classify(event: &mut Value, category: u32, class: u32, activity: u32) {
    if let Some(members) = event.as_object_mut() {
        let type_uid = class * 100 + activity;
        for (name, value) in [
            ("category_uid", category),
            ("class_uid", class),
            ("activity_id", activity),
            ("type_uid", type_uid),
        ] {
            members.insert(name.to_owned(), value.into());
        }
    }
}

/// `activity_id`, `activity_name`, and what kind of thing the decision is about.
const fn activity(action: Action) -> (u32, &'static str, &'static str) {
    match action {
        Action::DatasetSealed => (1, "Create", "dataset"),
        Action::ProjectApproved => (8, "Enable", "project"),
        Action::LaunchAuthorised => (1, "Create", "launch"),
        Action::EnclaveAttested => (OTHER, "Attest", "launch"),
        Action::KeyReleased => (OTHER, "Release", "dataset key"),
        Action::JobFinished => (OTHER, "Finish", "job"),
        Action::OutputChecked => (OTHER, "Check", "output"),
        Action::OutputReviewed => (OTHER, "Review", "output"),
        Action::OutputExported => (OTHER, "Export", "output"),
        Action::ExportRevoked => (9, "Disable", "export"),
        Action::RecordErased => (4, "Delete", "record"),
    }
}

/// The service that decided, as the log spells it.
fn actor(entry: &Entry) -> Value {
    serde_json::to_value(entry.actor).unwrap_or_default()
}

/// By what the schema says of each: who reads it decides whether to act; act at once, and broadly.
const fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Warning => (2, "Low"),
        Severity::Alert => (5, "Critical"),
    }
}

fn milliseconds(time: Timestamp) -> i64 {
    time.unix_seconds().saturating_mul(1000)
}

/// "Other": the name beside the number says what.
const OTHER: u32 = 99;

#[cfg(test)]
mod tests;
