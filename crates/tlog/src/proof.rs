//! A leaf's proof in text form (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use domain::Digest;

use crate::checkpoint::{encode_hash, parse_decimal, parse_hash};
use crate::error::LogError;

/// A proof that an entry is in a log: all that is needed besides the entry and the log's key.
///
/// The `extra` line of C2SP tlog-proof is refused: nobody signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The entry's index, from zero.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root (RFC 9162 §2.1.3), at most 64.
    pub hashes: Vec<Digest>,
    /// The log's signed checkpoint, not verified yet.
    pub checkpoint: String,
}

impl fmt::Display for LeafProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", encode_hash(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for LeafProof {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let malformed = || LogError::malformed("log proof");
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(malformed)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed());
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(parse_decimal).ok_or_else(malformed)?;
        let hashes: Option<Vec<_>> = lines.map(parse_hash).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= MAX_HASHES).ok_or_else(malformed)?;
        Ok(Self { index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 entries has no longer path.
const MAX_HASHES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryStore, key};
    use crate::verify::verify_inclusion;
    use domain::Reason as _;

    /// The text of the proof of entry 2 of 5.
    fn text() -> String {
        let mut log = MemoryStore::default().open().unwrap();
        log.append(&(0..5).map(|n| vec![n]).collect::<Vec<_>>()).unwrap();
        log.prove(2).unwrap().to_string()
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let text = text();
        assert_eq!(text.parse::<LeafProof>().unwrap().to_string(), text);
        let check = |entry: &[u8], text: &str| verify_inclusion(entry, &text.parse()?, &key());
        assert_eq!(check(&[2], &text).unwrap().index(), 2);
        assert_eq!(check(&[3], &text).unwrap_err().reason(), "log.inclusion");
        let expected = ["log.malformed", "log.inclusion", "log.signature", "log.origin"];
        let mut seen = std::collections::BTreeMap::new();
        for (at, bit) in (0..text.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else {
                continue;
            };
            let reason = check(&[2], &altered).unwrap_err().reason();
            assert!(expected.contains(&reason), "{reason}: {altered}");
            *seen.entry(reason).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), expected.len(), "{seen:?}");
    }

    #[test]
    fn has_one_spelling() {
        let text = text();
        let (head, checkpoint) = text.split_once("\n\n").unwrap();
        let hash = head.lines().last().unwrap();
        for bad in [
            text.replace("@v1", "@v2"),
            text.replace("\nindex 2", ""),
            text.replace("index 2", "index 02"),
            text.replace("index 2", "index +2"),
            text.replace("index 2", "Index 2"),
            text.replace("index 2", "extra YWdl\nindex 2"),
            head.to_owned(),
            format!("{head}\n{}\n\n{checkpoint}", [hash; 65].join("\n")),
        ] {
            assert_eq!(bad.parse::<LeafProof>().unwrap_err().reason(), "log.malformed", "{bad}");
        }
        // Well-formed, with a hash too few or too many.
        for bad in [
            text.replacen(&format!("\n{hash}"), "", 1),
            text.replacen(hash, &format!("{hash}\n{hash}"), 1),
        ] {
            let proof = bad.parse().unwrap();
            assert_eq!(
                verify_inclusion(&[2], &proof, &key()).unwrap_err().reason(),
                "log.inclusion"
            );
        }
    }
}
