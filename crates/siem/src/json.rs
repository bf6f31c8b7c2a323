//! JSON lines: one event a line, RFC 8785 spelling, with the entry as the log has it.
//!
//! Who writes the member `entry` in its canonical form, as it is spelled here, has the leaf's bytes and can
//! compute `leaf_hash`.

use domain::canonical::{self, CanonicalError};
use serde_json::{Map, Value, json};

use crate::event::{Alarm, Content, Event, Happened, entry_members};

/// The line of `event`, with its line break.
///
/// # Errors
/// As [`canonical::to_vec`].
pub fn line(event: &Event) -> Result<String, CanonicalError> {
    let mut members = Map::new();
    members.insert("log".to_owned(), event.log.clone().into());
    members.insert("seen".to_owned(), event.seen.to_string().into());
    match &event.happened {
        Happened::Logged { index, leaf_hash, content } => {
            members.insert("index".to_owned(), (*index).into());
            members.insert("leaf_hash".to_owned(), leaf_hash.to_string().into());
            let (kind, name, value) = match content {
                Content::Entry(entry) => ("entry", "entry", entry_members(entry).into()),
                Content::Opaque { length } => ("opaque", "length", (*length).into()),
            };
            members.insert("kind".to_owned(), kind.into());
            members.insert(name.to_owned(), value);
        }
        Happened::Alarm(Alarm { reason, detail, delivered }) => {
            let alarm = json!({ "reason": reason, "detail": detail, "delivered": delivered });
            members.insert("kind".to_owned(), "alarm".into());
            members.insert("alarm".to_owned(), alarm);
        }
    }
    to_line(&members.into())
}

/// The RFC 8785 text of `value` and a line break.
pub(crate) fn to_line(value: &Value) -> Result<String, CanonicalError> {
    let mut text = to_text(value)?;
    text.push('\n');
    Ok(text)
}

/// The RFC 8785 text of `value`.
pub(crate) fn to_text(value: &Value) -> Result<String, CanonicalError> {
    Ok(String::from_utf8_lossy(&canonical::to_vec(value)?).into_owned())
}

#[cfg(test)]
mod tests;
