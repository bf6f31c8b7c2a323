//! Everything that can be wrong with a key, an image, a header or an envelope.

use domain::Reason;

/// Why something was refused. The `Luks…` variants are the header allow-list of `luks2`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data image is not a whole, positive number of blocks, or is not the promised length.
    #[error("the data are not the promised whole number of 4096-byte blocks")]
    DataLength,
    /// An envelope that was altered, cut, sealed to another key or for another purpose.
    #[error("the envelope does not open with this key, purpose and context")]
    EnvelopeAuthentication,
    /// Not an envelope, or one of another version.
    #[error("not an envelope of version 1")]
    EnvelopeFormat,
    /// The two halves of an XTS key are equal.
    #[error("the two halves of the volume key are equal")]
    EqualKeyHalves,
    /// The hash device does not have the length that belongs to the data.
    #[error("the hash device is not as long as the tree")]
    HashLength,
    /// Reading or writing failed.
    #[error("reading or writing an image failed")]
    Io(#[source] std::io::Error),
    /// Not a key in its text form.
    #[error("not a sealing key in its text form")]
    KeyFormat,
    /// The memory for deriving a key from the secret could not be had.
    #[error("argon2id could not run with the parameters of the key slot")]
    KeyDerivation,
    /// A checksum of the LUKS2 header is wrong.
    #[error("a checksum of the LUKS2 header is wrong")]
    LuksChecksum,
    /// Something is encrypted by another cipher than `aes-xts-plain64`.
    #[error("the LUKS2 header names another cipher than `aes-xts-plain64`")]
    LuksCipher,
    /// The configuration has flags, requirements, or other sizes.
    #[error("the LUKS2 header has another configuration than its two sizes")]
    LuksConfig,
    /// The two copies of the header differ.
    #[error("the two copies of the LUKS2 header differ")]
    LuksCopies,
    /// Not exactly one digest of the volume key that covers the one segment.
    #[error("the LUKS2 header does not have exactly one digest over its one segment")]
    LuksDigests,
    /// The work that a key slot asks for is beyond the bounds.
    #[error("the LUKS2 key slot asks for more work than is allowed")]
    LuksKeyslotCost,
    /// Not exactly one key slot of the one known kind.
    #[error("the LUKS2 header does not have exactly one plain key slot")]
    LuksKeyslots,
    /// Wrong length, unreadable, non-zero padding, or not in the one spelling.
    #[error("the LUKS2 header is malformed")]
    LuksMalformed,
    /// Not exactly one crypt segment over the whole device.
    #[error("the LUKS2 header does not have exactly one plain crypt segment")]
    LuksSegments,
    /// The header has a token.
    #[error("the LUKS2 header has tokens")]
    LuksTokens,
    /// Not LUKS, or another version than 2.
    #[error("not a LUKS2 header")]
    LuksVersion,
    /// The key slot is easier to guess than the floor allows.
    #[error("the LUKS2 key slot is weaker than the floor")]
    LuksWeakKeyslot,
    /// The secret does not open the header.
    #[error("the dataset secret does not open this header")]
    LuksWrongSecret,
    /// A dataset secret is 32 bytes.
    #[error("a dataset secret has exactly 32 bytes")]
    SecretLength,
    /// The data image does not have the promised root hash.
    #[error("the data image does not have the promised root hash")]
    VerityData,
    /// The data image is right, but its hash device is not.
    #[error("the hash device differs from the tree in the block at {offset}")]
    VerityTree {
        /// Where the first wrong block of the hash device is, in bytes.
        offset: u64,
    },
}

impl Reason for Error {
    fn reason(&self) -> &'static str {
        match self {
            Self::DataLength => "seal.data-length",
            Self::EnvelopeAuthentication => "seal.envelope-authentication",
            Self::EnvelopeFormat => "seal.envelope-format",
            Self::EqualKeyHalves => "seal.equal-key-halves",
            Self::HashLength => "seal.hash-length",
            Self::Io(_) => "seal.io",
            Self::KeyFormat => "seal.key-format",
            Self::KeyDerivation => "seal.key-derivation",
            Self::LuksChecksum => "seal.luks-checksum",
            Self::LuksCipher => "seal.luks-cipher",
            Self::LuksConfig => "seal.luks-config",
            Self::LuksCopies => "seal.luks-copies",
            Self::LuksDigests => "seal.luks-digests",
            Self::LuksKeyslotCost => "seal.luks-keyslot-cost",
            Self::LuksKeyslots => "seal.luks-keyslots",
            Self::LuksMalformed => "seal.luks-malformed",
            Self::LuksSegments => "seal.luks-segments",
            Self::LuksTokens => "seal.luks-tokens",
            Self::LuksVersion => "seal.luks-version",
            Self::LuksWeakKeyslot => "seal.luks-weak-keyslot",
            Self::LuksWrongSecret => "seal.luks-wrong-secret",
            Self::SecretLength => "seal.secret-length",
            Self::VerityData => "seal.verity-data",
            Self::VerityTree { .. } => "seal.verity-tree",
        }
    }
}
