//! From a pinned root to the key that signs reports (AMD 57230, VCEK certificate and KDS
//! interface).

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use domain::Timestamp;
use domain::claims::{ChipId, CspId, Generation, SigningKey, Tcb, Trust};
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, OctetStringRef};

use super::roots::{EMULATED_MARKER, Root, Roots};
use super::{Report, SnpEvidence};
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::{COMMON_NAME, Certificate, attribute};

/// The certificate of a versioned chip key (VCEK) or versioned loaded key (VLEK), after its chain
/// was verified up to a pinned root.
pub(super) struct EndorsementKey<'a> {
    pub(super) root: &'a Root,
    pub(super) intermediate: Certificate,
    owner: Owner,
    certificate: Certificate,
}

/// Whose key it is.
enum Owner {
    /// One chip's (VCEK).
    Chip,
    /// A provider's, to whom AMD lent it for all of its chips (VLEK).
    Provider(CspId),
}

impl<'a> EndorsementKey<'a> {
    /// Verifies names and signatures from the root down. Dates are [`Self::valid_at`]'s.
    pub(super) fn verify(
        evidence: &SnpEvidence,
        roots: &'a Roots,
        known: &mut KnownSignatures,
    ) -> Result<Self, EvidenceError> {
        let certificate = Certificate::from_der(&evidence.vek)?;
        let intermediate = Certificate::from_der(&evidence.ask)?;
        let root = roots.issuer_of([&certificate, &intermediate])?;
        intermediate.signed_by(&root.certificate, known)?;
        intermediate.is_authority()?;
        certificate.signed_by(&intermediate, known)?;
        if !certificate.critical_extensions_are_known() {
            return Err(EvidenceError::Chain);
        }
        let owner = match kind(&certificate, &intermediate, root).ok_or(EvidenceError::Chain)? {
            SigningKey::Vcek => Owner::Chip,
            SigningKey::Vlek => Owner::Provider(provider(&certificate)?),
        };
        Ok(Self { root, intermediate, owner, certificate })
    }

    /// What kind of key it is.
    pub(super) const fn kind(&self) -> SigningKey {
        match self.owner {
            Owner::Chip => SigningKey::Vcek,
            Owner::Provider(_) => SigningKey::Vlek,
        }
    }

    /// The provider whose key it is; a chip's own key has none.
    pub(super) const fn provider(&self) -> Option<&CspId> {
        match &self.owner {
            Owner::Chip => None,
            Owner::Provider(provider) => Some(provider),
        }
    }

    /// Whether every certificate of the chain is valid at `at`.
    pub(super) fn valid_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        [&self.root.certificate, &self.intermediate, &self.certificate]
            .into_iter()
            .try_for_each(|certificate| certificate.valid_at(at))
    }

    /// Checks that the key is of the kind that `report` names, and for its generation, chip and
    /// firmware versions.
    pub(super) fn endorses(&self, report: &Report) -> Result<(), EvidenceError> {
        let named = match (report.key_info.mask_chip_key, report.key_info.signing_key) {
            (false, 0) => Some(SigningKey::Vcek),
            (false, 1) => Some(SigningKey::Vlek),
            _ => None,
        };
        if named != Some(self.kind()) || self.names_the_other_owner()? {
            return Err(EvidenceError::SigningKey);
        }
        self.is_for_product(report)?;
        self.is_for_chip(&report.chip_id)?;
        self.is_for_tcb(&report.reported_tcb.components(self.root.generation)?)
    }

    /// Checks that the key is that of one chip with one set of firmware versions.
    pub(super) fn is_of(&self, chip: &ChipId, tcb: &Tcb) -> Result<(), EvidenceError> {
        if self.kind() != SigningKey::Vcek {
            return Err(EvidenceError::SigningKey);
        }
        self.is_of_generation()?;
        self.is_for_chip(chip)?;
        self.is_for_tcb(tcb)
    }

    /// The last moment of the certificate's validity.
    pub(super) fn not_after(&self) -> Result<Timestamp, EvidenceError> {
        self.certificate.not_after()
    }

    /// Checks the report's signature: ECDSA P-384 over SHA-384 (AMD 56860 §10).
    pub(super) fn signed(&self, report: &Report) -> Result<(), EvidenceError> {
        if report.signature_algorithm != ECDSA_P384_WITH_SHA384 {
            return Err(EvidenceError::SignatureAlgorithm);
        }
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, self.certificate.public_key()?)
            .verify(&report.signed, &report.signature)
            .map_err(|_| EvidenceError::Signature)
    }

    fn is_for_product(&self, report: &Report) -> Result<(), EvidenceError> {
        self.is_of_generation()?;
        let generation = self.root.generation;
        let named_by_report = report.generation()?.unwrap_or(generation);
        refuse_if(named_by_report != generation, EvidenceError::Product)
    }

    fn is_of_generation(&self) -> Result<(), EvidenceError> {
        let product = self
            .certificate
            .extension(PRODUCT_NAME)?
            .and_then(|der| Ia5StringRef::from_der(der).ok())
            .ok_or(EvidenceError::Malformed("product name"))?;
        // With the silicon revision in chips' certificates ("Milan-B0"), without it in providers'.
        let name = product.as_str().split('-').next();
        if name == Some(self.root.generation.name()) { Ok(()) } else { Err(EvidenceError::Product) }
    }

    /// A chip's certificate names no provider and a provider's no chip.
    fn names_the_other_owner(&self) -> Result<bool, EvidenceError> {
        let other = match self.owner {
            Owner::Chip => CSP_ID,
            Owner::Provider(_) => HARDWARE_ID,
        };
        Ok(self.certificate.extension(other)?.is_some())
    }

    /// A provider's key is for no chip; a masked identity cannot be compared, which is one of the
    /// findings of [`super::authentic::Authentic`].
    fn is_for_chip(&self, chip: &ChipId) -> Result<(), EvidenceError> {
        if matches!(self.owner, Owner::Provider(_)) {
            return Ok(());
        }
        let value = self
            .certificate
            .extension(HARDWARE_ID)?
            .ok_or(EvidenceError::Malformed("hardware identity"))?;
        if chip.is_masked() {
            return Ok(());
        }
        let length = match self.root.generation {
            Generation::Milan | Generation::Genoa => 64,
            Generation::Turin => 8,
        };
        // Older certificates hold the identity as it is, newer ones as an OCTET STRING.
        let id = if value.len() == length {
            value
        } else {
            <&OctetStringRef>::from_der(value)
                .map_err(|_| EvidenceError::Malformed("hardware identity"))?
                .as_bytes()
        };
        let (used, unused) =
            chip.as_bytes().split_at_checked(length).ok_or(EvidenceError::ChipId)?;
        if id == used && unused.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(EvidenceError::ChipId)
        }
    }

    fn is_for_tcb(&self, reported: &Tcb) -> Result<(), EvidenceError> {
        let required = [
            (BOOTLOADER, Some(reported.bootloader)),
            (TEE, Some(reported.tee)),
            (SNP, Some(reported.snp)),
            (MICROCODE, Some(reported.microcode)),
            (FMC, reported.fmc),
        ];
        for (oid, expected) in required {
            if self.security_version(oid)? != expected {
                return Err(EvidenceError::TcbMismatch);
            }
        }
        for oid in RESERVED {
            if self.security_version(oid)?.unwrap_or(0) != 0 {
                return Err(EvidenceError::TcbMismatch);
            }
        }
        Ok(())
    }

    fn security_version(&self, oid: ObjectIdentifier) -> Result<Option<u8>, EvidenceError> {
        let Some(der) = self.certificate.extension(oid)? else { return Ok(None) };
        u8::from_der(der).map(Some).map_err(|_| EvidenceError::Malformed("security version"))
    }
}

/// Checks that `root` issued `certificate` as the authority over keys of `kind`.
pub(super) fn is_intermediate(
    certificate: &Certificate,
    kind: SigningKey,
    root: &Root,
) -> Result<(), EvidenceError> {
    certificate.signed_by(&root.certificate, &mut KnownSignatures::default())?;
    certificate.is_authority()?;
    let prefix = match kind {
        SigningKey::Vcek => "SEV-",
        SigningKey::Vlek => "SEV-VLEK-",
    };
    let named = plain_name(certificate, root).and_then(|name| name.strip_prefix(prefix));
    refuse_if(named != Some(root.generation.name()), EvidenceError::Chain)
}

/// What kind of key the names say, if they are the names of one chain.
fn kind(leaf: &Certificate, intermediate: &Certificate, root: &Root) -> Option<SigningKey> {
    let generation = root.generation.name();
    match (plain_name(leaf, root)?, plain_name(intermediate, root)?) {
        ("SEV-VCEK", issuer) if issuer.strip_prefix("SEV-") == Some(generation) => {
            Some(SigningKey::Vcek)
        }
        ("SEV-VLEK", issuer) if issuer.strip_prefix("SEV-VLEK-") == Some(generation) => {
            Some(SigningKey::Vlek)
        }
        _ => None,
    }
}

/// The provider that a VLEK's certificate names.
fn provider(certificate: &Certificate) -> Result<CspId, EvidenceError> {
    certificate
        .extension(CSP_ID)?
        .and_then(|der| Ia5StringRef::from_der(der).ok())
        .and_then(|name| name.as_str().parse().ok())
        .ok_or(EvidenceError::Malformed("provider identity"))
}

/// The common name, under an emulated root without the marker that it must carry.
fn plain_name<'a>(certificate: &'a Certificate, root: &Root) -> Option<&'a str> {
    let name = attribute(certificate.subject(), COMMON_NAME)?;
    match root.trust {
        Trust::Hardware => Some(name),
        Trust::Emulated => name.strip_suffix(EMULATED_MARKER)?.strip_suffix(' '),
    }
}

/// SIGNATURE_ALGO of AMD 56860 §10.
const ECDSA_P384_WITH_SHA384: u32 = 1;

// AMD 57230 §3.1, "VCEK certificate extensions".
const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const BOOTLOADER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
const TEE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
const SNP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
const MICROCODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
const FMC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
const RESERVED: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.4"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.5"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.6"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.7"),
];
const HARDWARE_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");
