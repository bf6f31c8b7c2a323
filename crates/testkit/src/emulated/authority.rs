//! The root and intermediate keys of an emulated platform, and what they sign.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PSS_SHA384,
};
use domain::Timestamp;
use domain::claims::{ChipId, Generation, SigningKey, Tcb};
use evidence::snp::EMULATED_MARKER;
use x509_cert::der::asn1::ObjectIdentifier;

use super::{Chain, EmulatedError, Identity, SecurityProcessor};
use crate::der;

/// A root (ARK) and an intermediate key, with one certificate for chips' keys (ASK) and one for
/// providers' (ASVK; AMD has two keys). A lab creates one processor and forgets them;
/// tests keep them to endorse processors that are wrong in one way.
pub struct Authority {
    generation: Generation,
    ark: Issuer,
    ask: Issuer,
    asvk: IssuerName,
}

/// A key that signs certificates.
struct Issuer {
    key: RsaKeyPair,
    name: Vec<u8>,
    certificate: Vec<u8>,
}

/// Another name for the intermediate key.
struct IssuerName {
    name: Vec<u8>,
    certificate: Vec<u8>,
}

/// What a processor's certificate says.
#[derive(Clone, Debug)]
pub struct Endorsement {
    /// Product name, such as `Genoa`.
    pub product: String,
    /// Chip identity in reports.
    pub chip_id: ChipId,
    /// Value of the hardware identity extension; `None` leaves it out.
    pub hardware_id: Option<Vec<u8>>,
    /// Firmware versions, in reports and in the certificate.
    pub tcb: Tcb,
    /// Value of the provider's identity extension; `None` leaves it out.
    pub csp_id: Option<String>,
    /// Kind of key that its name says.
    pub signing_key: SigningKey,
    /// Kind of key whose issuer signs it.
    pub issuer: SigningKey,
    /// Further extensions: identifier, whether it is critical, value.
    pub more: Vec<(ObjectIdentifier, bool, Vec<u8>)>,
    /// The extension that is left out.
    pub left_out: Option<ObjectIdentifier>,
    /// First and last moment of validity.
    pub validity: (Timestamp, Timestamp),
}

impl Endorsement {
    /// The certificate that a processor should have, valid for ten years from `created`.
    #[must_use]
    pub fn new(generation: Generation, chip_id: ChipId, tcb: Tcb, created: Timestamp) -> Self {
        let used = match generation {
            Generation::Milan | Generation::Genoa => 64,
            Generation::Turin => 8,
        };
        Self {
            product: generation.name().to_owned(),
            chip_id,
            hardware_id: Some(chip_id.as_bytes().iter().take(used).copied().collect()),
            tcb,
            csp_id: None,
            signing_key: SigningKey::Vcek,
            issuer: SigningKey::Vcek,
            more: Vec::new(),
            left_out: None,
            validity: (created, created.plus_seconds(TEN_YEARS_S)),
        }
    }
}

impl Authority {
    /// New keys, valid for ten years from `created`. Takes seconds.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn create(generation: Generation, created: Timestamp) -> Result<Self, EmulatedError> {
        let validity = (created, created.plus_seconds(TEN_YEARS_S));
        let ark_key = RsaKeyPair::generate(KeySize::Rsa4096).map_err(|_| EmulatedError::Crypto)?;
        let ask_key = RsaKeyPair::generate(KeySize::Rsa4096).map_err(|_| EmulatedError::Crypto)?;
        // Two labs have different roots: the key is part of the name.
        let fingerprint = digest(&SHA256, ark_key.public_key().as_ref());
        let unit: String =
            fingerprint.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let ark_name =
            name(&format!("ARK-{} {EMULATED_MARKER}", generation.name()), &format!("key {unit}"));
        let ask_name = name(&format!("SEV-{} {EMULATED_MARKER}", generation.name()), "chips");
        let ark_content = authority_content(&[1], &ark_name, &ark_name, validity, &ark_key);
        let ark = sign(&ark_key, &ark_content)?;
        let ask_content = authority_content(ASK_SERIAL, &ark_name, &ask_name, validity, &ask_key);
        let ask = sign(&ark_key, &ask_content)?;
        let asvk_name =
            name(&format!("SEV-VLEK-{} {EMULATED_MARKER}", generation.name()), "providers");
        let asvk_content =
            authority_content(ASVK_SERIAL, &ark_name, &asvk_name, validity, &ask_key);
        let asvk = sign(&ark_key, &asvk_content)?;
        Ok(Self {
            generation,
            ark: Issuer { key: ark_key, name: ark_name, certificate: ark },
            ask: Issuer { key: ask_key, name: ask_name, certificate: ask },
            asvk: IssuerName { name: asvk_name, certificate: asvk },
        })
    }

    /// A processor with a new signing key and the certificate of `endorsement`.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn processor(&self, endorsement: &Endorsement) -> Result<SecurityProcessor, EmulatedError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
            .map_err(|_| EmulatedError::Crypto)?;
        let kind = match endorsement.signing_key {
            SigningKey::Vcek => "SEV-VCEK",
            SigningKey::Vlek => "SEV-VLEK",
        };
        let (issuer, ask) = match endorsement.issuer {
            SigningKey::Vcek => (&self.ask.name, &self.ask.certificate),
            SigningKey::Vlek => (&self.asvk.name, &self.asvk.certificate),
        };
        let public_key = der::sequence(&[
            &der::sequence(&[&der::oid(EC_PUBLIC_KEY), &der::oid(P384)]),
            &der::bits(key.public_key().as_ref()),
        ]);
        let content = content(
            &[0],
            issuer,
            &name(&format!("{kind} {EMULATED_MARKER}"), "chip"),
            endorsement.validity,
            &public_key,
            &endorsement.extensions(),
        );
        let vek = sign(&self.ask.key, &content)?;
        Ok(SecurityProcessor {
            key,
            chain: Chain { ark: self.ark.certificate.clone(), ask: ask.clone(), vek },
            identity: Identity {
                generation: self.generation,
                chip_id: endorsement.chip_id,
                tcb: endorsement.tcb,
                signing_key: endorsement.signing_key,
            },
        })
    }

    /// Another certificate for the key that issues chips' certificates: one that may issue others if
    /// `authority`, with the `critical` extension if there is one.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn intermediate(
        &self,
        authority: bool,
        critical: Option<ObjectIdentifier>,
        validity: (Timestamp, Timestamp),
    ) -> Result<Vec<u8>, EmulatedError> {
        // DER leaves out what is the default: not to be one.
        let constraint = if authority { der::yes() } else { Vec::new() };
        let constraints = extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&constraint]));
        let more = critical.map(|oid| extension(oid, true, &der::null()));
        let extensions: Vec<_> = [constraints].into_iter().chain(more).collect();
        let public_key = rsa_key(&self.ask.key);
        let (issuer, subject) = (&self.ark.name, &self.ask.name);
        sign(
            &self.ark.key,
            &content(ASK_SERIAL, issuer, subject, validity, &public_key, &extensions),
        )
    }

    /// The root's revocation list (RFC 5280 §5), which revokes the issuer of the `revoked` kind of
    /// keys.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn revocation_list(
        &self,
        revoked: Option<SigningKey>,
        this_update: Timestamp,
        next_update: Timestamp,
    ) -> Result<Vec<u8>, EmulatedError> {
        let (this, next) = (der::time(this_update), der::time(next_update));
        let serial = match revoked {
            Some(SigningKey::Vcek) => ASK_SERIAL,
            Some(SigningKey::Vlek) => ASVK_SERIAL,
            None => &[0x7f],
        };
        let entry = der::sequence(&[&der::integer(serial), &this]);
        let content = der::sequence(&[
            &der::integer(&[1]),
            &pss_sha384(),
            &self.ark.name,
            &this,
            &next,
            &der::sequence(&[&entry]),
        ]);
        sign(&self.ark.key, &content)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Endorsement {
    /// The extensions of AMD 57230 §3.1.
    fn extensions(&self) -> Vec<Vec<u8>> {
        let Tcb { fmc, bootloader, tee, snp, microcode } = self.tcb;
        let versions = [
            (BOOTLOADER, Some(bootloader)),
            (TEE, Some(tee)),
            (SNP, Some(snp)),
            (MICROCODE, Some(microcode)),
            (FMC, fmc),
        ];
        let versions = versions
            .into_iter()
            .filter_map(|(oid, version)| Some((oid, false, der::integer(&[version?]))));
        let ids = self.hardware_id.iter().map(|id| (HARDWARE_ID, false, id.clone()));
        let csp_ids = self.csp_id.iter().map(|id| (CSP_ID, false, der::ia5(id)));
        [(PRODUCT_NAME, false, der::ia5(&self.product))]
            .into_iter()
            .chain(versions)
            .chain(ids)
            .chain(csp_ids)
            .filter(|(oid, ..)| Some(*oid) != self.left_out)
            .chain(self.more.clone())
            .map(|(oid, critical, value)| extension(oid, critical, &value))
            .collect()
    }
}

fn authority_content(
    serial: &[u8],
    issuer: &[u8],
    subject: &[u8],
    validity: (Timestamp, Timestamp),
    key: &RsaKeyPair,
) -> Vec<u8> {
    let constraints = extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&der::yes()]));
    content(serial, issuer, subject, validity, &rsa_key(key), &[constraints])
}

/// A SubjectPublicKeyInfo.
fn rsa_key(key: &RsaKeyPair) -> Vec<u8> {
    der::sequence(&[
        &der::sequence(&[&der::oid(RSA_ENCRYPTION), &der::null()]),
        &der::bits(key.public_key().as_ref()),
    ])
}

/// A TBSCertificate (RFC 5280 §4.1).
fn content(
    serial: &[u8],
    issuer: &[u8],
    subject: &[u8],
    (not_before, not_after): (Timestamp, Timestamp),
    public_key: &[u8],
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    der::sequence(&[
        &der::context(0, &[&der::integer(&[2])]),
        &der::integer(serial),
        &pss_sha384(),
        issuer,
        &der::sequence(&[&der::time(not_before), &der::time(not_after)]),
        subject,
        public_key,
        &der::context(3, &[&der::sequence(&[&extensions.concat()])]),
    ])
}

fn sign(key: &RsaKeyPair, content: &[u8]) -> Result<Vec<u8>, EmulatedError> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PSS_SHA384, &SystemRandom::new(), content, &mut signature)
        .map_err(|_| EmulatedError::Crypto)?;
    Ok(der::sequence(&[content, &pss_sha384(), &der::bits(&signature)]))
}

fn name(common_name: &str, unit: &str) -> Vec<u8> {
    let attribute = |oid, text| der::set(&[&der::sequence(&[&der::oid(oid), &der::utf8(text)])]);
    der::sequence(&[
        &attribute(ORGANIZATION, EMULATED_MARKER),
        &attribute(ORGANIZATIONAL_UNIT, unit),
        &attribute(COMMON_NAME, common_name),
    ])
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der::yes() } else { Vec::new() };
    der::sequence(&[&der::oid(oid), &critical, &der::octets(value)])
}

/// RSASSA-PSS with SHA-384 and a salt of 48 bytes (RFC 4055 §3.1).
fn pss_sha384() -> Vec<u8> {
    let sha384 = der::sequence(&[&der::oid(SHA384), &der::null()]);
    let mask = der::sequence(&[&der::oid(MGF1), &sha384]);
    der::sequence(&[
        &der::oid(RSASSA_PSS),
        &der::sequence(&[
            &der::context(0, &[&sha384]),
            &der::context(1, &[&mask]),
            &der::context(2, &[&der::integer(&[48])]),
        ]),
    ])
}

const TEN_YEARS_S: i64 = 10 * 365 * 24 * 60 * 60;
const ASK_SERIAL: &[u8] = &[2];
const ASVK_SERIAL: &[u8] = &[3];
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
// AMD 57230 §3.1, "VCEK certificate extensions".
const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const BOOTLOADER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
const TEE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
const SNP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
const MICROCODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
const FMC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
const HARDWARE_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");
