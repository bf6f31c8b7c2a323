//! A processor as one PEM file, so that a lab keeps its root from one run to the next.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use x509_cert::der::pem::{self, LineEnding};
use zeroize::Zeroizing;

use super::{Chain, EmulatedError, Identity, SecurityProcessor};

impl SecurityProcessor {
    /// The processor with its signing key, for a file that only its owner reads.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the key cannot be exported.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, EmulatedError> {
        let key = self.key.to_pkcs8v1().map_err(|_| EmulatedError::Crypto)?;
        let identity =
            serde_json::to_vec(&self.identity).map_err(|_| EmulatedError::Malformed("identity"))?;
        let blocks: [(&str, &[u8]); 5] = [
            (IDENTITY, &identity),
            (CERTIFICATE, &self.chain.ark),
            (CERTIFICATE, &self.chain.ask),
            (CERTIFICATE, &self.chain.vek),
            (KEY, key.as_ref()),
        ];
        let mut text = Zeroizing::new(String::new());
        for (label, bytes) in blocks {
            let block = pem::encode_string(label, LineEnding::LF, bytes)
                .map(Zeroizing::new)
                .map_err(|_| EmulatedError::Malformed("PEM"))?;
            text.push_str(&block);
        }
        Ok(text)
    }

    /// Reads what [`Self::to_pem`] wrote.
    ///
    /// # Errors
    /// [`EmulatedError::Malformed`] if it is not that.
    pub fn from_pem(text: &str) -> Result<Self, EmulatedError> {
        const MALFORMED: EmulatedError = EmulatedError::Malformed("PEM of an emulated processor");
        let mut identity = None;
        let mut key = None;
        let mut certificates = Vec::new();
        for block in blocks(text) {
            let (label, bytes) = pem::decode_vec(block.as_bytes()).map_err(|_| MALFORMED)?;
            let bytes = Zeroizing::new(bytes);
            match label {
                IDENTITY => identity = serde_json::from_slice::<Identity>(&bytes).ok(),
                CERTIFICATE => certificates.push(bytes.to_vec()),
                KEY => {
                    key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &bytes).ok();
                }
                _ => return Err(MALFORMED),
            }
        }
        let [ark, ask, vek] = certificates.try_into().map_err(|_| MALFORMED)?;
        Ok(Self {
            key: key.ok_or(MALFORMED)?,
            chain: Chain { ark, ask, vek },
            identity: identity.ok_or(MALFORMED)?,
        })
    }
}

/// The PEM blocks of `text`, each with its first and last line.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    text.split("-----BEGIN ").skip(1).map(|block| format!("-----BEGIN {}", block.trim_end()))
}

const IDENTITY: &str = "EMULATED PROCESSOR";
const CERTIFICATE: &str = "CERTIFICATE";
const KEY: &str = "PRIVATE KEY";
