//! `trusted_root.json`: what receivers of bundles believe, the log and whoever stamped. An authority is
//! known by the stamps it gave, which are kept, so the file is made of them anew at each start.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bundle::write::{TimeAuthority, TrustedRoot};
use domain::Timestamp;
use timestamp::Stamped;
use tlog::VerifierKey;

use super::NodeError;
use super::folder::write_public;

/// The file, and the authorities in it.
#[derive(Debug)]
pub(super) struct TrustedRootFile {
    path: PathBuf,
    log: VerifierKey,
    known: Mutex<BTreeSet<TimeAuthority>>,
}

impl TrustedRootFile {
    /// Writes the file at `path` for `log` and the authorities of `stamps`.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub(super) fn create(
        path: PathBuf,
        log: VerifierKey,
        stamps: &[Stamped],
    ) -> Result<Self, NodeError> {
        let known = stamps.iter().map(authority).collect();
        let file = Self { path, log, known: Mutex::default() };
        file.write(&known)?;
        Ok(Self { known: Mutex::new(known), ..file })
    }

    /// Sees to it that the authority of this stamp is in the file; the file's text.
    ///
    /// # Errors
    /// [`NodeError::File`]; then the authority is not in it.
    pub(super) fn note(&self, stamp: &Stamped) -> Result<String, NodeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let authority = authority(stamp);
        if known.contains(&authority) {
            return Ok(self.text(&known));
        }
        let mut more = known.clone();
        more.insert(authority);
        let text = self.write(&more)?;
        *known = more;
        Ok(text)
    }

    fn write(&self, authorities: &BTreeSet<TimeAuthority>) -> Result<String, NodeError> {
        let text = self.text(authorities);
        write_public(&self.path, text.as_bytes())?;
        Ok(text)
    }

    fn text(&self, authorities: &BTreeSet<TimeAuthority>) -> String {
        let authorities: Vec<_> = authorities.iter().cloned().collect();
        // The log has had one key only, and each certificate says itself when it is valid.
        let since = Timestamp::EPOCH;
        TrustedRoot { log: &self.log, authorities: &authorities, since }.to_json()
    }
}

fn authority(stamp: &Stamped) -> TimeAuthority {
    let name = stamp.authority().to_owned();
    TimeAuthority { name, certificates: stamp.path().to_vec() }
}
