//! The parts of a dataset manifest, each a type that cannot hold a wrong value.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::keys::PublicKey;

/// How much harm a disclosure would do, in four steps that institutions commonly use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Classification {
    /// None: the data are published.
    Public,
    /// Little: not published, but not about identifiable people.
    Internal,
    /// Harm to people or the institution.
    Confidential,
    /// Serious harm to people: health, finances, beliefs.
    HighlyConfidential,
}

/// One column of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the header row.
    pub name: String,
    /// What it can give away.
    pub role: Role,
    /// How its values compare.
    pub kind: Kind,
}

/// What a column can give away about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Names the person: never leaves.
    Identifier,
    /// May name the person together with others.
    QuasiIdentifier,
    /// What an attacker wants to learn.
    Sensitive,
    /// Neither.
    Public,
}

/// How the values of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Equal or different.
    Categorical,
    /// Before or after, without a distance.
    Ordered,
    /// Numbers.
    Numeric,
}

/// One file of the sealed file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Its path from the root of the file system.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
}

/// How the image is encrypted: one value, named so that a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher {
    /// AES-256-XTS, tweak `plain64`, 4096-byte sectors.
    #[serde(rename = "aes-xts-plain64")]
    AesXtsPlain64,
}

/// The hash of the dm-verity tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashAlgorithm {
    /// SHA-256 (FIPS 180-4).
    #[serde(rename = "sha256")]
    Sha256,
}

/// The dm-verity tree over the ciphertext: what the device mapper needs to open it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verity {
    /// The hash that stands for the whole image.
    pub root_hash: Digest,
    /// The salt before every hashed block.
    pub salt: Salt,
    /// Length of `data.img` in blocks.
    pub data_blocks: NonZeroU64,
    /// Length of a data block and of a tree block: 4096.
    pub block_size: BlockSize,
    /// The hash of the tree.
    pub hash_algorithm: HashAlgorithm,
}

/// The only block size: 4096 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct BlockSize;

impl BlockSize {
    /// The size in bytes.
    pub const BYTES: u32 = 4096;
}

impl TryFrom<u32> for BlockSize {
    type Error = PartError;

    fn try_from(bytes: u32) -> Result<Self, PartError> {
        if bytes == Self::BYTES { Ok(Self) } else { Err(PartError::BlockSize) }
    }
}

impl From<BlockSize> for u32 {
    fn from(_: BlockSize) -> Self {
        BlockSize::BYTES
    }
}

/// A 32-byte verity salt, written as 64 hexadecimal digits. It is public.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt made of 32 random bytes that the caller drew.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl TryFrom<String> for Salt {
    type Error = PartError;

    fn try_from(text: String) -> Result<Self, PartError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| PartError::Salt)?;
        Ok(Self(bytes))
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        hex::encode(salt.0)
    }
}

/// The people who decide on uses of the dataset: `threshold` of `keys` must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCustodians", into = "RawCustodians")]
pub struct Custodians {
    keys: BTreeSet<PublicKey>,
    threshold: u32,
}

impl Custodians {
    /// `threshold` of `keys`.
    ///
    /// # Errors
    /// [`PartError::Threshold`] unless 1 ≤ `threshold` ≤ the number of keys.
    pub fn new(keys: BTreeSet<PublicKey>, threshold: u32) -> Result<Self, PartError> {
        let count = u32::try_from(keys.len()).map_err(|_| PartError::Threshold)?;
        if (1..=count).contains(&threshold) {
            Ok(Self { keys, threshold })
        } else {
            Err(PartError::Threshold)
        }
    }

    /// Whose approvals count.
    #[must_use]
    pub const fn keys(&self) -> &BTreeSet<PublicKey> {
        &self.keys
    }

    /// How many different ones are needed.
    #[must_use]
    pub const fn threshold(&self) -> u32 {
        self.threshold
    }
}

/// [`Custodians`] before its invariant is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustodians {
    keys: BTreeSet<PublicKey>,
    threshold: u32,
}

impl TryFrom<RawCustodians> for Custodians {
    type Error = PartError;

    fn try_from(raw: RawCustodians) -> Result<Self, PartError> {
        Self::new(raw.keys, raw.threshold)
    }
}

impl From<Custodians> for RawCustodians {
    fn from(custodians: Custodians) -> Self {
        Self { keys: custodians.keys, threshold: custodians.threshold }
    }
}

/// Why a part of a dataset manifest is not well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Another block size than 4096.
    #[error("the block size is 4096")]
    BlockSize,
    /// Not 64 hexadecimal digits.
    #[error("a salt has 64 hexadecimal digits")]
    Salt,
    /// No custodian, or a threshold that is 0 or more than there are.
    #[error("the threshold of custodians is between 1 and their number")]
    Threshold,
}
