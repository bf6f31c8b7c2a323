//! Stages 2 to 8 as one walk, and each refusal as a walk that differs in one thing.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use crate::claims::{
    ChipId, Claims, FamilyId, Generation, GuestPolicy, HostData, ImageId, KeyDigest, Measurement,
    Platform, PlatformInfo, ReportData, SigningKey, Tcb, TcbVersions, Trust,
};
use crate::dataset::{
    BlockSize, Cipher, Classification, Custodians, DatasetManifest, HashAlgorithm, Salt,
    SignedDataset, Verity,
};
use crate::dsse::Envelope;
use crate::grant::{GrantError, KeyGrant, Permit};
use crate::ids::{LaunchId, PersonId};
use crate::keys::SecretKey;
use crate::launch::{Deployment, JobRequest, LaunchError, LaunchManifest};
use crate::output::CheckedOutput;
use crate::project::{Approval, Proposal, Workload, WorkloadKind, approve};
use crate::review::{Review, ReviewError, ReviewedOutput, Vote};
use crate::{Digest, Reason, Timestamp, Verified};

const NOW: i64 = 1_800_000_000;
const CUSTODIAN: u8 = 1;
const OTHER_CUSTODIAN: u8 = 2;
const AUTHOR: u8 = 3;
const REVIEWERS: [u8; 2] = [4, 5];
const STRANGER: u8 = 9;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW + seconds).unwrap()
}

fn person(name: &str) -> PersonId {
    name.parse().unwrap()
}

fn dataset(threshold: u32) -> SignedDataset {
    let custodians = BTreeSet::from([key(CUSTODIAN).public(), key(OTHER_CUSTODIAN).public()]);
    let manifest = DatasetManifest {
        id: "randhie".parse().unwrap(),
        title: "t".to_owned(),
        description: "d".to_owned(),
        classification: Classification::Public,
        rows: 1,
        columns: Vec::new(),
        files: Vec::new(),
        cipher: Cipher::AesXtsPlain64,
        header_digest: Digest::of(b"header"),
        verity: Verity {
            root_hash: Digest::of(b"root"),
            salt: Salt::from_bytes([7; 32]),
            data_blocks: 16.try_into().unwrap(),
            block_size: BlockSize,
            hash_algorithm: HashAlgorithm::Sha256,
        },
        custodians: Custodians::new(custodians, threshold).unwrap(),
        created: at(0),
    };
    let envelope = manifest.sign(&key(CUSTODIAN)).unwrap();
    DatasetManifest::verify(&envelope, &key(CUSTODIAN).public()).unwrap()
}

fn proposal(dataset: &SignedDataset) -> Proposal {
    Proposal {
        project: "visits".parse().unwrap(),
        title: "t".to_owned(),
        purpose: "p".to_owned(),
        dataset: dataset.digest(),
        workloads: vec![Workload {
            name: "analysis".to_owned(),
            kind: WorkloadKind::Container,
            digest: Digest::of(b"image"),
            signer: "-----BEGIN PUBLIC KEY-----".to_owned(),
            arguments: Vec::new(),
        }],
        measurements: BTreeSet::from([Measurement::from_bytes([1; 48])]),
        output_rules: Digest::of(b"rules"),
        release_policy: Digest::of(b"policy"),
        researchers: BTreeMap::from([(person("author"), key(AUTHOR).public())]),
        reviewers: BTreeMap::from([
            (person("reviewer-1"), key(REVIEWERS[0]).public()),
            (person("reviewer-2"), key(REVIEWERS[1]).public()),
            (person("author"), key(AUTHOR).public()),
        ]),
        reviews_required: 2,
        expires: at(1000),
    }
}

fn approval() -> Approval {
    let dataset = dataset(1);
    let proposal = proposal(&dataset);
    let statement = approve(&proposal, &key(CUSTODIAN), at(0)).unwrap();
    Approval::new(proposal, &dataset, &[statement], at(1)).unwrap()
}

fn approval_refused(
    threshold: u32,
    signers: &[u8],
    edit: impl FnOnce(&mut Proposal),
    judged: i64,
) -> &'static str {
    let dataset = dataset(threshold);
    let mut proposal = proposal(&dataset);
    let statements: Vec<Envelope> =
        signers.iter().map(|seed| approve(&proposal, &key(*seed), at(0)).unwrap()).collect();
    edit(&mut proposal);
    Approval::new(proposal, &dataset, &statements, at(judged)).unwrap_err().reason()
}

#[test]
fn approval_needs_enough_custodians_of_this_dataset_for_this_proposal() {
    let same = |_: &mut Proposal| ();
    assert_eq!(approval_refused(1, &[], same, 1), "approval.too-few");
    assert_eq!(approval_refused(2, &[CUSTODIAN], same, 1), "approval.too-few");
    assert_eq!(approval_refused(2, &[CUSTODIAN, CUSTODIAN], same, 1), "approval.too-few");
    assert_eq!(approval_refused(1, &[STRANGER], same, 1), "approval.signature");
    assert_eq!(approval_refused(1, &[CUSTODIAN], same, 1000), "approval.expired");
    let other_purpose = |p: &mut Proposal| p.purpose = "other".to_owned();
    assert_eq!(approval_refused(1, &[CUSTODIAN], other_purpose, 1), "approval.other-proposal");
    let other_dataset = |p: &mut Proposal| p.dataset = Digest::of(b"other");
    assert_eq!(approval_refused(1, &[CUSTODIAN], other_dataset, 1), "approval.other-dataset");
    let one_review = |p: &mut Proposal| p.reviews_required = 1;
    assert_eq!(approval_refused(1, &[CUSTODIAN], one_review, 1), "approval.unusable");
    let shared_key = |p: &mut Proposal| {
        p.reviewers.insert(person("reviewer-2"), key(REVIEWERS[0]).public());
    };
    assert_eq!(approval_refused(1, &[CUSTODIAN], shared_key, 1), "approval.unusable");
}

#[test]
fn two_of_two_custodians_are_enough() {
    let dataset = dataset(2);
    let proposal = proposal(&dataset);
    let statements =
        [CUSTODIAN, OTHER_CUSTODIAN].map(|seed| approve(&proposal, &key(seed), at(0)).unwrap());
    let approval = Approval::new(proposal, &dataset, &statements, at(1)).unwrap();
    assert_eq!(approval.approvers().len(), 2);
}

#[test]
fn a_withheld_approval_is_older_than_the_one_signed_after_it() {
    let dataset = dataset(1);
    let signed_at = |seconds| {
        let proposal = proposal(&dataset);
        let statement = approve(&proposal, &key(CUSTODIAN), at(seconds)).unwrap();
        Approval::new(proposal, &dataset, &[statement], at(20)).unwrap()
    };
    let (earlier, later) = (signed_at(1), signed_at(2));
    assert!(later.not_older_than(&earlier) && later.not_older_than(&later));
    assert!(!earlier.not_older_than(&later));
}

fn deployment() -> Deployment {
    Deployment {
        broker_tls: Digest::of(b"broker"),
        airlock_tls: Digest::of(b"airlock"),
        airlock_sealing: "xwing:".to_owned(),
        log_origin: "test.example/log".to_owned(),
        log_key: key(8).public(),
    }
}

fn request() -> JobRequest {
    JobRequest {
        job: "job-1".parse().unwrap(),
        project: "visits".parse().unwrap(),
        workload: Digest::of(b"image"),
        author: person("author"),
    }
}

fn authorise(request: &JobRequest, signer: u8, when: i64) -> Result<LaunchManifest, LaunchError> {
    let launch = LaunchId::from_random([1; 16]);
    let envelope = request.sign(&key(signer)).unwrap();
    let signer = key(CUSTODIAN).public();
    LaunchManifest::authorise(launch, &approval(), signer, &envelope, deployment(), at(when), 60)
}

#[test]
fn a_launch_needs_a_researcher_and_an_approved_workload() {
    let refused = |edit: fn(&mut JobRequest), signer, when| {
        let mut request = request();
        edit(&mut request);
        authorise(&request, signer, when).unwrap_err().reason()
    };
    assert_eq!(refused(|_| (), STRANGER, 1), "launch.signature");
    assert_eq!(refused(|_| (), AUTHOR, 1000), "approval.expired");
    let stranger = |r: &mut JobRequest| r.author = person("stranger");
    assert_eq!(refused(stranger, STRANGER, 1), "launch.not-a-researcher");
    let project = |r: &mut JobRequest| r.project = "other".parse().unwrap();
    assert_eq!(refused(project, AUTHOR, 1), "launch.other-project");
    let workload = |r: &mut JobRequest| r.workload = Digest::of(b"other");
    assert_eq!(refused(workload, AUTHOR, 1), "launch.workload-not-approved");
}

#[test]
fn initdata_is_toml_with_one_spelling() {
    let manifest = authorise(&request(), AUTHOR, 1).unwrap();
    let bytes = manifest.to_initdata().unwrap();
    assert_eq!(LaunchManifest::from_initdata(&bytes).unwrap(), manifest);
    assert_eq!(manifest.digest().unwrap(), Digest::of(&bytes));
    let text = String::from_utf8(bytes).unwrap();
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["algorithm"].as_str(), Some("sha256"));
    let json = table["data"]["launch.json"].as_str().unwrap();
    assert!(json.starts_with('{') && json.ends_with('}'), "{json}");
    for other in [
        text.replace("sha256\"", "sha384\""),
        format!("{text} "),
        text.replace("{\"air", "{ \"air"),
    ] {
        let refused = LaunchManifest::from_initdata(other.as_bytes()).unwrap_err();
        assert_eq!(refused.reason(), "launch.malformed");
    }
}

fn claims(host_data: HostData, measurement: Measurement) -> Verified<Claims> {
    let tcb = Tcb { fmc: None, bootloader: 1, tee: 1, snp: 1, microcode: 1 };
    Verified::assertion(Claims {
        platform: Platform::SevSnp { generation: Generation::Genoa, trust: Trust::Emulated },
        report_version: 5,
        cpuid: None,
        measurement,
        host_data,
        report_data: ReportData::from_bytes([0; 64]),
        vmpl: 0,
        policy: GuestPolicy::new(0x30000),
        guest_svn: 0,
        family_id: FamilyId::from_bytes([0; 16]),
        image_id: ImageId::from_bytes([0; 16]),
        id_key_digest: KeyDigest::from_bytes([0; 48]),
        author_key_digest: KeyDigest::from_bytes([0; 48]),
        platform_info: PlatformInfo::new(0x25),
        mitigations: None,
        tcb: TcbVersions { reported: tcb, committed: tcb, current: tcb, launch: tcb },
        signing_key: SigningKey::Vcek,
        csp_id: None,
        chip_id: ChipId::from_bytes([2; 64]),
    })
}

fn decide(
    manifest: &LaunchManifest,
    host_data: Digest,
    measurement: u8,
    policy: &[u8],
    when: i64,
) -> Result<KeyGrant, GrantError> {
    let measurement = Measurement::from_bytes([measurement; 48]);
    let claims = claims(HostData::from(host_data), measurement);
    let permit = Permit::assertion(Digest::of(policy), vec!["release".to_owned()]);
    KeyGrant::decide(&approval(), manifest, &claims, permit, at(when))
}

#[test]
fn a_grant_joins_approval_manifest_evidence_and_permit() {
    let manifest = authorise(&request(), AUTHOR, 1).unwrap();
    let digest = manifest.digest().unwrap();
    let grant = decide(&manifest, digest, 1, b"policy", 2).unwrap();
    assert_eq!((grant.launch(), grant.dataset()), (&manifest.launch, manifest.dataset));
    let refused = |manifest: &LaunchManifest, host_data, measurement, policy: &[u8], when| {
        decide(manifest, host_data, measurement, policy, when).unwrap_err().reason()
    };
    let other = Digest::of(b"other");
    assert_eq!(refused(&manifest, other, 1, b"policy", 2), "evidence.host-data");
    assert_eq!(refused(&manifest, digest, 9, b"policy", 2), "evidence.measurement");
    assert_eq!(refused(&manifest, digest, 1, b"other", 2), "policy.other-policy");
    assert_eq!(refused(&manifest, digest, 1, b"policy", 61), "launch.expired");
    assert_eq!(refused(&manifest, digest, 1, b"policy", 1000), "approval.expired");
    let foreign = LaunchManifest { proposal: other, ..manifest };
    let bound = foreign.digest().unwrap();
    assert_eq!(refused(&foreign, bound, 1, b"policy", 2), "launch.other-approval");
}

fn output() -> CheckedOutput {
    CheckedOutput::assertion(Digest::of(b"package"), approval().digest(), person("author"))
}

fn vote(name: &str, seed: u8, vote: Vote, package: &[u8]) -> Envelope {
    let review =
        Review { package: Digest::of(package), reviewer: person(name), vote, signed: at(5) };
    review.sign(&key(seed)).unwrap()
}

fn reviewed(votes: &[Envelope]) -> Result<ReviewedOutput, ReviewError> {
    ReviewedOutput::new(output(), &approval(), votes)
}

#[test]
fn an_output_needs_two_reviewers_and_none_its_author() {
    let first = vote("reviewer-1", REVIEWERS[0], Vote::Accept, b"package");
    let second = vote("reviewer-2", REVIEWERS[1], Vote::Accept, b"package");
    let both = reviewed(&[first.clone(), second.clone()]).unwrap();
    assert_eq!(both.reviewers().len(), 2);
    let refused = |votes: &[Envelope]| reviewed(votes).unwrap_err().reason();
    assert_eq!(refused(std::slice::from_ref(&first)), "review.too-few");
    assert_eq!(refused(&[first.clone(), first.clone()]), "review.too-few");
    let author = vote("author", AUTHOR, Vote::Accept, b"package");
    assert_eq!(refused(&[first.clone(), author]), "review.author-as-reviewer");
    let forged = vote("reviewer-2", REVIEWERS[0], Vote::Accept, b"package");
    assert_eq!(refused(&[first.clone(), forged]), "review.signature");
    let stranger = vote("stranger", STRANGER, Vote::Accept, b"package");
    assert_eq!(refused(&[first.clone(), stranger]), "review.not-a-reviewer");
    let other = vote("reviewer-2", REVIEWERS[1], Vote::Accept, b"other");
    assert_eq!(refused(&[first.clone(), other]), "review.other-package");
    let rejected = vote("reviewer-2", REVIEWERS[1], Vote::Reject, b"package");
    assert_eq!(refused(&[first, second, rejected]), "review.rejected");
}
