//! Whose stamps are believed.

use x509_cert::der::Encode as _;

use crate::StampError;
use crate::certificate::Certificate;

/// Roots of time stamping authorities, and certificates to get from a signer to one of them.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// At least one.
    pub(crate) roots: Vec<Certificate>,
    pub(crate) beside: Vec<Certificate>,
}

impl Authorities {
    /// From PEM: the `roots`, and what may stand `beside` a token that does not bring it, the
    /// signer's certificate and intermediate ones. Nothing is believed for standing beside it.
    ///
    /// # Errors
    /// `timestamp.malformed` if a text is not of certificates; `timestamp.roots` if there is no root.
    pub fn from_pem(roots: &[u8], beside: &[u8]) -> Result<Self, StampError> {
        let roots = certificates(roots)?;
        if roots.is_empty() {
            return Err(StampError::Roots);
        }
        Ok(Self { roots, beside: certificates(beside)? })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, StampError> {
    const MALFORMED: StampError = StampError::Malformed("certificate file");
    if pem.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let parsed = x509_cert::Certificate::load_pem_chain(pem).map_err(|_| MALFORMED)?;
    // The library stops where no further certificate follows.
    let begun = pem.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
    if parsed.is_empty() || parsed.len() != begun {
        return Err(MALFORMED);
    }
    let der = parsed.iter().map(|one| one.to_der().map_err(|_| MALFORMED));
    der.map(|der| Certificate::from_der(&der?)).collect()
}

const BEGIN: &[u8] = b"-----BEGIN ";
