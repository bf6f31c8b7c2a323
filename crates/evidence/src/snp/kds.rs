//! AMD's key distribution service (AMD 57230 §4): what to ask it for a report, and whether what it
//! answers is authentic. Who asks is not here: a verification never does.

use domain::Timestamp;
use domain::claims::{ChipId, Generation, SigningKey, Tcb};

use super::chain::{EndorsementKey, is_intermediate};
use super::input::certificate_files;
use super::roots::{Root, published_intermediate};
use super::{Report, Roots, SnpEvidence};
use crate::crl::RevocationList;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;
use crate::{EvidenceError, Fetched};

/// The service itself.
pub const URL: &str = "https://kdsintf.amd.com";

/// One thing that the service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The intermediate and the root certificate of a generation, for one kind of key.
    Chain(Generation, SigningKey),
    /// The root's revocation list. It is published once for each kind of key.
    Crl(Generation, SigningKey),
    /// The certificate of a chip's key for one set of firmware versions.
    Vcek(Generation, ChipId, Tcb),
}

/// What a verification of `report`, made by a processor of `generation`, needs. A provider's key
/// (VLEK) is published by nobody but the provider.
///
/// # Errors
/// [`EvidenceError::SigningKey`] for a report that nobody signed, [`EvidenceError::ChipIdMasked`] if
/// the host masks the identity by which the service knows the chip, [`EvidenceError::Malformed`].
pub fn needs(report: &Report, generation: Generation) -> Result<Vec<Item>, EvidenceError> {
    let kind = match (report.key_info.mask_chip_key, report.key_info.signing_key) {
        (false, 0) => SigningKey::Vcek,
        (false, 1) => SigningKey::Vlek,
        _ => return Err(EvidenceError::SigningKey),
    };
    let mut items = vec![Item::Chain(generation, kind), Item::Crl(generation, kind)];
    if kind == SigningKey::Vcek {
        refuse_if(report.chip_id.is_masked(), EvidenceError::ChipIdMasked)?;
        let tcb = report.reported_tcb.components(generation)?;
        items.push(Item::Vcek(generation, report.chip_id, tcb));
    }
    Ok(items)
}

impl Item {
    /// Path and query below the service's address.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Chain(generation, kind) => {
                format!("/{}/v1/{}/cert_chain", service(*kind), generation.name())
            }
            Self::Crl(generation, kind) => {
                format!("/{}/v1/{}/crl", service(*kind), generation.name())
            }
            Self::Vcek(generation, chip, tcb) => {
                let Tcb { fmc, bootloader, tee, snp, microcode } = tcb;
                let fmc = fmc.map_or_else(String::new, |fmc| format!("&fmcSPL={fmc}"));
                format!(
                    "/vcek/v1/{}/{}?blSPL={bootloader}&teeSPL={tee}&snpSPL={snp}\
                     &ucodeSPL={microcode}{fmc}",
                    generation.name(),
                    chip_name(*generation, chip),
                )
            }
        }
    }

    /// The name of the file in a cache: lower-case letters, digits, `-`, `.` and one `/`.
    #[must_use]
    pub fn file(&self) -> String {
        let lower = |generation: &Generation| generation.name().to_ascii_lowercase();
        match self {
            Self::Chain(generation, kind) => {
                format!("amd/chain-{}-{}.pem", service(*kind), lower(generation))
            }
            Self::Crl(generation, kind) => {
                format!("amd/crl-{}-{}.der", service(*kind), lower(generation))
            }
            Self::Vcek(generation, chip, tcb) => {
                let Tcb { fmc, bootloader, tee, snp, microcode } = tcb;
                let fmc = fmc.map_or_else(String::new, |fmc| format!("-{fmc}"));
                format!(
                    "amd/vcek-{}-{}-{bootloader}-{tee}-{snp}-{microcode}{fmc}.der",
                    lower(generation),
                    chip_name(*generation, chip),
                )
            }
        }
    }

    /// Whether the item holds certificates; otherwise it is a list.
    #[must_use]
    pub const fn is_certificates(&self) -> bool {
        matches!(self, Self::Chain(..) | Self::Vcek(..))
    }

    /// Checks that `answer` is this item, authentic under the pinned root and valid at `at`.
    /// `certificates` may hold the intermediate certificate of a chip's key (DER or PEM), where AMD
    /// has published a newer one than is known here.
    ///
    /// # Errors
    /// What is wrong with it, as a verification would say it.
    pub fn check(
        &self,
        answer: &[u8],
        certificates: &[&[u8]],
        roots: &Roots,
        at: Timestamp,
    ) -> Result<Fetched, EvidenceError> {
        let until = match self {
            Self::Chain(generation, kind) => chain(answer, *kind, roots.of(*generation)?, at)?,
            Self::Crl(generation, _) => {
                let list = RevocationList::from_der(answer)?;
                list.signed_by(
                    &roots.of(*generation)?.certificate,
                    &mut KnownSignatures::default(),
                )?;
                list.current_at(at)?;
                list.next_update()?
            }
            Self::Vcek(generation, chip, tcb) => {
                let certificate = Certificate::from_der(answer)?;
                let ask = issuer(&certificate, certificates)?;
                let evidence = SnpEvidence { report: Vec::new(), vek: answer.to_vec(), ask };
                let key =
                    EndorsementKey::verify(&evidence, roots, &mut KnownSignatures::default())?;
                refuse_if(key.root.generation != *generation, EvidenceError::Product)?;
                key.is_of(chip, tcb)?;
                key.valid_at(at)?;
                key.not_after()?
            }
        };
        Ok(Fetched { content: answer.to_vec(), until })
    }
}

/// Checks a chain of the intermediate certificate and the root, in any order; the moment until which
/// it is valid.
fn chain(
    answer: &[u8],
    kind: SigningKey,
    root: &Root,
    at: Timestamp,
) -> Result<Timestamp, EvidenceError> {
    let mut until = None;
    for der in certificate_files(answer)? {
        let certificate = Certificate::from_der(&der)?;
        // The pinned root is the one that counts, so that only its name is looked at.
        if certificate.subject() != root.certificate.subject() {
            is_intermediate(&certificate, kind, root)?;
            certificate.valid_at(at)?;
            until = Some(certificate.not_after()?);
        }
    }
    until.ok_or(EvidenceError::Chain)
}

/// The certificate of the key that issued `certificate`.
fn issuer(certificate: &Certificate, others: &[&[u8]]) -> Result<Vec<u8>, EvidenceError> {
    for file in others {
        for der in certificate_files(file)? {
            if Certificate::from_der(&der)?.subject() == certificate.issuer() {
                return Ok(der);
            }
        }
    }
    published_intermediate(certificate).ok_or(EvidenceError::Chain)
}

const fn service(kind: SigningKey) -> &'static str {
    match kind {
        SigningKey::Vcek => "vcek",
        SigningKey::Vlek => "vlek",
    }
}

/// The service's name for a chip: all 64 bytes in hexadecimal, of Turin's 8.
fn chip_name(generation: Generation, chip: &ChipId) -> String {
    let used = match generation {
        Generation::Milan | Generation::Genoa => 64,
        Generation::Turin => 8,
    };
    hex::encode(chip.as_bytes().iter().take(used).copied().collect::<Vec<_>>())
}
