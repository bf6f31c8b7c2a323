//! Why the log refused to write, or a verifier to believe.

use domain::Reason;

use crate::store::StoreError;

/// Why an entry was not appended, or a log, checkpoint or proof not accepted.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Two checkpoints, or a checkpoint and a tree, of which neither extends the other.
    #[error("the newer tree does not extend the older one")]
    Consistency,
    /// A cosignature that claims to be of a witness and is not.
    #[error("a cosignature under the name and key id of `{witness}` is wrong")]
    Cosignature {
        /// The name of the witness.
        witness: String,
    },
    /// An entry longer than [`crate::MAX_ENTRY_LEN`].
    #[error("an entry has {length} bytes, more than 65535")]
    EntryTooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// The leaf is not in the tree at that index.
    #[error("the proof does not lead from the entry to the root of the checkpoint")]
    Inclusion,
    /// A tile or bundle that the tree needs is not there.
    #[error("`{path}` is missing from the log")]
    Incomplete {
        /// Its path below the log's prefix.
        path: String,
    },
    /// Bytes that are no note, checkpoint, proof, tile or bundle.
    #[error("the {what} is malformed")]
    Malformed {
        /// What the bytes should have been.
        what: &'static str,
    },
    /// An index or size beyond the tree.
    #[error("there is no entry {index} in a log of {size}")]
    NoSuchEntry {
        /// The index that was asked for.
        index: u64,
        /// The size of the tree that was asked.
        size: u64,
    },
    /// A checkpoint of another log.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    Origin {
        /// The origin that the caller expects.
        expected: String,
        /// The origin in the checkpoint.
        found: String,
    },
    /// A text that is no trust policy.
    #[error("line {line} of the trust policy: {what}")]
    Policy {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Fewer witnesses cosigned than the policy asks for.
    #[error("too few witnesses cosigned the checkpoint: {}", only(cosigned))]
    Quorum {
        /// Those of the policy that did.
        cosigned: Vec<String>,
    },
    /// The log's storage holds an older state than the log once reached.
    #[error("the log was rolled back: it holds {found} entries of {expected}")]
    RolledBack {
        /// The size that the log is known to have reached.
        expected: u64,
        /// The size that its storage shows.
        found: u64,
    },
    /// The hashes stored or computed do not add up to the root that is known.
    #[error("the tree does not hash to the root of the checkpoint")]
    RootMismatch,
    /// Another process extended the log.
    #[error("another writer extended the log")]
    SecondWriter,
    /// The note is not signed by the expected key.
    #[error("the note is not signed by the key `{key}`")]
    Signature {
        /// The expected key in its text form.
        key: String,
    },
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reason for LogError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Consistency => "log.consistency",
            Self::Cosignature { .. } => "log.cosignature",
            Self::EntryTooLarge { .. } => "log.entry-too-large",
            Self::Inclusion => "log.inclusion",
            Self::Incomplete { .. } => "log.incomplete",
            Self::Malformed { .. } => "log.malformed",
            Self::NoSuchEntry { .. } => "log.no-such-entry",
            Self::Origin { .. } => "log.origin",
            Self::Policy { .. } => "log.policy",
            Self::Quorum { .. } => "log.quorum",
            Self::RolledBack { .. } => "log.rolled-back",
            Self::RootMismatch => "log.root-mismatch",
            Self::SecondWriter => "log.second-writer",
            Self::Signature { .. } => "log.signature",
            Self::Store(error) => error.reason(),
        }
    }
}

fn only(names: &[String]) -> String {
    if names.is_empty() {
        return "none of the policy's".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("only {}", names.join(", "))
}

impl LogError {
    pub(crate) const fn malformed(what: &'static str) -> Self {
        Self::Malformed { what }
    }
}
