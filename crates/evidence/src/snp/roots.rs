//! The roots that a chain may end in.

use domain::claims::{Generation, Trust};
use x509_cert::der::Document;

use crate::EvidenceError;
use crate::signatures::KnownSignatures;
use crate::x509::{COMMON_NAME, Certificate, ORGANIZATION, attribute};

/// What the names of every certificate of the emulated platform contain.
pub const EMULATED_MARKER: &str = "emulated, not confidential";

/// The roots (ARK, "AMD root key") that evidence may chain up to. Roots that come with the
/// evidence are never looked at.
#[derive(Clone, Debug)]
pub struct Roots(Vec<Root>);

/// One pinned root.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) certificate: Certificate,
    pub(super) generation: Generation,
    pub(super) trust: Trust,
}

impl Roots {
    /// AMD's published roots, one per generation (`attestation/roots/amd`).
    #[must_use]
    pub fn amd() -> Self {
        Self(PUBLISHED.iter().filter_map(Published::root).collect())
    }

    /// The root of one emulated platform. Claims under it say [`Trust::Emulated`].
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if `ark` is not a certificate whose organisation is
    /// [`EMULATED_MARKER`] and whose name says the generation, [`EvidenceError::Chain`] if it is
    /// not self-signed.
    pub fn emulated(ark: &[u8]) -> Result<Self, EvidenceError> {
        let certificate = Certificate::from_der(ark)?;
        if attribute(certificate.subject(), ORGANIZATION) != Some(EMULATED_MARKER) {
            return Err(EvidenceError::Malformed("emulated root"));
        }
        let name = attribute(certificate.subject(), COMMON_NAME);
        let generation = [Generation::Milan, Generation::Genoa, Generation::Turin]
            .into_iter()
            .find(|generation| {
                name == Some(&format!("ARK-{} {EMULATED_MARKER}", generation.name()))
            })
            .ok_or(EvidenceError::Malformed("emulated root"))?;
        certificate.is_authority()?;
        certificate.signed_by(&certificate, &mut KnownSignatures::default())?;
        Ok(Self(vec![Root { certificate, generation, trust: Trust::Emulated }]))
    }

    /// The root of a generation.
    ///
    /// # Errors
    /// [`EvidenceError::UnknownRoot`] if it is not here.
    pub(super) fn of(&self, generation: Generation) -> Result<&Root, EvidenceError> {
        let root = self.0.iter().find(|root| root.generation == generation);
        root.ok_or(EvidenceError::UnknownRoot)
    }

    /// The root that `chain`, leaf first, names as the issuer of its last certificate.
    ///
    /// # Errors
    /// [`EvidenceError::EmulatedPlatform`] or [`EvidenceError::UnknownRoot`] if it is not here.
    pub(super) fn issuer_of(&self, chain: [&Certificate; 2]) -> Result<&Root, EvidenceError> {
        let [_, last] = chain;
        if let Some(root) = self.0.iter().find(|root| root.certificate.subject() == last.issuer()) {
            return Ok(root);
        }
        if chain.into_iter().any(says_emulated) {
            Err(EvidenceError::EmulatedPlatform)
        } else {
            Err(EvidenceError::UnknownRoot)
        }
    }
}

/// AMD's published intermediate certificate (ASK or ASVK) that issued `vek`, as DER; `None` if it
/// is none of them. Evidence may omit it; it is verified like one that was sent.
pub(super) fn published_intermediate(vek: &Certificate) -> Option<Vec<u8>> {
    PUBLISHED.iter().flat_map(|published| [published.ask, published.asvk]).find_map(|pem| {
        let (_, der) = Document::from_pem(pem).ok()?;
        let intermediate = Certificate::from_der(der.as_bytes()).ok()?;
        (intermediate.subject() == vek.issuer()).then(|| der.as_bytes().to_vec())
    })
}

fn says_emulated(certificate: &Certificate) -> bool {
    [certificate.subject(), certificate.issuer()].into_iter().any(|name| {
        [ORGANIZATION, COMMON_NAME].into_iter().any(|attribute_type| {
            attribute(name, attribute_type).is_some_and(|text| text.contains(EMULATED_MARKER))
        })
    })
}

/// What AMD publishes for one generation, as PEM.
struct Published {
    generation: Generation,
    ark: &'static str,
    ask: &'static str,
    asvk: &'static str,
}

impl Published {
    /// `None` never in practice: a test reads all of them.
    fn root(&self) -> Option<Root> {
        let (_, der) = Document::from_pem(self.ark).ok()?;
        let certificate = Certificate::from_der(der.as_bytes()).ok()?;
        Some(Root { certificate, generation: self.generation, trust: Trust::Hardware })
    }
}

macro_rules! published {
    ($generation:ident, $folder:literal) => {
        Published {
            generation: Generation::$generation,
            ark: include_str!(concat!("../../../../attestation/roots/amd/", $folder, "/ark.pem")),
            ask: include_str!(concat!("../../../../attestation/roots/amd/", $folder, "/ask.pem")),
            asvk: include_str!(concat!("../../../../attestation/roots/amd/", $folder, "/asvk.pem")),
        }
    };
}

const PUBLISHED: [Published; 3] =
    [published!(Milan, "milan"), published!(Genoa, "genoa"), published!(Turin, "turin")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_roots_sign_themselves_and_their_intermediates() {
        let roots = Roots::amd();
        let mut known = KnownSignatures::default();
        assert_eq!(roots.0.len(), PUBLISHED.len());
        for (root, published) in roots.0.iter().zip(&PUBLISHED) {
            root.certificate.signed_by(&root.certificate, &mut known).unwrap();
            for pem in [published.ask, published.asvk] {
                let (_, der) = Document::from_pem(pem).unwrap();
                let intermediate = Certificate::from_der(der.as_bytes()).unwrap();
                intermediate.is_authority().unwrap();
                intermediate.signed_by(&root.certificate, &mut known).unwrap();
            }
        }
    }

    #[test]
    fn a_root_of_amd_is_not_an_emulated_one() {
        let (_, der) = Document::from_pem(PUBLISHED[0].ark).unwrap();
        assert_eq!(
            Roots::emulated(der.as_bytes()).unwrap_err(),
            EvidenceError::Malformed("emulated root")
        );
    }
}
