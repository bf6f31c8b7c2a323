//! What a command comes to, and how it is printed.

use std::error::Error;
use std::process::ExitCode;

use domain::Reason;
use serde_json::{Value, json};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document on standard output.
    Json,
}

/// What a command returns.
pub type Outcome = Result<Answer, Failure>;

/// A command that did what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    json: Value,
    text: String,
}

impl Answer {
    /// The same answer for programs and for people.
    #[must_use]
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into() }
    }

    /// What programs read.
    #[must_use]
    pub const fn json(&self) -> &Value {
        &self.json
    }
}

/// A command that did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A check said no: exit code 1. The JSON has `verdict`, `reason` and what else is known.
    Refused(Answer),
    /// Wrong usage, unreadable input, a missing tool or server: exit code 2.
    Unusable {
        /// The stable reason code.
        reason: String,
        /// What is wrong and what to do next.
        detail: String,
    },
}

impl Failure {
    /// A refusal by `error`.
    #[must_use]
    pub fn refused<E: Reason + Error>(error: &E) -> Self {
        Self::refusal(error.reason(), &chain(error))
    }

    /// A refusal with this reason code.
    #[must_use]
    pub fn refusal(reason: &str, detail: &str) -> Self {
        let json = json!({ "verdict": "refused", "reason": reason, "detail": detail });
        Self::Refused(Answer::new(json, format!("refused: {detail} ({reason})")))
    }

    /// This failure, and in its detail also that of another one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let also = match other {
            Self::Unusable { reason, detail } => format!("; {detail} ({reason})"),
            Self::Refused(answer) => format!("; {}", answer.text),
        };
        match self {
            Self::Unusable { reason, detail } => {
                Self::Unusable { reason, detail: format!("{detail}{also}") }
            }
            Self::Refused(Answer { mut json, text }) => {
                if let Some(Value::String(detail)) = json.get_mut("detail") {
                    detail.push_str(&also);
                }
                Self::Refused(Answer { json, text: format!("{text}{also}") })
            }
        }
    }

    /// Input that `error` says cannot be used.
    #[must_use]
    pub fn unusable(reason: &str, error: &dyn Error) -> Self {
        Self::unusable_because(reason, chain(error))
    }

    /// Input that cannot be used for this reason.
    #[must_use]
    pub fn unusable_because(reason: &str, detail: impl Into<String>) -> Self {
        Self::Unusable { reason: reason.to_owned(), detail: detail.into() }
    }
}

/// Prints an outcome; the exit code.
#[must_use]
pub fn report(outcome: &Outcome, format: Format) -> ExitCode {
    match outcome {
        Ok(answer) => {
            print(answer, format);
            ExitCode::SUCCESS
        }
        Err(Failure::Refused(answer)) => {
            print(answer, format);
            ExitCode::from(1)
        }
        Err(Failure::Unusable { reason, detail }) => {
            let json = json!({ "verdict": "unusable", "reason": reason, "detail": detail });
            match format {
                Format::Json => print(&Answer::new(json, ""), format),
                Format::Human => say(&format!("{detail} ({reason})")),
            }
            ExitCode::from(2)
        }
    }
}

fn print(answer: &Answer, format: Format) {
    use std::io::Write as _;
    let text = match format {
        Format::Json => format!("{:#}", answer.json),
        Format::Human => answer.text.clone(),
    };
    // A reader that went away, as `head` does, is no error of the command.
    let _closed = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// Tells the operator, on standard error. A disk that is full or a reader that went away ends no service.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let _unheard = writeln!(std::io::stderr(), "{line}");
}

/// An error and its causes, each once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer thing failed")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("no such file")]
    struct Inner;

    impl Reason for Outer {
        fn reason(&self) -> &'static str {
            "test.outer"
        }
    }

    #[test]
    fn a_refusal_names_reason_and_causes_once() {
        let Failure::Refused(answer) = Failure::refused(&Outer(Inner)) else { panic!() };
        let detail = "the outer thing failed: no such file";
        let json = json!({ "verdict": "refused", "reason": "test.outer", "detail": detail });
        assert_eq!(answer.json, json);
        assert_eq!(answer.text, format!("refused: {detail} (test.outer)"));
    }
}
