//! How the log shows people: by a keyed commitment that means nothing once its key is destroyed.
//!
//! A person has one pseudonym in each project, so that anyone who reads the log can tell whether two
//! statements on a project are of the same person, and nobody can follow a person from project to
//! project. The key is a [`RecordKey`] of its own, kept apart from the log; whoever destroys it makes
//! the pseudonym a random number (crypto-shredding).

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ids::{PersonId, ProjectId};
use crate::text;

/// 32 random bytes on which one erasable record rests: a person's pseudonym, or a kept object.
#[derive(Clone)]
pub struct RecordKey(Zeroizing<[u8; 32]>);

impl RecordKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The key made of 256 random bits that the caller drew or kept.
    #[must_use]
    pub const fn from_bytes(bits: Zeroizing<[u8; Self::LEN]>) -> Self {
        Self(bits)
    }

    /// The bytes, to be written where they can be destroyed.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The key that encrypts the record; it encrypts nothing else, so one nonce is enough.
    #[must_use]
    pub fn sealing(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.mac(&[SEALING]))
    }

    /// HMAC-SHA-256 (RFC 2104) of `parts`, each behind its length.
    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        // A key shorter than the block is padded with zeros (RFC 2104 §2).
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(…)")
    }
}

/// A person in one project, as the log shows them: `hmac-sha256:<64 hex digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 32]);

impl Pseudonym {
    /// The commitment to `person` in `project` under `key`; none where no project is concerned.
    #[must_use]
    pub fn new(key: &RecordKey, person: &PersonId, project: Option<&ProjectId>) -> Self {
        let project = project.map_or("", ProjectId::as_str);
        Self(key.mac(&[COMMITMENT, project, person.as_str()]))
    }

    /// The 64 lower-case hexadecimal digits, without the algorithm prefix.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.hex())
    }
}

impl FromStr for Pseudonym {
    type Err = PseudonymError;

    fn from_str(text: &str) -> Result<Self, PseudonymError> {
        let digits = text.strip_prefix(PREFIX).ok_or(PseudonymError)?;
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(PseudonymError);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| PseudonymError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Pseudonym {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pseudonym {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// The text is not a [`Pseudonym`]; a person's name, for one, is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym is `hmac-sha256:` and 64 lower-case hexadecimal digits")]
pub struct PseudonymError;

const PREFIX: &str = "hmac-sha256:";
const COMMITMENT: &str = "cloister-log-person/v1";
const SEALING: &str = "cloister-record-seal/v1";

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> RecordKey {
        RecordKey::from_bytes(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn is_of_one_person_in_one_project_under_one_key() {
        let person = |name: &str| -> PersonId { name.parse().unwrap() };
        let project = |name: &str| -> ProjectId { name.parse().unwrap() };
        let of = |byte, who: &str, on: Option<&str>| {
            Pseudonym::new(&key(byte), &person(who), on.map(project).as_ref())
        };
        let alice = of(1, "alice", Some("p1"));
        assert_eq!(alice, of(1, "alice", Some("p1")));
        for other in [
            of(1, "alice", Some("p2")),
            of(1, "alice", None),
            of(1, "bob", Some("p1")),
            of(2, "alice", Some("p1")),
            // Lengths keep the parts apart.
            of(1, "p1alice", None),
            of(1, "lice", Some("p1a")),
        ] {
            assert_ne!(alice, other);
        }
        assert_ne!(key(1).sealing().as_slice(), key(2).sealing().as_slice());
    }

    /// HMAC-SHA-256 by Python's `hmac` over the same bytes.
    #[test]
    fn is_the_documented_mac() {
        let pseudonym =
            Pseudonym::new(&key(7), &"alice".parse().unwrap(), Some(&"diabetes".parse().unwrap()));
        assert_eq!(
            pseudonym.to_string(),
            "hmac-sha256:ef7bafb276dd77e9131990e087d10c6e360dd4337a7b27e7ce279e46cc580676"
        );
        assert_eq!(
            hex::encode(key(7).sealing().as_slice()),
            "21ad990ba1f5ea2a173811beac187fefe74e61c66bcef0fbf654135b8ed30513"
        );
    }

    #[test]
    fn has_one_spelling_and_is_no_name() {
        let text = format!("{PREFIX}{}", "0a".repeat(32));
        assert_eq!(text.parse::<Pseudonym>().unwrap().to_string(), text);
        for wrong in [
            "alice",
            "person-00",
            &text.to_uppercase(),
            &text.replace("0a", "0A"),
            &text.replacen("hmac", "mac", 1),
        ] {
            assert_eq!(wrong.parse::<Pseudonym>(), Err(PseudonymError), "{wrong}");
        }
    }
}
