//! The envelope of a time stamp (RFC 5652 §5, SignedData with one signer).

use x509_cert::der::asn1::{AnyRef, IntRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode as _, Error, Reader as _, Tag};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::StampError;
use crate::attributes::Attributes;
use crate::certificate::Certificate;
use crate::digests::Hash;
use crate::reading::{Reading, context, elements, optional, primitive, required, whole};

/// A parsed token, of which nothing was verified.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The DER of TSTInfo.
    pub(crate) content: Vec<u8>,
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) signer: Signer,
}

/// SignerInfo.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) id: SignerId,
    pub(crate) hash: Hash,
    pub(crate) attributes: Attributes,
    /// Content of the AlgorithmIdentifier.
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// Whose certificate it is.
#[derive(Clone, Debug)]
pub(crate) enum SignerId {
    IssuerSerial(Box<Name>, Vec<u8>),
    KeyIdentifier(Vec<u8>),
}

impl Signed {
    /// From the DER of a ContentInfo.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, StampError> {
        let raw = whole(der, |reader| reader.sequence(content_info));
        let (kind, content) = raw.map_err(|_| MALFORMED)?;
        if kind != ID_SIGNED_DATA {
            return Err(StampError::ContentType);
        }
        let raw = whole(content, |reader| reader.sequence(signed_data)).map_err(|_| MALFORMED)?;
        let certificates = elements(raw.certificates, MOST_CERTIFICATES).map_err(|_| MALFORMED)?;
        let certificates = certificates.into_iter().map(Certificate::from_der);
        let [signer] = elements(raw.signers, MOST_SIGNERS).map_err(|_| MALFORMED)?[..] else {
            return Err(StampError::Signers);
        };
        let signer = whole(signer, |reader| reader.sequence(signer_info)).map_err(|_| MALFORMED)?;
        let hash = Hash::from_identifier(&signer.digest).ok_or(StampError::Algorithm)?;
        // The signer's algorithm is among those announced (RFC 5652 §5.1).
        if !raw.digests.contains(&signer.digest) {
            return Err(MALFORMED);
        }
        Ok(Self {
            content: raw.content.to_vec(),
            content_type: raw.content_type,
            certificates: certificates.collect::<Result<_, _>>()?,
            signer: Signer {
                id: signer.id,
                hash,
                attributes: Attributes::from_element(signer.attributes)?,
                algorithm: signer.algorithm.to_vec(),
                signature: signer.signature.to_vec(),
            },
        })
    }
}

fn content_info<'a>(reader: &mut Reading<'a>) -> Result<(ObjectIdentifier, &'a [u8]), Error> {
    Ok((ObjectIdentifier::decode(reader)?, required(reader, context(0))?.value()))
}

struct RawSigned<'a> {
    digests: Vec<AlgorithmIdentifierRef<'a>>,
    content_type: ObjectIdentifier,
    content: &'a [u8],
    certificates: &'a [u8],
    signers: &'a [u8],
}

fn signed_data<'a>(reader: &mut Reading<'a>) -> Result<RawSigned<'a>, Error> {
    if !(3..=5).contains(&u8::decode(reader)?) {
        return Err(Tag::Integer.value_error().into());
    }
    let digests = elements(required(reader, Tag::Set)?.value(), MOST_SIGNERS)?;
    let digests = digests.into_iter().map(AlgorithmIdentifierRef::from_der);
    let digests = digests.collect::<Result<_, _>>()?;
    let (content_type, content) = reader.sequence(encapsulated)?;
    // Neither certificates nor revocation lists are signed, so their order in the set does not matter.
    let certificates = optional(reader, context(0))?.map_or(&[][..], AnyRef::value);
    optional(reader, context(1))?;
    let signers = required(reader, Tag::Set)?.value();
    Ok(RawSigned { digests, content_type, content, certificates, signers })
}

fn encapsulated<'a>(reader: &mut Reading<'a>) -> Result<(ObjectIdentifier, &'a [u8]), Error> {
    let kind = ObjectIdentifier::decode(reader)?;
    let content: &'a OctetStringRef =
        whole(required(reader, context(0))?.value(), |inner| inner.decode())?;
    Ok((kind, content.as_bytes()))
}

struct RawSigner<'a> {
    id: SignerId,
    digest: AlgorithmIdentifierRef<'a>,
    attributes: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

fn signer_info<'a>(reader: &mut Reading<'a>) -> Result<RawSigner<'a>, Error> {
    let version = u8::decode(reader)?;
    let id = match version {
        1 => reader.sequence(|id| {
            let issuer = Box::new(Name::decode(id)?);
            Ok::<_, Error>(SignerId::IssuerSerial(issuer, IntRef::decode(id)?.as_bytes().to_vec()))
        })?,
        3 => SignerId::KeyIdentifier(required(reader, primitive(0))?.value().to_vec()),
        _ => return Err(Tag::Integer.value_error().into()),
    };
    let digest = AlgorithmIdentifierRef::decode(reader)?;
    let attributes = reader.tlv_bytes()?;
    AnyRef::from_der(attributes)?.header().tag().assert_eq(context(0))?;
    let algorithm = required(reader, Tag::Sequence)?.value();
    let signature: &'a OctetStringRef = reader.decode()?;
    optional(reader, context(1))?; // unsigned attributes
    Ok(RawSigner { id, digest, attributes, algorithm, signature: signature.as_bytes() })
}

/// Authorities send three.
const MOST_CERTIFICATES: usize = 16;
/// One is allowed; more are counted, not read.
const MOST_SIGNERS: usize = 16;
const MALFORMED: StampError = StampError::Malformed("token");
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
