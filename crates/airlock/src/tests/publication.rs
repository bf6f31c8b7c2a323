//! Exports as sigstore bundles: what is published, and that nothing leaves without a time stamp.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bundle::write::{SigningKey, TimeAuthority, TrustedRoot};
use domain::Reason as _;
use domain::event::Action;
use wire::airlock::Exported;

use super::authority::Authority;
use super::world::*;
use crate::Publication;
use crate::export::{VerifiedExport, verify, verify_bundle};

/// An authority that can be away.
struct Stamps {
    authority: Arc<Authority>,
    away: Arc<AtomicBool>,
    key: Vec<u8>,
}

impl Stamps {
    fn new() -> Self {
        let authority = Arc::new(Authority::new());
        let key = authority.signing_key();
        Self { authority, away: Arc::new(AtomicBool::new(false)), key }
    }

    fn publication(&self) -> Publication {
        let (authority, away) = (Arc::clone(&self.authority), Arc::clone(&self.away));
        let stamp = move |bytes: &[u8]| match away.load(Ordering::SeqCst) {
            false => Ok(authority.stamp(bytes)),
            true => Err("no answer".into()),
        };
        Publication::Bundles { key: self.signing_key(), stamp: Box::new(stamp) }
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_pkcs8(&self.key).unwrap()
    }

    fn root(&self, world: &World) -> String {
        let root = TrustedRoot {
            log: world.ledger.key(),
            authorities: &[TimeAuthority {
                name: "stamps.example".to_owned(),
                certificates: self.authority.chain(),
            }],
            since: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        root.to_json()
    }

    /// Whether the bundle is about this export: `verified`, or the reason.
    fn verdict(&self, world: &World, export: &VerifiedExport, bundle: &str) -> &'static str {
        let (key, root) = (self.signing_key().public_pem(), self.root(world));
        let now = "2100-01-01T00:00:00Z".parse().unwrap();
        verify_bundle(export, bundle, &key, &root, now)
            .map_or_else(|error| error.reason(), |_| "verified")
    }
}

async fn release(world: &World) -> (Exported, VerifiedExport, String) {
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    let exported: Exported = world.export(&output.output).await.read();
    let file = world.get(&format!("/v0/exports/{}", exported.export)).await.body;
    let path = format!("/v0/exports/{}/bundle", exported.export);
    (exported, verify(&file, &trust(), &roots()).unwrap(), path)
}

#[tokio::test]
async fn an_export_is_published_as_a_bundle_whose_entry_is_in_the_log() {
    let stamps = Stamps::new();
    let world = World::publishing(stamps.publication());
    let (exported, export, path) = release(&world).await;
    assert!(exported.bundle);
    let bundle = String::from_utf8(world.get(&path).await.body).unwrap();
    assert_eq!(stamps.verdict(&world, &export, &bundle), "verified");
    // Its entry stands right behind the decision.
    let decided = world.ledger.entries().unwrap().iter().next_back().unwrap().0;
    assert!(world.ledger.published(decided + 1).unwrap().is_some());
    assert_eq!(world.entries().last().unwrap().event.action, Action::OutputExported);
    // It is made of the ledger alone, and the same as the log grows.
    let world = world.with(Publication::None);
    world.log(domain::event::Actor::Broker, None, world.entries()[0].event.clone());
    let later = String::from_utf8(world.get(&path).await.body).unwrap();
    assert_eq!(later, bundle);
    // Another key, another file, another time stamp authority.
    let other = Stamps::new();
    assert_eq!(other.verdict(&world, &export, &bundle), "bundle.signature");
    let stranger = Stamps { key: stamps.key.clone(), ..other };
    assert_eq!(stranger.verdict(&world, &export, &bundle), "bundle.timestamp-untrusted");
}

#[tokio::test]
async fn a_bundle_of_another_receipt_is_refused() {
    let stamps = Stamps::new();
    let world = World::publishing(stamps.publication());
    let (_, export, _) = release(&world).await;
    // The same files, stated by the same key: the statement is not the receipt's.
    let content = &export.files()["by_site.csv"];
    let sha256 = domain::Digest::of(content).hex();
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"by_site.csv","digest":{{"sha256":"{sha256}"}}}}],"predicateType":"x","predicate":{{}}}}"#
    );
    let draft = stamps.signing_key().sign_statement(statement.as_bytes()).unwrap();
    let event = world.entries()[0].event.clone();
    let actor = domain::event::Actor::Airlock;
    let logged = ledger::Draft { actor, time: world.now(), person: None, event };
    let place = world.ledger.record_published(logged, draft.leaf().clone(), ()).unwrap();
    let (_, proof) = world.ledger.prove(place.place().index + 1).unwrap();
    let stamp = stamps.authority.stamp(draft.signature());
    let bundle = draft.bundle(world.ledger.key(), &proof, &[stamp]).unwrap();
    assert_eq!(stamps.verdict(&world, &export, &bundle), "export.mismatch");
}

#[tokio::test]
async fn nothing_leaves_without_a_time_stamp() {
    let stamps = Stamps::new();
    let world = World::publishing(stamps.publication());
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    stamps.away.store(true, Ordering::SeqCst);
    let refused = world.export(&output.output).await;
    assert_eq!((refused.status, refused.reason().as_str()), (503, "export.no-time-stamp"));
    let exported = |world: &World| {
        let entries = world.entries();
        let outcome = |entry: &domain::event::Entry| entry.event.outcome.clone();
        let of = |entry: &&domain::event::Entry| entry.event.action == Action::OutputExported;
        entries.iter().filter(of).map(outcome).collect::<Vec<_>>()
    };
    let accepted = domain::event::Outcome::Accepted;
    assert!(!exported(&world).contains(&accepted));
    stamps.away.store(false, Ordering::SeqCst);
    world.export(&output.output).await.read::<Exported>();
    assert!(exported(&world).contains(&accepted));
}

#[tokio::test]
async fn without_publication_there_is_no_bundle() {
    let world = World::new();
    let (exported, _, path) = release(&world).await;
    assert!(!exported.bundle);
    let answer = world.get(&path).await;
    assert_eq!((answer.status, answer.reason().as_str()), (404, "export.no-bundle"));
    let absent = world.get("/v0/exports/export-00000000000000000000000000000000/bundle").await;
    assert_eq!((absent.status, absent.reason().as_str()), (404, "output.not-found"));
}
