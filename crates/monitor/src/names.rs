//! What a monitor remembers of every entry: 24 bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use domain::ids::EntryId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first 128 bits of a SHA-256, which stand for what has that digest. Whoever writes the log could
/// find two names with one key in 2^64 steps, and would gain that the second one is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key([u8; 16]);

impl Key {
    pub(crate) fn of_entry(name: &EntryId) -> Self {
        Self::of(&Digest::of(name.as_str().as_bytes()))
    }

    pub(crate) fn of(digest: &Digest) -> Self {
        Self(first(digest))
    }
}

/// The names of all entries, and what stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(BTreeMap<Key, [u8; 8]>);

impl Names {
    /// Whether the name is new.
    pub(crate) fn add(&mut self, name: Key, leaf: &Digest) -> bool {
        let new = !self.knows(&name);
        // The first one keeps the name.
        self.0.entry(name).or_insert_with(|| first(leaf));
        new
    }

    pub(crate) fn knows(&self, name: &Key) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the entry of this name has the leaf with this digest.
    pub(crate) fn is(&self, name: &Key, leaf: &Digest) -> bool {
        self.0.get(name) == Some(&first(leaf))
    }
}

fn first<const N: usize>(digest: &Digest) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    bytes
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Key {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// As one base64 text: a million entries are 32 MB, and one value to parse.
impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.0.len().saturating_mul(RECORD));
        for (key, leaf) in &self.0 {
            bytes.extend_from_slice(&key.0);
            bytes.extend_from_slice(leaf);
        }
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("not the names of entries");
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(|_| wrong())?;
        let (records, rest) = bytes.as_chunks::<RECORD>();
        let names = records.iter().map(|record| {
            let (key, leaf) = record.split_first_chunk::<16>().ok_or_else(wrong)?;
            Ok((Key(*key), leaf.try_into().map_err(|_| wrong())?))
        });
        let names = Self(names.collect::<Result<_, D::Error>>()?);
        // In their order and without repetition: nothing was lost on the way into the map.
        if rest.is_empty() && names.0.len() == records.len() { Ok(names) } else { Err(wrong()) }
    }
}

const RECORD: usize = 24;
