//! Cosignatures of witnesses: what they say of a checkpoint, and when (C2SP tlog-cosignature,
//! type `0x04`, Ed25519).

use std::fmt;
use std::str::FromStr;

use domain::Timestamp;
use domain::keys::{PublicKey, SecretKey};

use crate::checkpoint::Checkpoint;
use crate::error::LogError;
use crate::note::{COSIGNATURE_V1, NamedKey, Note};

/// A witness that a verifier believes: its name and key.
///
/// The text form is C2SP's `name+key id in 8 hexadecimal digits+base64 of 0x04 and the key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey(NamedKey);

impl WitnessKey {
    /// The key `key` of the witness that calls itself `name`. A key is for one witness alone: what is
    /// signed does not name it.
    ///
    /// # Errors
    /// `log.malformed` if it cannot be a key name.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, LogError> {
        Ok(Self(NamedKey::new(name, key, COSIGNATURE_V1)?))
    }

    /// The name of the witness.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.0.key
    }

    /// The signature line, with its newline, by which this witness says that `checkpoint` is of the
    /// largest consistent tree of its log that it knows of at `time`.
    ///
    /// # Errors
    /// `log.malformed` for a time before 1970.
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        time: Timestamp,
        secret: &SecretKey,
    ) -> Result<String, LogError> {
        let seconds = u64::try_from(time.unix_seconds());
        let seconds = seconds.map_err(|_| LogError::malformed("time of the cosignature"))?;
        let signature = secret.sign(message(seconds, &checkpoint.to_string()).as_bytes());
        Ok(self.0.line(&[seconds.to_be_bytes().as_slice(), &signature].concat()))
    }

    /// When this witness cosigned the checkpoint `note`, by its clock, if it did; the latest time if
    /// it did more than once. Whether the log signed it is not looked at.
    ///
    /// # Errors
    /// `log.malformed` if it is no signed note; `log.cosignature` if one that claims to be of this
    /// witness is wrong.
    pub fn time_of(&self, note: &str) -> Result<Option<Timestamp>, LogError> {
        let note = Note::parse(note)?;
        let times = note.signatures_of(&self.0).map(|signature| self.verify(note.text, signature));
        Ok(times.collect::<Result<Vec<_>, _>>()?.into_iter().max())
    }

    /// Whether `note` has a signature under this witness's name and key id, right or wrong.
    pub(crate) fn is_claimed_by(&self, note: &str) -> bool {
        Note::parse(note).is_ok_and(|note| note.signatures_of(&self.0).next().is_some())
    }

    fn verify(&self, text: &str, signature: &[u8]) -> Result<Timestamp, LogError> {
        let refused = || LogError::Cosignature { witness: self.to_string() };
        let (seconds, signature) = signature.split_first_chunk().ok_or_else(refused)?;
        let (seconds, signature) = (u64::from_be_bytes(*seconds), signature.try_into());
        let message = message(seconds, text);
        let signature = signature.map_err(|_| refused())?;
        self.public().verify(message.as_bytes(), signature).map_err(|_| refused())?;
        let seconds = i64::try_from(seconds).map_err(|_| refused())?;
        Timestamp::from_unix_seconds(seconds).map_err(|_| refused())
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WitnessKey {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        Ok(Self(NamedKey::parse(text, COSIGNATURE_V1)?))
    }
}

/// What is signed of a checkpoint with the text `text`.
fn message(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::SignedCheckpoint;
    use crate::testing::{MemoryStore, key};
    use domain::Reason as _;
    use zeroize::Zeroizing;

    fn witness() -> (WitnessKey, SecretKey) {
        let secret = SecretKey::from_seed(&Zeroizing::new([21; 32]));
        (WitnessKey::new("witness.example/w1", secret.public()).unwrap(), secret)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    /// A checkpoint of the test log, cosigned at these times.
    fn cosigned(times: &[i64]) -> String {
        let log = MemoryStore::default().open().unwrap();
        let (witness, secret) = witness();
        let checkpoint = log.checkpoint();
        let lines = times
            .iter()
            .map(|&time| witness.cosign(checkpoint.checkpoint(), at(time), &secret).unwrap());
        checkpoint.note().to_owned() + &lines.collect::<String>()
    }

    #[test]
    fn the_time_is_what_was_signed() {
        let (witness, secret) = witness();
        assert_eq!(witness.to_string().parse::<WitnessKey>().unwrap(), witness);
        assert_eq!(witness.time_of(&cosigned(&[])).unwrap(), None);
        for (times, latest) in
            [(&[0_i64][..], 0), (&[1_800_000_000], 1_800_000_000), (&[5, 9, 7], 9)]
        {
            let note = cosigned(times);
            assert_eq!(witness.time_of(&note).unwrap(), Some(at(latest)));
            // The log's own signature is none the worse for it.
            assert!(SignedCheckpoint::verify(&note, &key()).is_ok());
        }
        let error = witness.cosign(log_checkpoint().checkpoint(), at(-1), &secret).unwrap_err();
        assert_eq!(error.reason(), "log.malformed");
    }

    fn log_checkpoint() -> SignedCheckpoint {
        MemoryStore::default().open().unwrap().checkpoint().clone()
    }

    #[test]
    fn keys_of_logs_are_no_keys_of_witnesses() {
        let (witness, secret) = witness();
        let log = crate::VerifierKey::new("witness.example/w1", secret.public()).unwrap();
        assert_eq!(log.to_string().parse::<WitnessKey>().unwrap_err().reason(), "log.malformed");
        let error = witness.to_string().parse::<crate::VerifierKey>().unwrap_err();
        assert_eq!(error.reason(), "log.malformed");
        // A note that it signed as a log is not cosigned.
        let signed = log.sign(&log_checkpoint().checkpoint().to_string(), &secret);
        assert_eq!(witness.time_of(&signed).unwrap(), None);
    }

    #[test]
    fn any_flipped_bit_of_a_cosignature_is_noticed() {
        let (witness, _) = witness();
        let note = cosigned(&[1_800_000_000]);
        let line = note.rfind('—').unwrap();
        let mut seen = std::collections::BTreeMap::new();
        for (at, bit) in (0..note.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            let outcome = match witness.time_of(&altered) {
                Ok(Some(time)) => {
                    // Another signature line was altered: this one is not about it.
                    assert!(at < line && time == self::at(1_800_000_000), "{altered}");
                    "same"
                }
                Ok(None) => "not of this witness",
                Err(error) => error.reason(),
            };
            *seen.entry(outcome).or_insert(0) += 1;
        }
        let outcomes: Vec<_> = seen.keys().copied().collect();
        assert_eq!(outcomes, ["log.cosignature", "log.malformed", "not of this witness", "same"]);
    }
}
