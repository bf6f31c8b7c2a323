//! PEM (RFC 7468): several blocks in one text.

use x509_cert::der::Document;

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
        let dashes = tail.find("-----").ok_or(MALFORMED)?;
        let (label, after) = tail.split_at_checked(dashes.saturating_add(5)).ok_or(MALFORMED)?;
        let block = format!("{content}{label}");
        let (label, der) = Document::from_pem(&block).map_err(|_| MALFORMED)?;
        blocks.push((label.to_owned(), der.as_bytes().to_vec()));
        rest = after.trim_start();
    }
    Ok(blocks)
}

pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
pub(crate) const REVOCATION_LIST: &str = "X509 CRL";
const END: &str = "-----END ";
const MALFORMED: EvidenceError = EvidenceError::Malformed("PEM");

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----";

    #[test]
    fn several_blocks_are_read() {
        let text = format!("\n{BLOCK}\r\n\n{BLOCK}{BLOCK}\n");
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
        ];
        for text in texts {
            assert_eq!(certificates(text.as_bytes()), Err(MALFORMED), "{text}");
        }
    }
}
