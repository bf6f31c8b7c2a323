//! Hourly time stamps of the published checkpoint. They never hold anything up: what cannot be stamped
//! now is tried again a minute later, and an alarm says so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::{Digest, Reason as _};
use serde::{Deserialize, Deserializer};
use timestamp::{Authorities, Stamped};
use tlog::{Policy, SignedCheckpoint, VerifierKey};
use tlog_files::FolderReader;
use tokio::time::sleep;

use super::trusted_root::TrustedRootFile;
use super::{NodeError, now};
use crate::cli::{chain, say};
use crate::stamping::{KeptStamp, StampFolder, StampingError, TimeAuthority};

/// Who stamps the log and exports, and how often the former.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampsConfig {
    /// The authority's address.
    pub url: String,
    /// The roots of authorities that are believed (PEM).
    pub roots: PathBuf,
    /// Certificates that the authority does not send (PEM).
    pub certificates: Option<PathBuf>,
    /// How often the checkpoint is stamped if it has grown: `"1h"`, `"15m"`, `"30s"`.
    #[serde(deserialize_with = "every")]
    pub every: Duration,
}

/// Stamps one log.
pub(super) struct Stamper {
    authority: TimeAuthority,
    every: Duration,
    /// After a failure.
    again: Duration,
    key: VerifierKey,
    log: FolderReader,
    stamps: StampFolder,
    root: Arc<TrustedRootFile>,
    /// Who has to cosign what is stamped; nobody if absent.
    policy: Option<Policy>,
}

impl StampsConfig {
    /// Who is asked.
    ///
    /// # Errors
    /// [`NodeError::File`] if a certificate file cannot be read, [`NodeError::Stamps`] if one cannot be
    /// used or the address is none.
    pub(super) fn authority(&self) -> Result<TimeAuthority, NodeError> {
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|error: io::Error| NodeError::File(path.clone(), error))
        };
        let beside = self.certificates.as_ref().map(read).transpose()?.unwrap_or_default();
        let authorities = Authorities::from_pem(&read(&self.roots)?, &beside);
        let authorities = authorities.map_err(StampingError::from)?;
        Ok(TimeAuthority::new(&self.url, authorities)?)
    }
}

impl Stamper {
    /// For the log `key` in `folder`, whose stamps go into `stamps/` there.
    pub(super) fn new(
        authority: TimeAuthority,
        every: Duration,
        folder: &Path,
        key: VerifierKey,
        root: Arc<TrustedRootFile>,
    ) -> Self {
        Self {
            authority,
            every,
            again: AGAIN,
            key,
            log: FolderReader::new(folder),
            stamps: StampFolder::new(&folder.join("stamps")),
            root,
            policy: None,
        }
    }

    /// From now on a checkpoint that is not cosigned as `policy` has it is not stamped: whoever verifies by
    /// that policy would refuse the stamp. An empty log is: nobody cosigns it.
    pub(super) fn of_cosigned(self, policy: Option<Policy>) -> Self {
        Self { policy, ..self }
    }

    /// Stamps now and whenever the time is up, until the task is dropped. What failed is tried again sooner.
    pub(super) async fn run(self) {
        loop {
            let wait = match self.stamp().await {
                Ok(stamp) => {
                    if let Some((size, stamped)) = stamp {
                        self.tell(size, &stamped);
                    }
                    self.every
                }
                Err(error) => {
                    say(&format!(
                        "alarm     no time stamp: {} ({})",
                        chain(&error),
                        error.reason()
                    ));
                    self.every.min(self.again)
                }
            };
            sleep(wait).await;
        }
    }

    /// Tells of a stamp, receivers of bundles too: so they know an authority before it stamps an export.
    fn tell(&self, size: u64, stamped: &Stamped) {
        say(&format!("stamped   {size} entries at {} by {}", stamped.time(), stamped.authority()));
        if let Err(error) = self.root.note(stamped) {
            say(&format!("alarm     no trusted root: {} ({})", chain(&error), error.reason()));
        }
    }

    /// Stamps the published checkpoint if it is larger than what was stamped last, and cosigned if it has to
    /// be: its size, and the stamp.
    ///
    /// # Errors
    /// [`StampingError`]: then nothing was kept.
    async fn stamp(&self) -> Result<Option<(u64, Stamped)>, StampingError> {
        let note = self.log.checkpoint().map_err(tlog::LogError::from)?;
        let size = SignedCheckpoint::verify(&note, &self.key)?.checkpoint().size;
        let cosigned = self.policy.as_ref().is_none_or(|policy| policy.verify(&note).is_ok());
        if self.stamps.newest()?.is_some_and(|newest| size <= newest) || (size > 0 && !cosigned) {
            return Ok(None);
        }
        let stamp = self.authority.stamp(&Digest::of(note.as_bytes()), now).await?;
        self.stamps.keep(&KeptStamp { size, note, response: stamp.response })?;
        Ok(Some((size, stamp.stamped)))
    }
}

impl std::fmt::Debug for Stamper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamper").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// A number of seconds, minutes or hours, at least one.
fn every<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text).ok_or_else(|| {
        serde::de::Error::custom("`every` is a number of hours, minutes or seconds, such as \"1h\"")
    })
}

fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = [("h", 3600), ("m", 60), ("s", 1)]
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))?;
    let number: u64 = number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number)?;
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=MOST_S).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

/// An authority that was away for a moment is not missed for an hour.
const AGAIN: Duration = Duration::from_secs(60);

/// A week.
const MOST_S: u64 = 7 * 24 * 3600;

#[cfg(test)]
mod tests;
