//! How events of a TDX guest's log are printed.

use evidence::eventlog::{Event, EventLog};
use serde_json::{Value, json};

/// All events, in order.
pub(super) fn json(log: &EventLog) -> Value {
    log.events().iter().map(event).collect()
}

/// `data` is the event's text, if it is text; `bound` says whether the digest is of it.
fn event(event: &Event) -> Value {
    json!({
        "rtmr": event.register(),
        "type": name(event),
        "digest": hex::encode(event.digest()),
        "data": text(event.data()),
        "bound": event.is_bound(),
    })
}

/// One event a line.
pub(super) fn lines(log: &EventLog) -> String {
    let line = |event: &Event| {
        let register = event.register().map_or("-".to_owned(), |register| register.to_string());
        let digest: String = hex::encode(event.digest()).chars().take(16).collect();
        let text = text(event.data()).unwrap_or_default();
        format!("\n{register} {digest}… {} {text}", name(event))
    };
    log.events().iter().map(line).collect()
}

fn name(event: &Event) -> String {
    let kind = event.kind();
    kind.name().map_or_else(|| format!("{:#010x}", kind.number()), str::to_owned)
}

/// Data of printable ASCII, which may end in a zero byte.
fn text(data: &[u8]) -> Option<String> {
    let data = data.strip_suffix(b"\0").unwrap_or(data);
    let printable = data.iter().all(|byte| matches!(byte, b' '..=b'~'));
    (printable && !data.is_empty()).then(|| String::from_utf8_lossy(data).into_owned())
}
