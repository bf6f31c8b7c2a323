//! The matrix against the real router: every endpoint, every role, own things and others'.

use control::authz::{Access, MATRIX, Role, Rule, Who, matrix_text};
use domain::Digest;
use reqwest::Method;
use serde_json::json;

use crate::services::summary;
use crate::world::{COMPONENT, World, job_request, statement};

#[test]
fn the_checked_in_matrix_is_the_one_in_force() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authz-matrix.txt");
    assert_eq!(std::fs::read_to_string(path).unwrap(), matrix_text());
}

#[tokio::test]
async fn every_endpoint_answers_every_role_as_the_matrix_says() {
    let world = prepared().await;
    for rule in MATRIX {
        let anonymous = world.send(method(rule), None, &path(rule, false), Vec::new()).await;
        let Who::Roles(cells) = rule.who else {
            assert_eq!(anonymous.status, 200, "{rule:?}");
            continue;
        };
        anonymous.must_refuse(401, "access.login-required");
        for (role, access) in Role::ALL.into_iter().zip(cells) {
            check(&world, rule, role, access).await;
        }
    }
}

async fn check(world: &World, rule: &Rule, role: Role, access: Access) {
    let person = format!("{}-1", role.name());
    let ask = async |foreign| {
        let body = body(rule, &person, foreign);
        world.send(method(rule), Some(&person), &path(rule, foreign), body).await
    };
    let allowed = allowed_status(rule);
    let hidden = ask(true).await;
    match access {
        Access::No => hidden.must_refuse(403, "access.role"),
        // A listing or a download of all says nothing of others' things; see the resources' tests.
        Access::Own if !names_something(rule) => {
            assert_eq!(hidden.status, 200, "{rule:?} {role:?}")
        }
        Access::Own => hidden.must_refuse(404, "access.not-found"),
        Access::All => assert_eq!(hidden.status, allowed, "{rule:?} {role:?} {}", hidden.body),
    }
    let own = ask(false).await;
    match access {
        Access::No => own.must_refuse(403, "access.role"),
        Access::Own | Access::All => {
            assert_eq!(own.status, allowed, "{rule:?} {role:?} {}", own.body);
        }
    }
}

/// Everything that the probes name, once in `study` and once in `foreign`.
async fn prepared() -> World {
    let world = World::with_projects().await;
    for (researcher, project) in [("researcher-1", "study"), ("researcher-2", "foreign")] {
        let request = job_request(&format!("job-{project}"), project, researcher);
        world.post(researcher, "/v1/jobs", &request).await.must_be(201);
        let output = format!("output-{project}");
        world.script.outputs.lock().unwrap().push(summary(&output, project));
        world
            .post("custodian-1", &format!("/v1/outputs/{output}/export"), &json!(null))
            .await
            .must_be(200);
    }
    std::fs::write(world.folder.path().join("log/checkpoint"), "origin\n").unwrap();
    std::fs::write(world.folder.path().join("log/tile/0/000"), [0; 32]).unwrap();
    std::fs::create_dir(world.folder.path().join("log/stamps")).unwrap();
    std::fs::write(world.folder.path().join("log/stamps/1.tsr"), "stamp").unwrap();
    world
}

fn method(rule: &Rule) -> Method {
    rule.method.parse().unwrap()
}

fn path(rule: &Rule, foreign: bool) -> String {
    let project = if foreign { "foreign" } else { "study" };
    let digest =
        if rule.path.contains("datasets") { dataset_digest() } else { Digest::of(COMPONENT) };
    rule.path
        .replace("{digest}", &digest.to_string())
        .replace("{project}", project)
        .replace("{job}", &format!("job-{project}"))
        .replace("{output}", &format!("output-{project}"))
        .replace("{export}", &format!("export-{project}"))
        .replace("{*path}", "0/000")
        .replace("{file}", "1.tsr")
}

fn dataset_digest() -> Digest {
    crate::world::proposal("p", "r", ["a", "b"]).dataset
}

/// A body that is acceptable where ownership matters, and empty where the role alone decides.
fn body(rule: &Rule, person: &str, foreign: bool) -> Vec<u8> {
    let project = if foreign { "foreign" } else { "study" };
    let json = match (rule.method, rule.path) {
        ("POST", "/v1/jobs") => job_request(&format!("new-{project}"), project, person),
        ("POST", "/v1/outputs/{output}/reviews") => json!({"review": statement(b"vote")}),
        ("PUT", "/v1/workloads/{digest}") => return COMPONENT.to_vec(),
        _ => json!({}),
    };
    serde_json::to_vec(&json).unwrap()
}

fn names_something(rule: &Rule) -> bool {
    rule.path.contains('{') || (rule.method, rule.path) == ("POST", "/v1/jobs")
}

/// What the handler answers once the guard let a probe through.
fn allowed_status(rule: &Rule) -> u16 {
    match (rule.method, rule.path) {
        ("POST", "/v1/jobs") => 201,
        ("POST", "/v1/jobs/{job}/cancel") => 202,
        // An empty object is no such thing.
        ("POST", "/v1/datasets" | "/v1/projects" | "/v1/projects/{project}/approvals") => 400,
        _ => 200,
    }
}

#[tokio::test]
async fn other_methods_and_paths_answer_nobody() {
    let world = World::new().await;
    for person in [None, Some("operator-1")] {
        let refused = world.send(Method::DELETE, person, "/v1/jobs", Vec::new()).await;
        refused.must_refuse(405, "request.method");
        for path in ["/", "/v1", "/v1/persons", "/log/", "/log/.lock", "/v1/jobs/"] {
            let refused = world.send(Method::GET, person, path, Vec::new()).await;
            refused.must_refuse(404, "access.not-found");
        }
    }
}
