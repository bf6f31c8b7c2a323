use super::*;
use crate::testing::{events, refused};
use domain::event::Entry;

const EXPECTED: [&str; 4] = [
    r#"{"entry":{"action":"DatasetSealed","actor":"broker","decision":"accepted","id":"entry-07070707070707070707070707070707","object":"sha256:2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75","sequence":0,"time":"2026-11-20T12:00:00Z"},"index":0,"kind":"entry","leaf_hash":"sha256:5eab153d9d9b42ac4ccc670c1af80c4ee8dccf280832ca548117baea2642c1a3","log":"log.example/siem","seen":"2026-11-20T12:00:05Z"}"#,
    r#"{"entry":{"action":"KeyReleased","actor":"broker","decision":"refused","evidence":["sha256:ee8250fb76e094b34b471f13a73dbbe51d1ae142e9df59d7c0d31ec20f0a0a8e"],"id":"entry-07070707070707070707070707070707","object":"sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f","person":"hmac-sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","platform":"emulated","policy":"sha256:823412d1eacb67956220e532959f0104603057c88704863ca38e7cd188fda812","previous":["entry-06060606060606060606060606060606"],"project":"diabetes","reason":"evidence.debug-enabled","rules":["forbid \"all\""],"sequence":3,"time":"2026-11-20T12:00:00Z"},"index":1,"kind":"entry","leaf_hash":"sha256:9dcb9dce019dc751f49c5bbcb8211d1c4f80bff40439a2fecbb4bcd8eed4cae7","log":"log.example/siem","seen":"2026-11-20T12:00:05Z"}"#,
    r#"{"index":2,"kind":"opaque","leaf_hash":"sha256:f68d22c9620d1e853fb6ef03933b6143243fcdde8184477a07b553ecdcdfa67f","length":3,"log":"log.example/siem","seen":"2026-11-20T12:00:05Z"}"#,
    r#"{"alarm":{"delivered":5,"detail":"the log was rolled back: it holds 3 entries of 5","reason":"log.rolled-back"},"kind":"alarm","log":"log.example/siem","seen":"2026-11-20T12:00:05Z"}"#,
];

#[test]
fn lines_are_exact() {
    let lines: String = events().iter().map(|event| line(event).unwrap()).collect();
    assert_eq!(lines, EXPECTED.map(|line| format!("{line}\n")).concat());
}

#[test]
fn the_leaf_can_be_had_from_the_line() {
    let line: Value = serde_json::from_str(&line(&events()[1]).unwrap()).unwrap();
    let leaf = canonical::to_vec(&line["entry"]).unwrap();
    assert_eq!(leaf, refused().to_leaf().unwrap());
    assert_eq!(line["leaf_hash"], tlog::leaf_hash(&leaf).to_string());
    assert_eq!(Entry::from_leaf(&leaf).unwrap(), refused());
}
