//! Cosignatures of witnesses: what they say of a checkpoint, and when (C2SP tlog-cosignature): type
//! `0x04` is Ed25519, `0x06` ML-DSA-44.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ML_DSA_44, UnparsedPublicKey};
use domain::Timestamp;
use domain::keys::{PublicKey, SecretKey};

use crate::checkpoint::Checkpoint;
use crate::error::LogError;
use crate::note::{self, COSIGNATURE_V1, NamedKey, Note};

/// A witness that a verifier believes: its name and key.
///
/// The text form is C2SP's `name+key id in 8 hexadecimal digits+base64 of the type and the key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    named: NamedKey,
    key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Ed25519(PublicKey),
    /// Its 1,312 bytes are in the named key.
    MlDsa44,
}

impl WitnessKey {
    /// The key `key` of the witness that calls itself `name`. A key is for one witness alone: what is
    /// signed does not name it.
    ///
    /// # Errors
    /// `log.malformed` if it cannot be a key name.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, LogError> {
        let named = NamedKey::new(name, COSIGNATURE_V1, key.as_bytes())?;
        Ok(Self { named, key: Key::Ed25519(key) })
    }

    /// The ML-DSA-44 key (FIPS 204) of the witness that calls itself `name`.
    ///
    /// # Errors
    /// `log.malformed` if it cannot be a key name, or has more than 255 bytes.
    pub fn new_ml_dsa_44(name: &str, key: &[u8; ML_DSA_44_KEY_LEN]) -> Result<Self, LogError> {
        Self::of(NamedKey::new(name, note::ML_DSA_44, key)?)
    }

    fn of(named: NamedKey) -> Result<Self, LogError> {
        let key = match named.kind {
            COSIGNATURE_V1 => Key::Ed25519(named.ed25519()?),
            note::ML_DSA_44 if named.key.len() == ML_DSA_44_KEY_LEN && named.name.len() <= 255 => {
                Key::MlDsa44
            }
            _ => return Err(LogError::malformed("witness key")),
        };
        Ok(Self { named, key })
    }

    /// The name of the witness.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.named.name
    }

    /// The bytes of the key, without its type.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.named.key
    }

    /// The signature line, with its newline, by which this Ed25519 witness says that `checkpoint` is of
    /// the largest consistent tree of its log that it knows of at `time`.
    ///
    /// # Errors
    /// As [`Self::statement`].
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        time: Timestamp,
        secret: &SecretKey,
    ) -> Result<String, LogError> {
        self.line(time, &secret.sign(&self.statement(checkpoint, time)?))
    }

    /// The bytes that this witness signs to say so.
    ///
    /// # Errors
    /// `log.malformed` for a time before 1970, or an origin that its kind of signature has no room for.
    pub fn statement(&self, checkpoint: &Checkpoint, time: Timestamp) -> Result<Vec<u8>, LogError> {
        let seconds = seconds(time)?;
        match self.key {
            Key::Ed25519(_) => Ok(message(seconds, &checkpoint.to_string()).into_bytes()),
            Key::MlDsa44 => subtree_message(self.name(), seconds, checkpoint),
        }
    }

    /// The line with `signature`, of [`Self::statement`] for `time`.
    ///
    /// # Errors
    /// `log.malformed` for a time before 1970.
    pub fn line(&self, time: Timestamp, signature: &[u8]) -> Result<String, LogError> {
        let seconds = seconds(time)?.to_be_bytes();
        Ok(self.named.line(&[seconds.as_slice(), signature].concat()))
    }

    /// When this witness cosigned the checkpoint `note`, by its clock, if it did; the latest time if
    /// it did more than once. Whether the log signed it is not looked at.
    ///
    /// # Errors
    /// `log.malformed` if it is no signed note; `log.cosignature` if one that claims to be of this
    /// witness is wrong.
    pub fn time_of(&self, note: &str) -> Result<Option<Timestamp>, LogError> {
        let note = Note::parse(note)?;
        let signatures = note.signatures_of(&self.named);
        let times = signatures.map(|signature| self.verify(note.text, signature));
        Ok(times.collect::<Result<Vec<_>, _>>()?.into_iter().max())
    }

    /// Whether `note` has a signature under this witness's name and key id, right or wrong.
    pub(crate) fn is_claimed_by(&self, note: &str) -> bool {
        Note::parse(note).is_ok_and(|note| note.signatures_of(&self.named).next().is_some())
    }

    fn verify(&self, text: &str, signature: &[u8]) -> Result<Timestamp, LogError> {
        let refused = || LogError::Cosignature { witness: self.name().to_owned() };
        let (seconds, signature) = signature.split_first_chunk().ok_or_else(refused)?;
        let seconds = u64::from_be_bytes(*seconds);
        match &self.key {
            Key::Ed25519(key) => {
                let signature = signature.try_into().map_err(|_| refused())?;
                let message = message(seconds, text);
                key.verify(message.as_bytes(), signature).map_err(|_| refused())?;
            }
            Key::MlDsa44 => {
                let checkpoint = text.parse().map_err(|_| refused())?;
                let message = subtree_message(self.name(), seconds, &checkpoint);
                UnparsedPublicKey::new(&ML_DSA_44, self.key())
                    .verify(&message.map_err(|_| refused())?, signature)
                    .map_err(|_| refused())?;
            }
        }
        let seconds = i64::try_from(seconds).map_err(|_| refused())?;
        Timestamp::from_unix_seconds(seconds).map_err(|_| refused())
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named.fmt(f)
    }
}

impl FromStr for WitnessKey {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        Self::of(NamedKey::parse(text)?)
    }
}

fn seconds(time: Timestamp) -> Result<u64, LogError> {
    let seconds = u64::try_from(time.unix_seconds());
    seconds.map_err(|_| LogError::malformed("time of the cosignature"))
}

/// What is signed with Ed25519 of a checkpoint with the text `text`.
fn message(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// What is signed with ML-DSA-44: C2SP's `cosigned_message` of the whole tree.
fn subtree_message(name: &str, seconds: u64, checkpoint: &Checkpoint) -> Result<Vec<u8>, LogError> {
    let framed = |text: &str| {
        let length = u8::try_from(text.len()).map_err(|_| LogError::malformed("origin"))?;
        Ok::<_, LogError>([&[length], text.as_bytes()].concat())
    };
    let (start, end) = (0_u64, checkpoint.size);
    Ok([
        b"subtree/v1\n\0".as_slice(),
        &framed(name)?,
        &seconds.to_be_bytes(),
        &framed(&checkpoint.origin)?,
        &start.to_be_bytes(),
        &end.to_be_bytes(),
        checkpoint.root.as_bytes(),
    ]
    .concat())
}

/// Bytes of a public key (FIPS 204 table 2).
pub const ML_DSA_44_KEY_LEN: usize = 1312;

#[cfg(test)]
mod tests;
