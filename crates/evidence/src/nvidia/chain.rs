//! From a pinned root down to the key that signed: the same rules for devices and for reference
//! manifests (RFC 5280 §6).

use domain::Timestamp;
use x509_cert::ext::pkix::KeyUsage;

use super::roots::says_emulated;
use crate::EvidenceError;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;

/// A verified path of certificates, leaf first, the pinned root last.
#[derive(Clone, Debug)]
pub(super) struct Path {
    leaf: Certificate,
    authorities: Vec<Certificate>,
}

impl Path {
    /// Builds and verifies the path from the one certificate of `sent` that is no authority to
    /// `root`. The order of `sent` does not matter; what is not on the path is not looked at.
    /// Dates are [`Self::valid_at`]'s.
    pub(super) fn verify(sent: &[Vec<u8>], root: &Certificate) -> Result<Self, EvidenceError> {
        if sent.len() > MAX_SENT {
            return Err(EvidenceError::Malformed("too many certificates"));
        }
        let mut sent =
            sent.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        let leaf = sent.iter().position(|one| one.is_authority().is_err());
        let leaf = sent.swap_remove(leaf.ok_or(EvidenceError::Chain)?);
        if !leaf.critical_extensions_are_known() || !leaf.key_usage()?.digital_signature() {
            return Err(EvidenceError::Chain);
        }
        let authorities = authorities(&leaf, sent, root)?;
        let mut issued = &leaf;
        let mut known = KnownSignatures::default();
        for (below, authority) in authorities.iter().enumerate() {
            issued_by(issued, authority, below, &mut known)?;
            issued = authority;
        }
        Ok(Self { leaf, authorities })
    }

    pub(super) const fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// Whether every certificate is valid at `at`. NVIDIA's device certificates end at
    /// 9999-12-31T23:59:59Z, which RFC 5280 §4.1.2.5 defines as no well-defined expiry, and begin at
    /// a constant of the product: the rule is the same, it just cannot expire.
    pub(super) fn valid_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        [&self.leaf].into_iter().chain(&self.authorities).try_for_each(|one| one.valid_at(at))
    }

    /// Whether the leaf's key made `signature`, r and s, over `message`: ECDSA P-384 with SHA-384.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.leaf.signed_p384(message, signature).is_ok()
    }
}

/// Follows the names upwards until `root`.
fn authorities(
    leaf: &Certificate,
    mut sent: Vec<Certificate>,
    root: &Certificate,
) -> Result<Vec<Certificate>, EvidenceError> {
    let mut path: Vec<Certificate> = Vec::new();
    loop {
        let last = path.last().unwrap_or(leaf);
        if last.issuer() == root.subject() {
            path.push(root.clone());
            return Ok(path);
        }
        let self_issued = last.issuer() == last.subject();
        let next = sent.iter().position(|one| one.subject() == last.issuer());
        match next {
            Some(next) if !self_issued => {
                let next = sent.swap_remove(next);
                path.push(next);
            }
            _ if says_emulated(leaf) && !says_emulated(root) => {
                return Err(EvidenceError::EmulatedPlatform);
            }
            _ if self_issued => return Err(EvidenceError::UnknownRoot),
            _ => return Err(EvidenceError::Chain),
        }
    }
}

/// Checks one step: name and signature, that `authority` may issue certificates, and that `below`
/// authorities under it are not too many.
fn issued_by(
    issued: &Certificate,
    authority: &Certificate,
    below: usize,
    known: &mut KnownSignatures,
) -> Result<(), EvidenceError> {
    authority.is_authority()?;
    let usage: KeyUsage = authority.key_usage()?;
    let short = authority.path_length()?.is_none_or(|limit| below <= limit);
    if !usage.key_cert_sign() || !short {
        return Err(EvidenceError::Chain);
    }
    issued.signed_by(authority, known)
}

/// NVIDIA sends five.
const MAX_SENT: usize = 16;
