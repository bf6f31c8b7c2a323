//! Taking in a sealed output: opened, proved to come from its enclave, checked again, logged.

use disclosure::{CheckReport, RecheckError};
use domain::canonical;
use domain::claims::{Claims, HostData};
use domain::event::{Action, Actor, Event};
use domain::output::{CheckedOutput, OutputPackage, output_report_data};
use domain::{Digest, ReasonCode, Timestamp, Verified};
use evidence::snp::{Crl, Expected, Measurements};
use wire::airlock::{OutputSummary, SealedOutput};

use crate::chain::{Chain, accepted};
use crate::{Airlock, AirlockError};

/// An output whose evidence and checks held, or whose checks refused all files.
pub(crate) struct Opened {
    pub(crate) chain: Chain,
    pub(crate) sealed: SealedOutput,
    pub(crate) package: OutputPackage,
    pub(crate) package_bytes: Vec<u8>,
    pub(crate) package_digest: Digest,
    pub(crate) report: CheckReport,
    pub(crate) claims: Verified<Claims>,
    /// The output as reviewers may judge it, or why there is nothing to judge.
    pub(crate) checked: Result<CheckedOutput, ReasonCode>,
}

impl Airlock {
    /// Takes in what an enclave delivers. Refusals are logged as `OutputChecked`.
    pub(crate) fn take_in(&self, sealed: SealedOutput) -> Result<OutputSummary, AirlockError> {
        let _deciding = self.deciding();
        let object = Digest::of(&sealed.initdata);
        let kept = canonical::to_vec(&sealed).map_err(AirlockError::Malformed)?;
        match self.open(sealed, self.now()) {
            Ok(opened) => self.log_checked(&opened, self.ledger.keep(&kept)?),
            Err(error) => {
                let event =
                    Event::refused(Action::OutputChecked, object, ReasonCode::of(&error));
                self.record(event, None, ())?;
                return Err(error);
            }
        }?;
        let package = self.newest_package(object)?;
        self.summary(package)
    }

    /// Opens a sealed output and does every check on it as of time `at`. Used on arrival and, on the
    /// kept ciphertext, each time that the output is shown or released.
    pub(crate) fn open(
        &self,
        sealed: SealedOutput,
        at: Timestamp,
    ) -> Result<Opened, AirlockError> {
        let entries = self.ledger.entries()?;
        let manifest_digest = Digest::of(&sealed.initdata);
        let chain = Chain::load(&self.ledger, &entries, manifest_digest, at)?;
        let package_bytes = seal::open_output(&sealed.sealed, &self.sealing_key, &manifest_digest)
            .map_err(AirlockError::Sealed)?
            .to_vec();
        let package_digest = Digest::of(&package_bytes);
        let claims = self.verify_evidence(&chain, &sealed, package_digest, at)?;
        let package =
            OutputPackage::from_bytes(&package_bytes).map_err(AirlockError::Malformed)?;
        of_this_launch(&package, &chain)?;
        bundle::verify_pinned(
            &sealed.workload_bundle,
            &chain.manifest.workload.digest,
            &chain.manifest.workload.signer,
        )
        .map_err(|error| AirlockError::Export(crate::export::ExportError::Workload(error)))?;
        let report =
            CheckReport::parse(package.report.as_bytes()).map_err(AirlockError::Malformed)?;
        let checked = recheck(&chain, &package, package_digest, &report)?;
        Ok(Opened {
            chain,
            sealed,
            package,
            package_bytes,
            package_digest,
            report,
            claims,
            checked,
        })
    }

    fn verify_evidence(
        &self,
        chain: &Chain,
        sealed: &SealedOutput,
        package: Digest,
        at: Timestamp,
    ) -> Result<Verified<Claims>, AirlockError> {
        let measurements = chain.approval.proposal().measurements.iter().copied();
        let expected = Expected {
            measurements: Measurements::new(measurements).map_err(AirlockError::Evidence)?,
            host_data: HostData::from(chain.manifest_digest),
            report_data: output_report_data(package),
            floors: self.floors.clone(),
            chips: self.chips.clone(),
        };
        let crl = self.crl()?;
        let crl = if crl.is_empty() { Crl::EmulatedNone } else { Crl::Given(&crl) };
        evidence::snp::verify(&sealed.evidence, &expected, &self.roots, crl, at)
            .map_err(AirlockError::Evidence)
    }

    /// Logs the outcome: each refused file's reason as a refusal, and the package as accepted if
    /// any file is left for reviewers.
    fn log_checked(&self, opened: &Opened, kept: Digest) -> Result<(), AirlockError> {
        let entries = self.ledger.entries()?;
        let delivered = entries.iter().any(|(_, entry)| {
            entry.actor == Actor::Airlock
                && entry.event.action == Action::JobFinished
                && entry.event.object == opened.chain.manifest_digest
        });
        if delivered {
            let reason = ReasonCode::of(&AirlockError::AlreadyDelivered);
            let event =
                Event::refused(Action::OutputChecked, opened.chain.manifest_digest, reason);
            self.record(event, None, ())?;
            return Err(AirlockError::AlreadyDelivered);
        }
        let released = accepted(
            &entries,
            Actor::Broker,
            Action::KeyReleased,
            opened.chain.manifest_digest,
        )
        .ok_or(AirlockError::NoSuchLaunch("KeyReleased"))?;
        let draft = |event: Event| self.draft(
            Event {
                project: Some(opened.package.project.clone()),
                evidence: vec![kept, opened.package_digest, opened.report.digest()],
                previous: vec![released.entry.id.clone()],
                platform: Some(opened.claims.get().platform.trust()),
                ..event
            },
            Some(opened.package.author.clone()),
        );
        let finished = Event::accepted(Action::JobFinished, opened.chain.manifest_digest);
        let mut checked: Vec<_> = refused_reasons(&opened.report)
            .into_iter()
            .map(|reason| draft(Event::refused(Action::OutputChecked, opened.package_digest, reason)))
            .collect();
        if opened.checked.is_ok() {
            checked.push(draft(Event::accepted(Action::OutputChecked, opened.package_digest)));
        }
        self.ledger.record_all(draft(finished), checked, ())?;
        Ok(())
    }

    /// The package that the launch with this manifest delivered.
    fn newest_package(&self, manifest: Digest) -> Result<Digest, AirlockError> {
        accepted(&self.ledger.entries()?, Actor::Airlock, Action::JobFinished, manifest)
            .and_then(|finished| finished.entry.event.evidence.get(1).copied())
            .ok_or(AirlockError::NotFound)
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

fn recheck(
    chain: &Chain,
    package: &OutputPackage,
    digest: Digest,
    report: &CheckReport,
) -> Result<Result<CheckedOutput, ReasonCode>, AirlockError> {
    if package.files.is_empty() {
        let reason = report.reason.clone();
        return reason.map(Err).ok_or(AirlockError::Checks(RecheckError::ReportMismatch));
    }
    let files = package.files.iter().map(|file| (file.name.as_str(), file.content.as_bytes()));
    let roles = disclosure::roles_of(&chain.dataset.manifest().columns);
    disclosure::recheck(files, report, &chain.rules, &roles).map_err(AirlockError::Checks)?;
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
