//! PEM (RFC 7468): several blocks in one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::AnyRef;

use crate::EvidenceError;

/// The certificates of a text that holds nothing else, as DER.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, EvidenceError> {
    let blocks = blocks(text)?;
    if blocks.is_empty() || blocks.iter().any(|(label, _)| label != CERTIFICATE) {
        return Err(MALFORMED);
    }
    Ok(blocks.into_iter().map(|(_, der)| der).collect())
}

/// Label and content of every block; anything between blocks but white space is an error.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, EvidenceError> {
    let mut rest = std::str::from_utf8(text).map_err(|_| MALFORMED)?.trim();
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(END).ok_or(MALFORMED)?;
        let (content, tail) =
            rest.split_at_checked(end.saturating_add(END.len())).ok_or(MALFORMED)?;
        let dashes = tail.find(DASHES).ok_or(MALFORMED)?;
        let (label, after) =
            tail.split_at_checked(dashes.saturating_add(DASHES.len())).ok_or(MALFORMED)?;
        blocks.push(block(content, label).ok_or(MALFORMED)?);
        rest = after.trim_start();
    }
    Ok(blocks)
}

/// Label and content of the block that ends in `-----END `, then `end`.
///
/// Not `Document::from_pem`: that takes constant time for secret keys' sake, four times as long.
fn block(content: &str, end: &str) -> Option<(String, Vec<u8>)> {
    let (label, body) = content.strip_prefix(BEGIN)?.split_once(DASHES)?;
    let body = body.strip_suffix(END)?;
    if end.strip_suffix(DASHES) != Some(label) {
        return None;
    }
    let mut text = String::with_capacity(body.len());
    let mut short = false;
    let body = body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n'))?;
    if !body.ends_with('\n') {
        return None;
    }
    for line in body.lines() {
        if short || line.is_empty() || line.len() > LINE {
            return None;
        }
        short = line.len() < LINE;
        text.push_str(line);
    }
    let der = STANDARD.decode(text).ok()?;
    AnyRef::from_der(&der).ok()?;
    Some((label.to_owned(), der))
}

pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
pub(crate) const REVOCATION_LIST: &str = "X509 CRL";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Characters in every line but the last.
const LINE: usize = 64;
const MALFORMED: EvidenceError = EvidenceError::Malformed("PEM");

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----";

    #[test]
    fn several_blocks_are_read() {
        let windows = BLOCK.replace('\n', "\r\n");
        let text = format!("\n{BLOCK}\r\n\n{windows}{BLOCK}\n");
        assert_eq!(certificates(text.as_bytes()).unwrap(), vec![vec![0x30, 0]; 3]);
    }

    #[test]
    fn anything_else_is_an_error() {
        let texts = [
            String::new(),
            format!("x{BLOCK}"),
            format!("{BLOCK} x"),
            format!("{BLOCK}\n-----BEGIN CERTIFICATE-----"),
            BLOCK.replace("END CERTIFICATE", "END X509 CRL"),
            BLOCK.replace("CERTIFICATE", "X509 CRL"),
            BLOCK.replace("MAA=", "MA*="),
            BLOCK.replace("MAA=", "MAA"),
            BLOCK.replace("MAA=", "MAB="),
            BLOCK.replace("MAA=", "MA\nA="),
            BLOCK.replace("MAA=", "MAA=\n"),
            BLOCK.replace("MAA=", " MAA="),
            BLOCK.replace("MAA=", "MAAA"),
            BLOCK.replace("\nMAA=\n", "MAA="),
            BLOCK.replace("MAA=", &"A".repeat(68)),
        ];
        for text in texts {
            assert_eq!(certificates(text.as_bytes()), Err(MALFORMED), "{text}");
        }
    }
}
