use std::collections::{BTreeMap, BTreeSet};

use domain::claims::{
    ChipId, Claims, FamilyId, Generation, GuestPolicy, HostData, ImageId, KeyDigest, Measurement,
    Platform, PlatformInfo, ReportData, SigningKey, Tcb, TcbVersions, Trust,
};
use domain::dataset::{
    BlockSize, Cipher, Classification, Custodians, DatasetManifest, HashAlgorithm, Salt,
    SignedDataset, Verity,
};
use domain::keys::SecretKey;
use domain::launch::{Deployment, LaunchManifest};
use domain::project::{Approval, Proposal, Workload, WorkloadKind, approve};
use domain::{Reason as _, Timestamp, Verified};
use zeroize::Zeroizing;

use super::*;

/// Everything that a question is made of, before it is signed and bound together.
struct Case {
    classification: Classification,
    other_dataset: bool,
    claims: Claims,
    expires: (i64, i64),
    bound: bool,
}

fn key() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([1; 32]))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap()
}

fn case() -> Case {
    let tcb = Tcb { fmc: None, bootloader: 1, tee: 1, snp: 1, microcode: 1 };
    let claims = Claims {
        platform: Platform::SevSnp { generation: Generation::Genoa, trust: Trust::Hardware },
        report_version: 5,
        cpuid: None,
        measurement: Measurement::from_bytes([1; 48]),
        host_data: HostData::from_bytes([0; 32]),
        report_data: ReportData::from_bytes([0; 64]),
        vmpl: 0,
        policy: GuestPolicy::new(0x3_0000),
        guest_svn: 0,
        family_id: FamilyId::from_bytes([0; 16]),
        image_id: ImageId::from_bytes([0; 16]),
        id_key_digest: KeyDigest::from_bytes([0; 48]),
        author_key_digest: KeyDigest::from_bytes([0; 48]),
        platform_info: PlatformInfo::new(0x20),
        mitigations: None,
        tcb: TcbVersions { reported: tcb, committed: tcb, current: tcb, launch: tcb },
        signing_key: SigningKey::Vcek,
        csp_id: None,
        chip_id: ChipId::from_bytes([3; 64]),
    };
    let classification = Classification::HighlyConfidential;
    Case { classification, other_dataset: false, claims, expires: (1000, 600), bound: true }
}

fn dataset(classification: Classification, title: &str) -> SignedDataset {
    let manifest = DatasetManifest {
        id: "randhie".parse().unwrap(),
        title: title.to_owned(),
        description: String::new(),
        classification,
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
        custodians: Custodians::new(BTreeSet::from([key().public()]), 1).unwrap(),
        created: at(0),
    };
    DatasetManifest::verify(&manifest.sign(&key()).unwrap(), &key().public()).unwrap()
}

fn approval(dataset: &SignedDataset, expires: Timestamp) -> Approval {
    let reviewer = |seed| SecretKey::from_seed(&Zeroizing::new([seed; 32])).public();
    let proposal = Proposal {
        project: "visits".parse().unwrap(),
        title: String::new(),
        purpose: String::new(),
        dataset: dataset.digest(),
        workloads: vec![Workload {
            name: "analysis".to_owned(),
            kind: WorkloadKind::Wasm,
            digest: Digest::of(b"image"),
            signer: String::new(),
            arguments: Vec::new(),
        }],
        measurements: BTreeSet::from([Measurement::from_bytes([1; 48])]),
        output_rules: Digest::of(b"rules"),
        release_policy: Digest::of(b"policy"),
        researchers: BTreeMap::from([("author".parse().unwrap(), key().public())]),
        reviewers: BTreeMap::from([
            ("reviewer-1".parse().unwrap(), reviewer(4)),
            ("reviewer-2".parse().unwrap(), reviewer(5)),
        ]),
        reviews_required: 2,
        expires,
    };
    let statement = approve(&proposal, &key(), at(-1)).unwrap();
    Approval::new(proposal, dataset, &[statement], at(-1000)).unwrap()
}

fn manifest(approval: &Approval, expires: Timestamp) -> LaunchManifest {
    let proposal = approval.proposal();
    LaunchManifest {
        launch: "launch-1".parse().unwrap(),
        job: "job-1".parse().unwrap(),
        author: "author".parse().unwrap(),
        project: proposal.project.clone(),
        proposal: approval.digest(),
        dataset: proposal.dataset,
        dataset_signer: key().public(),
        workload: proposal.workloads[0].clone(),
        output_rules: proposal.output_rules,
        release_policy: proposal.release_policy,
        deployment: Deployment {
            broker_tls: Digest::of(b"broker"),
            airlock_tls: Digest::of(b"airlock"),
            airlock_sealing: "xwing:".to_owned(),
            log_origin: "example.org/log".to_owned(),
            log_key: key().public(),
        },
        expires,
    }
}

fn decide(policy: &ReleasePolicy, case: Case) -> Result<Permit, PolicyError> {
    let approved = dataset(case.classification, "one");
    let approval = approval(&approved, at(case.expires.0));
    let manifest = manifest(&approval, at(case.expires.1));
    let mut claims = case.claims;
    if case.bound {
        claims.host_data = HostData::from(manifest.digest().unwrap());
    }
    let asked = if case.other_dataset { dataset(case.classification, "two") } else { approved };
    policy.decide(&Question {
        approval: &approval,
        dataset: &asked,
        manifest: &manifest,
        claims: &Verified::assertion(claims),
        at: at(0),
    })
}

fn emulated(case: &mut Case) {
    case.claims.platform =
        Platform::SevSnp { generation: Generation::Genoa, trust: Trust::Emulated };
}

#[test]
fn an_approved_launch_is_permitted_by_name() {
    let policy = ReleasePolicy::embedded().unwrap();
    let rows: [fn(&mut Case); 3] = [
        |_| (),
        |case| case.classification = Classification::Public,
        |case| {
            emulated(case);
            case.classification = Classification::Public;
        },
    ];
    for edit in rows {
        let mut case = case();
        edit(&mut case);
        let permit = decide(&policy, case).unwrap();
        assert_eq!(permit.policy(), policy.digest());
        assert_eq!(permit.rules(), ["release-to-approved-launch"]);
    }
}

fn check_refused(edit: impl FnOnce(&mut Case), rule: &str, reason: &str) {
    let mut case = case();
    edit(&mut case);
    let refused = decide(&ReleasePolicy::embedded().unwrap(), case).unwrap_err();
    assert_eq!((refused.rules(), refused.reason()), (&[rule.to_owned()][..], reason));
}

#[test]
fn the_emulated_platform_sees_public_data_only() {
    use Classification::{Confidential, HighlyConfidential, Internal};
    for classification in [Internal, Confidential, HighlyConfidential] {
        let edit = |case: &mut Case| {
            emulated(case);
            case.classification = classification;
        };
        check_refused(edit, "forbid-emulated-unless-public", "policy.emulated-confidential");
    }
}

#[test]
fn each_refusal_names_its_rule_and_reason() {
    let bits = |bits| move |case: &mut Case| case.claims.policy = GuestPolicy::new(bits);
    let other_image = |case: &mut Case| case.claims.measurement = Measurement::from_bytes([2; 48]);
    check_refused(bits(0xb_0000), "forbid-debug", "policy.debug-enabled");
    check_refused(bits(0x7_0000), "forbid-migration-agent", "policy.migration-agent");
    check_refused(|case| case.claims.vmpl = 1, "forbid-other-vmpl", "policy.vmpl");
    check_refused(other_image, "forbid-unapproved-image", "policy.unapproved-image");
    check_refused(|case| case.other_dataset = true, "forbid-other-dataset", "policy.other-dataset");
    check_refused(|case| case.expires.0 = 0, "forbid-expired-approval", "policy.expired-approval");
    check_refused(|case| case.expires.1 = 0, "forbid-expired-launch", "policy.expired-launch");
}

#[test]
fn several_rules_are_all_named_and_the_first_gives_the_reason() {
    let mut case = case();
    case.claims.vmpl = 3;
    case.claims.policy = GuestPolicy::new(0xb_0000);
    let refused = decide(&ReleasePolicy::embedded().unwrap(), case).unwrap_err();
    assert_eq!(refused.rules(), ["forbid-debug", "forbid-other-vmpl"]);
    assert_eq!(refused.reason(), "policy.debug-enabled");
    assert_eq!(
        refused.to_string(),
        "the release policy does not permit this (`forbid-debug`, `forbid-other-vmpl`)"
    );
}

#[test]
fn what_no_rule_permits_is_denied() {
    let mut unbound = case();
    unbound.bound = false;
    let refused = decide(&ReleasePolicy::embedded().unwrap(), unbound).unwrap_err();
    assert_eq!((refused.rules(), refused.reason()), (&[][..], "policy.denied"));
    let empty = ReleasePolicy::parse("").unwrap();
    assert_eq!(decide(&empty, case()).unwrap_err().reason(), "policy.denied");
}

#[test]
fn an_error_in_any_policy_is_a_refusal() {
    let overflowing = r#"
        @id("permit") permit (principal, action, resource);
        @id("forbid") forbid (principal, action, resource)
        when { principal.vmpl + 9223372036854775807 + context.now > 0 };"#;
    let policy = ReleasePolicy::parse(overflowing).unwrap();
    assert_eq!(decide(&policy, case()).unwrap_err().reason(), "policy.evaluation");
}

#[test]
fn a_bad_policy_set_is_not_read() {
    let rows = [
        ("permit (principal, action, resource);", "policy.no-identifier"),
        (r#"@id("") permit (principal, action, resource);"#, "policy.no-identifier"),
        (
            r#"@id("a") permit (principal, action, resource);
               @id("a") forbid (principal, action, resource);"#,
            "policy.no-identifier",
        ),
        (
            r#"@id("a") permit (principal, action, resource) when { principal.vmpI == 0 };"#,
            "policy.invalid",
        ),
        (
            r#"@id("a") permit (principal, action, resource) when { principal.vmpl == "0" };"#,
            "policy.invalid",
        ),
        (
            r#"@id("a") @reason("policy.whatever") forbid (principal, action, resource);"#,
            "policy.unknown-reason",
        ),
        (r#"@id("a") permit (principal == ?principal, action, resource);"#, "policy.unreadable"),
        ("permit everything", "policy.unreadable"),
    ];
    for (text, reason) in rows {
        assert_eq!(ReleasePolicy::parse(text).unwrap_err().reason(), reason, "{text}");
    }
}

#[test]
fn another_policy_text_has_another_digest() {
    let embedded = ReleasePolicy::embedded().unwrap().digest();
    assert_eq!(ReleasePolicy::embedded().unwrap().digest(), embedded);
    assert_ne!(ReleasePolicy::parse("").unwrap().digest(), embedded);
}
