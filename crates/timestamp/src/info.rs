//! What an authority says (RFC 3161 §2.4.2, TSTInfo).

use std::time::Duration;

use domain::Timestamp;
use x509_cert::der::asn1::{IntRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode as _, Error, Reader as _, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::StampError;
use crate::digests::ID_SHA256;
use crate::reading::{Reading, context, optional, primitive, required, whole};

/// A parsed TSTInfo. It is the authority's word only once the token is verified.
#[derive(Clone, Debug)]
pub(crate) struct Info {
    version: u8,
    pub(crate) policy: ObjectIdentifier,
    imprint_is_sha256: bool,
    imprint: Vec<u8>,
    /// Content of an INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) time: Timestamp,
    pub(crate) accuracy: Option<Duration>,
    /// Content of an INTEGER.
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) authority: Option<GeneralName>,
    critical: bool,
}

impl Info {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, StampError> {
        whole(der, |reader| reader.sequence(info)).map_err(|_| StampError::Malformed("time stamp"))
    }

    /// Whether it is a time stamp of the bytes with this digest, and nothing in it is unknown.
    pub(crate) fn is_of(&self, digest: &domain::Digest) -> Result<(), StampError> {
        if self.version != 1 {
            return Err(StampError::Version);
        }
        if self.critical {
            return Err(StampError::CriticalExtension);
        }
        if !self.imprint_is_sha256 {
            return Err(StampError::ImprintAlgorithm);
        }
        if self.imprint != digest.as_bytes() {
            return Err(StampError::Imprint);
        }
        Ok(())
    }
}

fn info(reader: &mut Reading<'_>) -> Result<Info, Error> {
    let version = u8::decode(reader)?;
    let policy = ObjectIdentifier::decode(reader)?;
    let (imprint_is_sha256, imprint) = reader.sequence(imprint)?;
    let serial = IntRef::decode(reader)?.as_bytes().to_vec();
    let time = time(required(reader, Tag::GeneralizedTime)?.value())?;
    let accuracy = match optional(reader, Tag::Sequence)? {
        None => None,
        Some(content) => Some(whole(content.value(), accuracy)?),
    };
    if let Some(ordering) = optional(reader, Tag::Boolean)? {
        // DER leaves out FALSE, which is the default. Whether stamps are ordered is of no use here.
        required_is(ordering.value() == [0xff])?;
    }
    let nonce = match optional(reader, Tag::Integer)? {
        None => None,
        Some(nonce) => Some(nonce.decode_as::<IntRef<'_>>()?.as_bytes().to_vec()),
    };
    let authority = match optional(reader, context(0))? {
        None => None,
        Some(name) => Some(whole(name.value(), GeneralName::decode)?),
    };
    let critical = match optional(reader, context(1))? {
        None => false,
        Some(extensions) => whole(extensions.value(), any_critical)?,
    };
    let imprint = imprint.to_vec();
    Ok(Info {
        version,
        policy,
        imprint_is_sha256,
        imprint,
        serial,
        time,
        accuracy,
        nonce,
        authority,
        critical,
    })
}

fn imprint<'a>(reader: &mut Reading<'a>) -> Result<(bool, &'a [u8]), Error> {
    let algorithm = AlgorithmIdentifierRef::decode(reader)?;
    let plain = algorithm.parameters.is_none_or(|parameters| parameters.is_null());
    let hashed: &'a OctetStringRef = reader.decode()?;
    Ok((algorithm.oid == ID_SHA256 && plain, hashed.as_bytes()))
}

/// Accuracy: `seconds`, `millis` and `micros`, the latter two from 1 to 999.
fn accuracy(reader: &mut Reading<'_>) -> Result<Duration, Error> {
    let seconds = match optional(reader, Tag::Integer)? {
        None => 0,
        Some(seconds) => seconds.decode_as::<u32>()?,
    };
    let millis = thousandths(reader, 0)?;
    let micros = thousandths(reader, 1)?;
    let micros = Duration::from_micros(micros).saturating_add(Duration::from_millis(millis));
    Ok(Duration::from_secs(seconds.into()).saturating_add(micros))
}

fn thousandths(reader: &mut Reading<'_>, number: u32) -> Result<u64, Error> {
    let Some(element) = optional(reader, primitive(number))? else { return Ok(0) };
    let value: u16 =
        x509_cert::der::asn1::AnyRef::new(Tag::Integer, element.value())?.decode_as()?;
    required_is((1..=999).contains(&value))?;
    Ok(value.into())
}

/// `YYYYMMDDhhmmss[.f…]Z`, in UTC, without zeros at the fraction's end (RFC 3161 §2.4.2). The fraction
/// is dropped.
fn time(text: &[u8]) -> Result<Timestamp, Error> {
    let (digits, rest) = text.split_at_checked(14).ok_or(Tag::GeneralizedTime.value_error())?;
    let fraction = match rest {
        b"Z" => true,
        [b'.', digits @ .., last, b'Z'] => {
            digits.iter().all(u8::is_ascii_digit) && (b'1'..=b'9').contains(last)
        }
        _ => false,
    };
    required_is(fraction && digits.iter().all(u8::is_ascii_digit))?;
    let mut written = String::new();
    for (at, digit) in digits.iter().enumerate() {
        match at {
            4 | 6 => written.push('-'),
            8 => written.push('T'),
            10 | 12 => written.push(':'),
            _ => {}
        }
        written.push(char::from(*digit));
    }
    required_is(!written.ends_with("60"))?; // jiff takes a leap second for the one before
    written.push('Z');
    let time: Timestamp = written.parse().map_err(|_| Tag::GeneralizedTime.value_error())?;
    required_is(time >= Timestamp::EPOCH)?;
    Ok(time)
}

fn any_critical(reader: &mut Reading<'_>) -> Result<bool, Error> {
    let mut critical = false;
    required_is(!reader.is_finished())?;
    while !reader.is_finished() {
        critical |= Extension::decode(reader)?.critical;
    }
    Ok(critical)
}

fn required_is(holds: bool) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(x509_cert::der::ErrorKind::Failed.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_or_without_a_fraction() {
        let at = |text: &str| time(text.as_bytes()).map(|time| time.to_string()).ok();
        for text in ["20261120190540Z", "20261120190540.5Z", "20261120190540.000001Z"] {
            assert_eq!(at(text).as_deref(), Some("2026-11-20T19:05:40Z"), "{text}");
        }
        for text in [
            "20261120190540",
            "20261120190540.Z",
            "20261120190540.0Z",
            "20261120190540.50Z",
            "20261120190540,5Z",
            "20261120190540+0100",
            "202611201905Z",
            "20261320190540Z",
            "20260230190540Z",
            "20261120240000Z",
            "20261120190560Z",
            "2026112019054aZ",
            "19691231235959Z",
            "",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn accuracies_have_one_spelling() {
        let of = |der: &[u8]| whole(der, accuracy).ok();
        assert_eq!(of(&[]), Some(Duration::ZERO));
        assert_eq!(
            of(&[2, 1, 1, 0x80, 2, 1, 0xf4, 0x81, 1, 100]),
            Some(Duration::from_micros(1_500_100))
        );
        for bad in [
            &[0x80, 1, 0][..],
            &[0x80, 2, 3, 0xe8],
            &[0x80, 2, 0, 1],
            &[0x81, 1, 1, 0x80, 1, 1],
            &[2, 1, 0xff],
            &[5, 0],
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
