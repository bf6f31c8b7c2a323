//! Collateral with its signature: ECDSA over the bytes of the inner object, exactly as served.

use std::sync::Arc;

use domain::Timestamp;

use super::json::Hex;
use super::roots::{Root, published_signers};
use crate::EvidenceError;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;

/// A parsed document and what is needed to verify it.
#[derive(Clone, Debug)]
pub(super) struct Signed<T> {
    /// Authentic only after [`Self::signer`].
    pub(super) value: T,
    body: String,
    signature: [u8; 64],
    /// Of the certificate that came with this document, where the layout has one for each.
    signer: Option<Arc<Certificate>>,
}

impl<T> Signed<T> {
    pub(super) fn new(
        value: T,
        body: &str,
        signature: Hex<64>,
        signer: Option<Arc<Certificate>>,
    ) -> Self {
        Self { value, body: body.to_owned(), signature: signature.0, signer }
    }

    /// The certificate whose key signed the document, after its chain was verified up to `root`.
    /// Its dates and its revocation are for the caller to check.
    ///
    /// Without a chain of its own the document may be signed by any of `certificates` that is
    /// named as a signer; if there is none, by one that Intel publishes.
    pub(super) fn signer(
        &self,
        what: &'static str,
        certificates: &[Vec<u8>],
        root: &Root,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<Arc<Certificate>, EvidenceError> {
        let mut signers = self.candidates(certificates, root)?;
        signers.sort_by_key(|signer| signer.valid_at(at).is_err());
        let mut refusal = EvidenceError::CollateralMissing("signing chain");
        for signer in signers {
            match self.verify(what, &signer, root, known) {
                Ok(()) => return Ok(signer),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn candidates(
        &self,
        certificates: &[Vec<u8>],
        root: &Root,
    ) -> Result<Vec<Arc<Certificate>>, EvidenceError> {
        if let Some(signer) = &self.signer {
            return Ok(vec![Arc::clone(signer)]);
        }
        let mut signers = Vec::new();
        for der in certificates {
            let certificate = Certificate::from_der(der)?;
            if root.names(&certificate, SIGNER) {
                signers.push(Arc::new(certificate));
            }
        }
        if signers.is_empty() {
            let published = published_signers()?;
            return published.iter().map(|der| Certificate::from_der(der).map(Arc::new)).collect();
        }
        Ok(signers)
    }

    fn verify(
        &self,
        what: &'static str,
        signer: &Certificate,
        root: &Root,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        root.issued(signer, known)?;
        signer.is_end_entity()?;
        if !root.names(signer, SIGNER) {
            return Err(EvidenceError::Chain);
        }
        signer
            .signed_document(self.body.as_bytes(), &self.signature, known)
            .map_err(|()| EvidenceError::CollateralSignature(what))
    }
}

/// Common name of the signer of collateral.
const SIGNER: &str = "Intel SGX TCB Signing";
