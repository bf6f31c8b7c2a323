//! The API's answers as far as pages show them, parsed once. Identifiers and digests are typed, so that
//! what becomes part of an address or of a command is plain.

mod datasets;
mod jobs;
mod log;
mod outputs;
mod people;
mod projects;

use std::fmt;

use domain::Timestamp;
use domain::claims::Trust;
use serde::Deserialize;

pub(crate) use datasets::Dataset;
pub(crate) use jobs::{Job, Stage};
pub(crate) use log::checkpoint;
pub(crate) use outputs::{Export, Output};
pub(crate) use people::{Me, Role};
pub(crate) use projects::{Project, ProjectRow};

/// One page of a listing.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<Cursor>,
}

/// Where a listing goes on, as the API names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor(String);

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text)) } else { Err("not a cursor") }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time, for people.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    /// As machines read it.
    pub(crate) fn iso(&self) -> String {
        self.0.to_string()
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.iso();
        // `2026-01-31T12:00:00Z`; seconds say nothing here.
        match iso.split_once('T') {
            Some((day, time)) => {
                let minutes = time.rsplit_once(':').map_or(time, |(minutes, _)| minutes);
                write!(f, "{day} {minutes} UTC")
            }
            None => f.write_str(&iso),
        }
    }
}

/// Whether something was made where nothing is confidential.
pub(crate) fn is_emulated(platform: Option<Trust>) -> bool {
    platform == Some(Trust::Emulated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_for_people() {
        let time: Timestamp = "2026-01-31T12:34:56Z".parse().unwrap();
        assert_eq!(Moment(time).to_string(), "2026-01-31 12:34 UTC");
        assert_eq!(Moment(time).iso(), "2026-01-31T12:34:56Z");
    }

    #[test]
    fn cursors_are_plain() {
        for (text, good) in [("12", true), ("output-1", true), ("", false), ("1&limit=9", false)] {
            assert_eq!(Cursor::try_from(text.to_owned()).is_ok(), good, "{text}");
        }
    }
}
