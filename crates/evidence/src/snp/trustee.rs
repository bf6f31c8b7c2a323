//! The evidence that confidential-containers guests send: a report as JSON fields (as the `sev`
//! crate names them) and a list of certificates.

use serde::Deserialize;

use crate::EvidenceError;

/// What a confidential-containers guest sends.
#[derive(Deserialize)]
pub(super) struct Evidence {
    attestation_report: Fields,
    cert_chain: Option<Vec<CertificateEntry>>,
}

#[derive(Deserialize)]
struct CertificateEntry {
    data: Vec<u8>,
}

#[derive(Deserialize)]
struct Fields {
    version: u32,
    guest_svn: u32,
    policy: u64,
    family_id: Vec<u8>,
    image_id: Vec<u8>,
    vmpl: u32,
    sig_algo: u32,
    current_tcb: Tcb,
    plat_info: u64,
    key_info: u32,
    report_data: Vec<u8>,
    measurement: Vec<u8>,
    host_data: Vec<u8>,
    id_key_digest: Vec<u8>,
    author_key_digest: Vec<u8>,
    report_id: Vec<u8>,
    report_id_ma: Vec<u8>,
    reported_tcb: Tcb,
    cpuid_fam_id: Option<u8>,
    cpuid_mod_id: Option<u8>,
    cpuid_step: Option<u8>,
    chip_id: Vec<u8>,
    committed_tcb: Tcb,
    current: Version,
    committed: Version,
    launch_tcb: Tcb,
    launch_mit_vector: Option<u64>,
    current_mit_vector: Option<u64>,
    signature: Signature,
}

#[derive(Deserialize)]
struct Tcb {
    fmc: Option<u8>,
    bootloader: u8,
    tee: u8,
    snp: u8,
    microcode: u8,
}

#[derive(Deserialize)]
struct Version {
    major: u8,
    minor: u8,
    build: u8,
}

#[derive(Deserialize)]
struct Signature {
    r: Vec<u8>,
    s: Vec<u8>,
}

impl Evidence {
    /// The report's bytes as they were signed, and the certificates.
    ///
    /// Reserved bytes are not in the JSON: had any not been zero, the signature will not verify.
    pub(super) fn into_bytes(self) -> Result<(Vec<u8>, Vec<Vec<u8>>), EvidenceError> {
        let chain = self.cert_chain.into_iter().flatten().map(|entry| entry.data).collect();
        Ok((self.attestation_report.into_bytes()?, chain))
    }
}

impl Fields {
    fn into_bytes(self) -> Result<Vec<u8>, EvidenceError> {
        let mut report = Writer(Vec::new());
        report.bytes(&self.version.to_le_bytes());
        report.bytes(&self.guest_svn.to_le_bytes());
        report.bytes(&self.policy.to_le_bytes());
        report.field(&self.family_id, 16)?;
        report.field(&self.image_id, 16)?;
        report.bytes(&self.vmpl.to_le_bytes());
        report.bytes(&self.sig_algo.to_le_bytes());
        report.bytes(&self.current_tcb.to_bytes());
        report.bytes(&self.plat_info.to_le_bytes());
        report.bytes(&self.key_info.to_le_bytes());
        report.bytes(&[0; 4]);
        report.field(&self.report_data, 64)?;
        report.field(&self.measurement, 48)?;
        report.field(&self.host_data, 32)?;
        report.field(&self.id_key_digest, 48)?;
        report.field(&self.author_key_digest, 48)?;
        report.field(&self.report_id, 32)?;
        report.field(&self.report_id_ma, 32)?;
        report.bytes(&self.reported_tcb.to_bytes());
        let cpuid = [self.cpuid_fam_id, self.cpuid_mod_id, self.cpuid_step];
        report.bytes(&cpuid.map(Option::unwrap_or_default));
        report.bytes(&[0; 21]);
        report.field(&self.chip_id, 64)?;
        report.bytes(&self.committed_tcb.to_bytes());
        report.bytes(&self.current.to_bytes());
        report.bytes(&self.committed.to_bytes());
        report.bytes(&self.launch_tcb.to_bytes());
        report.bytes(&self.launch_mit_vector.unwrap_or_default().to_le_bytes());
        report.bytes(&self.current_mit_vector.unwrap_or_default().to_le_bytes());
        report.bytes(&[0; 152]);
        report.field(&self.signature.r, 72)?;
        report.field(&self.signature.s, 72)?;
        report.bytes(&[0; 368]);
        Ok(report.0)
    }
}

impl Tcb {
    /// With a firmware management controller it is Turin's layout.
    fn to_bytes(&self) -> [u8; 8] {
        let Self { fmc, bootloader, tee, snp, microcode } = *self;
        match fmc {
            Some(fmc) => [fmc, bootloader, tee, snp, 0, 0, 0, microcode],
            None => [bootloader, tee, 0, 0, 0, 0, snp, microcode],
        }
    }
}

impl Version {
    fn to_bytes(&self) -> [u8; 4] {
        [self.build, self.minor, self.major, 0]
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn field(&mut self, bytes: &[u8], length: usize) -> Result<(), EvidenceError> {
        if bytes.len() != length {
            return Err(EvidenceError::Malformed("report field"));
        }
        self.bytes(bytes);
        Ok(())
    }
}
