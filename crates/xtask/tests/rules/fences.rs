//! Absences that carry the argument (docs/architecture.md): what is not linked cannot be misused.

use crate::graph::Graph;

const CORE: &[&str] =
    &["disclosure", "domain", "evidence", "monitor", "policy", "seal", "timestamp", "tlog"];

#[test]
fn control_and_its_pages_cannot_name_a_data_key() {
    assert_absent(&Graph::read(), &["control", "portal"], |name| name == "seal");
}

#[test]
fn the_pages_are_a_client_of_the_api() {
    let has_rights = ["control", "broker", "airlock", "ledger", "sqlx"];
    assert_absent(&Graph::read(), &["portal"], |name| has_rights.contains(&name));
}

#[test]
fn the_core_has_no_runtime_and_no_randomness() {
    let graph = Graph::read();
    for package in CORE {
        for dependency in graph.direct(package) {
            let banned = ["axum", "getrandom", "hyper", "rand", "reqwest", "tokio"];
            assert!(
                !banned.contains(&dependency.as_str()) && !is_polars(dependency),
                "core crate `{package}` depends on `{dependency}`"
            );
        }
    }
    assert_absent(&graph, CORE, |name| ["axum", "hyper", "tokio"].contains(&name));
}

#[test]
fn the_core_depends_on_nothing_outside_it() {
    let graph = Graph::read();
    let members: Vec<&str> = graph.members().collect();
    for package in CORE {
        for dependency in graph.direct(package) {
            let dependency = dependency.as_str();
            assert!(
                !members.contains(&dependency) || CORE.contains(&dependency),
                "core crate `{package}` depends on `{dependency}`, which is not core"
            );
        }
    }
}

#[test]
fn the_released_programs_hold_no_emulator() {
    assert_absent(&Graph::read(), &["cloister", "agent"], |name| name == "testkit");
}

#[test]
fn no_service_tells_a_siem() {
    let decide =
        ["agent", "airlock", "broker", "control", "launcher", "ledger", "portal", "witness"];
    assert_absent(&Graph::read(), &decide, |name| name == "siem");
}

#[test]
fn polars_is_in_tables_alone() {
    let graph = Graph::read();
    for package in graph.members().filter(|name| *name != "tables") {
        let found = graph.direct(package).iter().find(|name| is_polars(name));
        assert_eq!(found, None, "`{package}` depends on polars");
    }
    let linked = |name: &str| name == "tables" || is_polars(name);
    assert_absent(&graph, &["agent", "airlock", "broker", "cloister", "control", "lab"], linked);
}

fn is_polars(name: &str) -> bool {
    name == "polars" || name.starts_with("polars-")
}

fn assert_absent(graph: &Graph, packages: &[&str], banned: impl Fn(&str) -> bool) {
    for package in packages {
        let found: Vec<_> = graph.tree(package).into_iter().filter(|name| banned(name)).collect();
        assert!(found.is_empty(), "`{package}` links {found:?}");
    }
}
