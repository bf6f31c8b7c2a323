//! The pages against the matrix: every page, every role, own things and others'.

use control::authz::{Access, MATRIX, Role, Who};
use wire::airlock::OutputState;

use super::browser::Browser;
use super::{export_study, furnished, pages, set_state};

#[tokio::test]
async fn a_page_shows_exactly_what_the_api_answers_that_person() {
    let (world, _orders) = furnished().await;
    export_study(&world).await;
    for role in Role::ALL {
        let person = format!("{}-1", role.name());
        let browser = Browser::of(&world, &person);
        for (page, api) in pages("study").into_iter().chain(pages("foreign")) {
            let answer = world.get(&person, &api).await;
            let seen = browser.get(&page).await;
            assert_eq!(seen.status, answer.status, "{person} {page}: {}", seen.html);
            if let Some(reason) = answer.body["reason"].as_str() {
                assert!(seen.html.contains(&format!("<code>{reason}</code>")), "{}", seen.html);
                assert_eq!(seen.header("content-type"), "text/html; charset=utf-8");
            }
            assert!(!seen.html.contains(&world.token(&person)), "{page}");
        }
    }
}

#[tokio::test]
async fn others_things_are_named_nowhere() {
    let (world, _orders) = furnished().await;
    for person in ["researcher-1", "reviewer-1"] {
        for page in
            ["/", "/projects", "/jobs", "/outputs", "/projects/foreign", "/jobs/job-foreign"]
        {
            let seen = Browser::of(&world, person).get(page).await;
            seen.must_not_show(&["output-foreign", "href=\"/projects/foreign", "researcher-2"]);
        }
    }
}

#[tokio::test]
async fn buttons_and_parts_are_for_those_whom_the_matrix_lets() {
    let (world, _orders) = furnished().await;
    set_state(&world, "output-study", OutputState::Accepted);
    for (column, role) in Role::ALL.into_iter().enumerate() {
        let browser = Browser::of(&world, &format!("{}-1", role.name()));
        for (method, path, page, part) in [
            ("GET", "/v1/jobs", "/", "href=\"/jobs\""),
            ("POST", "/v1/jobs/{job}/cancel", "/jobs/job-study", "/jobs/job-study/cancel"),
            (
                "POST",
                "/v1/outputs/{output}/export",
                "/outputs/output-study",
                "action=\"/outputs/output-study/export\"",
            ),
        ] {
            let rule = MATRIX.iter().find(|rule| (rule.method, rule.path) == (method, path));
            let Who::Roles(cells) = rule.unwrap().who else { panic!("{path}") };
            let offered = browser.get(page).await.html.contains(part);
            assert_eq!(offered, cells[column] != Access::No, "{role:?} {path}");
        }
    }
    export_study(&world).await;
    for (column, role) in Role::ALL.into_iter().enumerate() {
        let browser = Browser::of(&world, &format!("{}-1", role.name()));
        let html = browser.get("/outputs/output-study").await.html;
        for (path, part) in [
            ("/v1/exports/{export}", "href=\"/exports/export-study\""),
            ("/v1/exports/{export}/bundle", "href=\"/exports/export-study/bundle\""),
        ] {
            let rule = MATRIX.iter().find(|rule| rule.path == path).unwrap();
            let Who::Roles(cells) = rule.who else { panic!("{rule:?}") };
            assert_eq!(html.contains(part), cells[column] != Access::No, "{role:?} {path}");
        }
    }
}
