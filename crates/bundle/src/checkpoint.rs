//! The checkpoint of any log (C2SP signed-note and tlog-checkpoint): Rekor's as well as ours, so
//! with lines behind the root, which ours does not have, and with any kind of signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;

/// A checkpoint whose parts were read; who signed it is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    note: String,
    /// How many bytes of `note` are signed.
    signed: usize,
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    /// The first bytes of the key's identifier.
    pub(crate) hint: [u8; 4],
    pub(crate) bytes: Vec<u8>,
}

/// How many signature lines are looked at (C2SP signed-note: at least 16).
const MOST_SIGNATURES: usize = 100;

impl Checkpoint {
    /// Reads a signed note with a checkpoint in it.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub(crate) fn parse(note: String) -> Result<Self, &'static str> {
        let (body, lines) = note.split_once("\n\n").ok_or("no blank line before the signatures")?;
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err("a control character");
        }
        let mut text = body.split('\n');
        let origin = text.next().filter(|line| !line.is_empty()).ok_or("no origin")?.to_owned();
        let size = text.next().and_then(decimal).ok_or("no tree size")?;
        let root = text.next().and_then(digest).ok_or("no root hash")?;
        if text.any(str::is_empty) {
            return Err("an empty line in its text");
        }
        let lines = lines.strip_suffix('\n').ok_or("no newline at its end")?;
        let signatures = lines
            .split('\n')
            .map(|line| signature(line).ok_or("a signature line that is none"))
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err("too many signatures");
        }
        let signed = body.len() + 1;
        Ok(Self { signed, origin, size, root, signatures, note })
    }

    /// The whole text.
    pub(crate) fn note(&self) -> &str {
        &self.note
    }

    /// What the signatures are over.
    pub(crate) fn signed(&self) -> &[u8] {
        self.note.as_bytes().get(..self.signed).unwrap_or_default()
    }
}

fn decimal(line: &str) -> Option<u64> {
    line.parse::<u64>().ok().filter(|size| size.to_string() == line)
}

fn digest(line: &str) -> Option<Digest> {
    let bytes: [u8; 32] = STANDARD.decode(line).ok()?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}

fn signature(line: &str) -> Option<Signature> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    if name.is_empty() || name.contains('+') {
        return None;
    }
    let signature = STANDARD.decode(signature).ok()?;
    let (hint, bytes) = signature.split_first_chunk::<4>()?;
    let filled = !bytes.is_empty();
    filled.then(|| Signature { name: name.to_owned(), hint: *hint, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "log.example - 7\n12\nIL195Y7hH/58W3HcMyx1WJ9QCw9E/GeKMLCp8tgosF4=\nTimestamp: 1\n\n\u{2014} log.example wNI9ajBG\n\u{2014} witness.example AAECAwQF\n";

    #[test]
    fn a_checkpoint_is_read_with_extension_lines_and_several_signatures() {
        let checkpoint = Checkpoint::parse(NOTE.to_owned()).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("log.example - 7", 12));
        assert_eq!(checkpoint.signatures.len(), 2);
        assert_eq!(checkpoint.signatures[1].hint, [0, 1, 2, 3]);
        assert!(checkpoint.signed().ends_with(b"Timestamp: 1\n"));
    }

    #[test]
    fn each_missing_or_doubtful_part_is_named() {
        let without = |from: &str, to: &str| Checkpoint::parse(NOTE.replacen(from, to, 1));
        assert_eq!(without("log.example - 7\n", ""), Err("no tree size"));
        assert_eq!(without("log.example - 7", ""), Err("no origin"));
        assert_eq!(without("12\n", ""), Err("no tree size"));
        assert_eq!(without("12\n", "012\n"), Err("no tree size"));
        assert_eq!(without("12\n", " 12\n"), Err("no tree size"));
        assert_eq!(without("IL19", "IL1"), Err("no root hash"));
        assert_eq!(without("\n\n", "\n"), Err("no blank line before the signatures"));
        assert_eq!(without("\nTime", "\r\nTime"), Err("a control character"));
        assert_eq!(without("\u{2014}", "-"), Err("a signature line that is none"));
        assert_eq!(without("wNI9ajBG", "wNI9ag=="), Err("a signature line that is none"));
        assert_eq!(without("\n\u{2014} w", "\n\n\u{2014} w"), Err("a signature line that is none"));
        assert_eq!(Checkpoint::parse(NOTE.trim_end().to_owned()), Err("no newline at its end"));
        assert_eq!(
            Checkpoint::parse(format!("{NOTE}{NOTE}")),
            Err("a signature line that is none")
        );
    }
}
