//! How good a platform is (Intel SGX and TDX Provisioning Certification Service API, "Get TCB
//! Info", algorithm for the status; for guests of TDX 1.5 also what Intel's quote verification
//! library does).

use domain::claims::intel::TcbAssessment;
use domain::claims::tdx::TdReport;
use domain::claims::{TcbStatus, TeeTcbSvn};

use super::extension::SgxExtension;
use super::json::Verdict;
use super::tcb_info::{Level, Module, TcbInfo};
use crate::EvidenceError;
use crate::error::refuse_if;

impl TcbInfo {
    /// The status of a platform, and of the guest's module if there is a guest.
    ///
    /// # Errors
    /// [`EvidenceError::TcbLevel`] if no level fits.
    pub(super) fn assess(
        &self,
        platform: &SgxExtension,
        guest: Option<&TdReport>,
        quoting_enclave: Option<&Verdict>,
        evaluation_data_number: u32,
    ) -> Result<TcbAssessment, EvidenceError> {
        let launch = self.verdicts(platform, guest.map(|guest| &guest.tee_tcb_svn))?;
        let enclave = quoting_enclave.map(|verdict| verdict.status);
        let mut status = launch.status().worst(enclave.unwrap_or(TcbStatus::UpToDate));
        let mut all = vec![launch];
        if let Some(update) = guest.and_then(|guest| guest.update.as_ref()) {
            let current = self.verdicts(platform, Some(&update.tee_tcb_svn2))?;
            let now = current.status().worst(enclave.unwrap_or(TcbStatus::UpToDate));
            status = relaunch(status, now);
            all.push(current);
        }
        let advisories = all
            .iter()
            .flat_map(|verdicts| [Some(verdicts.platform), verdicts.module])
            .chain([quoting_enclave])
            .flatten()
            .flat_map(|verdict| verdict.advisories.iter().cloned())
            .collect();
        Ok(TcbAssessment {
            status,
            advisories,
            platform: launch.platform.status,
            module: launch.module.map(|verdict| verdict.status),
            quoting_enclave: enclave,
            evaluation_data_number,
            tcb_date: launch.platform.date,
        })
    }

    fn verdicts(
        &self,
        platform: &SgxExtension,
        versions: Option<&TeeTcbSvn>,
    ) -> Result<Verdicts<'_>, EvidenceError> {
        let level = self.levels.iter().find(|level| level.fits(platform, versions));
        let platform = &level.ok_or(EvidenceError::TcbLevel("platform"))?.verdict;
        let Some([isv_svn, version, ..]) = versions.map(TeeTcbSvn::as_bytes) else {
            return Ok(Verdicts { platform, module: None });
        };
        if *version == 0 {
            return Ok(Verdicts { platform, module: None });
        }
        let levels = self.module(*version)?.levels.iter();
        let (_, module) = levels
            .clone()
            .find(|(lowest, _)| isv_svn >= lowest)
            .ok_or(EvidenceError::TcbLevel("TDX module"))?;
        Ok(Verdicts { platform, module: Some(module) })
    }

    fn module(&self, version: u8) -> Result<&Module, EvidenceError> {
        let mut modules = self.modules.iter();
        modules
            .find(|module| module.version == version)
            .ok_or(EvidenceError::TcbLevel("TDX module"))
    }

    /// Checks that the guest's module is the one that the TCB info describes.
    pub(super) fn check_module(&self, guest: &TdReport) -> Result<(), EvidenceError> {
        let [_, version, ..] = guest.tee_tcb_svn.as_bytes();
        let module = self.module(*version)?;
        let attributes = guest.seam_attributes.bits();
        let differs = (attributes ^ module.attributes) & module.mask | attributes & !module.mask;
        let signer = guest.mrsignerseam.as_bytes();
        refuse_if(*signer != module.signer || differs != 0, EvidenceError::TdxModule)
    }
}

/// What every module in production has been so far: signed by Intel, which is written as zeros,
/// without attributes. Checked where no TCB info says more.
pub(super) fn is_production_module(guest: &TdReport) -> Result<(), EvidenceError> {
    let signed_by_intel = *guest.mrsignerseam.as_bytes() == [0; 48];
    refuse_if(!signed_by_intel || guest.seam_attributes.bits() != 0, EvidenceError::TdxModule)
}

impl Level {
    /// Whether the platform has at least this: each SGX component, PCESVN, and for a guest each TDX
    /// component. From module version 1 on, the first two TDX components are the module's own and
    /// are judged by its identity.
    fn fits(&self, platform: &SgxExtension, versions: Option<&TeeTcbSvn>) -> bool {
        let reach = |have: &[u8; 16], need: &[u16; 16], skip: usize| {
            have.iter().zip(need).skip(skip).all(|(have, need)| u16::from(*have) >= *need)
        };
        let guest = versions.is_none_or(|versions| {
            let versions = versions.as_bytes();
            let [_, version, ..] = versions;
            reach(versions, &self.tdx, if *version == 0 { 0 } else { 2 })
        });
        guest
            && reach(platform.cpu_svn.as_bytes(), &self.sgx, 0)
            && platform.pce_svn >= self.pce_svn
    }
}

/// The verdicts on one set of versions.
#[derive(Clone, Copy)]
struct Verdicts<'a> {
    platform: &'a Verdict,
    module: Option<&'a Verdict>,
}

impl Verdicts<'_> {
    fn status(&self) -> TcbStatus {
        let module = self.module.map_or(TcbStatus::UpToDate, |verdict| verdict.status);
        self.platform.status.worst(module)
    }
}

/// The status of a guest that was launched at `launch` and runs at `now`. A guest launched on an
/// old module is not made good by an update of the module under it.
const fn relaunch(launch: TcbStatus, now: TcbStatus) -> TcbStatus {
    let worst = launch.worst(now);
    if matches!(worst, TcbStatus::Revoked) || !launch.out_of_date() || now.out_of_date() {
        return worst;
    }
    if worst.configuration_needed() {
        TcbStatus::TdRelaunchAdvisedConfigurationNeeded
    } else {
        TcbStatus::TdRelaunchAdvised
    }
}
