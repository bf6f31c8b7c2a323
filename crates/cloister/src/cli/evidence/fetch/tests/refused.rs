//! Services that fail, and answers that are none.

use super::released;
use super::service::{Service, answer, ok};

/// Every row asks for Milan's two lists; the reason is that of the first.
#[test]
fn a_service_that_does_not_answer_rightly_is_left() {
    type Row = (&'static str, fn() -> Vec<u8>, &'static str, usize, &'static [u128]);
    const BACKOFF: &[u128] = &[1000, 2000, 4000, 8000, 16000];
    let rows: [Row; 12] = [
        ("failing", || answer(500, "", b""), "fetch.server-failed", 6, BACKOFF),
        (
            "overloaded",
            || answer(503, "Retry-After: 4\r\n", b""),
            "fetch.server-failed",
            6,
            &[4000; 5],
        ),
        ("busy", || answer(429, "", b""), "fetch.rate-limited", 6, BACKOFF),
        (
            "busy for long",
            || answer(429, "Retry-After: 3600\r\n", b""),
            "fetch.rate-limited",
            1,
            &[],
        ),
        ("unknown", || answer(404, "", b""), "fetch.not-found", 1, &[]),
        ("forbidden", || answer(403, "", b""), "fetch.status", 1, &[]),
        ("empty", || answer(204, "", b""), "fetch.status", 1, &[]),
        ("a page", || ok(b"<html>Welcome</html>"), "evidence.crl", 1, &[]),
        ("too long", || ok(&vec![b'0'; (4 << 20) + 1]), "fetch.too-large", 1, &[]),
        ("cut short", || ok(b"0123456789")[..60].to_vec(), "fetch.no-answer", 6, BACKOFF),
        ("no HTTP", || b"SSH-2.0-OpenSSH\r\n".to_vec(), "fetch.no-answer", 6, BACKOFF),
        ("silent", Vec::new, "fetch.no-answer", 6, BACKOFF),
    ];
    for (name, body, reason, requests, waits) in rows {
        let (bench, service) = (released(), Service::start(move |_, _| body()));
        let ran = bench.run(&format!("fetch --lists milan --cache @cache --kds {}", service.url()));
        assert_eq!(ran.verdict(), reason, "{name}: {ran:?}");
        let asked = service.asked();
        assert_eq!(asked.len(), 2 * requests, "{name}");
        assert_eq!(asked[0], "/vcek/v1/Milan/crl");
        assert_eq!(asked[requests], "/vlek/v1/Milan/crl");
        assert_eq!(bench.waits(), [waits, waits].concat(), "{name}");
        assert!(!std::path::Path::new(&bench.path("cache/amd/crl-vcek-milan.der")).exists());
    }
}

#[test]
fn nobody_is_led_elsewhere() {
    let elsewhere = Service::start(|_, _| ok(b""));
    let location = format!("Location: {}/crl\r\n", elsewhere.url());
    let service = Service::start(move |_, _| answer(302, &location, b""));
    let bench = released();
    let ran = bench.run(&format!("fetch --lists milan --cache @cache --kds {}", service.url()));
    assert_eq!(ran.verdict(), "fetch.redirected");
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn where_nothing_listens_there_is_no_answer() {
    let bench = released();
    let ran = bench.run("fetch --lists milan --cache @cache --kds http://127.0.0.1:1");
    assert_eq!(ran.verdict(), "fetch.no-answer");
}

#[test]
fn an_address_and_a_purpose_are_needed() {
    use clap::Parser as _;
    use clap::error::ErrorKind;
    let bench = released();
    for url in ["ftp://example.org", "https://a@example.org", "example.org"] {
        let ran = bench.run(&format!("fetch --lists milan --cache @cache --kds {url}"));
        assert_eq!(ran.verdict(), "fetch.address", "{url}");
    }
    for (arguments, kind) in [
        ("", ErrorKind::MissingRequiredArgument),
        ("--kind snp", ErrorKind::MissingRequiredArgument),
        ("--input x", ErrorKind::MissingRequiredArgument),
        ("--lists naples", ErrorKind::InvalidValue),
    ] {
        let line = format!("evidence fetch --cache cache {arguments}");
        let refused = super::Line::try_parse_from(line.split_whitespace()).err();
        assert_eq!(refused.map(|error| error.kind()), Some(kind), "{arguments}");
    }
    bench.write("noise", "noise");
    for (kind, reason) in [
        ("snp", "evidence.malformed"),
        ("tdx", "evidence.malformed"),
        ("sgx", "evidence.malformed"),
        ("az-snp-vtpm", "evidence.malformed"),
        ("az-tdx-vtpm", "evidence.malformed"),
        ("nvidia-gpu", "evidence.unsupported-kind"),
    ] {
        let ran = bench.run(&format!("fetch --kind {kind} --input @noise --cache @cache"));
        assert_eq!(ran.verdict(), reason, "{kind}");
    }
}
