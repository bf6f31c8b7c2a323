//! Tokens that are right but for what a test alters, and signed as they then are.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::error::Unspecified;
use domain::{Digest, Timestamp};
use x509_cert::der::asn1::ObjectIdentifier;

use super::certificates::{CertificatePlan, name, pem};
use super::keys::{KeyKind, Keys, identifier};
use crate::der;

/// An authority with a root, an issuer below it and a signer below that.
pub struct Forge {
    root: Keys,
    middle: Keys,
    signer: Keys,
    /// When the certificates begin; tokens are of an hour later.
    from: Timestamp,
}

/// What a response says, each part as DER where nothing else is said.
#[derive(Clone, Debug)]
pub struct Plan {
    /// PKIStatusInfo.
    pub status: Vec<u8>,
    /// Whether the response has a token.
    pub granted: bool,
    /// Content type of the token.
    pub token_type: ObjectIdentifier,
    /// SignedData's version.
    pub version: u8,
    /// The digest algorithms that SignedData announces.
    pub announced: Vec<u8>,
    /// Type of the signed content.
    pub content_type: ObjectIdentifier,
    /// The elements of TSTInfo, in order: version, policy, imprint, serial, time, the rest.
    pub info: [Vec<u8>; 6],
    /// Certificates in the token, by their place in [`Forged::certificates`].
    pub embedded: Vec<usize>,
    /// Whether these are brought into DER's order.
    pub sorted_certificates: bool,
    /// More elements in the token's set of certificates.
    pub more_certificates: Vec<u8>,
    /// How many copies of the signer there are.
    pub signers: usize,
    /// Version and identifier of the signer, without which it is named by issuer and serial number.
    pub signer: Option<(u8, Vec<u8>)>,
    /// The digest algorithm of the signer.
    pub digest: Vec<u8>,
    /// Signed attributes.
    pub attributes: Vec<Attribute>,
    /// Whether these are brought into DER's order.
    pub sorted: bool,
    /// AlgorithmIdentifier of the signature.
    pub algorithm: Vec<u8>,
    /// The signer's key.
    pub key: KeyKind,
    /// Whether a key of the same kind signs in its place.
    pub stranger: bool,
    /// Unsigned attributes, the whole element.
    pub unsigned: Vec<u8>,
    /// Certificate of the root.
    pub root: CertificatePlan,
    /// Certificate of the issuer.
    pub middle: CertificatePlan,
    /// Certificate of the signer.
    pub signer_certificate: CertificatePlan,
}

/// A signed attribute.
#[derive(Clone, Debug)]
pub enum Attribute {
    /// The content's type.
    ContentType,
    /// The content's digest.
    MessageDigest,
    /// ESSCertIDv2 of the signer's certificate, and more such elements.
    Bind(Vec<u8>),
    /// ESSCertIDv2 of signer and issuer.
    BindIssuer,
    /// ESSCertID, by SHA-1, of the signer's certificate.
    BindSha1,
    /// The whole attribute.
    Given(Vec<u8>),
}

/// A response and what it is verified with.
#[derive(Clone, Debug)]
pub struct Forged {
    /// TimeStampResp.
    pub response: Vec<u8>,
    /// Root, issuer and signer, DER.
    pub certificates: [Vec<u8>; 3],
}

impl Forged {
    /// The root as PEM.
    #[must_use]
    pub fn root(&self) -> String {
        pem(&[&self.certificates[0]])
    }

    /// The issuer and the signer as PEM.
    #[must_use]
    pub fn beside(&self) -> String {
        pem(&[&self.certificates[1], &self.certificates[2]])
    }
}

impl Forge {
    /// New keys; certificates are valid for ten years from `from`.
    ///
    /// # Errors
    /// `Unspecified` if the cryptographic library fails.
    pub fn new(from: Timestamp) -> Result<Self, Unspecified> {
        let [root, middle, signer] = [Keys::generate()?, Keys::generate()?, Keys::generate()?];
        Ok(Self { root, middle, signer, from })
    }

    /// The time of its tokens.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.from.plus_seconds(3600)
    }

    /// A right answer to a request for this digest with this nonce (content of an INTEGER), signed with
    /// a key of this kind.
    #[must_use]
    pub fn plan(&self, stamped: &Digest, nonce: &[u8], key: KeyKind) -> Plan {
        let validity = (self.from, self.from.plus_seconds(TEN_YEARS_S));
        let hash = identifier(SHA256_OID, &der::null());
        let time: String = self.time().to_string().chars().filter(char::is_ascii_digit).collect();
        Plan {
            status: der::sequence(&[&der::integer(&[0])]),
            granted: true,
            token_type: SIGNED_DATA,
            version: 3,
            announced: der::set(&[&key.hash_identifier()]),
            content_type: TST_INFO,
            info: [
                der::integer(&[1]),
                der::oid(POLICY),
                der::sequence(&[&hash, &der::octets(stamped.as_bytes())]),
                der::integer(&[7]),
                der::element(0x18, &[time.as_bytes(), b"Z"]),
                der::element(0x02, &[nonce]),
            ],
            embedded: vec![2, 1],
            sorted_certificates: true,
            more_certificates: Vec::new(),
            signers: 1,
            signer: None,
            digest: key.hash_identifier(),
            attributes: vec![
                Attribute::ContentType,
                Attribute::MessageDigest,
                Attribute::Bind(Vec::new()),
            ],
            sorted: true,
            algorithm: key.signature_identifier(),
            key,
            stranger: false,
            unsigned: Vec::new(),
            root: CertificatePlan::root(validity),
            middle: CertificatePlan::middle(validity),
            signer_certificate: CertificatePlan::signer(validity),
        }
    }

    /// What comes of a plan.
    ///
    /// # Errors
    /// `Unspecified` if the cryptographic library fails.
    pub fn carry_out(&self, plan: &Plan) -> Result<Forged, Unspecified> {
        let issuing = KeyKind::P256;
        let certificates = [
            plan.root.sign(&self.root.public(issuing), (&self.root, issuing))?,
            plan.middle.sign(&self.middle.public(issuing), (&self.root, issuing))?,
            plan.signer_certificate.sign(&self.signer.public(plan.key), (&self.middle, issuing))?,
        ];
        let token = if plan.granted { self.token(plan, &certificates)? } else { Vec::new() };
        let response = der::sequence(&[&plan.status, &token]);
        Ok(Forged { response, certificates })
    }

    fn token(&self, plan: &Plan, certificates: &[Vec<u8>; 3]) -> Result<Vec<u8>, Unspecified> {
        let content = der::sequence(&[&plan.info.concat()]);
        let mut attributes: Vec<Vec<u8>> =
            plan.attributes.iter().map(|one| one.der(plan, &content, certificates)).collect();
        if plan.sorted {
            attributes.sort();
        }
        let attributes = attributes.concat();
        let keys = if plan.stranger { &self.root } else { &self.signer };
        let signature = keys.sign(plan.key, &der::set(&[&attributes]))?;
        let (version, id) = plan.signer.clone().unwrap_or_else(|| {
            let CertificatePlan { issuer, serial, .. } = &plan.signer_certificate;
            (1, der::sequence(&[&name(issuer), &der::integer(serial)]))
        });
        let signer = der::sequence(&[
            &der::integer(&[version]),
            &id,
            &plan.digest,
            &der::context(0, &[&attributes]),
            &plan.algorithm,
            &der::octets(&signature),
            &plan.unsigned,
        ]);
        let mut embedded: Vec<&[u8]> =
            plan.embedded.iter().filter_map(|at| Some(certificates.get(*at)?.as_slice())).collect();
        if plan.sorted_certificates {
            embedded.sort_unstable();
        }
        let embedded = [embedded.concat(), plan.more_certificates.clone()].concat();
        let embedded = if embedded.is_empty() { Vec::new() } else { der::context(0, &[&embedded]) };
        let signed = der::sequence(&[
            &der::integer(&[plan.version]),
            &plan.announced,
            &der::sequence(&[
                &der::oid(plan.content_type),
                &der::context(0, &[&der::octets(&content)]),
            ]),
            &embedded,
            &der::set(&[&signer.repeat(plan.signers)]),
        ]);
        Ok(der::sequence(&[&der::oid(plan.token_type), &der::context(0, &[&signed])]))
    }
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forge").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Attribute {
    /// An attribute with this one value.
    #[must_use]
    pub fn of(oid: &str, value: &[u8]) -> Self {
        Self::Given(attribute(oid, value))
    }

    fn der(&self, plan: &Plan, content: &[u8], certificates: &[Vec<u8>; 3]) -> Vec<u8> {
        let [_, issuer, signer] = certificates;
        let id = |algorithm, certificate: &[u8]| {
            der::sequence(&[&der::octets(digest(algorithm, certificate).as_ref())])
        };
        let bound = |oid, ids: &[u8]| attribute(oid, &der::sequence(&[&der::sequence(&[ids])]));
        match self {
            Self::ContentType => attribute(CONTENT_TYPE, &der::oid(plan.content_type)),
            Self::MessageDigest => {
                attribute(MESSAGE_DIGEST, &der::octets(digest(plan.key.hash(), content).as_ref()))
            }
            Self::Bind(more) => {
                bound(SIGNING_CERTIFICATE_V2, &[&id(&SHA256, signer), more.as_slice()].concat())
            }
            Self::BindIssuer => {
                bound(SIGNING_CERTIFICATE_V2, &[id(&SHA256, signer), id(&SHA256, issuer)].concat())
            }
            Self::BindSha1 => bound(SIGNING_CERTIFICATE, &id(&SHA1_FOR_LEGACY_USE_ONLY, signer)),
            Self::Given(der) => der.clone(),
        }
    }
}

/// An attribute with this one value.
fn attribute(oid: &str, value: &[u8]) -> Vec<u8> {
    let oid = der::oid(ObjectIdentifier::new_unwrap(oid));
    der::sequence(&[&oid, &der::set(&[value])])
}

const TEN_YEARS_S: i64 = 10 * 365 * 24 * 60 * 60;
const SHA256_OID: &str = "2.16.840.1.101.3.4.2.1";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.13762.3");
