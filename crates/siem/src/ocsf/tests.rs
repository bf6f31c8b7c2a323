use domain::event::Action;
use serde_json::Value;

use super::*;
use crate::testing::{accepted, event_of, events};

const EXPECTED: [&str; 4] = [
    r#"{"activity_id":1,"activity_name":"Create","actor":{"app_name":"broker"},"category_name":"Identity & Access Management","category_uid":3,"class_name":"Entity Management","class_uid":3004,"entity":{"type":"dataset","type_id":99,"uid":"sha256:2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75"},"message":"DatasetSealed accepted","metadata":{"event_code":"DatasetSealed","log_name":"log.example/siem","logged_time":1795176005000,"product":{"name":"Cloister","vendor_name":"Cloister"},"sequence":0,"uid":"sha256:5eab153d9d9b42ac4ccc670c1af80c4ee8dccf280832ca548117baea2642c1a3","version":"1.4.0"},"severity":"Informational","severity_id":1,"status":"Success","status_id":1,"time":1795176000000,"type_uid":300401,"unmapped":{"action":"DatasetSealed","actor":"broker","decision":"accepted","id":"entry-07070707070707070707070707070707","index":0,"leaf_hash":"sha256:5eab153d9d9b42ac4ccc670c1af80c4ee8dccf280832ca548117baea2642c1a3","log":"log.example/siem","object":"sha256:2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75","sequence":0}}"#,
    r#"{"activity_id":99,"activity_name":"Release","actor":{"app_name":"broker","user":{"uid":"hmac-sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"}},"category_name":"Identity & Access Management","category_uid":3,"class_name":"Entity Management","class_uid":3004,"entity":{"type":"dataset key","type_id":99,"uid":"sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f"},"message":"KeyReleased refused (evidence.debug-enabled)","metadata":{"event_code":"KeyReleased","log_name":"log.example/siem","logged_time":1795176005000,"product":{"name":"Cloister","vendor_name":"Cloister"},"sequence":1,"uid":"sha256:9dcb9dce019dc751f49c5bbcb8211d1c4f80bff40439a2fecbb4bcd8eed4cae7","version":"1.4.0"},"severity":"Low","severity_id":2,"status":"Failure","status_code":"evidence.debug-enabled","status_id":2,"time":1795176000000,"type_uid":300499,"unmapped":{"action":"KeyReleased","actor":"broker","decision":"refused","evidence":["sha256:ee8250fb76e094b34b471f13a73dbbe51d1ae142e9df59d7c0d31ec20f0a0a8e"],"id":"entry-07070707070707070707070707070707","index":1,"leaf_hash":"sha256:9dcb9dce019dc751f49c5bbcb8211d1c4f80bff40439a2fecbb4bcd8eed4cae7","log":"log.example/siem","object":"sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f","person":"hmac-sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","platform":"emulated","policy":"sha256:823412d1eacb67956220e532959f0104603057c88704863ca38e7cd188fda812","previous":["entry-06060606060606060606060606060606"],"project":"diabetes","reason":"evidence.debug-enabled","rules":["forbid \"all\""],"sequence":3}}"#,
    r#"{"activity_id":0,"category_name":"Uncategorized","category_uid":0,"class_name":"Base Event","class_uid":0,"message":"an entry of 3 bytes that is no decision","metadata":{"event_code":"UnknownEntry","log_name":"log.example/siem","logged_time":1795176005000,"product":{"name":"Cloister","vendor_name":"Cloister"},"sequence":2,"uid":"sha256:f68d22c9620d1e853fb6ef03933b6143243fcdde8184477a07b553ecdcdfa67f","version":"1.4.0"},"severity":"Informational","severity_id":1,"time":1795176005000,"type_uid":0,"unmapped":{"index":2,"leaf_hash":"sha256:f68d22c9620d1e853fb6ef03933b6143243fcdde8184477a07b553ecdcdfa67f","length":3,"log":"log.example/siem"}}"#,
    r#"{"activity_id":1,"activity_name":"Create","category_name":"Findings","category_uid":2,"class_name":"Detection Finding","class_uid":2004,"finding_info":{"desc":"the log was rolled back: it holds 3 entries of 5","title":"The log is not what it was (log.rolled-back)","uid":"log.example/siem/log.rolled-back/5"},"is_alert":true,"message":"the log was rolled back: it holds 3 entries of 5 (log.rolled-back)","metadata":{"event_code":"LogAlarm","log_name":"log.example/siem","logged_time":1795176005000,"product":{"name":"Cloister","vendor_name":"Cloister"},"version":"1.4.0"},"severity":"Critical","severity_id":5,"status":"New","status_id":1,"time":1795176005000,"type_uid":200401,"unmapped":{"delivered":5,"log":"log.example/siem","reason":"log.rolled-back"}}"#,
];

#[test]
fn lines_are_exact() {
    let lines: String = events().iter().map(|event| line(event).unwrap()).collect();
    assert_eq!(lines, EXPECTED.map(|line| format!("{line}\n")).concat());
}

#[test]
fn each_action_has_its_activity() {
    for (action, activity, name, kind) in [
        (Action::DatasetSealed, 1, "Create", "dataset"),
        (Action::ProjectApproved, 8, "Enable", "project"),
        (Action::LaunchAuthorised, 1, "Create", "launch"),
        (Action::EnclaveAttested, 99, "Attest", "launch"),
        (Action::KeyReleased, 99, "Release", "dataset key"),
        (Action::JobFinished, 99, "Finish", "job"),
        (Action::OutputChecked, 99, "Check", "output"),
        (Action::OutputReviewed, 99, "Review", "output"),
        (Action::OutputExported, 99, "Export", "output"),
        (Action::ExportRevoked, 9, "Disable", "export"),
        (Action::RecordErased, 4, "Delete", "record"),
    ] {
        let line = line(&event_of(&accepted(action, 0), 0)).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["activity_id"], activity);
        assert_eq!(event["type_uid"], 300_400 + activity);
        assert_eq!(event["activity_name"], name);
        assert_eq!(event["entity"]["type"], kind);
        assert_eq!(event["metadata"]["event_code"], format!("{action:?}"));
    }
}
