//! The same routes over the channel that enclaves use.

use std::sync::Arc;

use channel::Identity;
use tokio::net::TcpListener;
use wire::broker::About;
use wire::kbs::Challenge;

use crate::world::World;

#[tokio::test]
async fn the_broker_is_reached_over_its_pinned_key_alone() {
    let world = World::empty();
    let identity = Identity::generate().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let pin = identity.pin();
    let router = broker::router(Arc::clone(world.broker()));
    tokio::spawn(async move { channel::serve(listener, &identity, router).await });

    let client = channel::http_client(pin).unwrap();
    let about: About =
        client.get(format!("{url}/v0/about")).send().await.unwrap().json().await.unwrap();
    assert_eq!(about.log_key, world.config.deployment.log_key);
    let request = serde_json::json!({ "version": "0.4.0", "tee": "snp", "extra-params": "" });
    let answer = client.post(format!("{url}/kbs/v0/auth")).json(&request).send().await.unwrap();
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with("kbs-session-id="));
    let challenge: Challenge = answer.json().await.unwrap();
    assert_eq!(challenge.nonce.len(), 44);

    let other = channel::http_client(domain::Digest::of(b"other")).unwrap();
    let refused = other.get(format!("{url}/v0/about")).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
}
