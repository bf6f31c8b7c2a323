//! What pages show, and how.

use axum::http::Method;
use control::NewPerson;
use control::authz::Role;
use domain::ReasonCode;
use domain::claims::Trust;
use serde_json::json;
use wire::airlock::{OutputSummary, RefusedFile};
use wire::guest::{Progress, Step};

use super::browser::Browser;
use super::{add_output, export_study, furnished};
use crate::services::summary;
use crate::world::{World, draft, job_request, proposal, statement};

const MARK: &str = "<strong class=\"mark\">emulated, not confidential</strong>";

#[tokio::test]
async fn every_role_starts_with_what_waits_for_it() {
    let (world, _orders) = furnished().await;
    for (person, headings, links) in [
        (
            "researcher-1",
            &["Outputs to release", "Jobs under way", "Approved projects"][..],
            &["/jobs/job-study", "/projects/study", "/outputs/output-study"][..],
        ),
        ("custodian-1", &["Proposals to decide", "Jobs under way"], &["/jobs/job-foreign"]),
        ("reviewer-1", &["Outputs to review"], &["/outputs/output-study"]),
        ("operator-1", &["Jobs under way", "refused or failed"], &["/jobs/job-foreign"]),
        ("auditor-1", &["The log", "Outputs that left"], &["/log", "/projects/study"]),
    ] {
        let seen = Browser::of(&world, person).get("/").await.must_show(headings);
        let links: Vec<_> = links.iter().map(|link| format!("href=\"{link}\"")).collect();
        seen.must_show(&links.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_empty_house_says_what_to_do_next() {
    let world = World::new().await;
    for (person, page, text) in [
        ("researcher-1", "/", "cloister project propose --file project.toml"),
        ("custodian-1", "/", "proposal for one of the datasets comes here"),
        ("reviewer-1", "/", "its output comes here"),
        ("operator-1", "/", "can be stopped"),
        ("auditor-1", "/", "no entry yet"),
        ("custodian-1", "/datasets", "cloister dataset register"),
        ("researcher-1", "/projects", "cloister project submit"),
        ("researcher-1", "/jobs", "the command that starts one"),
        ("reviewer-1", "/outputs", "leaves its sealed output here"),
        ("auditor-1", "/log", "no entry yet"),
    ] {
        Browser::of(&world, person).get(page).await.must_show(&[text]);
    }
}

#[tokio::test]
async fn what_somebody_typed_stays_text() {
    let mut world = World::with_projects().await;
    let evil = "<script>alert(1)</script>\"'&";
    let mut plan = proposal("plan", "researcher-1", ["reviewer-1", "reviewer-3"]);
    (plan.title, plan.purpose) = (evil.to_owned(), evil.to_owned());
    plan.workloads[0].name = evil.to_owned();
    plan.workloads[0].signer = evil.to_owned();
    plan.workloads[0].arguments = vec![evil.to_owned()];
    world.post("researcher-1", "/v1/projects", &draft(&plan)).await.must_be(201);
    world.add_person("mallory", Role::Custodian).await;
    let named = NewPerson { name: evil.to_owned(), role: Role::Custodian, key: None };
    world.control.add_person(&"mallory".parse().unwrap(), &named).await.unwrap();
    let refused = RefusedFile { name: evil.to_owned(), reason: reason("output.name") };
    let files = vec![evil.to_owned()];
    add_output(
        &world,
        OutputSummary { files, refused: vec![refused], ..summary("output-1", "plan") },
    );
    let browser = Browser::of(&world, "mallory");
    for page in ["/", "/projects", "/projects/plan", "/outputs/output-1"] {
        let seen = browser.get(page).await;
        let seen = seen.must_show(&["&#60;script&#62;alert(1)&#60;/script&#62;"]);
        seen.must_not_show(&["<script", "</script", " style=", " onclick="]);
    }
}

fn reason(code: &str) -> ReasonCode {
    code.to_owned().try_into().unwrap()
}

#[tokio::test]
async fn the_emulated_platform_is_marked_wherever_it_was() {
    let (world, _orders) = furnished().await;
    let researcher = Browser::of(&world, "researcher-1");
    for page in ["/", "/jobs", "/jobs/job-study", "/outputs", "/outputs/output-study"] {
        researcher.get(page).await.must_show(&[MARK]);
    }
    let seen = researcher.press("/outputs/output-study/export", String::new()).await;
    seen.must_show(&[MARK]);
    for output in world.script.outputs.lock().unwrap().iter_mut() {
        output.platform = Trust::Hardware;
    }
    for page in ["/outputs", "/outputs/output-study"] {
        researcher.get(page).await.must_show(&[]).must_not_show(&[MARK]);
    }
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let (world, _orders) = furnished().await;
    export_study(&world).await;
    let dataset = proposal("p", "r", ["a", "b"]).dataset.to_string();
    let mut asked: Vec<_> = portal::ROUTES.map(|(method, path)| (method, path.to_owned())).into();
    asked.extend([("GET", "/none".to_owned()), ("DELETE", "/jobs".to_owned())]);
    for (method, path) in asked {
        let path = path
            .replace("{digest}", &dataset)
            .replace("{project}", "study")
            .replace("{job}", "job-study")
            .replace("{output}", "output-study")
            .replace("{export}", "export-study");
        for browser in [Browser::new(&world), Browser::of(&world, "researcher-1")] {
            for site in ["same-origin", "cross-site"] {
                let method: Method = method.parse().unwrap();
                let site = [("sec-fetch-site", site)];
                let seen = browser.send(method, &path, &site, String::new()).await;
                for (name, value) in [
                    (
                        "content-security-policy",
                        "default-src 'none'; style-src 'self'; script-src 'self'; \
                         img-src 'self'; form-action 'self'; base-uri 'none'; \
                         frame-ancestors 'none'",
                    ),
                    ("referrer-policy", "no-referrer"),
                    ("cache-control", "no-store"),
                    ("x-content-type-options", "nosniff"),
                    ("cross-origin-opener-policy", "same-origin"),
                ] {
                    assert_eq!(seen.header(name), value, "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_a_reason() {
    let (world, _orders) = furnished().await;
    let browser = Browser::of(&world, "reviewer-1");
    for (path, status, reason) in [
        ("/none", 404, "access.not-found"),
        ("/jobs", 403, "access.role"),
        ("/jobs/job-study", 403, "access.role"),
        ("/projects/foreign", 404, "access.not-found"),
        ("/projects/No%20Name", 404, "access.not-found"),
        ("/datasets/sha256:1", 404, "access.not-found"),
        ("/outputs/output-9", 404, "access.not-found"),
        ("/exports/export-9", 404, "access.not-found"),
        ("/outputs?cursor=gone", 400, "request.malformed"),
        ("/outputs?cursor=a%26limit=1", 400, "request.malformed"),
    ] {
        browser.get(path).await.must_refuse(status, reason);
    }
    browser.press("/jobs", String::new()).await.must_refuse(405, "request.method");
}

#[tokio::test]
async fn listings_go_on_where_they_ended() {
    let world = World::with_projects().await;
    for number in 1..=25 {
        let mut plan =
            proposal(&format!("plan-{number}"), "researcher-1", ["reviewer-1", "reviewer-3"]);
        plan.title = format!("Plan {number}.");
        world.post("researcher-1", "/v1/projects", &draft(&plan)).await.must_be(201);
    }
    let browser = Browser::of(&world, "researcher-1");
    let first = browser.get("/projects").await.must_show(&["Plan 25.", "Plan 6."]);
    let first = first.must_not_show(&["Plan 5."]);
    let (_, cursor) = first.html.split_once("href=\"?cursor=").unwrap();
    let (cursor, _) = cursor.split_once('"').unwrap();
    let last = browser.get(&format!("/projects?cursor={cursor}")).await;
    last.must_show(&["Plan 5.", "A study"]).must_not_show(&["Plan 6.", "?cursor="]);
}

#[tokio::test]
async fn a_proposal_is_in_plain_words() {
    let world = World::with_projects().await;
    let new = draft(&proposal("plan", "researcher-1", ["reviewer-1", "reviewer-3"]));
    world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    let browser = Browser::of(&world, "custodian-1");
    browser.get("/").await.must_show(&["href=\"/projects/plan\""]);
    let rules = proposal("p", "r", ["a", "b"]).output_rules.to_string();
    browser.get("/projects/plan").await.must_show(&[
        "To learn",
        "waits for approval",
        "researcher-1 may start jobs",
        "Health insurance experiment",
        "highly confidential",
        "accepted by 2 of 2 reviewers: reviewer-1, reviewer-3",
        "2027-01-16 08:00 UTC",
        "counts",
        "WebAssembly component",
        &rules,
        "version = 1",
        "No custodian has signed yet.",
    ]);
    // A statement that counts: nothing is left to do for this custodian.
    let path = "/v1/projects/plan/approvals";
    world.post("custodian-1", path, &statement(b"one")).await.must_be(200);
    let seen = browser.get("/projects/plan").await;
    seen.must_show(&["custodian-1 (you)"]).must_not_show(&["approval.too-few"]);
    browser.get("/").await.must_show(&["other custodians"]);
    // One that does not, and why.
    world
        .post("custodian-1", path, &statement(b"bad"))
        .await
        .must_refuse(403, "approval.signature");
    browser.get("/projects/plan").await.must_show(&[
        "not counted: <code>approval.signature</code>",
        "The broker refused it: as the test said",
    ]);
}

#[tokio::test]
async fn a_job_says_how_far_it_came_and_why_no_further() {
    let (world, orders) = furnished().await;
    let events = &orders[0].events;
    for step in [Step::Booted, Step::Attested] {
        let step = control::LaunchEvent::Progress(Progress::Step { step, uptime_ms: 1 });
        events.send(step).await.unwrap();
    }
    world.job_in("researcher-1", "job-study", "attested").await;
    let (reason, detail) = (reason("kbs.policy"), "the <policy> said no".to_owned());
    let refused = Progress::Refused { reason, detail, uptime_ms: 2 };
    events.send(control::LaunchEvent::Progress(refused)).await.unwrap();
    events.send(control::LaunchEvent::Ended).await.unwrap();
    world.job_in("researcher-1", "job-study", "refused").await;
    let seen = Browser::of(&world, "researcher-1").get("/jobs/job-study").await;
    let seen = seen.must_show(&["the &#60;policy&#62; said no", "<code>kbs.policy</code>"]);
    let stages: Vec<_> = ["done", "done", "stopped", "ahead", "ahead"]
        .iter()
        .map(|mark| seen.html.matches(&format!("<li class=\"{mark}\">")).count())
        .collect();
    assert_eq!(stages, [2, 2, 1, 2, 2]);
    let home = Browser::of(&world, "operator-1").get("/").await;
    home.must_show(&["href=\"/jobs/job-study\""]);

    let again = job_request("job-again", "study", "researcher-1");
    world.script.refuse("/v0/launches", 403, "approval.expired");
    world.post("researcher-1", "/v1/jobs", &again).await.must_be(201);
    let listed = Browser::of(&world, "researcher-1").get("/jobs").await;
    listed.must_show(&["<code>approval.expired</code>"]);
    assert_eq!(
        world.get("researcher-1", "/v1/jobs").await.body["items"][1]["detail"],
        json!("the <policy> said no")
    );
}

#[tokio::test]
async fn the_log_can_be_verified_by_hand() {
    let (world, _orders) = furnished().await;
    let seen = Browser::of(&world, "auditor-1").get("/log").await;
    seen.must_show(&[
        "<dd>example.org/log</dd>",
        "<dd>9</dd>",
        "cloister log verify --origin example.org/log --key trust.json",
        "--url https://h:1/log",
    ]);
}
