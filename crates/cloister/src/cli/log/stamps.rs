//! The time stamps of a log's checkpoints, old and new.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use domain::{Digest, Timestamp};
use serde_json::{Value, json};
use timestamp::{Authorities, Stamped, Token};
use tlog::merkle::{GrowingTree, leaf_hash};
use tlog::{LogError, SignedCheckpoint};

use super::believed::Believed;
use super::failure;
use crate::cli::Failure;
use crate::cli::files::{malformed, now, read};
use crate::stamping::{CLOCKS_APART_S, KeptStamp, StampFolder};

/// Whose stamps are believed.
#[derive(Debug, Args)]
pub(super) struct AuthorityOptions {
    /// Roots of time stamping authorities (PEM)
    #[arg(long, value_name = "FILE")]
    tsa_roots: PathBuf,
    /// Certificates that the authority does not send (PEM)
    #[arg(long, value_name = "FILE")]
    tsa_certificates: Option<PathBuf>,
}

impl AuthorityOptions {
    pub(super) fn authorities(&self) -> Result<Authorities, Failure> {
        authorities(&self.tsa_roots, self.tsa_certificates.as_deref())
    }
}

/// Which stamps are looked at; none if absent.
#[derive(Debug, Args)]
pub struct StampsOptions {
    /// A folder of time stamps, as the node and `log stamp` write it
    #[arg(long, value_name = "DIR", requires = "tsa_roots")]
    stamps: Option<PathBuf>,
    /// Roots of time stamping authorities (PEM)
    #[arg(long, value_name = "FILE", requires = "stamps")]
    tsa_roots: Option<PathBuf>,
    /// Certificates that the authority did not send (PEM)
    #[arg(long, value_name = "FILE", requires = "stamps")]
    tsa_certificates: Option<PathBuf>,
    /// How many seconds a stamp may be from each cosignature of its checkpoint; with `--policy`
    #[arg(long, value_name = "SECONDS", requires = "stamps")]
    max_drift: Option<u64>,
}

fn authorities(roots: &Path, beside: Option<&Path>) -> Result<Authorities, Failure> {
    let certificates = beside.map(read).transpose()?.unwrap_or_default();
    Authorities::from_pem(&read(roots)?, &certificates).map_err(|error| malformed(roots, &error))
}

/// Stamped checkpoints of a log whose entries are being read. What is not about the tree is verified by then.
#[derive(Default)]
pub(super) struct StampedLog {
    /// By size: the root that was stamped, and by whom and when.
    stamps: BTreeMap<u64, (Digest, Stamped)>,
    /// Roots of the tree at these sizes, as far as it has been read.
    roots: BTreeMap<u64, Digest>,
    tree: GrowingTree,
}

impl StampsOptions {
    /// Verifies the stamps, the notes that they are of, and how far stamps and cosignatures are apart.
    pub(super) fn stamped(&self, believed: &Believed) -> Result<StampedLog, Failure> {
        let (Some(folder), Some(roots)) = (&self.stamps, &self.tsa_roots) else {
            return Ok(StampedLog::default());
        };
        let authorities = authorities(roots, self.tsa_certificates.as_deref())?;
        let latest = now()?.plus_seconds(CLOCKS_APART_S);
        let kept = StampFolder::new(folder)
            .all()
            .map_err(|error| Failure::unusable(domain::Reason::reason(&error), &error))?;
        if kept.is_empty() {
            let detail = format!("`{}` holds no time stamp", folder.display());
            return Err(Failure::refusal("timestamp.none", &detail));
        }
        let verified = kept.iter().map(|kept| {
            let root = self.checkpoint(kept, believed, &authorities, latest)?;
            Ok((kept.size, root))
        });
        let stamps = verified.collect::<Result<_, Failure>>()?;
        Ok(StampedLog { stamps, ..StampedLog::default() })
    }

    fn checkpoint(
        &self,
        kept: &KeptStamp,
        believed: &Believed,
        authorities: &Authorities,
        latest: Timestamp,
    ) -> Result<(Digest, Stamped), Failure> {
        let believable = match kept.size {
            0 => believed.check_empty(&kept.note)?,
            _ => believed.check(&kept.note)?,
        };
        let signed = SignedCheckpoint::verify(&kept.note, &believable.key);
        let signed = signed.map_err(|error| failure(&error))?;
        if signed.checkpoint().size != kept.size {
            return Err(failure(&LogError::Malformed { what: "stamped checkpoint's name" }));
        }
        let digest = Digest::of(kept.note.as_bytes());
        let stamped = Token::from_response(&kept.response)
            .and_then(|token| token.verify(&digest, authorities, latest))
            .map_err(|error| Failure::refused(&error))?;
        match (believable.cosigned(), self.max_drift) {
            (Some(cosigned), Some(bound)) => {
                for time in cosigned.values() {
                    let within = stamped.is_within(bound, *time);
                    within.map_err(|error| Failure::refused(&error))?;
                }
            }
            (Some(_), None) => {
                let detail = "with `--policy` and `--stamps` give `--max-drift`, too";
                return Err(Failure::unusable_because("usage", detail));
            }
            // Not by clap: it asks for nothing that conflicts with what is given.
            (None, Some(_)) => {
                let detail = "`--max-drift` is about cosignatures: give `--policy`, too";
                return Err(Failure::unusable_because("usage", detail));
            }
            (None, None) => {}
        }
        Ok((signed.checkpoint().root, stamped))
    }
}

impl StampedLog {
    /// Takes the log's next entry.
    pub(super) fn grow(&mut self, entry: &[u8]) {
        if self.stamps.is_empty() {
            return;
        }
        self.tree.push(leaf_hash(entry));
        if self.stamps.contains_key(&self.tree.size()) {
            self.roots.insert(self.tree.size(), self.tree.root());
        }
    }

    /// Checks that what was stamped is a beginning of the log that was read.
    pub(super) fn verify(self) -> Result<BTreeMap<u64, Stamped>, Failure> {
        let found = self.tree.size();
        for (expected, (root, _)) in &self.stamps {
            let error = match self.roots.get(expected) {
                Some(known) if known == root => continue,
                // The empty tree is the beginning of every log.
                None if *expected == 0 && *root == tlog::merkle::empty_root() => continue,
                Some(_) => LogError::Consistency,
                None => LogError::RolledBack { expected: *expected, found },
            };
            return Err(failure(&error));
        }
        Ok(self.stamps.into_iter().map(|(size, (_, stamped))| (size, stamped)).collect())
    }
}

/// Adds the stamps to an answer, if there are any.
pub(super) fn tell(stamps: &BTreeMap<u64, Stamped>, json: &mut Value, text: &mut String) {
    if let (false, Some(members)) = (stamps.is_empty(), json.as_object_mut()) {
        let each = stamps.iter().map(|(size, stamped)| {
            json!({ "size": size, "time": stamped.time(), "authority": stamped.authority() })
        });
        members.insert("stamps".to_owned(), each.collect());
        text.extend(stamps.iter().map(|(size, stamped)| {
            format!("\nstamped at {size} entries at {} by {}", stamped.time(), stamped.authority())
        }));
    }
}
