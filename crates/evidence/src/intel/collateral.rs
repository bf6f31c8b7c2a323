//! Collateral as Intel publishes it and as the `dcap-qvl` crate writes it to files.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::Hex;
use super::qe_identity::QeIdentity;
use super::signed::Signed;
use super::tcb_info::{TcbInfo, Tee};
use crate::EvidenceError;
use crate::crl::RevocationList;
use crate::pem;
use crate::x509::Certificate;

/// What Intel publishes about platforms. Parsed; nothing in it is authentic before it was used.
/// What is missing is refused by [`super::verify`] and said by [`super::inspect`].
#[derive(Clone, Debug, Default)]
pub struct Collateral {
    pub(super) tcb_infos: Vec<Signed<TcbInfo>>,
    pub(super) qe_identities: Vec<Signed<QeIdentity>>,
    pub(super) revocation_lists: Vec<RevocationList>,
    /// Certificates that came along, as DER: signing chains, and the chains of platforms' keys.
    pub(super) certificates: Vec<Vec<u8>>,
}

impl Collateral {
    /// Reads any number of files, in any order. Each is one of
    /// - TCB info or an enclave's identity as Intel's service answers: JSON with the signature;
    /// - certificates as PEM (also URL-encoded, as Intel's service sends them in headers) or DER;
    /// - a revocation list as DER, PEM, base64 or hexadecimal;
    /// - everything in the JSON that `dcap-qvl` writes.
    ///
    /// # Errors
    /// [`EvidenceError::CollateralMalformed`], [`EvidenceError::Malformed`] or
    /// [`EvidenceError::Crl`] if a file is none of them.
    pub fn read<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, EvidenceError> {
        let mut collateral = Self::default();
        for file in files {
            collateral.add(file)?;
        }
        Ok(collateral)
    }

    pub(super) fn add(&mut self, file: &[u8]) -> Result<(), EvidenceError> {
        match std::str::from_utf8(file).map(str::trim) {
            Ok(text) if text.starts_with('{') => self.add_json(text),
            Ok(text) if text.starts_with(PEM) => self.add_pem(text),
            Ok(text) if text.starts_with(URL_ENCODED_PEM) => self.add_pem(&percent_decoded(text)?),
            Ok(text) => match hex::decode(text).or_else(|_| STANDARD.decode(text)) {
                Ok(der) => self.add_der(&der),
                Err(_) => self.add_der(file),
            },
            Err(_) => self.add_der(file),
        }
    }

    fn add_pem(&mut self, text: &str) -> Result<(), EvidenceError> {
        for (label, der) in pem::blocks(text.as_bytes())? {
            match label.as_str() {
                pem::CERTIFICATE => self.certificates.push(der),
                pem::REVOCATION_LIST => {
                    self.revocation_lists.push(RevocationList::from_der(&der)?);
                }
                _ => return Err(UNKNOWN),
            }
        }
        Ok(())
    }

    fn add_der(&mut self, der: &[u8]) -> Result<(), EvidenceError> {
        if let Ok(list) = RevocationList::from_der(der) {
            self.revocation_lists.push(list);
        } else if Certificate::from_der(der).is_ok() {
            self.certificates.push(der.to_vec());
        } else {
            return Err(UNKNOWN);
        }
        Ok(())
    }

    fn add_json(&mut self, text: &str) -> Result<(), EvidenceError> {
        if let Ok(file) = serde_json::from_str::<TcbInfoFile>(text) {
            let info = TcbInfo::parse(file.tcb_info.get())?;
            self.tcb_infos.push(Signed::new(info, file.tcb_info.get(), file.signature, None));
        } else if let Ok(file) = serde_json::from_str::<QeIdentityFile>(text) {
            let body = file.enclave_identity.get();
            let identity = QeIdentity::parse(body)?;
            self.qe_identities.push(Signed::new(identity, body, file.signature, None));
        } else {
            let file = serde_json::from_str::<DcapQvlFile>(text).map_err(|_| UNKNOWN)?;
            self.add_dcap_qvl(file)?;
        }
        Ok(())
    }

    /// Here each document has its own signing chain, and is verified with that alone.
    fn add_dcap_qvl(&mut self, file: DcapQvlFile) -> Result<(), EvidenceError> {
        let tcb_signer = first(&file.tcb_info_issuer_chain)?;
        let info = TcbInfo::parse(&file.tcb_info)?;
        let signature = file.tcb_info_signature;
        self.tcb_infos.push(Signed::new(
            info,
            &file.tcb_info,
            signature,
            Some(Arc::clone(&tcb_signer)),
        ));
        // Nearly always the same signer's.
        let signer = if file.qe_identity_issuer_chain == file.tcb_info_issuer_chain {
            tcb_signer
        } else {
            first(&file.qe_identity_issuer_chain)?
        };
        let identity = QeIdentity::parse(&file.qe_identity)?;
        let signature = file.qe_identity_signature;
        self.qe_identities.push(Signed::new(identity, &file.qe_identity, signature, Some(signer)));
        for list in [file.root_ca_crl, file.pck_crl] {
            let mut der = vec![0; list.len() / 2];
            // Half the time of `hex::decode`, and these are the longest texts.
            hex::decode_to_slice(list, &mut der).map_err(|_| EvidenceError::Crl)?;
            self.revocation_lists.push(RevocationList::from_der(&der)?);
        }
        if let Some(chain) = file.pck_certificate_chain {
            self.certificates.extend(pem::certificates(chain.as_bytes())?);
        }
        let authorities = pem::certificates(file.pck_crl_issuer_chain.as_bytes())?;
        self.certificates.extend(authorities);
        Ok(())
    }

    /// The TCB info for a processor family: of several the one that is valid at `at` and newest.
    ///
    /// # Errors
    /// [`EvidenceError::CollateralMissing`] if none was given,
    /// [`EvidenceError::CollateralMismatch`] if none is for the family.
    pub(super) fn tcb_info(
        &self,
        tee: Tee,
        fmspc: [u8; 6],
        pce_id: [u8; 2],
        at: Timestamp,
    ) -> Result<&Signed<TcbInfo>, EvidenceError> {
        const WHAT: &str = "TCB info";
        let fitting = self.tcb_infos.iter().filter(|info| {
            let info = &info.value;
            info.tee == tee && info.fmspc == fmspc && info.pce_id == pce_id
        });
        let newest = fitting.max_by_key(|info| {
            let window = info.value.window;
            (window.contains(at), info.value.evaluation_data_number, window.issue_date)
        });
        newest.ok_or(absent(WHAT, self.tcb_infos.is_empty()))
    }

    /// The identity of the quoting enclave for `tee`: of several the one that is valid at `at` and
    /// newest.
    ///
    /// # Errors
    /// As [`Self::tcb_info`].
    pub(super) fn qe_identity(
        &self,
        tee: Tee,
        at: Timestamp,
    ) -> Result<&Signed<QeIdentity>, EvidenceError> {
        const WHAT: &str = "QE identity";
        let fitting = self.qe_identities.iter().filter(|identity| identity.value.tee == Some(tee));
        let newest = fitting.max_by_key(|identity| {
            let window = identity.value.window;
            (window.contains(at), identity.value.evaluation_data_number, window.issue_date)
        });
        newest.ok_or(absent(WHAT, self.qe_identities.is_empty()))
    }
}

/// The first certificate of a chain, which the others of it vouch for.
fn first(chain: &str) -> Result<Arc<Certificate>, EvidenceError> {
    let chain = pem::certificates(chain.as_bytes())?;
    let der = chain.first().ok_or(UNKNOWN)?;
    Certificate::from_der(der).map(Arc::new)
}

const fn absent(what: &'static str, none: bool) -> EvidenceError {
    if none {
        EvidenceError::CollateralMissing(what)
    } else {
        EvidenceError::CollateralMismatch(what)
    }
}

pub(super) fn percent_decoded(text: &str) -> Result<String, EvidenceError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digits = [*high, *low];
                let decoded = hex::decode(digits).map_err(|_| UNKNOWN)?;
                bytes.extend(decoded);
                tail
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| UNKNOWN)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TcbInfoFile {
    tcb_info: Box<RawValue>,
    signature: Hex<64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QeIdentityFile {
    enclave_identity: Box<RawValue>,
    signature: Hex<64>,
}

/// `QuoteCollateralV3` of the crate `dcap-qvl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DcapQvlFile {
    pck_crl_issuer_chain: String,
    root_ca_crl: String,
    pck_crl: String,
    tcb_info_issuer_chain: String,
    tcb_info: String,
    tcb_info_signature: Hex<64>,
    qe_identity_issuer_chain: String,
    qe_identity: String,
    qe_identity_signature: Hex<64>,
    pck_certificate_chain: Option<String>,
}

const UNKNOWN: EvidenceError = EvidenceError::CollateralMalformed("file of unknown layout");
const PEM: &str = "-----BEGIN ";
const URL_ENCODED_PEM: &str = "-----BEGIN%20";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_read_as_intels_service_sends_them() {
        let pem = include_str!("../../../../attestation/roots/intel/tcb-signing.pem");
        let encoded = pem.replace(' ', "%20").replace('\n', "%0A").replace('+', "%2B");
        for text in [pem, encoded.as_str()] {
            let collateral = Collateral::read([text.as_bytes()]).unwrap();
            assert_eq!(collateral.certificates.len(), 2);
        }
    }

    #[test]
    fn files_of_another_layout_are_refused() {
        let signature = "0".repeat(128);
        let unknown = [
            String::new(),
            "{}".to_owned(),
            "text".to_owned(),
            "00".to_owned(),
            "-----BEGIN%2".to_owned(),
            format!(r#"{{"tcbInfo":{{}},"signature":"{signature}","more":1}}"#),
            format!(r#"{{"enclaveIdentity":{{}},"signature":"{signature}0"}}"#),
        ];
        for text in unknown {
            assert_eq!(Collateral::read([text.as_bytes()]).unwrap_err(), UNKNOWN, "{text}");
        }
        let empty = format!(r#"{{"tcbInfo":{{}},"signature":"{signature}"}}"#);
        assert_eq!(
            Collateral::read([empty.as_bytes()]).unwrap_err(),
            EvidenceError::CollateralMalformed("TCB info")
        );
    }
}
