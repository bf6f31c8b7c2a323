//! configfs-tsm (Linux 6.7, `Documentation/ABI/testing/configfs-tsm-report`): real hardware.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::claims::ReportData;
use evidence::snp::SnpEvidence;

use crate::AgentError;
use crate::platform::Platform;

/// A report entry of the kernel's.
#[derive(Debug)]
pub struct ConfigfsTsm {
    entry: PathBuf,
}

impl ConfigfsTsm {
    /// A report entry, where the kernel has an SEV-SNP provider for it.
    #[must_use]
    pub fn open() -> Option<Self> {
        Self::open_in(Path::new("/sys/kernel/config/tsm/report"))
    }

    fn open_in(reports: &Path) -> Option<Self> {
        let entry = reports.join("cloister");
        match fs::create_dir(&entry) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
            _ => {}
        }
        let provider = fs::read_to_string(entry.join("provider")).ok()?;
        (provider.trim_end() == "sev_guest").then_some(Self { entry })
    }

    fn read(&self, attribute: &str) -> Result<Vec<u8>, AgentError> {
        fs::read(self.entry.join(attribute))
            .map_err(AgentError::system("reading a report from configfs"))
    }
}

impl Platform for ConfigfsTsm {
    fn evidence(&mut self, report_data: ReportData) -> Result<SnpEvidence, AgentError> {
        // One write of all 64 bytes: the kernel takes a shorter one for shorter data.
        fs::write(self.entry.join("inblob"), report_data.as_bytes())
            .map_err(AgentError::system("asking configfs for a report"))?;
        let generation = self.read("generation")?;
        let report = self.read("outblob")?;
        let certificates = self.read("auxblob")?;
        if self.read("generation")? != generation {
            return Err(AgentError::PlatformReportData);
        }
        SnpEvidence::from_certificate_table(report, &certificates).map_err(AgentError::Evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    /// A folder laid out like the kernel's, with an entry that is there already.
    fn kernel(provider: &str) -> tempfile::TempDir {
        let reports = tempfile::tempdir().unwrap();
        let entry = reports.path().join("cloister");
        fs::create_dir(&entry).unwrap();
        for (attribute, content) in [
            ("provider", provider.as_bytes()),
            ("generation", b"1\n"),
            ("inblob", b""),
            ("outblob", &[3; 1184]),
            ("auxblob", &certificates()),
        ] {
            fs::write(entry.join(attribute), content).unwrap();
        }
        reports
    }

    /// A certificate table (AMD-GHCB 56421 §4.1.8.1) of which one certificate fills both rows.
    fn certificates() -> Vec<u8> {
        let (vcek, ask) = (
            0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128,
            0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782,
        );
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let length = u32::try_from(certificate.der().len()).unwrap();
        let row = |name: u128| {
            let mut guid = name.to_be_bytes();
            guid[..4].reverse();
            guid[4..6].reverse();
            guid[6..8].reverse();
            [&guid[..], &72_u32.to_le_bytes(), &length.to_le_bytes()].concat()
        };
        [row(vcek), row(ask), vec![0; 24], certificate.der().to_vec()].concat()
    }

    #[test]
    fn the_request_is_written_whole_and_the_answer_taken_over() {
        let reports = kernel("sev_guest\n");
        let mut platform = ConfigfsTsm::open_in(reports.path()).unwrap();
        let evidence = platform.evidence(ReportData::from_bytes([7; 64])).unwrap();
        assert_eq!(evidence.report, [3; 1184]);
        assert_eq!(evidence.vek, evidence.ask);
        let request = fs::read(reports.path().join("cloister/inblob")).unwrap();
        assert_eq!(request, [7; 64]);
    }

    #[test]
    fn a_host_that_hands_over_no_certificates_is_an_error() {
        let reports = kernel("sev_guest\n");
        fs::write(reports.path().join("cloister/auxblob"), b"").unwrap();
        let mut platform = ConfigfsTsm::open_in(reports.path()).unwrap();
        let refused = platform.evidence(ReportData::from_bytes([7; 64])).unwrap_err();
        assert_eq!(refused.reason(), "evidence.malformed");
    }

    #[test]
    fn other_providers_and_none_at_all_are_no_platform() {
        assert!(ConfigfsTsm::open_in(kernel("tdx_guest\n").path()).is_none());
        assert!(ConfigfsTsm::open_in(Path::new("/nonexistent")).is_none());
        assert!(ConfigfsTsm::open_in(tempfile::tempdir().unwrap().path()).is_none());
    }

    #[test]
    fn a_missing_attribute_is_an_error() {
        let reports = kernel("sev_guest\n");
        fs::remove_file(reports.path().join("cloister/outblob")).unwrap();
        let mut platform = ConfigfsTsm::open_in(reports.path()).unwrap();
        let refused = platform.evidence(ReportData::from_bytes([7; 64])).unwrap_err();
        assert_eq!(refused.reason(), "guest.system");
    }
}
