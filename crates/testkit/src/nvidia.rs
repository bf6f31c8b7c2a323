//! An emulated maker of GPUs: its own two roots, device certificates in the form of Hopper's, reports
//! and reference manifests signed again after a test has changed them.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use evidence::snp::EMULATED_MARKER;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::der;
use crate::emulated::EmulatedError;

/// One certificate below the root, to be changed before it is issued.
#[derive(Clone, Debug)]
pub struct Link {
    /// Common name of the subject.
    pub name: String,
    /// Common name of the issuer; the right one if absent.
    pub issuer: Option<String>,
    /// Whether basic constraints say that it is an authority.
    pub authority: bool,
    /// The path length of basic constraints.
    pub path_length: Option<u8>,
    /// First byte of the key usage: 0x80 signs data, 0x04 certificates.
    pub key_usage: Option<u8>,
    /// From when to when it is valid.
    pub validity: (Timestamp, Timestamp),
    /// Object identifier, whether it is critical, value.
    pub extensions: Vec<(ObjectIdentifier, bool, Vec<u8>)>,
}

impl Link {
    /// A certificate that may issue others.
    #[must_use]
    pub fn authority(name: &str, validity: (Timestamp, Timestamp)) -> Self {
        Self {
            name: name.to_owned(),
            issuer: None,
            authority: true,
            path_length: None,
            key_usage: Some(0x04),
            validity,
            extensions: Vec::new(),
        }
    }

    /// The certificate of a key that signs manifests.
    #[must_use]
    pub fn signer(name: &str, validity: (Timestamp, Timestamp)) -> Self {
        Self { authority: false, key_usage: Some(0x80), ..Self::authority(name, validity) }
    }

    /// The certificate of a device's key, in the form of Hopper's.
    #[must_use]
    pub fn device(
        product: &str,
        device: &str,
        firmware_id: &[u8],
        validity: (Timestamp, Timestamp),
    ) -> Self {
        let mut link = Self::signer(&format!("{product} A01 GSP FMC LF"), validity);
        link.extensions = vec![
            (SUBJECT_ALT_NAME, false, device_name(&format!("NVIDIA:{product}:{device}"))),
            (DICE, false, composite_device_id(firmware_id)),
        ];
        link
    }
}

/// `SubjectAltName` with the one name that devices have.
#[must_use]
pub fn device_name(name: &str) -> Vec<u8> {
    let value = der::context(0, &[&der::utf8(name)]);
    der::sequence(&[&der::context(0, &[&der::oid(DMTF_DEVICE_INFO), &value])])
}

/// The firmware's identity as Hopper's certificates have it.
#[must_use]
pub fn composite_device_id(firmware_id: &[u8]) -> Vec<u8> {
    let fwid = der::sequence(&[&der::oid(SHA384), &der::octets(firmware_id)]);
    der::sequence(&[&der::integer(&[1]), &public_key(&[4; 97]), &fwid])
}

/// A root with a path of certificates and the key of the last.
pub struct Signer {
    key: EcdsaKeyPair,
    root: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

impl Signer {
    /// A new root, and under it the `links`, the signing key's last.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn create(root: &Link, links: &[Link]) -> Result<Self, EmulatedError> {
        let mut key = generate()?;
        let mut issuer = root.name.clone();
        let root = issue(&key, &issuer, &key, root)?;
        let mut certificates = Vec::new();
        for link in links {
            let subject_key = generate()?;
            certificates.insert(0, issue(&key, &issuer, &subject_key, link)?);
            issuer.clone_from(&link.name);
            key = subject_key;
        }
        Ok(Self { key, root, certificates })
    }

    /// The root, as DER.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The certificates below the root, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// `signed` and a signature over it: r and s.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn sign_report(&self, signed: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        Ok([signed, &self.signature(signed)?].concat())
    }

    /// The document `content`, which is the source of an element that ends in `</name>` and is in
    /// canonical form, with an enveloped signature as its last child. The declarations of its root,
    /// with a space before each, are given in two parts: what sorts before the prefix `ds`, and after.
    ///
    /// # Errors
    /// [`EmulatedError::Malformed`] if `content` does not end in an end tag.
    pub fn sign_manifest(
        &self,
        content: &str,
        (before_ds, after_ds): (&str, &str),
    ) -> Result<String, EmulatedError> {
        let (start, end) = content
            .rfind("</")
            .and_then(|end| content.split_at_checked(end))
            .ok_or(EmulatedError::Malformed("manifest"))?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, content.as_bytes());
        let info = |namespaces: &str| {
            format!(
                "<ds:SignedInfo{namespaces}><ds:CanonicalizationMethod Algorithm=\"{C14N11}\">\
                 </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{MORE}#ecdsa-sha384\">\
                 </ds:SignatureMethod><ds:Reference URI=\"\"><ds:Transforms><ds:Transform \
                 Algorithm=\"{DS}enveloped-signature\"></ds:Transform><ds:Transform \
                 Algorithm=\"{C14N11}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
                 Algorithm=\"{MORE}#sha384\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue>\
                 </ds:Reference></ds:SignedInfo>",
                STANDARD.encode(digest)
            )
        };
        let signed = info(&format!("{before_ds} xmlns:ds=\"{DS}\"{after_ds}"));
        let signature = STANDARD.encode(self.signature(signed.as_bytes())?);
        let certificates: String = self
            .certificates
            .iter()
            .map(|der| format!("<ds:X509Certificate>{}</ds:X509Certificate>", STANDARD.encode(der)))
            .collect();
        Ok(format!(
            "{start}<ds:Signature xmlns:ds=\"{DS}\">{}<ds:SignatureValue>{signature}\
             </ds:SignatureValue><ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>\
             </ds:Signature>{end}",
            info("")
        ))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        let signature = self.key.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| EmulatedError::Crypto)?.as_ref().to_vec())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

fn generate() -> Result<EcdsaKeyPair, EmulatedError> {
    EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| EmulatedError::Crypto)
}

/// A certificate (RFC 5280 §4.1) for `subject_key`, signed by `key`.
fn issue(
    key: &EcdsaKeyPair,
    issuer: &str,
    subject_key: &EcdsaKeyPair,
    link: &Link,
) -> Result<Vec<u8>, EmulatedError> {
    let algorithm = der::sequence(&[&der::oid(ECDSA_WITH_SHA384)]);
    let (not_before, not_after) = link.validity;
    let content = der::sequence(&[
        &der::context(0, &[&der::integer(&[2])]),
        &der::integer(&[1]),
        &algorithm,
        &name(link.issuer.as_deref().unwrap_or(issuer)),
        &der::sequence(&[&der::time(not_before), &der::time(not_after)]),
        &name(&link.name),
        &public_key(subject_key.public_key().as_ref()),
        &der::context(3, &[&der::sequence(&[&extensions(link).concat()])]),
    ]);
    let pkcs8 = key.to_pkcs8v1().map_err(|_| EmulatedError::Crypto)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8.as_ref());
    let key = key.map_err(|_| EmulatedError::Crypto)?;
    let signature = key.sign(&SystemRandom::new(), &content).map_err(|_| EmulatedError::Crypto)?;
    Ok(der::sequence(&[&content, &algorithm, &der::bits(signature.as_ref())]))
}

fn extensions(link: &Link) -> Vec<Vec<u8>> {
    let mut extensions = Vec::new();
    if link.authority {
        let length = link.path_length.map(|length| der::integer(&[length])).unwrap_or_default();
        let constraints = der::sequence(&[&der::yes(), &length]);
        extensions.push(extension(BASIC_CONSTRAINTS, true, &constraints));
    }
    if let Some(usage) = link.key_usage {
        // The number of unused bits, then the bits.
        let unused = u8::try_from(usage.trailing_zeros()).unwrap_or(0);
        extensions.push(extension(KEY_USAGE, true, &[3, 2, unused, usage]));
    }
    let others = link.extensions.iter();
    extensions.extend(others.map(|(oid, critical, value)| extension(*oid, *critical, value)));
    extensions
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der::yes() } else { Vec::new() };
    der::sequence(&[&der::oid(oid), &critical, &der::octets(value)])
}

fn public_key(point: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid(EC_PUBLIC_KEY), &der::oid(P384)]);
    der::sequence(&[&algorithm, &der::bits(point)])
}

fn name(common_name: &str) -> Vec<u8> {
    let attribute = |oid, text| der::set(&[&der::sequence(&[&der::oid(oid), &der::utf8(text)])]);
    der::sequence(&[
        &attribute(ORGANIZATION, EMULATED_MARKER),
        &attribute(COMMON_NAME, common_name),
    ])
}

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more";
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Subject alternative name.
pub const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// tcg-dice: the firmware's identity.
pub const DICE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4.1");
const DMTF_DEVICE_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
