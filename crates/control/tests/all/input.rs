//! Whatever comes in, the answer is a problem that says what is wrong with it, never a fault of ours.

use control::authz::MATRIX;
use reqwest::Method;

use crate::world::World;

#[tokio::test]
async fn bad_input_is_never_a_fault() {
    let world = World::with_projects().await;
    let envelope = br#"{"payload":"!","payloadType":"x","signatures":[]}"#;
    let request = [&br#"{"request":"#[..], envelope, b"}"].concat();
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"\xff\"",
        b"{\"request\":{}}",
        envelope,
        &request,
        &[b'['; 200_000],
    ];
    let names =
        ["x", "..", "%2e%2e%2f", "A", "%00", "%ff", "sha256:00", "a%20b", &"a".repeat(9000)];
    for rule in MATRIX.iter().filter(|rule| rule.method != "GET") {
        for person in ["researcher-1", "custodian-1", "reviewer-1", "operator-1"] {
            for body in bodies {
                let path = named(rule.path, "study");
                expect_problem(&world, rule.method, person, &path, body.to_vec()).await;
            }
        }
    }
    for rule in MATRIX.iter().filter(|rule| rule.path.contains('{')) {
        for name in names {
            let path = named(rule.path, name);
            expect_problem(&world, rule.method, "custodian-1", &path, b"{}".to_vec()).await;
        }
    }
}

fn named(path: &str, name: &str) -> String {
    let (before, rest) = path.split_once('{').unwrap_or((path, "}"));
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let name = if rest == "}" { "" } else { name };
    format!("{before}{name}{after}")
}

async fn expect_problem(world: &World, method: &str, person: &str, path: &str, body: Vec<u8>) {
    let method: Method = method.parse().unwrap();
    let answer = world.send(method.clone(), Some(person), path, body).await;
    assert!((400..500).contains(&answer.status), "{method} {path} {answer:?}");
    assert_eq!(answer.kind, "application/problem+json", "{method} {path}");
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let world = World::new().await;
    let body = vec![b' '; 2 * 1024 * 1024 + 1];
    let refused = world.send(Method::POST, Some("researcher-1"), "/v1/projects", body).await;
    refused.must_refuse(413, "request.too-large");
}

#[tokio::test]
async fn only_the_logs_own_files_are_served() {
    let world = World::new().await;
    let log = world.folder.path().join("log");
    std::fs::write(log.join("checkpoint"), "origin\n1\n").unwrap();
    std::fs::write(log.join(".lock"), "").unwrap();
    std::fs::write(log.join("tile/secret"), "").unwrap();
    std::fs::write(log.join("tile/0/000"), [7; 32]).unwrap();
    let checkpoint = world.send(Method::GET, None, "/log/checkpoint", Vec::new()).await;
    assert_eq!((checkpoint.status, &checkpoint.bytes[..]), (200, &b"origin\n1\n"[..]));
    let tile = world.send(Method::GET, None, "/log/tile/0/000", Vec::new()).await;
    assert_eq!((tile.status, &tile.bytes[..]), (200, &[7; 32][..]));
    std::fs::create_dir(log.join("stamps")).unwrap();
    std::fs::write(log.join("stamps/1.tsr"), "stamp").unwrap();
    std::fs::write(log.join("stamps/secret"), "").unwrap();
    let stamp = world.send(Method::GET, None, "/log/stamps/1.tsr", Vec::new()).await;
    assert_eq!((stamp.status, &stamp.bytes[..]), (200, &b"stamp"[..]));
    for file in ["2.tsr", "secret", "..%2f.lock", "..%2fcheckpoint"] {
        let refused =
            world.send(Method::GET, None, &format!("/log/stamps/{file}"), Vec::new()).await;
        refused.must_refuse(404, "access.not-found");
    }
    for path in ["0/001", "secret", "../.lock", "..%2f.lock", "0/..%2f..%2f..%2fcontrol.sqlite"] {
        let refused = world.send(Method::GET, None, &format!("/log/tile/{path}"), Vec::new()).await;
        refused.must_refuse(404, "access.not-found");
    }
}
