//! Taking in a sealed output: opened, proved to come from its enclave, checked again, logged.
//!
//! Anybody can post here, so what a delivery may leave behind is bounded: one that names no launch
//! with a released key is counted and forgotten; the refusals of one that does are logged once for
//! each reason; only the one accepted delivery of a launch is kept.

use disclosure::{CheckReport, Footprints, FootprintsError, PackedFile, RecheckError};
use domain::claims::{Claims, HostData};
use domain::event::{Action, Event};
use domain::output::{CheckedOutput, OutputPackage, output_report_data};
use domain::{Digest, ReasonCode, Timestamp, Verified};
use evidence::snp::{Crl, Expected, Measurements};
use wire::airlock::{OutputSummary, SealedOutput};

use crate::chain::{Chain, Steps};
use crate::kept::to_keep;
use crate::output::Delivery;
use crate::{Airlock, AirlockError, draft};

/// An output whose evidence and checks held, or whose checks refused all files.
pub(crate) struct Opened {
    pub(crate) chain: Chain,
    pub(crate) sealed: SealedOutput,
    pub(crate) package: OutputPackage,
    pub(crate) package_digest: Digest,
    pub(crate) report: CheckReport,
    /// Which people are behind the files, where the rules ask for it.
    pub(crate) footprints: Option<Footprints>,
    pub(crate) claims: Verified<Claims>,
    /// The output as reviewers may judge it, or why there is nothing to judge.
    pub(crate) checked: Result<CheckedOutput, ReasonCode>,
}

/// When evidence is judged, and by which revocation list (empty on the emulated platform).
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) crl: Vec<u8>,
}

impl Airlock {
    /// Takes in what an enclave delivers.
    pub(crate) fn take_in(&self, sealed: SealedOutput) -> Result<OutputSummary, AirlockError> {
        let manifest = Digest::of(&sealed.initdata);
        let steps = Steps::of(&self.ledger.entries()?, manifest)?;
        let judged = self.judge(steps, sealed);
        let _deciding = self.deciding();
        let logged = judged.and_then(|(opened, objects)| {
            self.log_checked(&opened, objects)?;
            Ok(opened.package_digest)
        });
        match logged {
            Ok(package) => self.summary(&self.ledger.entries()?, package),
            Err(error) => Err(self.refuse(Action::OutputChecked, manifest, error)),
        }
    }

    /// The opened delivery with the objects from which it can be opened again: its ciphertext and
    /// the revocation list that held.
    pub(crate) fn judge(
        &self,
        steps: Steps,
        sealed: SealedOutput,
    ) -> Result<(Opened, [Vec<u8>; 2]), AirlockError> {
        let moment = Moment { at: self.now(), crl: self.crl()? };
        let kept = to_keep(&sealed)?;
        let chain = Chain::load(&self.ledger, steps, moment.at)?;
        let opened = self.open(chain, sealed, &moment)?;
        Ok((opened, [kept, moment.crl]))
    }

    /// Opens a sealed output of `chain` and does every check on it as of `moment`. Used on arrival
    /// and, on the kept ciphertext, each time that the output is shown or released.
    pub(crate) fn open(
        &self,
        chain: Chain,
        sealed: SealedOutput,
        moment: &Moment,
    ) -> Result<Opened, AirlockError> {
        let bytes = seal::open_output(&sealed.sealed, &self.sealing_key, &chain.manifest_digest)
            .map_err(AirlockError::Sealed)?;
        let package = OutputPackage::from_bytes(&bytes).map_err(AirlockError::Malformed)?;
        let package_digest = package.digest().map_err(AirlockError::Malformed)?;
        let claims = self.verify_evidence(&chain, &sealed, package_digest, moment)?;
        of_this_launch(&package, &chain)?;
        workload(&sealed, &chain)?;
        let report =
            CheckReport::parse(package.report.as_bytes()).map_err(AirlockError::Malformed)?;
        let footprints = footprints(&package)?;
        let checked = recheck(&chain, &package, footprints.as_ref(), package_digest, &report)?;
        Ok(Opened { chain, sealed, package, package_digest, report, footprints, claims, checked })
    }

    /// Whether the enclave's evidence binds `package` and holds at `moment`.
    pub(crate) fn verify_evidence(
        &self,
        chain: &Chain,
        sealed: &SealedOutput,
        package: Digest,
        moment: &Moment,
    ) -> Result<Verified<Claims>, AirlockError> {
        let measurements = chain.approval.proposal().measurements.iter().copied();
        let expected = Expected {
            measurements: Measurements::new(measurements).map_err(AirlockError::Evidence)?,
            host_data: HostData::from(chain.manifest_digest),
            report_data: output_report_data(package),
            floors: self.floors.clone(),
            chips: self.chips.clone(),
            rules: self.platform_rules.clone(),
        };
        let crl = match moment.crl.as_slice() {
            [] => Crl::EmulatedNone,
            crl => Crl::Given(crl),
        };
        evidence::snp::verify(&sealed.evidence, &expected, &self.roots, crl, moment.at)
            .map_err(AirlockError::Evidence)
    }

    /// Whether what depends on the time also holds at `moment`: by the time of its entry an output is
    /// opened again, and it may have waited for that entry since it was opened first.
    fn holds_at(&self, opened: &Opened, moment: &Moment) -> Result<(), AirlockError> {
        let chain = Chain::load(&self.ledger, opened.chain.steps.clone(), moment.at)?;
        self.verify_evidence(&chain, &opened.sealed, opened.package_digest, moment).map(drop)
    }

    /// Logs the outcome: each refused file's reason as a refusal, and the package as accepted if
    /// any file is left for reviewers.
    pub(crate) fn log_checked(
        &self,
        opened: &Opened,
        objects: [Vec<u8>; 2],
    ) -> Result<(), AirlockError> {
        let manifest = opened.chain.manifest_digest;
        if Delivery::of_launch(&self.ledger.entries()?, manifest).is_some() {
            return Err(AirlockError::AlreadyDelivered);
        }
        let [sealed, crl] = objects;
        let moment = Moment { at: self.now(), crl };
        self.holds_at(opened, &moment)?;
        let (sealed, crl) = (self.ledger.keep_personal(&sealed)?, self.ledger.keep(&moment.crl)?);
        let draft_of = |event: Event| {
            let event = Event {
                project: Some(opened.package.project.clone()),
                evidence: vec![sealed, opened.package_digest, opened.report.digest(), crl],
                previous: vec![opened.chain.steps.released.entry.id.clone()],
                platform: Some(opened.claims.get().platform.trust()),
                ..event
            };
            draft(event, Some(opened.package.author.clone()), moment.at)
        };
        let package = opened.package_digest;
        let mut refused = refused_reasons(&opened.report);
        // What was released before decides again when the output is to leave.
        let remembered = self.remembered(&self.ledger.entries()?, opened);
        refused.extend(remembered.as_ref().err().map(ReasonCode::of));
        let mut checked: Vec<_> = refused
            .into_iter()
            .map(|reason| draft_of(Event::refused(Action::OutputChecked, package, reason)))
            .collect();
        if opened.checked.is_ok() && remembered.is_ok() {
            checked.push(draft_of(Event::accepted(Action::OutputChecked, package)));
        }
        let finished = draft_of(Event::accepted(Action::JobFinished, manifest));
        self.ledger.record_all(finished, checked, ())?;
        Ok(())
    }
}

/// The package must be of the launch whose evidence binds it, not merely carried by it.
fn of_this_launch(package: &OutputPackage, chain: &Chain) -> Result<(), AirlockError> {
    let manifest = &chain.manifest;
    let same = package.manifest == chain.manifest_digest
        && package.job == manifest.job
        && package.launch == manifest.launch
        && package.author == manifest.author
        && package.project == manifest.project;
    if same { Ok(()) } else { Err(AirlockError::OtherLaunch) }
}

/// What ran must be what the approved signer signed.
fn workload(sealed: &SealedOutput, chain: &Chain) -> Result<(), AirlockError> {
    let workload = &chain.manifest.workload;
    let image = &sealed.image_manifest;
    if !image.is_empty() && Digest::of(image) != workload.digest {
        return Err(AirlockError::OtherWorkload);
    }
    bundle::verify_pinned(&sealed.workload_bundle, &workload.digest, &workload.signer)
        .map(|_| ())
        .map_err(AirlockError::Workload)
}

/// The footprints in the package; that they are those of its report is the re-check's to say.
fn footprints(package: &OutputPackage) -> Result<Option<Footprints>, AirlockError> {
    let Some(records) = &package.records else { return Ok(None) };
    let bytes = records.bytes().ok_or(AirlockError::Footprints(FootprintsError::Format))?;
    let parsed = Footprints::parse(&bytes, records.population);
    parsed.map(Some).map_err(AirlockError::Footprints)
}

fn recheck(
    chain: &Chain,
    package: &OutputPackage,
    footprints: Option<&Footprints>,
    digest: Digest,
    report: &CheckReport,
) -> Result<Result<CheckedOutput, ReasonCode>, AirlockError> {
    let mismatch = || AirlockError::Checks(RecheckError::ReportMismatch);
    let names = package.files.iter().map(|file| &file.name);
    // A name that comes twice would let reviewers and readers see different files.
    if !names.is_sorted_by(|one, next| one < next) {
        return Err(mismatch());
    }
    if package.files.is_empty() {
        let bare = report.files.is_empty() && report.rules_digest == chain.rules.digest();
        return report.reason.clone().filter(|_| bare).map(Err).ok_or_else(mismatch);
    }
    let files = package.files.iter().map(|file| PackedFile {
        name: &file.name,
        content: file.content.as_bytes(),
        checked: file.checked.as_deref().map(str::as_bytes),
    });
    let roles = disclosure::roles_of(&chain.dataset.manifest().columns);
    disclosure::recheck(files, footprints, report, &chain.rules, &roles)
        .map_err(AirlockError::Checks)?;
    Ok(Ok(CheckedOutput::assertion(digest, chain.approval.digest(), package.author.clone())))
}

/// The distinct reasons of the report's findings, in its order.
fn refused_reasons(report: &CheckReport) -> Vec<ReasonCode> {
    let mut reasons: Vec<ReasonCode> = Vec::new();
    for finding in &report.findings {
        if !reasons.contains(&finding.code) {
            reasons.push(finding.code.clone());
        }
    }
    reasons
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({})", self.package_digest)
    }
}
