//! What an authority answers (RFC 3161 §2.4.2, TimeStampResp).

use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{Decode as _, Error, Reader as _, Tag};

use crate::reading::{Reading, optional, whole};
use crate::{Rejection, StampError};

/// The most bytes of a response: many times what authorities send, chain included.
pub const MAX_RESPONSE: usize = 64 << 10;

/// The token of a response, as DER.
pub(crate) fn token_of(response: &[u8]) -> Result<Vec<u8>, StampError> {
    const MALFORMED: StampError = StampError::Malformed("response");
    if response.len() > MAX_RESPONSE {
        return Err(MALFORMED);
    }
    let (status, token) =
        whole(response, |reader| reader.sequence(parts)).map_err(|_| MALFORMED)?;
    match (status.value, token) {
        // Granted, or granted with modifications: what these are shows in the token.
        (0 | 1, Some(token)) if status.failure.is_none() => Ok(token.to_vec()),
        (2..=5, None) => Err(StampError::Rejected(status.rejection())),
        _ => Err(MALFORMED),
    }
}

/// PKIStatusInfo; what the authority says in words is left out.
struct Status {
    value: u8,
    /// The set bits of failInfo.
    failure: Option<Vec<usize>>,
}

impl Status {
    fn rejection(&self) -> Rejection {
        match self.value {
            3 => Rejection::Waiting,
            4 => Rejection::RevocationWarning,
            5 => Rejection::RevocationNotification,
            _ => self
                .failure
                .iter()
                .flatten()
                .find_map(|bit| failure(*bit))
                .unwrap_or(Rejection::Unspecified),
        }
    }
}

type Parts<'a> = (Status, Option<&'a [u8]>);

fn parts<'a>(reader: &mut Reading<'a>) -> Result<Parts<'a>, Error> {
    let status = reader.sequence(status)?;
    let token = if reader.is_finished() { None } else { Some(reader.tlv_bytes()?) };
    Ok((status, token))
}

fn status(reader: &mut Reading<'_>) -> Result<Status, Error> {
    let value = u8::decode(reader)?;
    if let Some(text) = optional(reader, Tag::Sequence)? {
        whole(text.value(), |texts| {
            while !texts.is_finished() {
                AnyRef::decode(texts)?.header().tag().assert_eq(Tag::Utf8String)?;
            }
            Ok(())
        })?;
    }
    let failure = match optional(reader, Tag::BitString)? {
        None => None,
        Some(bits) => {
            let bits = bits.decode_as::<BitStringRef<'_>>()?.bits().enumerate();
            Some(bits.filter_map(|(at, set)| set.then_some(at)).collect())
        }
    };
    Ok(Status { value, failure })
}

/// PKIFailureInfo.
const fn failure(bit: usize) -> Option<Rejection> {
    Some(match bit {
        0 => Rejection::BadAlgorithm,
        2 => Rejection::BadRequest,
        5 => Rejection::BadDataFormat,
        14 => Rejection::TimeNotAvailable,
        15 => Rejection::UnacceptedPolicy,
        16 => Rejection::UnacceptedExtension,
        17 => Rejection::NoAdditionalInformation,
        25 => Rejection::SystemFailure,
        _ => return None,
    })
}
