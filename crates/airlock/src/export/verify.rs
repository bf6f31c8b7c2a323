//! Offline verification of an export: link by link, from the container to the log. A function of
//! the file, the trust file and the roots; it reads no clock and no network.

use std::collections::BTreeMap;
use std::fmt;

use disclosure::{CheckRecord, Rules};
use domain::canonical;
use domain::claims::{Claims, HostData};
use domain::dataset::{DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::ids::PersonId;
use domain::launch::LaunchManifest;
use domain::output::{CheckedOutput, PackageStatement, output_report_data};
use domain::project::{Approval, Proposal};
use domain::review::{Review, ReviewError, ReviewedOutput};
use domain::{Digest, Verified};
use evidence::snp::{
    Chips, Crl, Expected, Measurements, PlatformRules, Roots, SnpEvidence, TcbFloors,
};

use super::log::{RestsOn, member};
use super::{
    APPROVALS, BUNDLE, CHECKS, CRL, DATASET, EVIDENCE, ExportError, FILES, LOG, LogProofs,
    MANIFEST, Members, PROPOSAL, RECEIPT, REVIEWS, RULES, Receipt, Trust, unpack,
};

/// An export whose every link holds.
pub struct VerifiedExport {
    receipt: Receipt,
    statement: Digest,
    claims: Verified<Claims>,
    files: BTreeMap<String, Vec<u8>>,
}

impl VerifiedExport {
    /// The receipt.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The SHA-256 of the receipt's statement.
    #[must_use]
    pub const fn statement(&self) -> Digest {
        self.statement
    }

    /// What the enclave's evidence says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        self.claims.get()
    }

    /// The released files, by name.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }
}

impl fmt::Debug for VerifiedExport {
    /// Contents stay out of logs and panics.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedExport({}, {} files)", self.receipt.export, self.files.len())
    }
}

/// Verifies the export in `file`. Only the keys in `trust` and the `roots` are believed.
///
/// # Errors
/// The first broken link.
pub fn verify(file: &[u8], trust: &Trust, roots: &Roots) -> Result<VerifiedExport, ExportError> {
    verify_members(&unpack(file)?, trust, roots)
}

/// [`verify`] once the file is known to be in its one byte form.
pub(crate) fn verify_members(
    members: &Members,
    trust: &Trust,
    roots: &Roots,
) -> Result<VerifiedExport, ExportError> {
    let (receipt, digest) = receipt(members, trust)?;
    all_members_named(members, &receipt)?;
    let linked = links(members, &receipt, trust, roots)?;
    logged(members, &receipt, digest, trust)?;
    let (claims, files) = (linked.claims, linked.files);
    Ok(VerifiedExport { receipt, statement: digest, claims, files })
}

/// What the members were found to be.
pub(crate) struct Linked {
    files: BTreeMap<String, Vec<u8>>,
    claims: Verified<Claims>,
}

/// Checks every link between dataset and reviews: all but container, receipt and log. The airlock
/// asks this of itself before it releases.
pub(crate) fn links(
    members: &Members,
    receipt: &Receipt,
    trust: &Trust,
    roots: &Roots,
) -> Result<Linked, ExportError> {
    let dataset = dataset(members, receipt, trust)?;
    let approval = approval(members, receipt, &dataset)?;
    let manifest = manifest(members, receipt, &approval, trust)?;
    same("dataset's signer", manifest.dataset_signer == dataset.signer())?;
    workload(members, &manifest)?;
    let files = files(members, receipt, &manifest)?;
    let claims = evidence(members, receipt, &approval, trust, roots)?;
    checks(members, receipt, &files, &dataset)?;
    reviews(members, receipt, &approval)?;
    Ok(Linked { files, claims })
}

/// Checks that the log shows this export and every decision that it rests on, and nothing else.
pub(crate) fn logged(
    members: &Members,
    receipt: &Receipt,
    digest: Digest,
    trust: &Trust,
) -> Result<(), ExportError> {
    let log = trust.log().map_err(ExportError::Log)?;
    let votes: Vec<Envelope> = json(members, REVIEWS)?;
    let votes = votes.iter().map(whose).collect::<Result<_, _>>();
    let rests_on = RestsOn {
        dataset: Digest::of(member(members, DATASET)?),
        approvals: Digest::of(member(members, APPROVALS)?),
        votes: votes?,
    };
    LogProofs::verify(members, &log)?.show(receipt, digest, &rests_on)
}

/// A vote by its digest, and the reviewer whom it names; that they signed it is shown by [`links`].
fn whose(vote: &Envelope) -> Result<(Digest, PersonId), ExportError> {
    let said = vote
        .unverified_payload()
        .map_err(|cause| ExportError::Reviews(ReviewError::Signature(cause)))?;
    let said: Review = canonical::from_slice(&said).map_err(ExportError::Format)?;
    Ok((canonical::digest(vote).map_err(ExportError::Format)?, said.reviewer))
}

fn receipt(members: &Members, trust: &Trust) -> Result<(Receipt, Digest), ExportError> {
    Receipt::verify(&json(members, RECEIPT)?, &trust.airlock)
}

/// Every member is one that is looked at further on and is named by the receipt with its digest,
/// and every name is there. The receipt and the log's proofs, made after it, are proved by
/// signature and by inclusion.
fn all_members_named(members: &Members, receipt: &Receipt) -> Result<(), ExportError> {
    let outside = |path: &str| path == RECEIPT || path.starts_with(LOG);
    let known = |path: &str| path.starts_with(FILES) || LOOKED_AT.contains(&path);
    let unlike = receipt.members.iter().find(|(path, digest)| {
        !known(path) || members.get(*path).is_none_or(|bytes| Digest::of(bytes) != **digest)
    });
    let unnamed =
        members.keys().find(|path| !outside(path) && !receipt.members.contains_key(*path));
    match unlike.map(|(path, _)| path).or(unnamed) {
        None => Ok(()),
        Some(path) => Err(ExportError::Member(path.clone())),
    }
}

fn dataset(
    members: &Members,
    receipt: &Receipt,
    trust: &Trust,
) -> Result<SignedDataset, ExportError> {
    let envelope: Envelope = json(members, DATASET)?;
    let signed = trust
        .custodians
        .iter()
        .find_map(|key| DatasetManifest::verify(&envelope, key).ok())
        .ok_or(ExportError::UnknownCustodian)?;
    same("dataset", signed.digest() == receipt.dataset)?;
    Ok(signed)
}

fn approval(
    members: &Members,
    receipt: &Receipt,
    dataset: &SignedDataset,
) -> Result<Approval, ExportError> {
    let proposal = Proposal::parse(member(members, PROPOSAL)?).map_err(ExportError::Approval)?;
    let statements: Vec<Envelope> = json(members, APPROVALS)?;
    let approval = Approval::new(proposal, dataset, &statements, receipt.released)
        .map_err(ExportError::Approval)?;
    same("proposal", approval.digest() == receipt.proposal)?;
    let proposal = approval.proposal();
    same("project", proposal.project == receipt.project)?;
    same("output rules", proposal.output_rules == receipt.output_rules)?;
    same("release policy", proposal.release_policy == receipt.release_policy)?;
    Ok(approval)
}

fn manifest(
    members: &Members,
    receipt: &Receipt,
    approval: &Approval,
    trust: &Trust,
) -> Result<LaunchManifest, ExportError> {
    let initdata = member(members, MANIFEST)?;
    let manifest = LaunchManifest::from_initdata(initdata).map_err(ExportError::Manifest)?;
    let workload = &manifest.workload;
    let deployment = &manifest.deployment;
    same("launch manifest", Digest::of(initdata) == receipt.manifest)?;
    same("launch", manifest.launch == receipt.launch && manifest.job == receipt.job)?;
    same("author", manifest.author == receipt.author)?;
    let researchers = &approval.proposal().researchers;
    same("approved researcher", researchers.contains_key(&manifest.author))?;
    same("launch's project", manifest.project == receipt.project)?;
    same("launch's proposal", manifest.proposal == receipt.proposal)?;
    same("launch's dataset", manifest.dataset == receipt.dataset)?;
    same("launch's rules", manifest.output_rules == receipt.output_rules)?;
    same("launch's policy", manifest.release_policy == receipt.release_policy)?;
    same("workload", workload.digest == receipt.workload)?;
    same("approved workload", approval.proposal().workloads.contains(workload))?;
    let log = (deployment.log_origin.as_str(), deployment.log_key);
    same("launch's log", log == (trust.log_origin.as_str(), trust.log_key))?;
    Ok(manifest)
}

fn workload(members: &Members, manifest: &LaunchManifest) -> Result<(), ExportError> {
    let bundle = text(members, BUNDLE)?;
    bundle::verify_pinned(bundle, &manifest.workload.digest, &manifest.workload.signer)
        .map(|_| ())
        .map_err(ExportError::Workload)
}

/// The files, if they and the report are what enclave and reviewers signed for.
fn files(
    members: &Members,
    receipt: &Receipt,
    manifest: &LaunchManifest,
) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let file = |(path, bytes): (&String, &Vec<u8>)| {
        Some((path.strip_prefix(FILES)?.to_owned(), bytes.clone()))
    };
    let files: BTreeMap<String, Vec<u8>> = members.iter().filter_map(file).collect();
    let statement = PackageStatement {
        job: manifest.job.clone(),
        launch: manifest.launch.clone(),
        author: manifest.author.clone(),
        project: manifest.project.clone(),
        manifest: receipt.manifest,
        report: receipt.report,
        files: files.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect(),
    };
    let digest = statement.digest().map_err(ExportError::Format)?;
    same("output package", digest == receipt.package)?;
    Ok(files)
}

fn evidence(
    members: &Members,
    receipt: &Receipt,
    approval: &Approval,
    trust: &Trust,
    roots: &Roots,
) -> Result<Verified<Claims>, ExportError> {
    let evidence: SnpEvidence = json(members, EVIDENCE)?;
    let expected = Expected {
        measurements: Measurements::new(approval.proposal().measurements.iter().copied())
            .map_err(ExportError::Evidence)?,
        host_data: HostData::from(receipt.manifest),
        report_data: output_report_data(receipt.package),
        floors: TcbFloors::published().map_err(ExportError::Evidence)?,
        chips: Chips::Any,
        rules: PlatformRules {
            provider_keys: trust.provider_keys.clone(),
            ..PlatformRules::none()
        },
    };
    let crl = match member(members, CRL)? {
        [] => Crl::EmulatedNone,
        crl => Crl::Given(crl),
    };
    let claims = evidence::snp::verify(&evidence, &expected, roots, crl, receipt.released)
        .map_err(ExportError::Evidence)?;
    same("platform", claims.get().platform.trust() == receipt.platform)?;
    same("measurement", claims.get().measurement == receipt.measurement)?;
    Ok(claims)
}

/// Checks the files as if nobody had: they pass under the project's rules, without any finding, and
/// are in the gate's own form.
fn checks(
    members: &Members,
    receipt: &Receipt,
    files: &BTreeMap<String, Vec<u8>>,
    dataset: &SignedDataset,
) -> Result<(), ExportError> {
    let rules = member(members, RULES)?;
    same("rules", Digest::of(rules) == receipt.output_rules)?;
    let rules = Rules::parse(rules).map_err(ExportError::Rules)?;
    let roles = disclosure::roles_of(&dataset.manifest().columns);
    record(members, receipt, files, &rules)?;
    let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    disclosure::audit(files, &rules, &roles).map_err(ExportError::Checks)
}

/// The record of the checks must be of this package, its report, its rules and its files.
fn record(
    members: &Members,
    receipt: &Receipt,
    files: &BTreeMap<String, Vec<u8>>,
    rules: &Rules,
) -> Result<(), ExportError> {
    let record = CheckRecord::parse(member(members, CHECKS)?).map_err(ExportError::Format)?;
    let told = record.files.iter().map(|file| (file.name.as_str(), file.sha256));
    let found = files.iter().map(|(name, bytes)| (name.as_str(), Digest::of(bytes)));
    let whole = record.package == receipt.package
        && record.report == receipt.report
        && record.is_of(rules)
        && told.eq(found);
    same("record of the checks", whole)
}

fn reviews(members: &Members, receipt: &Receipt, approval: &Approval) -> Result<(), ExportError> {
    let votes: Vec<Envelope> = json(members, REVIEWS)?;
    let output =
        CheckedOutput::assertion(receipt.package, receipt.proposal, receipt.author.clone());
    let reviewed = ReviewedOutput::new(output, approval, &votes).map_err(ExportError::Reviews)?;
    same("reviewers", reviewed.reviewers().iter().eq(&receipt.reviewers))
}

/// Reads a JSON member; the receipt pins its bytes, so any spelling is its only one.
fn json<T: serde::Serialize + serde::de::DeserializeOwned>(
    members: &Members,
    path: &str,
) -> Result<T, ExportError> {
    canonical::from_slice(member(members, path)?).map_err(ExportError::Format)
}

fn text<'a>(members: &'a Members, path: &str) -> Result<&'a str, ExportError> {
    std::str::from_utf8(member(members, path)?).map_err(|_| ExportError::Member(path.to_owned()))
}

fn same(what: &'static str, holds: bool) -> Result<(), ExportError> {
    if holds { Ok(()) } else { Err(ExportError::Mismatch(what)) }
}

/// The members that [`links`] checks, besides the files.
const LOOKED_AT: [&str; 10] =
    [MANIFEST, EVIDENCE, CRL, PROPOSAL, APPROVALS, DATASET, RULES, CHECKS, REVIEWS, BUNDLE];
