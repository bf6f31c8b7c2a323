//! Evidence whose signatures hold, and what else there is to say about it.

use domain::Timestamp;
use domain::claims::{Claims, Platform, SigningKey, TcbVersions};

use super::chain::EndorsementKey;
use super::roots::{Root, Roots};
use super::{Report, SnpEvidence, TcbFloors};
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;

/// Evidence that a pinned root vouches for: parse, chain, chip, firmware versions and signature
/// were checked. Whether it is good enough is another question: [`Authentic::findings`].
pub(super) struct Authentic<'a> {
    pub(super) claims: Claims,
    pub(super) root: &'a Root,
    pub(super) intermediate: Certificate,
    validity: Result<(), EvidenceError>,
}

impl<'a> Authentic<'a> {
    pub(super) fn check(
        evidence: &SnpEvidence,
        roots: &'a Roots,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<Self, EvidenceError> {
        let report = Report::parse(&evidence.report)?;
        let key = EndorsementKey::verify(evidence, roots, known)?;
        key.endorses(&report)?;
        key.signed(&report)?;
        Ok(Self {
            claims: claims(&report, &key)?,
            validity: key.valid_at(at),
            root: key.root,
            intermediate: key.intermediate,
        })
    }

    /// What is wrong with authentic evidence whatever the deployment, worst first. A release
    /// needs none of them.
    pub(super) fn findings(&self, floors: &TcbFloors) -> Vec<EvidenceError> {
        let claims = &self.claims;
        let tcb = &claims.tcb;
        let committed = tcb.committed.at_least(&tcb.reported);
        let current = tcb.current.at_least(&tcb.committed);
        let masked = claims.signing_key == SigningKey::Vcek && claims.chip_id.is_masked();
        let checks = [
            self.validity,
            refuse_if(claims.policy.debug(), EvidenceError::DebugEnabled),
            refuse_if(claims.policy.migrate_ma(), EvidenceError::MigrationAgent),
            refuse_if(claims.vmpl != 0, EvidenceError::Vmpl(claims.vmpl)),
            refuse_if(!committed || !current, EvidenceError::Rollback),
            refuse_if(!claims.platform_info.alias_check_complete(), EvidenceError::AliasCheck),
            refuse_if(masked, EvidenceError::ChipIdMasked),
            floors.check(claims),
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }
}

fn claims(report: &Report, key: &EndorsementKey<'_>) -> Result<Claims, EvidenceError> {
    let generation = key.root.generation;
    Ok(Claims {
        platform: Platform::SevSnp { generation, trust: key.root.trust },
        report_version: report.version,
        cpuid: report.cpuid,
        measurement: report.measurement,
        host_data: report.host_data,
        report_data: report.report_data,
        vmpl: report.vmpl,
        policy: report.policy,
        guest_svn: report.guest_svn,
        family_id: report.family_id,
        image_id: report.image_id,
        id_key_digest: report.id_key_digest,
        author_key_digest: report.author_key_digest,
        platform_info: report.platform_info,
        mitigations: report.mitigations,
        tcb: TcbVersions {
            reported: report.reported_tcb.components(generation)?,
            committed: report.committed_tcb.components(generation)?,
            current: report.current_tcb.components(generation)?,
            launch: report.launch_tcb.components(generation)?,
        },
        signing_key: key.kind(),
        csp_id: key.provider().cloned(),
        chip_id: report.chip_id,
    })
}
