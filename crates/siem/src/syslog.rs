//! Syslog messages (RFC 5424), framed for TLS by counting octets (RFC 5425 §4.3).
//!
//! Facility 13, log audit. What is searched for is in one structured data element; entries' lists of digests
//! are not, since receivers need only take messages of 2048 octets (RFC 5425 §4.3.1): the index leads to
//! them.

use std::fmt::Write as _;

use serde_json::Value;

use crate::event::{Event, Severity};

/// The name of the structured data element. 32473 is the number for examples (RFC 5612): Cloister has
/// none of its own, and no vendor has this one.
pub const SD_ID: &str = "cloister@32473";

/// The message of `event`, as sent from the machine `host`.
#[must_use]
pub fn message(event: &Event, host: &str) -> String {
    let time = event.time().unwrap_or(event.seen);
    let (priority, host, name) = (priority(event.severity()), header_field(host), event.name());
    let mut message = format!("<{priority}>1 {time} {host} cloister - {name} [{SD_ID}");
    for (name, value) in event.members() {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        // Writing to a string does not fail.
        let _written = write!(message, " {name}=\"{}\"", escaped(&value));
    }
    message.push_str("] ");
    message.push_str(&event.summary());
    message
}

/// The message behind its length in octets (RFC 5425 §4.3).
#[must_use]
pub fn frame(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

/// A parameter's value as it stands between quotation marks: `"`, `\` and `]` behind a backslash (RFC 5424
/// §6.3.3). Control characters, which receivers alter as they like, become spaces.
#[must_use]
pub fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' | '\\' | ']' => text.extend(['\\', character]),
            character if character.is_control() => text.push(' '),
            character => text.push(character),
        }
    }
    text
}

/// A HOSTNAME: printable ASCII without spaces, at most 255 (RFC 5424 §6); `-` if it is not that.
fn header_field(host: &str) -> &str {
    let printable = host.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && (1..=255).contains(&host.len()) { host } else { "-" }
}

/// PRIVAL (RFC 5424 §6.2.1): facility 13 times 8, and the severity.
const fn priority(severity: Severity) -> u8 {
    104 + match severity {
        Severity::Alert => 1,
        Severity::Warning => 4,
        Severity::Informational => 6,
    }
}

#[cfg(test)]
mod tests;
