//! Signed attributes (RFC 5652 §5.3), and the certificate that they bind (RFC 5035 §3, RFC 5816).

use x509_cert::der::asn1::{AnyRef, IntRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode as _, Error, Tag};
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::StampError;
use crate::certificate::Certificate;
use crate::digests::{Hash, sha1};
use crate::reading::{Reading, elements, optional, required, whole};

/// What the signer signed beside the time stamp.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    /// The DER that is signed: the attributes as SET OF (RFC 5652 §5.4).
    pub(crate) signed: Vec<u8>,
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) message_digest: Vec<u8>,
    /// By ESSCertID and by ESSCertIDv2; one at least.
    bound: Vec<Vec<BoundCertificate>>,
}

/// ESSCertID or ESSCertIDv2.
#[derive(Clone, Debug)]
struct BoundCertificate {
    /// `None`: SHA-1, which is all that ESSCertID has.
    hash: Option<Hash>,
    digest: Vec<u8>,
    issuer_serial: Option<(GeneralNames, Vec<u8>)>,
}

impl Attributes {
    /// From the whole element `[0] IMPLICIT SET OF Attribute`.
    pub(crate) fn from_element(element: &[u8]) -> Result<Self, StampError> {
        const MALFORMED: StampError = StampError::Malformed("signed attributes");
        let list = List::from_element(element).map_err(|_| MALFORMED)?;
        let content_type = list.one(CONTENT_TYPE, "content type")?;
        let message_digest = list.one(MESSAGE_DIGEST, "message digest")?;
        let content_type = content_type.decode_as().map_err(|_| MALFORMED)?;
        let message_digest =
            message_digest.decode_as::<&OctetStringRef>().map_err(|_| MALFORMED)?;
        let mut bound = Vec::new();
        for (kind, version) in [(SIGNING_CERTIFICATE, 1), (SIGNING_CERTIFICATE_V2, 2)] {
            if list.has(kind) {
                let value = list.one(kind, CERTIFICATE)?;
                let value = value.sequence(|reader| signing_certificate(reader, version));
                bound.push(value.map_err(|_| MALFORMED)?);
            }
        }
        if bound.is_empty() {
            return Err(StampError::SignedAttributes(CERTIFICATE));
        }
        let mut signed = element.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = SET;
        }
        let message_digest = message_digest.as_bytes().to_vec();
        Ok(Self { signed, content_type, message_digest, bound })
    }

    /// Whether the first certificate of each attribute is `certificate`: the signer's.
    pub(crate) fn bind(&self, certificate: &Certificate) -> bool {
        self.bound.iter().all(|list| list.first().is_some_and(|first| first.is(certificate)))
    }

    /// Whether `certificate` may stand between the signer's and a root: a list with more than one
    /// certificate names all that may be used (RFC 5035 §3).
    pub(crate) fn permit(&self, certificate: &Certificate) -> bool {
        self.bound.iter().all(|list| list.len() == 1 || list.iter().any(|one| one.is(certificate)))
    }
}

impl BoundCertificate {
    fn is(&self, certificate: &Certificate) -> bool {
        let der = certificate.as_der();
        let digest = self.hash.map_or_else(|| sha1(der), |hash| hash.of(der));
        let named = self.issuer_serial.as_ref().is_none_or(|(issuer, serial)| {
            let issuer_is = matches!(issuer.as_slice(), [GeneralName::DirectoryName(name)] if name == certificate.issuer());
            issuer_is && serial == certificate.serial()
        });
        digest.as_ref() == self.digest && named
    }
}

/// Attributes, each with the content of its set of values.
struct List<'a>(Vec<(ObjectIdentifier, &'a [u8])>);

impl<'a> List<'a> {
    fn from_element(element: &'a [u8]) -> Result<Self, Error> {
        let content = AnyRef::from_der(element)?.value();
        let raw = elements(content, MOST)?;
        // What is signed is DER, so what came must be: sorted, none twice (X.690 §11.6).
        if !raw.is_sorted_by(|one, next| one < next) {
            return Err(Tag::Set.non_canonical_error().into());
        }
        let attribute = |raw: &'a [u8]| {
            AnyRef::from_der(raw)?.sequence(|reader| {
                Ok((ObjectIdentifier::decode(reader)?, required(reader, Tag::Set)?.value()))
            })
        };
        raw.into_iter().map(attribute).collect::<Result<_, Error>>().map(Self)
    }

    fn has(&self, kind: ObjectIdentifier) -> bool {
        self.0.iter().any(|(found, _)| *found == kind)
    }

    /// The one value of the one attribute of this kind.
    fn one(&self, kind: ObjectIdentifier, name: &'static str) -> Result<AnyRef<'a>, StampError> {
        let mut found = self.0.iter().filter(|(found, _)| *found == kind);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => {
                AnyRef::from_der(value).map_err(|_| StampError::SignedAttributes(name))
            }
            _ => Err(StampError::SignedAttributes(name)),
        }
    }
}

/// SigningCertificate or SigningCertificateV2; their policies are not looked at.
fn signing_certificate(
    reader: &mut Reading<'_>,
    version: u8,
) -> Result<Vec<BoundCertificate>, Error> {
    let raw = elements(required(reader, Tag::Sequence)?.value(), MOST)?;
    optional(reader, Tag::Sequence)?;
    let one = |raw: &&[u8]| AnyRef::from_der(raw)?.sequence(|reader| bound(reader, version));
    raw.iter().map(one).collect()
}

fn bound(reader: &mut Reading<'_>, version: u8) -> Result<BoundCertificate, Error> {
    let hash = match version {
        1 => None,
        _ => match optional(reader, Tag::Sequence)? {
            None => Some(Hash::Sha256),
            Some(element) => {
                let identifier: AlgorithmIdentifierRef<'_> = element.decode_as()?;
                Some(Hash::from_identifier(&identifier).ok_or(Tag::Sequence.value_error())?)
            }
        },
    };
    let digest = <&OctetStringRef>::decode(reader)?.as_bytes().to_vec();
    let issuer_serial = match optional(reader, Tag::Sequence)? {
        None => None,
        Some(element) => Some(whole(element.value(), |reader| {
            let issuer = GeneralNames::decode(reader)?;
            Ok((issuer, IntRef::decode(reader)?.as_bytes().to_vec()))
        })?),
    };
    Ok(BoundCertificate { hash, digest, issuer_serial })
}

/// Of attributes, and of certificates that one binds.
const MOST: usize = 32;
const SET: u8 = 0x31;
const CERTIFICATE: &str = "signing certificate";
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
