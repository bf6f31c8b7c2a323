//! Just enough DER (X.690) to write certificates, revocation lists and time stamps.

use domain::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;

/// SEQUENCE of these elements.
#[must_use]
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

/// SET of these elements, in this order.
#[must_use]
pub fn set(parts: &[&[u8]]) -> Vec<u8> {
    element(0x31, parts)
}

/// A constructed, context-specific element.
#[must_use]
pub fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(0xa0 | number, parts)
}

/// A non-negative integer, big-endian.
#[must_use]
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    element(0x02, &[sign, bytes])
}

/// An object identifier.
#[must_use]
pub fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    element(0x06, &[oid.as_bytes()])
}

/// An octet string.
#[must_use]
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    element(0x04, &[bytes])
}

/// A bit string of whole bytes.
#[must_use]
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes])
}

/// A UTF8String.
#[must_use]
pub fn utf8(text: &str) -> Vec<u8> {
    element(0x0c, &[text.as_bytes()])
}

/// An IA5String.
#[must_use]
pub fn ia5(text: &str) -> Vec<u8> {
    element(0x16, &[text.as_bytes()])
}

/// TRUE.
#[must_use]
pub fn yes() -> Vec<u8> {
    element(0x01, &[&[0xff]])
}

/// FALSE.
#[must_use]
pub fn no() -> Vec<u8> {
    element(0x01, &[&[0]])
}

/// An enumerated value below 128.
#[must_use]
pub fn enumerated(value: u8) -> Vec<u8> {
    element(0x0a, &[&[value]])
}

/// NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    element(0x05, &[])
}

/// UTCTime before 2050, GeneralizedTime after (RFC 5280 §4.1.2.5).
#[must_use]
pub fn time(time: Timestamp) -> Vec<u8> {
    let text = time.to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.split_at_checked(2) {
        Some(("19" | "20", short)) if digits.as_str() < "2050" => {
            element(0x17, &[short.as_bytes(), b"Z"])
        }
        _ => element(0x18, &[digits.as_bytes(), b"Z"]),
    }
}

/// Any element: tag, length, and the content in parts.
#[must_use]
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
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
