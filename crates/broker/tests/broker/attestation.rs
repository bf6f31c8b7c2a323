//! Stage 4: evidence that is refused.

use std::collections::BTreeSet;

use domain::Digest;
use domain::claims::{GuestPolicy, HostData, Measurement};
use domain::dataset::Classification;
use domain::event::Action;
use domain::keys::PublicKey;
use evidence::snp::{Chips, Roots};
use serde_json::{Value, json};
use wire::broker::Registered;
use wire::kbs::{Attestation, RuntimeData, TeePubKey};

use crate::guest::{Guest, send};
use crate::world::{NO_HEADER, OTHER_CUSTODIAN, World, key};

/// An enclave that `edit` spoiled is refused with `reason`, about its launch.
async fn check(edit: impl FnOnce(&mut Guest), reason: &str) {
    let world = World::approved().await;
    let init_data = world.launch().await;
    let mut guest = Guest::launched(&init_data);
    edit(&mut guest);
    let answer = guest.attest(&world).await;
    let entry = world.check_refused(&answer, Action::EnclaveAttested, reason);
    assert_eq!(entry.event.object, Digest::of(init_data.as_bytes()));
    assert_eq!(entry.event.project, Some("visits".parse().unwrap()));
    world.ledger().object(&entry.event.evidence[0]).unwrap();
}

/// A message that `edit` spoiled is refused with `reason`.
async fn check_message(edit: impl FnOnce(&mut Attestation), reason: &str) {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let session = Guest::session(&world).await;
    let mut message = guest.attestation(&session.nonce);
    edit(&mut message);
    let answer = send(&world, &session, &message).await;
    world.check_refused(&answer, Action::EnclaveAttested, reason);
}

#[tokio::test]
async fn another_image_is_refused() {
    let other = Measurement::from_bytes([2; 48]);
    check(|guest| guest.measurement = other, "evidence.measurement").await;
}

#[tokio::test]
async fn a_debug_policy_is_refused() {
    check(|guest| guest.policy = GuestPolicy::new(0xb_0000), "evidence.debug-enabled").await;
}

#[tokio::test]
async fn another_vmpl_is_refused() {
    check(|guest| guest.vmpl = 1, "evidence.vmpl").await;
}

#[tokio::test]
async fn a_guest_of_another_launch_is_refused() {
    let other = HostData::from(Digest::of(b"other"));
    check(|guest| guest.host_data = other, "evidence.host-data").await;
}

#[tokio::test]
async fn the_manifest_must_be_one_that_was_issued() {
    let altered = |message: &mut Attestation| {
        message.init_data.as_mut().unwrap().body.push('\n');
    };
    check_message(altered, "launch.unknown-manifest").await;
    let encoded = |message: &mut Attestation| {
        message.init_data.as_mut().unwrap().format = "json".to_owned();
    };
    check_message(encoded, "launch.unknown-manifest").await;
    check_message(|message| message.init_data = None, "kbs.init-data-missing").await;
}

#[tokio::test]
async fn other_keys_and_other_forms_are_refused() {
    let other = |message: &mut Attestation| {
        message.runtime_data.tee_pubkey = Guest::launched("").public_key();
    };
    check_message(other, "evidence.report-data").await;
    let rsa = |message: &mut Attestation| {
        let [alg, k_mod, k_exp] = ["RSA-OAEP", "AQAB", "AQAB"].map(str::to_owned);
        message.runtime_data.tee_pubkey = TeePubKey::RSA { alg, k_mod, k_exp };
    };
    check_message(rsa, "kbs.tee-key").await;
    let devices = |message: &mut Attestation| {
        message.tee_evidence.additional_evidence = r#"{"nvidia":[]}"#.to_owned();
    };
    check_message(devices, "kbs.additional-evidence").await;
    let no_object = |message: &mut Attestation| {
        message.tee_evidence.primary_evidence = json!("evidence");
    };
    check_message(no_object, "evidence.malformed").await;
    let flipped = |message: &mut Attestation| {
        let report = &mut message.tee_evidence.primary_evidence["report"];
        let text = report.as_str().unwrap();
        // In the middle of the measurement: base64 digits 4 for each 3 bytes, MEASUREMENT at 0x90.
        let (head, tail) = text.split_at(200);
        let digit = if tail.starts_with('A') { "B" } else { "A" };
        *report = Value::String(format!("{head}{digit}{}", tail.get(1..).unwrap()));
    };
    check_message(flipped, "evidence.signature").await;
}

#[tokio::test]
async fn an_old_nonce_is_refused() {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let old = Guest::session(&world).await;
    let new = Guest::session(&world).await;
    let answer = send(&world, &new, &guest.attestation(&old.nonce)).await;
    world.check_refused(&answer, Action::EnclaveAttested, "kbs.nonce-unknown");
    // The right nonce in the message, the old one in the report.
    let bound = RuntimeData { nonce: old.nonce.clone(), tee_pubkey: guest.public_key() };
    let answer = send(&world, &new, &guest.message(&new.nonce, &bound)).await;
    world.check_refused(&answer, Action::EnclaveAttested, "evidence.report-data");
    let answer = send(&world, &new, &guest.attestation(&new.nonce)).await;
    world.check_refused(&answer, Action::EnclaveAttested, "kbs.nonce-used");
    world.wait(300);
    let answer = send(&world, &old, &guest.attestation(&old.nonce)).await;
    world.check_refused(&answer, Action::EnclaveAttested, "kbs.nonce-expired");
}

#[tokio::test]
async fn a_session_of_nobody_or_of_an_earlier_run_is_refused() {
    let mut world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let session = Guest::session(&world).await;
    let message = guest.attestation(&session.nonce);
    let answer = world.post("/kbs/v0/attest", NO_HEADER, &message).await;
    world.check_refused(&answer, Action::EnclaveAttested, "kbs.session-unknown");
    world.restart();
    let answer = send(&world, &session, &message).await;
    world.check_refused(&answer, Action::EnclaveAttested, "kbs.session-unknown");
}

#[tokio::test]
async fn launch_and_approval_must_still_hold() {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    world.wait(600);
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "launch.expired");

    let guest = Guest::launched(&world.launch().await);
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "approval.superseded");

    let guest = Guest::launched(&world.launch().await);
    world.wait(9_400);
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "approval.expired");
}

#[tokio::test]
async fn an_approval_that_rests_on_a_dismissed_custodian_is_missing() {
    let mut world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    world.config.custodians = BTreeSet::from([PublicKey::clone(&key(OTHER_CUSTODIAN).public())]);
    world.restart();
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "approval.missing");
}

#[tokio::test]
async fn roots_and_chips_are_the_configured_ones() {
    let mut world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    world.config.chips = Chips::Listed(BTreeSet::new());
    world.restart();
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "evidence.chip-not-allowed");
    world.config.roots = Roots::amd();
    world.restart();
    let answer = guest.attest(&world).await;
    world.check_refused(&answer, Action::EnclaveAttested, "evidence.emulated-platform");
}

#[tokio::test]
async fn an_emulated_enclave_never_sees_what_is_not_public() {
    let mut world = World::empty();
    world.classification = Classification::HighlyConfidential;
    world.register().await.read::<Registered>();
    world.approve(|_| ()).await.read::<Registered>();
    let guest = Guest::launched(&world.launch().await);
    let answer = guest.attest(&world).await;
    let reason = "policy.emulated-confidential";
    let entry = world.check_refused(&answer, Action::EnclaveAttested, reason);
    assert_eq!(entry.event.rules, ["forbid-emulated-unless-public"]);
    assert_eq!(entry.event.policy, Some(world.proposal().release_policy));
    assert_eq!(entry.event.platform, Some(domain::claims::Trust::Emulated));
}
