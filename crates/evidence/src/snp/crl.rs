//! Revocation lists (RFC 5280 §5) as AMD publishes them: signed by the root, about the
//! intermediate keys.

use domain::Timestamp;
use domain::claims::Trust;

use super::authentic::Authentic;
use crate::EvidenceError;
use crate::crl::RevocationList;
use crate::signatures::KnownSignatures;

/// The revocation list that goes with a verification.
#[derive(Clone, Copy, Debug)]
pub enum Crl<'a> {
    /// The root's list as DER.
    Given(&'a [u8]),
    /// None, which only the emulated platform may go without.
    EmulatedNone,
}

impl Crl<'_> {
    /// Checks that the intermediate certificate is not revoked at `at`.
    ///
    /// Chips' certificates all have serial number 0 and cannot be listed by number: a firmware
    /// version is withdrawn by raising the TCB floor.
    pub(super) fn check(
        self,
        evidence: &Authentic<'_>,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        match self {
            Self::Given(der) => check(der, evidence, at, known),
            Self::EmulatedNone if evidence.root.trust == Trust::Emulated => Ok(()),
            Self::EmulatedNone => Err(EvidenceError::CrlMissing),
        }
    }
}

fn check(
    der: &[u8],
    evidence: &Authentic<'_>,
    at: Timestamp,
    known: &mut KnownSignatures,
) -> Result<(), EvidenceError> {
    let list = RevocationList::from_der(der)?;
    list.signed_by(&evidence.root.certificate, known)?;
    list.current_at(at)?;
    list.check(&evidence.intermediate)
}
