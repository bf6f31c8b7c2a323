//! Signed notes (C2SP signed-note) with Ed25519 keys.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use domain::keys::{PublicKey, SecretKey};

use crate::error::LogError;

/// Whom a verifier believes: the name of a log, which is also its origin, and its key.
///
/// The text form is C2SP's `name+key id in 8 hexadecimal digits+base64 of 0x01 and the key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    named: NamedKey,
    key: PublicKey,
}

impl VerifierKey {
    /// The key `key` of the log that calls itself `origin`.
    ///
    /// # Errors
    /// `log.malformed` if the origin cannot be a key name: it is empty, or has white space,
    /// control characters or a `+`.
    pub fn new(origin: &str, key: PublicKey) -> Result<Self, LogError> {
        Ok(Self { named: NamedKey::new(origin, ED25519, key.as_bytes())?, key })
    }

    /// The origin of the log, which is the name of its key.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.named.name
    }

    /// The key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.key
    }

    /// Signs `text`, which ends in a newline and has no control character besides, as this name.
    pub(crate) fn sign(&self, text: &str, key: &SecretKey) -> String {
        format!("{text}\n{}", self.named.line(&key.sign(text.as_bytes())))
    }

    /// The text of `note`, if this key signed it. Signatures of other keys are ignored.
    ///
    /// # Errors
    /// `log.malformed` if it is no signed note, `log.signature` if this key did not sign it or one
    /// of its signatures is wrong.
    pub fn open<'note>(&self, note: &'note str) -> Result<&'note str, LogError> {
        let note = Note::parse(note)?;
        let refused = || LogError::Signature { key: self.to_string() };
        let mut signed = false;
        for signature in note.signatures_of(&self.named) {
            let signature = signature.try_into().map_err(|_| refused())?;
            self.public().verify(note.text.as_bytes(), signature).map_err(|_| refused())?;
            signed = true;
        }
        if signed { Ok(note.text) } else { Err(refused()) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named.fmt(f)
    }
}

impl FromStr for VerifierKey {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let named = NamedKey::parse(text)?;
        match named.kind {
            ED25519 => Ok(Self { key: named.ed25519()?, named }),
            _ => Err(LogError::malformed("verifier key")),
        }
    }
}

/// A name, a key, and the type of the signatures that it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedKey {
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) key: Vec<u8>,
}

impl NamedKey {
    pub(crate) fn new(name: &str, kind: u8, key: &[u8]) -> Result<Self, LogError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind, key: key.to_vec() })
    }

    /// The only spelling of a key. Whether there can be such a key is not looked at.
    pub(crate) fn parse(text: &str) -> Result<Self, LogError> {
        let malformed = || LogError::malformed("verifier key");
        // The base64 may contain `+`, name and key id cannot.
        let (name, rest) = text.split_once('+').ok_or_else(malformed)?;
        let (_, encoded) = rest.split_once('+').ok_or_else(malformed)?;
        let typed = STANDARD.decode(encoded).map_err(|_| malformed())?;
        let (&kind, key) = typed.split_first().ok_or_else(malformed)?;
        let key = Self::new(name, kind, key)?;
        // This also compares the key id.
        if key.to_string() == text { Ok(key) } else { Err(malformed()) }
    }

    /// The key as a point of that curve.
    pub(crate) fn ed25519(&self) -> Result<PublicKey, LogError> {
        let bytes = self.key.as_slice().try_into().ok();
        bytes
            .and_then(|bytes| PublicKey::from_bytes(bytes).ok())
            .ok_or_else(|| LogError::malformed("verifier key"))
    }

    /// `SHA-256(name || 0x0A || type || key)[:4]` (C2SP signed-note, tlog-cosignature).
    fn id(&self) -> [u8; 4] {
        let typed = [self.name.as_bytes(), b"\n", &[self.kind], &self.key].concat();
        let [a, b, c, d, ..] = *Digest::of(&typed).as_bytes();
        [a, b, c, d]
    }

    /// The line of a signature, with its newline.
    pub(crate) fn line(&self, signature: &[u8]) -> String {
        let signature = [self.id().as_slice(), signature].concat();
        format!("— {} {}\n", self.name, STANDARD.encode(signature))
    }
}

impl fmt::Display for NamedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [[self.kind].as_slice(), &self.key].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(typed))
    }
}

/// A signed note, of which nothing was verified.
pub(crate) struct Note<'note> {
    /// With its final newline.
    pub(crate) text: &'note str,
    signatures: Vec<SignatureLine<'note>>,
}

impl<'note> Note<'note> {
    pub(crate) fn parse(note: &'note str) -> Result<Self, LogError> {
        let (text, lines) = split(note)?;
        let signatures = lines.into_iter().map(SignatureLine::parse);
        Ok(Self { text, signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The signatures that claim to be of `key`.
    pub(crate) fn signatures_of(&self, key: &NamedKey) -> impl Iterator<Item = &[u8]> {
        let (name, id) = (key.name.as_str(), key.id());
        let ours = move |line: &&SignatureLine<'_>| line.name == name && line.key_id == id;
        self.signatures.iter().filter(ours).map(|line| line.signature.as_slice())
    }
}

struct SignatureLine<'note> {
    name: &'note str,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl<'note> SignatureLine<'note> {
    fn parse(line: &'note str) -> Result<Self, LogError> {
        let malformed = || LogError::malformed("signature line of the note");
        let line = line.strip_prefix("— ").ok_or_else(malformed)?;
        let (name, encoded) = line.split_once(' ').ok_or_else(malformed)?;
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
        let (key_id, signature) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
        if signature.is_empty() {
            return Err(malformed());
        }
        Ok(Self { name, key_id: *key_id, signature: signature.to_vec() })
    }
}

/// The text with its final newline, and the signature lines, of which there is at least one.
fn split(note: &str) -> Result<(&str, Vec<&str>), LogError> {
    let malformed = || LogError::malformed("note");
    let control = |c: char| c < ' ' && c != '\n';
    if note.len() > MAX_NOTE_LEN || note.contains(control) {
        return Err(malformed());
    }
    // The last empty line separates text and signatures; the text keeps its newline.
    let text_len = note.rfind("\n\n").ok_or_else(malformed)? + 1;
    let (text, rest) = note.split_at_checked(text_len).ok_or_else(malformed)?;
    let signatures = rest.strip_prefix('\n').and_then(|s| s.strip_suffix('\n'));
    let lines: Vec<_> = signatures.ok_or_else(malformed)?.split('\n').collect();
    if lines.len() > MAX_SIGNATURES { Err(malformed()) } else { Ok((text, lines)) }
}

fn check_name(name: &str) -> Result<(), LogError> {
    let foreign = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(foreign) {
        return Err(LogError::malformed("key name"));
    }
    Ok(())
}

/// The signature type of plain Ed25519 over the note's text.
const ED25519: u8 = 1;
/// That of a cosignature with a time, by Ed25519 (C2SP tlog-cosignature).
pub(crate) const COSIGNATURE_V1: u8 = 4;
/// That of one by ML-DSA-44 (the same).
pub(crate) const ML_DSA_44: u8 = 6;
/// The limits that Go's `x/mod/sumdb/note` sets; C2SP asks for room for 16 signatures at least.
const MAX_NOTE_LEN: usize = 1_000_000;
const MAX_SIGNATURES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use zeroize::Zeroizing;

    /// The example of C2SP signed-note and Go's `x/mod/sumdb/note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn note() -> String {
        format!("{TEXT}\n{LINE}")
    }

    fn reason(note: &str) -> &'static str {
        PETER.parse::<VerifierKey>().unwrap().open(note).unwrap_err().reason()
    }

    #[test]
    fn opens_the_published_example() {
        let key: VerifierKey = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        assert_eq!(key.open(&note()).unwrap(), TEXT);
    }

    #[test]
    fn keys_have_one_spelling() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            &PETER.replace("c74f20a3", "c74f20a4"),
            &PETER.replace("c74f20a3", "C74F20A3"),
            &PETER.replace("Peter", "peter"),
            &PETER.replace("Peter", "Peter "),
            &PETER.replace("ARpc", "AhpC"),
            &format!("{PETER}="),
            &PETER.replace("+c74f20a3+ARpc", "+c74f20a3+ARpcAA"),
        ] {
            let error = text.parse::<VerifierKey>().unwrap_err();
            assert_eq!(error.reason(), "log.malformed", "{text}");
        }
    }

    #[test]
    fn refuses_each_alteration_by_name() {
        let note = note();
        for (bad, expected) in [
            (note.replace("If", "if"), "log.signature"),
            (note.replace("x08go/ZJ", "x08go/ZK"), "log.signature"),
            // Another key id, another name: signed by strangers alone.
            (note.replace("x08go/ZJ", "x18go/ZJ"), "log.signature"),
            (note.replace("— Peter", "— Pieter"), "log.signature"),
            // A signature of this key that is too short or too long.
            (note.replace("JnAM=", "JnA="), "log.malformed"),
            (note.replace("yBwJnAM=", "yBwJ"), "log.signature"),
            (note.replace("JnAM=", "JnAMA"), "log.signature"),
            (format!("{note}{}", LINE.replace("x08go/ZJ", "x08go/ZK")), "log.signature"),
            (note.replace("— ", "- "), "log.malformed"),
            (note.replace("Neumann x", "Neumann  x"), "log.malformed"),
            (note.replace("JnAM=", "JnAN="), "log.malformed"),
            (note.replace("If", "I\tf"), "log.malformed"),
            (note.replace('\n', "\r\n"), "log.malformed"),
            (note.trim_end().to_owned(), "log.malformed"),
            (format!("{note}\n"), "log.malformed"),
            (TEXT.to_owned(), "log.malformed"),
            (format!("{TEXT}\n"), "log.malformed"),
            (String::new(), "log.malformed"),
            ("\n\n".to_owned(), "log.malformed"),
            (format!("{note}{}", LINE.repeat(100)), "log.malformed"),
            (format!("{}{note}", "x".repeat(MAX_NOTE_LEN)), "log.malformed"),
        ] {
            assert_eq!(reason(&bad), expected, "{bad}");
        }
    }

    #[test]
    fn other_signatures_do_not_matter() {
        let secret = SecretKey::from_seed(&Zeroizing::new([1; 32]));
        let key = VerifierKey::new("example.org/x", secret.public()).unwrap();
        let ours = key.sign(TEXT, &secret);
        let both = format!("{ours}{LINE}");
        assert_eq!(key.open(&ours).unwrap(), TEXT);
        assert_eq!(key.open(&both).unwrap(), TEXT);
        assert_eq!(PETER.parse::<VerifierKey>().unwrap().open(&both).unwrap(), TEXT);
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
            assert_eq!(
                VerifierKey::new(name, secret.public()).unwrap_err().reason(),
                "log.malformed"
            );
        }
    }
}
