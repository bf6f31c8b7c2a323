//! Stages 4 to 6: the whole way to the key, and keys that are refused.

use domain::Digest;
use domain::claims::Trust;
use domain::event::{Action, Outcome};
use domain::output::attestation_report_data;
use serde_json::Value;
use wire::broker::{JobRefusal, ProjectRecord, Registered};
use wire::kbs::{RuntimeData, dataset_key_path, report_data};

use crate::guest::{Guest, fetch, fetch_path, send};
use crate::world::{CUSTODIAN, NO_HEADER, SECRET, World, key};

#[tokio::test]
async fn an_approved_launch_gets_its_key_once() {
    let mut world = World::approved().await;
    let init_data = world.launch().await;
    let guest = Guest::launched(&init_data);
    let token = guest.attested(&world).await;
    assert_eq!(guest.open(&fetch(&world, &token).await), SECRET);

    for _ in 0..2 {
        assert_eq!(fetch(&world, &token).await.reason(), "launch.already-used");
    }
    assert_eq!(guest.attest(&world).await.reason(), "launch.already-used");
    world.restart();
    assert_eq!(guest.attest(&world).await.reason(), "launch.already-used");
    assert_eq!(world.released(), 1);
}

#[tokio::test]
async fn a_request_that_was_authorised_twice_gets_one_key() {
    let mut world = World::approved().await;
    let [first, second, third] = [world.launch().await, world.launch().await, world.launch().await]
        .map(|init_data| Guest::launched(&init_data));
    let (one, two) = (first.attested(&world).await, second.attested(&world).await);
    assert_eq!(first.open(&fetch(&world, &one).await), SECRET);
    assert_eq!(fetch(&world, &two).await.reason(), "launch.job-already-run");
    assert_eq!(third.attest(&world).await.reason(), "launch.job-already-run");
    world.restart();
    assert_eq!(second.attest(&world).await.reason(), "launch.job-already-run");
    assert_eq!(world.released(), 1);
}

#[tokio::test]
async fn the_log_tells_the_whole_way_by_objects_that_are_kept() {
    let world = World::approved().await;
    let init_data = world.launch().await;
    let guest = Guest::launched(&init_data);
    let session = Guest::session(&world).await;
    let answer = send(&world, &session, &guest.attestation(&session.nonce)).await;
    let token = answer.read::<wire::kbs::AttestationToken>().token;
    guest.open(&fetch(&world, &token).await);

    let entries = world.entries();
    let actions: Vec<_> = entries.iter().map(|entry| entry.event.action).collect();
    let expected = [
        Action::DatasetSealed,
        Action::ProjectApproved,
        Action::LaunchAuthorised,
        Action::EnclaveAttested,
        Action::KeyReleased,
    ];
    assert_eq!(actions, expected);
    let manifest = Digest::of(init_data.as_bytes());
    let proposal = world.proposal().digest().unwrap();
    world.ledger().object(&world.proposal().output_rules).unwrap();
    let objects = [world.dataset_digest(), proposal, manifest, manifest, manifest];
    for (index, (entry, object)) in entries.iter().zip(objects).enumerate() {
        assert_eq!(entry.event.outcome, Outcome::Accepted);
        assert_eq!(entry.event.object, object);
        world.ledger().object(&object).unwrap();
        let previous = index.checked_sub(1).map(|before| entries[before].id.clone());
        assert_eq!(entry.event.previous, Vec::from_iter(previous));
        for digest in &entry.event.evidence {
            world.ledger().object(digest).unwrap();
        }
    }
    let [attested, released] = [&entries[3].event, &entries[4].event];
    assert_eq!(attested.evidence, released.evidence);
    for event in [attested, released] {
        assert_eq!(event.platform, Some(Trust::Emulated));
        assert_eq!(event.policy, Some(world.proposal().release_policy));
        assert_eq!(event.rules, ["release-to-approved-launch"]);
    }
    let bound: Value =
        serde_json::from_slice(&world.ledger().object(&attested.evidence[1]).unwrap()).unwrap();
    let runtime = RuntimeData { nonce: session.nonce, tee_pubkey: guest.public_key() };
    assert_eq!(attestation_report_data(&bound).unwrap(), report_data("", &runtime).unwrap());
}

#[tokio::test]
async fn a_broker_restarted_between_attestation_and_release_releases_nothing() {
    let mut world = World::approved().await;
    let init_data = world.launch().await;
    let guest = Guest::launched(&init_data);
    let token = guest.attested(&world).await;
    world.restart();
    let answer = fetch(&world, &token).await;
    let entry = world.check_refused(&answer, Action::KeyReleased, "kbs.session-unknown");
    assert_eq!(entry.event.object, Digest::of(init_data.as_bytes()));
    assert_eq!(answer.status, 401);
    // The launch itself is not lost: the enclave may attest again.
    let token = guest.attested(&world).await;
    assert_eq!(guest.open(&fetch(&world, &token).await), SECRET);
}

#[tokio::test]
async fn only_a_token_of_the_broker_counts() {
    let world = World::approved().await;
    let token = Guest::launched(&world.launch().await).attested(&world).await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let forged = [
        String::new(),
        format!("{header}.{payload}."),
        format!("{header}.{}.{signature}", header),
        format!("{payload}.{payload}.{signature}"),
    ];
    for (count, token) in (1..).zip(forged) {
        assert_eq!(fetch(&world, &token).await.reason(), "kbs.token", "{token}");
        assert_eq!(world.broker().refusals()["kbs.token"], count);
    }
    let path = format!("/kbs/v0/resource/{}", dataset_key_path(&world.dataset_digest()));
    assert_eq!(world.get(&path, NO_HEADER).await.reason(), "kbs.token");
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.event.object, world.dataset_digest());
    assert_eq!(world.released(), 0);
}

#[tokio::test]
async fn a_newer_attestation_takes_the_place_of_an_older_one() {
    let world = World::approved().await;
    let init_data = world.launch().await;
    let older = Guest::launched(&init_data).attested(&world).await;
    let guest = Guest::launched(&init_data);
    let newer = guest.attested(&world).await;
    let answer = fetch(&world, &older).await;
    world.check_refused(&answer, Action::KeyReleased, "kbs.session-unknown");
    assert_eq!(guest.open(&fetch(&world, &newer).await), SECRET);
}

#[tokio::test]
async fn only_the_launchs_own_dataset_is_released() {
    let world = World::approved().await;
    let token = Guest::launched(&world.launch().await).attested(&world).await;
    let other = dataset_key_path(&Digest::of(b"other"));
    let answer = fetch_path(&world, &token, &other).await;
    world.check_refused(&answer, Action::KeyReleased, "kbs.other-resource");
    for path in ["dataset/key/x", "dataset/secret/x", "default/key/1"] {
        assert_eq!(fetch_path(&world, &token, path).await.reason(), "kbs.other-resource");
    }
}

#[tokio::test]
async fn what_held_at_attestation_must_hold_at_release() {
    let mut world = World::approved().await;
    let token = Guest::launched(&world.launch().await).attested(&world).await;
    world.wait(300);
    let answer = fetch(&world, &token).await;
    world.check_refused(&answer, Action::KeyReleased, "kbs.token-expired");

    world.config.lifetimes.token_seconds = 100_000;
    world.restart();
    let token = Guest::launched(&world.launch().await).attested(&world).await;
    world.wait(600);
    let answer = fetch(&world, &token).await;
    world.check_refused(&answer, Action::KeyReleased, "launch.expired");

    let token = Guest::launched(&world.launch().await).attested(&world).await;
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
    let answer = fetch(&world, &token).await;
    world.check_refused(&answer, Action::KeyReleased, "approval.superseded");

    let token = Guest::launched(&world.launch().await).attested(&world).await;
    world.wait(20_000);
    let answer = fetch(&world, &token).await;
    world.check_refused(&answer, Action::KeyReleased, "approval.expired");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_said_to_be_released() {
    let world = World::approved().await;
    let token = Guest::launched(&world.launch().await).attested(&world).await;
    std::fs::remove_dir_all(world.path("keys")).unwrap();
    let answer = fetch(&world, &token).await;
    world.check_refused(&answer, Action::KeyReleased, "keystore.missing");
}

#[tokio::test]
async fn an_enclave_says_once_why_it_stopped() {
    let world = World::approved().await;
    let init_data = world.launch().await;
    let guest = Guest::launched(&init_data);
    let token = format!("Bearer {}", guest.attested(&world).await);
    let reason = domain::ReasonCode::try_from("seal.luks-cipher".to_owned()).unwrap();
    let report = JobRefusal { reason: reason.clone() };
    world.wait(10_000);
    let header = ("authorization", token.as_str());
    assert_eq!(world.post("/v0/job/refusal", header, &report).await.status, 204);
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.event.action, Action::JobFinished);
    assert_eq!(entry.event.outcome, Outcome::Refused { reason });
    assert_eq!(entry.event.object, Digest::of(init_data.as_bytes()));
    assert_eq!(entry.event.platform, Some(Trust::Emulated));
    let again = world.post("/v0/job/refusal", header, &report).await;
    world.check_refused(&again, Action::JobFinished, "kbs.session-unknown");
    let nobody = world.post("/v0/job/refusal", NO_HEADER, &report).await;
    world.check_refused(&nobody, Action::JobFinished, "kbs.token");
}

#[tokio::test]
async fn a_projects_record_is_what_was_approved() {
    let mut world = World::approved().await;
    for _ in 0..2 {
        let record: ProjectRecord = world.get("/v0/projects/visits", NO_HEADER).await.read();
        assert_eq!(Digest::of(&record.proposal), world.proposal().digest().unwrap());
        assert_eq!(record.signer, key(CUSTODIAN).public());
        assert_eq!(record.manifest.payload_digest().unwrap(), world.dataset_digest());
        assert_eq!(record.approvals.len(), 1);
        world.restart();
    }
    for name in ["other", "No%20Name"] {
        let answer = world.get(&format!("/v0/projects/{name}"), NO_HEADER).await;
        assert_eq!((answer.status, answer.reason().as_str()), (404, "project.unknown"));
    }
}
