//! The resolved dependency graph of this workspace, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::Command;

use serde_json::Value;

use crate::sources;

/// Package name → names of its normal dependencies (not for tests, not for building).
pub(crate) struct Graph {
    members: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(crate) fn read() -> Self {
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--format-version=1"])
            .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
            .current_dir(sources::root())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata: {error}");
        Self::parse(&serde_json::from_slice(&output.stdout).unwrap())
    }

    fn parse(metadata: &Value) -> Self {
        let names: BTreeMap<&str, &str> = list(&metadata["packages"])
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            // Two versions of one package share a name; the fences hold for both.
            let from = edges.entry(names[text(&node["id"])].to_owned()).or_default();
            for dependency in list(&node["deps"]) {
                let normal = list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
                if normal {
                    from.insert(names[text(&dependency["pkg"])].to_owned());
                }
            }
        }
        let members =
            list(&metadata["workspace_members"]).map(|id| names[text(id)].to_owned()).collect();
        Self { members, edges }
    }

    /// The packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(String::as_str)
    }

    /// What `package` names itself as a normal dependency.
    pub(crate) fn direct(&self, package: &str) -> &BTreeSet<String> {
        let found = self.edges.get(package);
        found.unwrap_or_else(|| panic!("no package `{package}`; was it renamed?"))
    }

    /// Everything that is linked into `package`.
    pub(crate) fn tree(&self, package: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = self.direct(package).iter().collect();
        while let Some(name) = open.pop() {
            if seen.insert(name.clone()) {
                open.extend(self.direct(name));
            }
        }
        seen
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
