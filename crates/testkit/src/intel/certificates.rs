//! The certificates of an emulated Intel: root, authority of platforms, signer of collateral, and
//! one platform.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::snp::EMULATED_MARKER;
use x509_cert::der::asn1::ObjectIdentifier;

use super::{CertificateFields, PckFields, RevocationFields};
use crate::der;
use crate::emulated::EmulatedError;

/// A key on P-256 that signs twice: certificates and lists as DER, reports and JSON as two numbers.
pub(super) struct Key {
    der: EcdsaKeyPair,
    fixed: EcdsaKeyPair,
}

impl Key {
    pub(super) fn generate() -> Result<Self, EmulatedError> {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| EmulatedError::Crypto)?;
        let read = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).map_err(|_| EmulatedError::Crypto)
        };
        Ok(Self {
            der: read(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            fixed: read(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
        })
    }

    /// The point, without the byte that says so.
    pub(super) fn point(&self) -> Result<Vec<u8>, EmulatedError> {
        let point = self.der.public_key().as_ref().get(1..);
        point.map(<[u8]>::to_vec).ok_or(EmulatedError::Crypto)
    }

    /// 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        let signature = self.fixed.sign(&SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| EmulatedError::Crypto)
    }

    /// `content` with algorithm and signature (RFC 5280 §4.1).
    fn wrap(&self, content: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        let signature = self.der.sign(&SystemRandom::new(), content);
        let signature = signature.map_err(|_| EmulatedError::Crypto)?;
        Ok(der::sequence(&[content, &algorithm(), &der::bits(signature.as_ref())]))
    }

    fn info(&self) -> Vec<u8> {
        der::sequence(&[
            &der::sequence(&[&der::oid(EC_PUBLIC_KEY), &der::oid(P256)]),
            &der::bits(self.der.public_key().as_ref()),
        ])
    }
}

/// A certificate for `key` as `fields` say, signed by `issuer`.
pub(super) fn certificate(
    fields: &CertificateFields,
    key: &Key,
    issuer: (&CertificateFields, &Key),
    pck: Option<&PckFields>,
) -> Result<Vec<u8>, EmulatedError> {
    let (issuer, issuer_key) = issuer;
    let authority = if fields.authority { der::yes() } else { Vec::new() };
    let mut extensions = vec![extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&authority]))];
    extensions.extend(pck.map(|pck| extension(SGX_EXTENSIONS, false, &sgx_extensions(pck))));
    extensions.extend(fields.critical_extension.map(|oid| extension(oid, true, &der::null())));
    let (not_before, not_after) = fields.validity;
    let content = der::sequence(&[
        &der::context(0, &[&der::integer(&[2])]),
        &der::integer(&[fields.serial]),
        &algorithm(),
        &name(&issuer.common_name),
        &der::sequence(&[&der::time(not_before), &der::time(not_after)]),
        &name(&fields.common_name),
        &key.info(),
        &der::context(3, &[&der::sequence(&[&extensions.concat()])]),
    ]);
    issuer_key.wrap(&content)
}

/// A revocation list of `issuer` (RFC 5280 §5).
pub(super) fn revocation_list(
    fields: &RevocationFields,
    issuer: (&CertificateFields, &Key),
) -> Result<Vec<u8>, EmulatedError> {
    let (issuer, key) = issuer;
    let this = der::time(fields.this_update);
    let entries: Vec<_> = fields
        .serials
        .iter()
        .map(|serial| der::sequence(&[&der::integer(&[*serial]), &this]))
        .collect();
    let content = der::sequence(&[
        &der::integer(&[1]),
        &algorithm(),
        &name(&issuer.common_name),
        &this,
        &der::time(fields.next_update),
        &der::sequence(&[&entries.concat()]),
        &der::context(0, &[&der::sequence(&[&extension(CRL_NUMBER, false, &der::integer(&[1]))])]),
    ]);
    key.wrap(&content)
}

/// Certificates as one PEM text.
pub(super) fn pem(certificates: &[&[u8]]) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for (index, character) in STANDARD.encode(certificate).char_indices() {
            if index > 0 && index % 64 == 0 {
                text.push('\n');
            }
            text.push(character);
        }
        text.push_str("\n-----END CERTIFICATE-----\n");
    }
    text
}

/// Intel SGX PCK Certificate and CRL Profile Specification, §1.3.5.
fn sgx_extensions(pck: &PckFields) -> Vec<u8> {
    let pair = |suffix: &[u32], value: &[u8]| {
        let oid = suffix.iter().try_fold(SGX_EXTENSIONS, |oid, arc| oid.push_arc(*arc));
        oid.map(|oid| der::sequence(&[&der::oid(oid), value])).unwrap_or_default()
    };
    let mut tcb = Vec::new();
    for (number, svn) in (1..).zip(pck.components) {
        tcb.push(pair(&[2, number], &der::integer(&[svn])));
    }
    let [high, low] = pck.pce_svn.to_be_bytes();
    let pce_svn = if high == 0 { der::integer(&[low]) } else { der::integer(&[high, low]) };
    tcb.push(pair(&[2, 17], &pce_svn));
    tcb.push(pair(&[2, 18], &der::octets(&pck.cpu_svn)));
    let flags = [(1, true), (2, true), (3, false)]
        .map(|(number, flag)| pair(&[7, number], &if flag { der::yes() } else { der::no() }));
    der::sequence(&[
        &pair(&[1], &der::octets(&pck.ppid)),
        &pair(&[2], &der::sequence(&[&tcb.concat()])),
        &pair(&[3], &der::octets(&pck.pce_id)),
        &pair(&[4], &der::octets(&pck.fmspc)),
        &pair(&[5], &der::enumerated(1)),
        &pair(&[6], &der::octets(&[6; 16])),
        &pair(&[7], &der::sequence(&[&flags.concat()])),
    ])
}

fn name(common_name: &str) -> Vec<u8> {
    let attribute = |oid, text| der::set(&[&der::sequence(&[&der::oid(oid), &der::utf8(text)])]);
    der::sequence(&[
        &attribute(COMMON_NAME, common_name),
        &attribute(ORGANIZATION, EMULATED_MARKER),
    ])
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der::yes() } else { Vec::new() };
    der::sequence(&[&der::oid(oid), &critical, &der::octets(value)])
}

/// ecdsa-with-SHA256 (RFC 5758 §3.2).
fn algorithm() -> Vec<u8> {
    der::sequence(&[&der::oid(ECDSA_WITH_SHA256)])
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SGX_EXTENSIONS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
