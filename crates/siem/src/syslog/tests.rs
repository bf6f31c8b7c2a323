#![expect(clippy::string_slice, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;
use crate::event::{Alarm, Happened};
use crate::testing::{event_of, events, refused};

const EXPECTED: [&str; 4] = [
    r#"<110>1 2026-11-20T12:00:00Z node.example.org cloister - DatasetSealed [cloister@32473 action="DatasetSealed" actor="broker" decision="accepted" id="entry-07070707070707070707070707070707" index="0" leaf_hash="sha256:5eab153d9d9b42ac4ccc670c1af80c4ee8dccf280832ca548117baea2642c1a3" log="log.example/siem" object="sha256:2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75" sequence="0"] DatasetSealed accepted"#,
    r#"<108>1 2026-11-20T12:00:00Z node.example.org cloister - KeyReleased [cloister@32473 action="KeyReleased" actor="broker" decision="refused" id="entry-07070707070707070707070707070707" index="1" leaf_hash="sha256:9dcb9dce019dc751f49c5bbcb8211d1c4f80bff40439a2fecbb4bcd8eed4cae7" log="log.example/siem" object="sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f" person="hmac-sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" platform="emulated" policy="sha256:823412d1eacb67956220e532959f0104603057c88704863ca38e7cd188fda812" project="diabetes" reason="evidence.debug-enabled" sequence="3"] KeyReleased refused (evidence.debug-enabled)"#,
    r#"<110>1 2026-11-20T12:00:05Z node.example.org cloister - UnknownEntry [cloister@32473 index="2" leaf_hash="sha256:f68d22c9620d1e853fb6ef03933b6143243fcdde8184477a07b553ecdcdfa67f" length="3" log="log.example/siem"] an entry of 3 bytes that is no decision"#,
    r#"<105>1 2026-11-20T12:00:05Z node.example.org cloister - LogAlarm [cloister@32473 delivered="5" log="log.example/siem" reason="log.rolled-back"] the log was rolled back: it holds 3 entries of 5 (log.rolled-back)"#,
];

#[test]
fn messages_are_exact() {
    let messages: Vec<String> =
        events().iter().map(|event| message(event, "node.example.org")).collect();
    assert_eq!(messages, EXPECTED);
}

#[test]
fn a_frame_counts_octets_not_characters() {
    assert_eq!(frame("<104>1 ü"), "9 <104>1 ü".as_bytes());
}

#[test]
fn a_host_that_is_no_hostname_is_left_out() {
    for host in ["", "two words", "knoten-ü", &"x".repeat(256)] {
        let message = message(&event_of(&refused(), 0), host);
        assert!(message.starts_with("<108>1 2026-11-20T12:00:00Z - cloister - "), "{message}");
    }
}

/// The parameters of the one element, and what follows it, as a receiver reads them (RFC 5424 §6.3).
fn read(message: &str) -> (Vec<(String, String)>, &str) {
    let start = message.find(&format!("[{SD_ID}")).unwrap() + SD_ID.len() + 1;
    let (mut rest, mut parameters) = (&message[start..], Vec::new());
    while let Some(parameter) = rest.strip_prefix(' ') {
        let (name, after) = parameter.split_once("=\"").unwrap();
        let (mut value, mut characters) = (String::new(), after.char_indices());
        let end = loop {
            match characters.next().unwrap() {
                (_, '\\') => value.push(characters.next().unwrap().1),
                (end, '"') => break end,
                (_, character) => {
                    assert_ne!(character, ']', "must stand behind a backslash");
                    value.push(character);
                }
            }
        };
        parameters.push((name.to_owned(), value));
        rest = &after[end + 1..];
    }
    (parameters, rest.strip_prefix("] ").unwrap())
}

proptest! {
    /// Whatever a value holds, a receiver reads back that value, and nothing beyond it.
    #[test]
    fn any_value_comes_back(value in "\\PC*", odd in r#"["\\\]a \[=]{0,12}"#) {
        for value in [value, odd] {
            let event = Event { log: value.clone(), ..event_of(&refused(), 7) };
            let message = message(&event, "host");
            let (parameters, text) = read(&message);
            let of = |name: &str| {
                let found = parameters.iter().find(|(found, _)| found == name);
                found.map(|(_, value)| value.as_str())
            };
            prop_assert_eq!(of("log"), Some(value.as_str()));
            prop_assert_eq!(of("index"), Some("7"));
            prop_assert_eq!(of("reason"), Some("evidence.debug-enabled"));
            prop_assert_eq!(text, "KeyReleased refused (evidence.debug-enabled)");
        }
    }

    /// No text, whatever it holds, makes a message that a receiver could split or end early.
    #[test]
    fn no_message_has_control_characters(log in any::<String>(), detail in any::<String>()) {
        let happened =
            Happened::Alarm(Alarm { reason: "log.consistency", detail, delivered: 1 });
        let event = Event { log: log.clone(), happened, ..event_of(&refused(), 7) };
        let message = message(&event, "host");
        prop_assert!(!message.chars().any(char::is_control), "{:?}", message);
        let (parameters, _) = read(&message);
        let log: String = log.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        prop_assert!(parameters.contains(&("log".to_owned(), log)));
        let frame = frame(&message);
        let space = frame.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = str::from_utf8(&frame[..space]).unwrap().parse().unwrap();
        prop_assert_eq!(frame.len() - space - 1, length);
    }
}
