//! What a person or a program sees of the demo.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Prints each stage as it ends: readable lines, or one JSON object per line.
#[derive(Debug)]
pub struct Console {
    json: bool,
    began: Instant,
}

impl Console {
    /// A console for people, or for programs if `json`.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json, began: Instant::now() }
    }

    /// A line of explanation, for people only.
    pub fn say(&self, text: &str) {
        if !self.json {
            line(text);
        }
    }

    /// A stage that is done.
    pub fn stage(&self, number: u8, name: &str, took: Duration, what: &str) {
        if self.json {
            line(
                &json!({
                    "stage": number, "name": name, "what": what, "seconds": seconds(took),
                })
                .to_string(),
            );
        } else {
            line(&format!("  {number} {name:<13} {:>7.2} s   {what}", took.as_secs_f64()));
        }
    }

    /// More about the stage above.
    pub fn detail(&self, what: &str) {
        if self.json {
            line(&json!({ "detail": what }).to_string());
        } else {
            line(&format!("                              {what}"));
        }
    }

    /// The last object or lines.
    pub fn end(&self, value: &Value, lines: &[String]) {
        if self.json {
            line(&value.to_string());
        } else {
            lines.iter().for_each(|text| line(text));
        }
    }

    /// Time since the demo began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Seconds with milliseconds, for JSON.
pub(super) fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}

fn line(text: &str) {
    // A closed pipe must not break off a run that is cleaning up.
    let _written = writeln!(io::stdout(), "{text}");
}
