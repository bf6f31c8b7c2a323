use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::post;
use domain::Reason as _;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{clock, events};

type Requests = Arc<Mutex<Vec<(HeaderMap, String)>>>;
type Reply = (u16, Vec<(&'static str, &'static str)>, &'static str);

/// A collector that answers every request with `reply`, and what it got.
async fn collector(reply: Reply) -> (Url, Requests) {
    let requests = Requests::default();
    let answer = async move |State(requests): State<Requests>, headers: HeaderMap, body: String| {
        requests.lock().unwrap().push((headers, body));
        let (status, headers, body) = reply;
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, value) in headers {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), axum::http::HeaderValue::from_static(value));
        }
        response
    };
    let router = Router::new().route("/v1/logs", post(answer)).with_state(Arc::clone(&requests));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/logs?key=hidden", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url.parse().unwrap(), requests)
}

fn receiver(url: Url, body: HttpBody) -> HttpReceiver {
    let client = channel::plain_http_client().unwrap();
    HttpReceiver::new(client, url, body, None, clock())
}

async fn told(reply: Reply, body: HttpBody) -> Result<Option<String>, Undelivered> {
    let (url, requests) = collector(reply).await;
    let told = receiver(url, body).deliver(&events()).await;
    assert_eq!(requests.lock().unwrap().len(), 1);
    told
}

#[tokio::test]
async fn a_collector_gets_the_request_and_acknowledges() {
    let (url, requests) = collector((200, vec![], "{}")).await;
    let authorization = HeaderValue::from_static("Bearer secret");
    let client = channel::plain_http_client().unwrap();
    let receiver = HttpReceiver::new(client, url, HttpBody::Otlp, Some(authorization), clock());
    assert!(!format!("{receiver:?}").contains("secret"));
    assert_eq!(receiver.deliver(&events()).await.unwrap(), None);
    let (headers, body) = requests.lock().unwrap().pop().unwrap();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], "Bearer secret");
    assert_eq!(body, otlp::request(&events()).unwrap());
}

#[tokio::test]
async fn lines_are_posted_as_such_and_any_success_acknowledges() {
    for lines in [Lines::Json, Lines::Ocsf] {
        let (url, requests) = collector((202, vec![], "queued")).await;
        let told = receiver(url, HttpBody::Lines(lines)).deliver(&events()).await;
        assert_eq!(told.unwrap(), None);
        let (headers, body) = requests.lock().unwrap().pop().unwrap();
        assert_eq!(headers["content-type"], "application/x-ndjson");
        assert_eq!(body, lines.of(&events()).unwrap());
    }
}

#[tokio::test]
async fn partial_success_is_none_but_a_remark_is() {
    let answers = [
        ("", Err("siem.not-acknowledged")),
        ("[]", Err("siem.not-acknowledged")),
        (r#"{"partialSuccess":7}"#, Err("siem.not-acknowledged")),
        (r#"{"partialSuccess":{"rejectedLogRecords":"-1"}}"#, Err("siem.not-acknowledged")),
        (
            r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"old"}}"#,
            Err("siem.rejected"),
        ),
        (r#"{"partialSuccess":{"rejectedLogRecords":1}}"#, Err("siem.rejected")),
        (r#"{"partialSuccess":{"errorMessage":"slow down"}}"#, Ok(Some("slow down"))),
        (r#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, Ok(None)),
        (r#"{"partialSuccess":{}}"#, Ok(None)),
        (r#"{"partialSuccess":null,"later":1}"#, Ok(None)),
    ];
    for (body, expected) in answers {
        let told = told((200, vec![], body), HttpBody::Otlp).await;
        let told = told.as_ref().map(Option::as_deref).map_err(|error| error.reason());
        assert_eq!(told, expected, "{body}");
    }
}

#[tokio::test]
async fn each_status_is_an_acknowledgement_a_delay_or_the_end() {
    for body in [HttpBody::Otlp, HttpBody::Lines(Lines::Json)] {
        for status in [429, 502, 503, 504] {
            let refused = told((status, vec![], ""), body).await.unwrap_err();
            let all = (refused.reason(), refused.is_final(), refused.retry_after());
            assert_eq!(all, ("siem.busy", false, None));
        }
        for status in [301, 400, 401, 404, 413, 500] {
            let moved = vec![("location", "/elsewhere")];
            let refused = told((status, moved, "because"), body).await.unwrap_err();
            assert_eq!((refused.reason(), refused.is_final()), ("siem.rejected", true));
            let text = refused.to_string();
            assert!(text.contains(&status.to_string()) && text.contains("because"), "{text}");
            assert!(!text.contains("hidden"), "{text}");
        }
    }
    // OTLP knows no other success.
    let refused = told((202, vec![], "{}"), HttpBody::Otlp).await.unwrap_err();
    assert_eq!(refused.reason(), "siem.rejected");
}

#[tokio::test]
async fn a_busy_collector_says_when_to_come_again() {
    for (value, seconds) in [
        ("7", Some(7)),
        // The clock says 12:00:05.
        ("Fri, 20 Nov 2026 12:01:05 GMT", Some(60)),
        ("Fri, 20 Nov 2026 12:00:00 GMT", None),
        ("soon", None),
        ("-1", None),
    ] {
        let refused =
            told((503, vec![("retry-after", value)], ""), HttpBody::Otlp).await.unwrap_err();
        assert_eq!(refused.retry_after().map(|wait| wait.as_secs()), seconds, "{value}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_an_answer_cut_short() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let cut = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
    });
    let receiver = receiver(url, HttpBody::Otlp);
    let refused = receiver.deliver(&events()).await.unwrap_err();
    assert_eq!(refused.reason(), "siem.not-acknowledged");
    cut.await.unwrap();
    assert_eq!(receiver.deliver(&events()).await.unwrap_err().reason(), "siem.unreachable");
}
