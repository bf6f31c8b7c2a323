//! Just enough DER (X.690) to write certificates and revocation lists.

use domain::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    element(0x31, parts)
}

/// A constructed, context-specific element.
pub(crate) fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(0xa0 | number, parts)
}

/// A non-negative integer, big-endian.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    element(0x02, &[sign, bytes])
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    element(0x06, &[oid.as_bytes()])
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(0x04, &[bytes])
}

/// A bit string of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes])
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    element(0x0c, &[text.as_bytes()])
}

pub(crate) fn ia5(text: &str) -> Vec<u8> {
    element(0x16, &[text.as_bytes()])
}

pub(crate) fn yes() -> Vec<u8> {
    element(0x01, &[&[0xff]])
}

pub(crate) fn no() -> Vec<u8> {
    element(0x01, &[&[0]])
}

/// An enumerated value below 128.
pub(crate) fn enumerated(value: u8) -> Vec<u8> {
    element(0x0a, &[&[value]])
}

pub(crate) fn null() -> Vec<u8> {
    element(0x05, &[])
}

/// UTCTime before 2050, GeneralizedTime after (RFC 5280 §4.1.2.5).
pub(crate) fn time(time: Timestamp) -> Vec<u8> {
    let text = time.to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.split_at_checked(2) {
        Some(("19" | "20", short)) if digits.as_str() < "2050" => {
            element(0x17, &[short.as_bytes(), b"Z"])
        }
        _ => element(0x18, &[digits.as_bytes(), b"Z"]),
    }
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length: Vec<u8> = length.into_iter().skip(zeros).collect();
    let mut element = vec![tag];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([], _) => element.push(0),
        ([short], _) if *short < 0x80 => element.push(*short),
        (long, count) => {
            element.push(0x80 | count.unwrap_or(8));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(&content);
    element
}
