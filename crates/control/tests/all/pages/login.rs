//! Logging in and out, and who may ask for changes.

use std::sync::atomic::Ordering;

use axum::http::Method;

use super::browser::Browser;
use super::{export_study, furnished, pages};
use crate::world::{NOW, World};

#[tokio::test]
async fn a_login_becomes_a_cookie_that_no_script_and_no_other_site_gets() {
    let world = World::new().await;
    let token = world.token("custodian-1");
    for typed in [token.clone(), format!("https%3A%2F%2Fh%3A1%2Flogin%23{token}")] {
        let seen = Browser::new(&world).press("/login", format!("token={typed}")).await;
        seen.must_lead_to("/");
        assert_eq!(
            seen.header("set-cookie"),
            format!("__Host-cloister={token}; Path=/; Secure; HttpOnly; SameSite=Strict")
        );
        assert!(!seen.html.contains(&token));
    }
    let seen = Browser::of(&world, "custodian-1").get("/").await;
    seen.must_show(&["Dr. Name of custodian-1", "custodian"]).must_not_show(&[&token]);
}

#[tokio::test]
async fn what_is_no_login_sets_no_cookie() {
    let world = World::new().await;
    for form in [
        "token=wrong",
        &format!("token={}", "x".repeat(5000)),
        "token=",
        "token=a+b",
        "token=%0d%0aSet-Cookie:x",
        "",
        "other=1",
    ] {
        let seen = Browser::new(&world).press("/login", form.to_owned()).await;
        seen.must_refuse(401, "access.login-required");
        assert!(seen.headers.get("set-cookie").is_none(), "{form}");
        assert!(seen.html.contains("action=\"/login\""));
    }
}

#[tokio::test]
async fn a_login_that_expired_leads_to_the_form() {
    let world = World::new().await;
    let browser = Browser::of(&world, "auditor-1");
    world.clock.store(NOW + 3600, Ordering::SeqCst);
    let seen = browser.get("/").await;
    seen.must_lead_to("/login");
    // A visit by a link from elsewhere comes without the cookie, too, and must not end a login.
    assert!(seen.headers.get("set-cookie").is_none());
    let form = format!("token={}", world.token("auditor-1"));
    browser.press("/login", form).await.must_refuse(401, "access.login-required");
}

#[tokio::test]
async fn logging_out_empties_the_cookie() {
    let world = World::new().await;
    let seen = Browser::of(&world, "auditor-1").press("/logout", String::new()).await;
    seen.must_lead_to("/login");
    let expected = "__Host-cloister=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(seen.header("set-cookie"), expected);
}

#[tokio::test]
async fn without_a_login_every_page_leads_to_the_form() {
    let (world, _orders) = furnished().await;
    export_study(&world).await;
    for (page, _) in pages("study") {
        Browser::new(&world).get(&page).await.must_lead_to("/login");
    }
    for path in ["/jobs/job-study/cancel", "/outputs/output-study/export"] {
        Browser::new(&world).press(path, String::new()).await.must_lead_to("/login");
    }
    Browser::new(&world).get("/login").await.must_show(&["/assets/login.js", "type=\"password\""]);
}

#[tokio::test]
async fn changes_that_other_sites_ask_for_are_refused() {
    let (world, _orders) = furnished().await;
    let browser = Browser::of(&world, "researcher-1");
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://h:1")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for (method, path) in portal::ROUTES {
        if method == "GET" {
            continue;
        }
        let path = path.replace("{job}", "job-study").replace("{output}", "output-study");
        for headers in foreign {
            let form = format!("token={}", world.token("researcher-1"));
            let seen = browser.send(Method::POST, &path, headers, form).await;
            seen.must_refuse(403, "portal.cross-site");
            assert!(seen.headers.get("set-cookie").is_none());
        }
    }
    assert_eq!(world.script.asked("/v0/outputs/output-study/export").len(), 0);
    let job = world.get("researcher-1", "/v1/jobs/job-study").await.must_be(200);
    assert_eq!(job["cancel_asked"], false);

    let older = [("origin", "https://h:1")];
    let seen = browser.send(Method::POST, "/jobs/job-study/cancel", &older, String::new()).await;
    seen.must_lead_to("/jobs/job-study");
}

#[tokio::test]
async fn the_cookie_is_no_login_to_the_api() {
    let world = World::new().await;
    let browser = Browser::of(&world, "operator-1");
    for path in ["/v1/me", "/v1/jobs"] {
        let seen = browser.get(path).await;
        assert_eq!((seen.status, seen.header("content-type")), (401, "application/problem+json"));
        assert!(seen.html.contains("access.login-required"));
    }
    let bearer = format!("Bearer {}", world.token("operator-1"));
    let bearer = [("authorization", bearer.as_str())];
    let seen = browser.send(Method::GET, "/v1/me", &bearer, String::new()).await;
    assert_eq!(seen.status, 200);
    // And a bearer is none to the pages.
    let seen = Browser::new(&world).send(Method::GET, "/", &bearer, String::new()).await;
    seen.must_lead_to("/login");
    for (path, status) in [("/v1/health", 200), ("/v1/none", 404), ("/log/none", 404)] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, status);
        assert!(seen.header("content-type").starts_with("application/"), "{seen:?}");
    }
}
