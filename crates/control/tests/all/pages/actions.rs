//! Buttons, and commands for what needs a signature.

use control::LaunchEvent;
use domain::Digest;
use wire::airlock::OutputState;

use super::browser::Browser;
use super::{add_output, export_study, furnished, set_state};
use crate::services::{BUNDLE, ZIP, summary};
use crate::world::{COMPONENT, World, draft, proposal};

#[tokio::test]
async fn a_job_is_stopped_by_its_button_once() {
    let (world, mut orders) = furnished().await;
    let browser = Browser::of(&world, "researcher-1");
    let running = browser.get("/jobs/job-study").await;
    let running = running.must_show(&["http-equiv=\"refresh\"", "Stop this job", "under way"]);
    running.must_not_show(&["stopped here"]);
    browser.press("/jobs/job-study/cancel", String::new()).await.must_lead_to("/jobs/job-study");
    let stopping = browser.get("/jobs/job-study").await;
    stopping.must_show(&["it is being stopped"]).must_not_show(&["Stop this job"]);

    let order = orders.remove(0);
    order.cancel.await.unwrap();
    order.events.send(LaunchEvent::Ended).await.unwrap();
    world.job_in("researcher-1", "job-study", "cancelled").await;
    let over = browser.get("/jobs/job-study").await;
    over.must_show(&["cancelled", "stopped here"]).must_not_show(&["refresh", "Stop this job"]);
    let again = browser.press("/jobs/job-study/cancel", String::new()).await;
    again.must_refuse(409, "job.ended");
}

#[tokio::test]
async fn an_accepted_output_is_released_and_fetched() {
    let (world, _orders) = furnished().await;
    let browser = Browser::of(&world, "researcher-1");
    let waiting = browser.get("/outputs/output-study").await;
    waiting.must_show(&["in review", "counts.csv"]).must_not_show(&["Release this output"]);
    set_state(&world, "output-study", OutputState::Accepted);
    browser.get("/outputs/output-study").await.must_show(&["Release this output"]);
    browser.get("/").await.must_show(&["href=\"/outputs/output-study\""]);

    let released = browser.press("/outputs/output-study/export", String::new()).await;
    let digest = Digest::of(ZIP).to_string();
    released.must_show(&["href=\"/exports/export-study\"", &digest, "entry 9", "cloister-lab"]);
    set_state(&world, "output-study", OutputState::Exported);
    browser.get("/outputs/output-study").await.must_show(&["href=\"/exports/export-study\""]);
    let file = browser.get("/exports/export-study").await;
    assert_eq!((file.status, file.html.as_bytes()), (200, ZIP));
    assert_eq!(file.header("content-type"), "application/zip");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"export-study.zip\"");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    let bundle = browser.get("/exports/export-study/bundle").await;
    assert_eq!((bundle.status, bundle.html.as_bytes()), (200, BUNDLE));
    let named = "attachment; filename=\"export-study.sigstore.json\"";
    assert_eq!(bundle.header("content-disposition"), named);
}

#[tokio::test]
async fn a_bundle_is_offered_where_one_was_published() {
    let (world, _orders) = furnished().await;
    let link = "Signature bundle (sigstore v0.3)";
    let browser = Browser::of(&world, "researcher-1");
    for (output, published) in [("output-study", true), ("output-4", false)] {
        if !published {
            add_output(&world, summary(output, "study"));
        }
        let left = browser.press(&format!("/outputs/{output}/export"), String::new()).await;
        set_state(&world, output, OutputState::Exported);
        for seen in [left, browser.get(&format!("/outputs/{output}")).await] {
            match published {
                true => drop(seen.must_show(&[link])),
                false => drop(seen.must_show(&["Download"]).must_not_show(&[link, "/bundle"])),
            }
        }
    }
    browser.get("/exports/export-4/bundle").await.must_refuse(404, "export.no-bundle");
}

#[tokio::test]
async fn a_service_that_is_down_takes_no_more_than_its_own_pages() {
    let (world, _orders) = furnished().await;
    set_state(&world, "output-study", OutputState::Accepted);
    let browser = Browser::of(&world, "researcher-1");
    world.script.refuse("/v0/outputs/output-study/export", 503, "log.unavailable");
    let refused = browser.press("/outputs/output-study/export", String::new()).await;
    refused.must_refuse(503, "log.unavailable");
    assert!(refused.html.contains("Nothing was changed or released"));
    world.script.refuse("/v0/outputs", 503, "log.unavailable");
    browser.get("/outputs").await.must_refuse(503, "log.unavailable");
    let home = browser.get("/").await;
    home.must_show(&["<code>log.unavailable</code>", "href=\"/jobs/job-study\""]);
}

#[tokio::test]
async fn what_needs_a_signature_is_a_command() {
    let (world, _orders) = furnished().await;
    let new = draft(&proposal("plan", "researcher-1", ["reviewer-1", "reviewer-3"]));
    world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    let approve = "cloister project approve proposal.json --key key.pem\n\
                   cloister project submit-approval plan approval.json";
    let start = format!(
        "cloister job start --project study --author researcher-1 --key key.pem \\\n    \
         --workload {}",
        Digest::of(COMPONENT)
    );
    let review = "cloister output review output-study --reviewer reviewer-1 --key key.pem";
    for (person, page, command) in [
        ("custodian-1", "/projects/plan", approve),
        ("researcher-1", "/projects/study", &start),
        ("reviewer-1", "/outputs/output-study", review),
    ] {
        Browser::of(&world, person).get(page).await.must_show(&[command]);
    }
    for (person, page, command) in [
        ("researcher-1", "/projects/plan", "cloister project approve"),
        ("custodian-1", "/projects/study", "cloister project approve"),
        ("researcher-1", "/projects/plan", "cloister job start"),
        ("custodian-1", "/projects/study", "cloister job start"),
        ("custodian-1", "/outputs/output-study", "cloister output review"),
    ] {
        Browser::of(&world, person).get(page).await.must_show(&[]).must_not_show(&[command]);
    }
}

#[tokio::test]
async fn the_file_to_be_signed_is_the_one_that_the_digest_names() {
    let world = World::with_projects().await;
    let file = Browser::of(&world, "custodian-1").get("/projects/study/proposal.json").await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/json"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"proposal.json\"");
    let project = world.get("custodian-1", "/v1/projects/study").await.must_be(200);
    assert_eq!(Digest::of(file.html.as_bytes()).to_string(), project["digest"]);
}

#[tokio::test]
async fn an_export_of_before_is_found_again() {
    let (world, _orders) = furnished().await;
    export_study(&world).await;
    let seen = Browser::of(&world, "auditor-1").get("/outputs/output-study").await;
    seen.must_show(&["Download export-study.zip"]);
    let seen = Browser::of(&world, "operator-1").get("/outputs/output-study").await;
    seen.must_show(&["export-study"])
        .must_not_show(&["/exports/", "<form method=\"post\" action=\"/outputs"]);
}
