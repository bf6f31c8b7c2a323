//! An Intel in software: it signs quotes and collateral in Intel's layouts under a root of its own.
//! The verifier is the one for real hardware; only the root that it is given differs.
//!
//! A [`Fake`] starts from a captured quote and its collateral, or from a synthetic pair; a test
//! changes one field, signs everything again and expects the one reason.

mod certificates;
mod synthetic;

use aws_lc_rs::digest::{SHA256, digest};
use domain::Timestamp;
use domain::claims::intel::IntelPlatform;
use serde::Serialize;
use serde_json::{Value, json};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::emulated::EmulatedError;
use certificates::{Key, certificate, pem, revocation_list};

/// Everything that goes into a quote and its collateral, before it is signed.
#[derive(Clone, Debug)]
pub struct Fake {
    /// Header and body of the quote.
    pub signed: Vec<u8>,
    /// REPORTBODY of the quoting enclave; [`Fake::sign`] puts what it binds at its end.
    pub qe_report: Vec<u8>,
    /// What the quoting enclave binds besides the attestation key.
    pub authentication_data: Vec<u8>,
    /// How the quote names the platform's certificate.
    pub certification: Certification,
    /// What the platform's certificate says.
    pub pck: PckFields,
    /// `tcbInfo`.
    pub tcb_info: Value,
    /// `enclaveIdentity`.
    pub qe_identity: Value,
    /// The root.
    pub root: CertificateFields,
    /// The authority of platforms.
    pub authority: CertificateFields,
    /// The platform.
    pub leaf: CertificateFields,
    /// The signer of TCB info.
    pub tcb_signer: CertificateFields,
    /// The signer of the quoting enclave's identity; the same one if the same is said of it.
    pub qe_signer: CertificateFields,
    /// The root's list.
    pub root_list: RevocationFields,
    /// The authority's list.
    pub pck_list: RevocationFields,
}

/// How a quote names the platform's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certification {
    /// By the certificates themselves: type 5.
    Chain,
    /// By an encrypted platform identity: type 3. The certificates go into the collateral.
    EncryptedPpid,
    /// By an encrypted platform identity, and the certificates are nowhere.
    Nowhere,
}

/// The extension of a platform's certificate.
#[derive(Clone, Debug)]
pub struct PckFields {
    /// Platform identity.
    pub ppid: [u8; 16],
    /// Processor family.
    pub fmspc: [u8; 6],
    /// Provisioning certification enclave.
    pub pce_id: [u8; 2],
    /// Its security version.
    pub pce_svn: u16,
    /// Security versions of the components, one by one.
    pub components: [u8; 16],
    /// The same in one field.
    pub cpu_svn: [u8; 16],
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFields {
    /// Subject.
    pub common_name: String,
    /// Serial number.
    pub serial: u8,
    /// First and last moment of validity.
    pub validity: (Timestamp, Timestamp),
    /// Whether it may issue others.
    pub authority: bool,
    /// A critical extension that nobody knows.
    pub critical_extension: Option<ObjectIdentifier>,
}

/// What a revocation list says.
#[derive(Clone, Debug)]
pub struct RevocationFields {
    /// Revoked serial numbers.
    pub serials: Vec<u8>,
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is due.
    pub next_update: Timestamp,
}

/// A quote with its collateral, and the root under which both verify.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The quote.
    pub quote: Vec<u8>,
    /// The collateral.
    pub collateral: Collateral,
    /// The root's certificate as DER: what `Root::emulated` takes.
    pub root: Vec<u8>,
}

/// Collateral in the layout of the crate `dcap-qvl`.
#[derive(Clone, Debug, Serialize)]
pub struct Collateral {
    /// Authority and root, PEM.
    pub pck_crl_issuer_chain: String,
    /// The root's list, hexadecimal.
    pub root_ca_crl: String,
    /// The authority's list, hexadecimal.
    pub pck_crl: String,
    /// Signer and root, PEM.
    pub tcb_info_issuer_chain: String,
    /// `tcbInfo` as it was signed.
    pub tcb_info: String,
    /// Signature, hexadecimal.
    pub tcb_info_signature: String,
    /// Signer and root, PEM.
    pub qe_identity_issuer_chain: String,
    /// `enclaveIdentity` as it was signed.
    pub qe_identity: String,
    /// Signature, hexadecimal.
    pub qe_identity_signature: String,
    /// The platform's chain, PEM, where the quote does not hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pck_certificate_chain: Option<String>,
}

impl Collateral {
    /// The one file that `dcap-qvl` writes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json!(self).to_string().into_bytes()
    }

    /// The files that Intel's service answers with.
    #[must_use]
    pub fn to_files(&self) -> Vec<Vec<u8>> {
        let document = |name: &str, body: &str, signature: &str| {
            format!(r#"{{"{name}":{body},"signature":"{signature}"}}"#).into_bytes()
        };
        vec![
            document("tcbInfo", &self.tcb_info, &self.tcb_info_signature),
            document("enclaveIdentity", &self.qe_identity, &self.qe_identity_signature),
            self.tcb_info_issuer_chain.clone().into_bytes(),
            self.qe_identity_issuer_chain.clone().into_bytes(),
            self.root_ca_crl.clone().into_bytes(),
            self.pck_crl.clone().into_bytes(),
        ]
    }
}

impl Fake {
    /// What a captured quote and its collateral (`tcbInfo` and `enclaveIdentity`) say, for a
    /// platform that claims what `platform` does; certificates and lists are valid from `created`.
    ///
    /// # Errors
    /// [`EmulatedError::Malformed`] if they are cut short or are not JSON.
    pub fn captured(
        quote: &[u8],
        tcb_info: &str,
        qe_identity: &str,
        platform: &IntelPlatform,
        created: Timestamp,
    ) -> Result<Self, EmulatedError> {
        const MALFORMED: EmulatedError = EmulatedError::Malformed("captured evidence");
        let body = match quote.first() {
            Some(3) => HEADER + 384,
            Some(4) => HEADER + 584,
            _ => HEADER + 6 + 648,
        };
        let (signed, rest) = quote.split_at_checked(body).ok_or(MALFORMED)?;
        let enclave = rest.get(4 + 128..).ok_or(MALFORMED)?;
        let enclave = if quote.first() == Some(&3) { enclave.get(..) } else { enclave.get(6..) };
        let (report, rest) =
            enclave.and_then(|rest| rest.split_at_checked(384)).ok_or(MALFORMED)?;
        let authentication_data = rest.get(64 + 2..64 + 2 + 32).ok_or(MALFORMED)?;
        let read = |json: &str| serde_json::from_str(json).map_err(|_| MALFORMED);
        Ok(Self {
            signed: signed.to_vec(),
            qe_report: report.to_vec(),
            authentication_data: authentication_data.to_vec(),
            pck: PckFields {
                ppid: *platform.ppid.as_bytes(),
                fmspc: *platform.fmspc.as_bytes(),
                pce_id: *platform.pce_id.as_bytes(),
                pce_svn: platform.pce_svn,
                components: *platform.cpu_svn.as_bytes(),
                cpu_svn: *platform.cpu_svn.as_bytes(),
            },
            tcb_info: read(tcb_info)?,
            qe_identity: read(qe_identity)?,
            ..Self::tdx(4, created)
        })
    }

    /// Signs everything with new keys.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn sign(&self) -> Result<Evidence, EmulatedError> {
        let [root_key, authority_key, leaf_key, tcb_key, qe_key, attestation_key] = [
            Key::generate()?,
            Key::generate()?,
            Key::generate()?,
            Key::generate()?,
            Key::generate()?,
            Key::generate()?,
        ];
        let issuer = (&self.root, &root_key);
        let root = certificate(&self.root, &root_key, issuer, None)?;
        let authority = certificate(&self.authority, &authority_key, issuer, None)?;
        let tcb_signer = certificate(&self.tcb_signer, &tcb_key, issuer, None)?;
        // Intel has one signer for both.
        let (qe_key, qe_signer) = if self.qe_signer == self.tcb_signer {
            (&tcb_key, tcb_signer.clone())
        } else {
            (&qe_key, certificate(&self.qe_signer, &qe_key, issuer, None)?)
        };
        let pck_issuer = (&self.authority, &authority_key);
        let leaf = certificate(&self.leaf, &leaf_key, pck_issuer, Some(&self.pck))?;
        let chain = pem(&[&leaf, &authority, &root]);
        let tcb_info = self.tcb_info.to_string();
        let qe_identity = self.qe_identity.to_string();
        let collateral = Collateral {
            pck_crl_issuer_chain: pem(&[&authority, &root]),
            root_ca_crl: hexadecimal(&revocation_list(&self.root_list, issuer)?),
            pck_crl: hexadecimal(&revocation_list(&self.pck_list, pck_issuer)?),
            tcb_info_issuer_chain: pem(&[&tcb_signer, &root]),
            tcb_info_signature: hexadecimal(&tcb_key.sign(tcb_info.as_bytes())?),
            tcb_info,
            qe_identity_issuer_chain: pem(&[&qe_signer, &root]),
            qe_identity_signature: hexadecimal(&qe_key.sign(qe_identity.as_bytes())?),
            qe_identity,
            pck_certificate_chain: (self.certification == Certification::EncryptedPpid)
                .then(|| chain.clone()),
        };
        let quote = self.quote(&leaf_key, &attestation_key, &chain)?;
        Ok(Evidence { quote, collateral, root })
    }

    fn quote(&self, leaf: &Key, attestation: &Key, chain: &str) -> Result<Vec<u8>, EmulatedError> {
        let point = attestation.point()?;
        let bound = [point.as_slice(), &self.authentication_data].concat();
        let mut report = self.qe_report.clone();
        report.truncate(320);
        report.extend_from_slice(digest(&SHA256, &bound).as_ref());
        report.extend_from_slice(&[0; 32]);
        let (kind, data) = match self.certification {
            Certification::Chain => (5_u16, [chain.as_bytes(), &[0]].concat()),
            Certification::EncryptedPpid | Certification::Nowhere => (3, vec![7; 404]),
        };
        let enclave = [
            report.as_slice(),
            &leaf.sign(&report)?,
            &short(self.authentication_data.len())?,
            &self.authentication_data,
            &kind.to_le_bytes(),
            &long(data.len())?,
            &data,
        ]
        .concat();
        let signature = attestation.sign(&self.signed)?;
        let mut data = [signature.as_slice(), &point].concat();
        if self.signed.first() != Some(&3) {
            data.extend_from_slice(&6_u16.to_le_bytes());
            data.extend_from_slice(&long(enclave.len())?);
        }
        data.extend_from_slice(&enclave);
        Ok([self.signed.as_slice(), &long(data.len())?, &data].concat())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn short(length: usize) -> Result<[u8; 2], EmulatedError> {
    let length = u16::try_from(length).map_err(|_| EmulatedError::Malformed("length"))?;
    Ok(length.to_le_bytes())
}

fn long(length: usize) -> Result<[u8; 4], EmulatedError> {
    let length = u32::try_from(length).map_err(|_| EmulatedError::Malformed("length"))?;
    Ok(length.to_le_bytes())
}

/// Length of a quote's header.
const HEADER: usize = 48;
