//! The portal's pages over the real API: what each person sees, and that it is never more than the API
//! answers them.

mod actions;
mod browser;
mod login;
mod matrix;
mod shown;

use control::{LaunchEvent, LaunchOrder};
use domain::claims::Trust;
use serde_json::json;
use wire::airlock::{OutputState, OutputSummary};

use crate::services::summary;
use crate::world::{World, job_request, proposal};

/// The two projects, each with a running job and an output in review.
async fn furnished() -> (World, Vec<LaunchOrder>) {
    let mut world = World::with_projects().await;
    let mut orders = Vec::new();
    for (researcher, project) in [("researcher-1", "study"), ("researcher-2", "foreign")] {
        let request = job_request(&format!("job-{project}"), project, researcher);
        world.post(researcher, "/v1/jobs", &request).await.must_be(201);
        let order = world.orders.recv().await.unwrap();
        let platform = Trust::Emulated;
        let started = LaunchEvent::Started { accelerator: "tcg".to_owned(), platform };
        order.events.send(started).await.unwrap();
        world.job_in(researcher, &format!("job-{project}"), "launched").await;
        orders.push(order);
        add_output(&world, summary(&format!("output-{project}"), project));
    }
    std::fs::write(world.folder.path().join("log/checkpoint"), CHECKPOINT).unwrap();
    (world, orders)
}

fn add_output(world: &World, output: OutputSummary) {
    world.script.outputs.lock().unwrap().push(output);
}

/// The airlock says from now on that the output is in `state`.
fn set_state(world: &World, output: &str, state: OutputState) {
    let mut outputs = world.script.outputs.lock().unwrap();
    outputs.iter_mut().find(|held| held.output.as_str() == output).unwrap().state = state;
}

/// Lets `output-study` leave, as `export-study`.
async fn export_study(world: &World) {
    let path = "/v1/outputs/output-study/export";
    world.post("custodian-1", path, &json!(null)).await.must_be(200);
    set_state(world, "output-study", OutputState::Exported);
}

/// Addresses of things of `project`, one for each page that needs a login.
fn pages(project: &str) -> Vec<(String, String)> {
    let dataset = proposal("p", "r", ["a", "b"]).dataset;
    let own = |page: String| (page.clone(), format!("/v1{page}"));
    let mut pages: Vec<_> =
        ["/datasets", "/projects", "/jobs", "/outputs"].map(|page| own(page.to_owned())).into();
    pages.extend([
        own(format!("/datasets/{dataset}")),
        own(format!("/projects/{project}")),
        own(format!("/jobs/job-{project}")),
        own(format!("/outputs/output-{project}")),
        own(format!("/exports/export-{project}")),
        own(format!("/exports/export-{project}/bundle")),
        (format!("/projects/{project}/proposal.json"), format!("/v1/projects/{project}")),
        ("/".to_owned(), "/v1/me".to_owned()),
        ("/log".to_owned(), "/log/checkpoint".to_owned()),
    ]);
    pages
}

/// A log of nine entries.
const CHECKPOINT: &str = "example.org/log\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\
                          — example.org/log c2lnbmVk\n";
