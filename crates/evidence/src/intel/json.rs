//! What the structures of collateral have in common.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::claims::TcbStatus;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Bytes in hexadecimal of either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hex<const N: usize>(pub(super) [u8; N]);

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| D::Error::custom("not hexadecimal of the field's length"))?;
        Ok(Self(bytes))
    }
}

/// From when until when collateral is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) issue_date: Timestamp,
    pub(super) next_update: Timestamp,
}

impl Window {
    pub(super) fn contains(self, at: Timestamp) -> bool {
        self.issue_date <= at && at <= self.next_update
    }
}

/// A status, since when, and the advisories behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: TcbStatus,
    pub(super) date: Timestamp,
    pub(super) advisories: BTreeSet<String>,
}

/// An element of `tcbLevels`: what is needed for a verdict.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevel<T> {
    pub(super) tcb: T,
    #[serde(rename = "tcbDate")]
    date: Timestamp,
    #[serde(rename = "tcbStatus")]
    status: TcbStatus,
    #[serde(rename = "advisoryIDs", default)]
    advisories: BTreeSet<String>,
}

impl<T> RawLevel<T> {
    /// `None` for a status that is only ever a conclusion of a verifier's.
    pub(super) fn split(self) -> Option<(T, Verdict)> {
        use TcbStatus::{TdRelaunchAdvised, TdRelaunchAdvisedConfigurationNeeded};
        let Self { tcb, date, status, advisories } = self;
        match status {
            TdRelaunchAdvised | TdRelaunchAdvisedConfigurationNeeded => None,
            _ => Some((tcb, Verdict { status, date, advisories })),
        }
    }
}

/// ISVSVN, where the level is about an enclave or a module.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIsvSvn<T> {
    pub(super) isvsvn: T,
}
