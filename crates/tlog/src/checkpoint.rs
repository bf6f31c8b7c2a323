//! Checkpoints: what a log signs about itself (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use domain::keys::SecretKey;

use crate::error::LogError;
use crate::note::VerifierKey;

/// Origin, size and root of a tree. The text form is the body of the signed note; extension lines,
/// which no monitor can audit, are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree of that size (RFC 9162 §2.1.1).
    pub root: Digest,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, encode_hash(&self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let malformed = || LogError::malformed("checkpoint");
        let lines: Vec<_> = text.split('\n').collect();
        let [origin, size, root, ""] = lines.as_slice() else {
            return Err(malformed());
        };
        if origin.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            origin: (*origin).to_owned(),
            size: parse_decimal(size).ok_or_else(malformed)?,
            root: parse_hash(root).ok_or_else(malformed)?,
        })
    }
}

/// A checkpoint with the note that carries it, signed by the log's key.
///
/// INVARIANT: made only by signing or by verifying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Checks that `note` is a checkpoint of the log `key`.
    ///
    /// # Errors
    /// `log.malformed`; `log.origin` if it is of another log; `log.signature` if it is not signed
    /// by `key`.
    pub fn verify(note: &str, key: &VerifierKey) -> Result<Self, LogError> {
        // The origin of a note by another log is read before its signature is known to be good,
        // to name the more useful reason; nothing else is done with it.
        let claimed = note.split('\n').next().unwrap_or_default();
        if claimed != key.origin() && note.contains("\n\n") {
            let (expected, found) = (key.origin().to_owned(), claimed.to_owned());
            return Err(LogError::Origin { expected, found });
        }
        let checkpoint = key.open(note)?.parse()?;
        Ok(Self { checkpoint, note: note.to_owned() })
    }

    /// Signs a tree of `size` entries.
    pub(crate) fn sign(size: u64, root: Digest, key: &VerifierKey, secret: &SecretKey) -> Self {
        let checkpoint = Checkpoint { origin: key.origin().to_owned(), size, root };
        let note = key.sign(&checkpoint.to_string(), secret);
        Self { checkpoint, note }
    }

    /// The same checkpoint with these signature lines, of which the log's is one.
    pub(crate) fn with_signatures(&self, lines: &[&str]) -> Self {
        let note = format!("{}\n{}\n", self.checkpoint, lines.join("\n"));
        Self { checkpoint: self.checkpoint.clone(), note }
    }

    /// What was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note, as published.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// A hash in the base64 of RFC 4648 §4.
pub(crate) fn encode_hash(hash: &Digest) -> String {
    STANDARD.encode(hash.as_bytes())
}

/// The only spelling of a hash: base64 with padding and no stray bits.
pub(crate) fn parse_hash(text: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

/// The only spelling of a number: ASCII digits, no sign, no leading zero.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ORIGIN, key, secret};
    use domain::Reason as _;

    const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn has_one_spelling() {
        let good = format!("{ORIGIN}\n0\n{ROOT}\n");
        assert_eq!(good.parse::<Checkpoint>().unwrap().to_string(), good);
        for bad in [
            good.replace("\n0\n", "\n00\n"),
            good.replace("\n0\n", "\n+0\n"),
            good.replace("\n0\n", "\n-0\n"),
            good.replace("\n0\n", "\n 0\n"),
            good.replace("\n0\n", "\n18446744073709551616\n"),
            good.replace("\n0\n", "\n\n"),
            good.replace(ORIGIN, ""),
            good.replace("uFU=", "uFV="),
            good.replace("uFU=", "uFU"),
            good.replace("47DE", ""),
            good.trim_end().to_owned(),
            format!("{good}extension\n"),
            format!("{good}\n"),
            String::new(),
        ] {
            let error = bad.parse::<Checkpoint>().unwrap_err();
            assert_eq!(error.reason(), "log.malformed", "{bad}");
        }
    }

    #[test]
    fn is_of_one_log_and_signed_by_its_key() {
        let signed = SignedCheckpoint::sign(0, parse_hash(ROOT).unwrap(), &key(), &secret());
        assert_eq!(SignedCheckpoint::verify(signed.note(), &key()).unwrap(), signed);
        let elsewhere = VerifierKey::new("log.example/other", secret().public()).unwrap();
        let refused = |note: &str, key: &VerifierKey| {
            SignedCheckpoint::verify(note, key).unwrap_err().reason()
        };
        assert_eq!(refused(signed.note(), &elsewhere), "log.origin");
        assert_eq!(refused(&signed.note().replace("\n0\n", "\n1\n"), &key()), "log.signature");
        assert_eq!(refused("", &key()), "log.malformed");
        // Signed indeed, but no checkpoint.
        let extended = key().sign(&format!("{ORIGIN}\n0\n{ROOT}\nextension\n"), &secret());
        assert_eq!(refused(&extended, &key()), "log.malformed");
    }
}
