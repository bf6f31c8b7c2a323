//! An emulated Azure machine: what the program below the guest (HCL) and its virtual TPM write, for
//! tests that make one thing wrong. The hardware's report inside is signed by an emulated processor
//! of this crate, or is a captured one.

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::emulated::EmulatedError;

/// IGVM_ATTEST_REPORT_TYPE of a machine with SEV-SNP.
pub const SNP_VM_REPORT: u32 = 2;
/// IGVM_ATTEST_REPORT_TYPE of a machine with TDX.
pub const TDX_VM_REPORT: u32 = 4;

/// A virtual TPM: its attestation key.
pub struct VirtualTpm {
    key: KeyPair,
}

impl VirtualTpm {
    /// A TPM with a new key of 2048 bits.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn create() -> Result<Self, EmulatedError> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| EmulatedError::Crypto)?;
        Ok(Self { key })
    }

    /// The attestation key as the runtime claims name it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        // RFC 8017 A.1.1: the modulus follows two headers of four bytes and a zero.
        let modulus = self.key.public_key().as_ref().get(9..265).unwrap_or_default();
        let modulus = URL_SAFE_NO_PAD.encode(modulus);
        json!({ "kid": "HCLAkPub", "key_ops": ["sign"], "kty": "RSA", "e": "AQAB", "n": modulus })
    }

    /// The signature of `message`: RSASSA-PKCS1-v1_5 with SHA-256, as Azure's TPMs make it.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        self.sign_as(&RSA_PKCS1_SHA256, message)
    }

    /// The signature of `message` by another scheme than Azure's TPMs use.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn sign_as(
        &self,
        scheme: &'static dyn RsaEncoding,
        message: &[u8],
    ) -> Result<Vec<u8>, EmulatedError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(scheme, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| EmulatedError::Crypto)?;
        Ok(signature)
    }
}

impl std::fmt::Debug for VirtualTpm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualTpm").finish_non_exhaustive()
    }
}

/// Runtime claims with these keys.
#[must_use]
pub fn runtime_claims(keys: &[Value]) -> Vec<u8> {
    let configuration = json!({ "console-enabled": false, "secure-boot": true });
    json!({ "keys": keys, "vm-configuration": configuration, "user-data": "00" })
        .to_string()
        .into_bytes()
}

/// What the hardware's report has as its report data: the digest of the claims, then zeros.
#[must_use]
pub fn report_data(claims: &[u8]) -> [u8; 64] {
    let mut bytes = [0; 64];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, claims).as_ref()) {
        *to = *from;
    }
    bytes
}

/// A report of the HCL around a hardware report of `kind`, padded as in the TPM's index.
#[must_use]
pub fn hcl_report(kind: u32, report: &[u8], claims: &[u8]) -> Vec<u8> {
    let claims_length = u32::try_from(claims.len()).unwrap_or(u32::MAX);
    let data_length = claims_length.saturating_add(20);
    let header = [2, data_length.saturating_add(1216), 2, 0, 0, 0, 0];
    let request = [data_length, 1, kind, 1, claims_length];
    let mut bytes = b"HCLA".to_vec();
    bytes.extend(header.into_iter().flat_map(u32::to_le_bytes));
    bytes.extend_from_slice(report);
    bytes.resize(1216, 0);
    bytes.extend(request.into_iter().flat_map(u32::to_le_bytes));
    bytes.extend_from_slice(claims);
    bytes.resize(bytes.len().max(2600), 0);
    bytes
}

/// A quote of all PCRs (TPMS_ATTEST) over `nonce`. Its fields begin at 0 (magic), 4 (type), 6 (signer),
/// 42 (nonce), and counted from the end of the nonce at 0 (clock, resets, restarts, safe), 17
/// (firmware), 25 (count of selections), 29 (bank), 31 (size), 32 (selected), 35 (digest).
#[must_use]
pub fn quote(nonce: &[u8], pcrs: &[[u8; 32]; 24]) -> Vec<u8> {
    let nonce_length = u16::try_from(nonce.len()).unwrap_or(u16::MAX);
    let mut message = vec![0xff, b'T', b'C', b'G', 0x80, 0x18, 0, 34, 0, 0x0b];
    message.extend([7; 32]);
    message.extend(nonce_length.to_be_bytes());
    message.extend_from_slice(nonce);
    message.extend([0, 0, 0, 0, 0, 1, 2, 3]); // clock
    message.extend([0, 0, 0, 2, 0, 0, 0, 0, 1]); // resets, restarts, safe
    message.extend([0x20, 0x20, 0x03, 0x12, 0, 0x12, 0, 0x03]);
    message.extend([0, 0, 0, 1, 0, 0x0b, 3, 0xff, 0xff, 0xff, 0, 32]);
    message.extend(digest(&SHA256, pcrs.as_flattened()).as_ref());
    message
}

/// The JSON that guests send (version 1), without the certificate.
#[must_use]
pub fn evidence(hcl_report: &[u8], message: &[u8], signature: &[u8], pcrs: &[Vec<u8>]) -> Value {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let pcrs: Vec<_> = pcrs.iter().map(|value| hex(value)).collect();
    json!({
        "version": 1,
        "hcl_report": URL_SAFE.encode(hcl_report),
        "tpm_quote": { "signature": hex(signature), "message": hex(message), "pcrs": pcrs },
    })
}

/// The TDX module's report (TDREPORT_STRUCT) from which a quote of version 4 with this header and body
/// was made; its MAC is nobody's.
#[must_use]
pub fn td_report(signed: &[u8]) -> Vec<u8> {
    let body = signed.get(48..).unwrap_or_default();
    let field = |from: usize, length: usize| body.get(from..from + length).unwrap_or_default();
    // VALID, then TEE_TCB_SVN, MRSEAM, MRSIGNERSEAM, ATTRIBUTES.
    let mut tcb = [&[0xff; 8], field(0, 120)].concat();
    tcb.resize(239, 0);
    // ATTRIBUTES, XFAM, MRTD, the three identities, the RTMRs.
    let mut guest = field(120, 400).to_vec();
    guest.resize(512, 0);
    let hash = |part: &[u8]| digest(&SHA384, part).as_ref().to_vec();
    let mut report = vec![0x81];
    report.resize(32, 0);
    report.extend(hash(&tcb));
    report.extend(hash(&guest));
    report.extend_from_slice(field(520, 64));
    report.resize(256, 0x3c);
    report.extend(tcb);
    report.extend([0; 17]);
    report.extend(guest);
    report
}
