//! A witness's decision, without storage and clock (C2SP tlog-witness, `add-checkpoint`).
//!
//! [`AddCheckpoint`] is what a log sends. [`AddCheckpoint::judge`] says whether a witness that has
//! cosigned up to some checkpoint may cosign the new one; what it returns must be durable, in place of
//! the former and in one step with the comparison, before [`Grown::cosign`]'s line leaves.

use std::fmt;
use std::str::FromStr;

use domain::{Digest, Timestamp};

use crate::checkpoint::{Checkpoint, SignedCheckpoint, encode_hash, parse_decimal, parse_hash};
use crate::cosignature::WitnessKey;
use crate::error::LogError;
use crate::merkle;
use crate::note::VerifierKey;

/// The body of an `add-checkpoint` request, of which nothing was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size up to which the log believes the witness to have cosigned.
    pub old_size: u64,
    /// The proof that the checkpoint's tree extends the tree of that size, at most 63 hashes.
    pub proof: Vec<Digest>,
    /// The checkpoint's signed note.
    pub note: String,
}

impl AddCheckpoint {
    /// The first line of the checkpoint, by which a witness finds the log's key and its own state.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.split('\n').next().unwrap_or_default()
    }

    /// Whether a witness that cosigned `latest` last, of the log `key`, may cosign this checkpoint.
    ///
    /// # Errors
    /// [`WitnessRefusal`]; the first that applies, in the order of the specification.
    pub fn judge(
        &self,
        key: &VerifierKey,
        latest: Option<&Checkpoint>,
    ) -> Result<Grown, WitnessRefusal> {
        let signed = SignedCheckpoint::verify(&self.note, key).map_err(|error| match error {
            LogError::Origin { .. } => WitnessRefusal::UnknownLog,
            LogError::Signature { .. } => WitnessRefusal::Signature,
            _ => WitnessRefusal::Malformed,
        })?;
        let new = signed.checkpoint();
        if self.old_size > new.size {
            return Err(WitnessRefusal::Shrinks);
        }
        let size = latest.map_or(0, |latest| latest.size);
        if self.old_size != size {
            return Err(WitnessRefusal::Conflict { size });
        }
        let empty = merkle::empty_root();
        let root = latest.map_or(empty, |latest| latest.root);
        let extends = match (size, new.size) {
            // Every tree extends the empty one; the proof of that is empty.
            (0, 0) => self.proof.is_empty() && new.root == empty,
            (0, _) => self.proof.is_empty(),
            _ => merkle::verify_consistency(size, new.size, &self.proof, &root, &new.root).is_ok(),
        };
        if extends { Ok(Grown(new.clone())) } else { Err(WitnessRefusal::Inconsistent) }
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", encode_hash(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = WitnessRefusal;

    fn from_str(text: &str) -> Result<Self, WitnessRefusal> {
        let (head, note) = text.split_once("\n\n").ok_or(WitnessRefusal::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old.and_then(parse_decimal).ok_or(WitnessRefusal::Malformed)?;
        let proof: Option<Vec<Digest>> = lines.map(parse_hash).collect();
        let proof = proof.filter(|proof| proof.len() <= MAX_PROOF);
        let proof = proof.ok_or(WitnessRefusal::Malformed)?;
        if old_size == 0 && !proof.is_empty() {
            return Err(WitnessRefusal::Malformed);
        }
        Ok(Self { old_size, proof, note: note.to_owned() })
    }
}

/// A checkpoint that extends what the witness cosigned last, or is the same.
///
/// INVARIANT: made by [`AddCheckpoint::judge`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown(Checkpoint);

impl Grown {
    /// What has to be durable before it is cosigned.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.0
    }

    /// The line that answers the request; `sign` signs the bytes that it is given with the key of
    /// `witness`.
    ///
    /// # Errors
    /// As [`WitnessKey::statement`], and those of `sign`.
    pub fn cosign<E: From<LogError>>(
        &self,
        witness: &WitnessKey,
        time: Timestamp,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<String, E> {
        let signature = sign(&witness.statement(&self.0, time)?)?;
        Ok(witness.line(time, &signature)?)
    }
}

/// Why a witness does not cosign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// The request is for another size than the witness cosigned last.
    #[error("the latest cosigned checkpoint has {size} entries")]
    Conflict {
        /// That size.
        size: u64,
    },
    /// The proof does not show that the new tree extends the one that was cosigned.
    #[error("the checkpoint is not shown to extend the one that was cosigned last")]
    Inconsistent,
    /// The body is no request.
    #[error("the request is malformed")]
    Malformed,
    /// The checkpoint is smaller than the size that the request is for.
    #[error("the old size is greater than that of the checkpoint")]
    Shrinks,
    /// No key of the log signed the checkpoint.
    #[error("the checkpoint is not signed by the log")]
    Signature,
    /// The witness does not know the log.
    #[error("the log is not one that this witness watches")]
    UnknownLog,
}

impl WitnessRefusal {
    /// The HTTP status code that says so (C2SP tlog-witness).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Shrinks => 400,
            Self::Signature => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl domain::Reason for WitnessRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "witness.conflict",
            Self::Inconsistent => "witness.inconsistent",
            Self::Malformed => "witness.malformed",
            Self::Shrinks => "witness.shrinks",
            Self::Signature => "witness.signature",
            Self::UnknownLog => "witness.unknown-log",
        }
    }
}

/// C2SP tlog-witness: a client must not send more.
const MAX_PROOF: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryStore, key, secret};
    use domain::Reason as _;
    use zeroize::Zeroizing;

    /// A log of `size` entries, each of which is its index; with `fork` the last is another.
    fn log(size: u8, fork: bool) -> crate::Log<MemoryStore> {
        let mut log = MemoryStore::default().open().unwrap();
        let entry = |n: u8| vec![n, u8::from(fork && n + 1 == size)];
        log.append(&(0..size).map(entry).collect::<Vec<_>>()).unwrap();
        log
    }

    fn request(log: &crate::Log<MemoryStore>, old_size: u64) -> AddCheckpoint {
        let proof =
            if old_size == 0 { Vec::new() } else { log.consistency(old_size, log.size()).unwrap() };
        AddCheckpoint { old_size, proof, note: log.checkpoint().note().to_owned() }
    }

    fn judged(request: &AddCheckpoint, latest: Option<&Checkpoint>) -> Result<u64, WitnessRefusal> {
        let read: AddCheckpoint = request.to_string().parse()?;
        assert_eq!(read, *request);
        Ok(read.judge(&key(), latest)?.checkpoint().size)
    }

    #[test]
    fn only_what_extends_the_latest_is_cosigned() {
        let (five, nine) = (log(5, false), log(9, false));
        let latest = five.checkpoint().checkpoint();
        assert_eq!(judged(&request(&five, 0), None), Ok(5));
        assert_eq!(judged(&request(&nine, 5), Some(latest)), Ok(9));
        // The same again.
        let again = AddCheckpoint { proof: vec![], ..request(&five, 5) };
        assert_eq!(judged(&again, Some(latest)), Ok(5));
        let conflict = Err(WitnessRefusal::Conflict { size: 5 });
        for old_size in [0, 4, 6] {
            assert_eq!(judged(&request(&nine, old_size), Some(latest)), conflict, "{old_size}");
        }
        assert_eq!(judged(&request(&nine, 5), None), Err(WitnessRefusal::Conflict { size: 0 }));
        // Forks of the same size and of a greater one, and proofs of other trees.
        let inconsistent = Err(WitnessRefusal::Inconsistent);
        let same_size = AddCheckpoint { proof: vec![], ..request(&log(5, true), 5) };
        assert_eq!(judged(&same_size, Some(latest)), inconsistent);
        let forked = log(5, true);
        let forked = forked.checkpoint().checkpoint();
        assert_eq!(judged(&request(&nine, 5), Some(forked)), inconsistent);
        let mut request = request(&nine, 5);
        request.proof.push(request.proof[0]);
        assert_eq!(judged(&request, Some(latest)), inconsistent);
        request.old_size = 10;
        assert_eq!(judged(&request, Some(latest)), Err(WitnessRefusal::Shrinks));
    }

    #[test]
    fn an_empty_log_is_cosigned_as_such() {
        let request = request(&log(0, false), 0);
        assert_eq!(judged(&request, None), Ok(0));
        let wrong = SignedCheckpoint::sign(0, Digest::of(b"not empty"), &key(), &secret());
        let wrong = AddCheckpoint { note: wrong.note().to_owned(), ..request };
        assert_eq!(judged(&wrong, None), Err(WitnessRefusal::Inconsistent));
    }

    #[test]
    fn the_log_is_known_by_its_key() {
        let request = request(&log(3, false), 0);
        let other = domain::keys::SecretKey::from_seed(&Zeroizing::new([8; 32]));
        let same_name = VerifierKey::new(key().origin(), other.public()).unwrap();
        assert_eq!(request.judge(&same_name, None), Err(WitnessRefusal::Signature));
        let other_name = VerifierKey::new("log.example/other", secret().public()).unwrap();
        assert_eq!(request.judge(&other_name, None), Err(WitnessRefusal::UnknownLog));
        assert_eq!(request.origin(), key().origin());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let text = request(&log(9, false), 5).to_string();
        let proof = text.lines().nth(1).unwrap();
        for bad in [
            String::new(),
            text.replace("old 5", "old 05"),
            text.replace("old 5", "old -5"),
            text.replace("old 5", "Old 5"),
            text.replace("old 5", "old  5"),
            text.replace("old 5", "old 0"),
            text.replace("old 5", "old 18446744073709551616"),
            text.replace(proof, "AAAA"),
            text.replace(proof, &format!("{proof}\r")),
            text.replacen(proof, &format!("{proof}\n").repeat(64), 1),
            text.replacen("\n\n", "\n", 2),
        ] {
            let refused = bad.parse::<AddCheckpoint>().unwrap_err();
            assert_eq!((refused.reason(), refused.status()), ("witness.malformed", 400), "{bad}");
        }
        let unsigned = text.replace("\n— ", "\n- ");
        let request: AddCheckpoint = unsigned.parse().unwrap();
        assert_eq!(request.judge(&key(), None), Err(WitnessRefusal::Malformed));
    }
}
