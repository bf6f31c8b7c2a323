//! `log`: a log in a folder and on a web server, entry by entry.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use domain::keys::{PublicKey, SecretKey};
use serde_json::json;
use tlog::Log;
use tlog_files::FileStore;
use zeroize::Zeroizing;

use crate::run::{Bench, vector};

const ORIGIN: &str = "example.org/log";

/// A deployment's trust file; only its log matters here.
fn trust(log_key: PublicKey) -> String {
    let other = SecretKey::from_seed(&Zeroizing::new([6; 32])).public();
    json!({
        "version": "cloister-trust/1",
        "log_origin": ORIGIN,
        "log_key": log_key,
        "airlock": other,
        "custodians": [other],
    })
    .to_string()
}

/// A bench with a log of `size` entries in `log`, its key in `log.pem` and `log.vkey`.
fn bench(size: usize) -> Bench {
    let bench = Bench::new();
    let key = SecretKey::from_seed(&Zeroizing::new([5; 32]));
    bench.write("log.pem", key.public().to_pem().unwrap());
    let log_key = key.public();
    let store = FileStore::open(&bench.path("log"), &bench.path("head")).unwrap();
    let mut log = Log::open(store, ORIGIN, key).unwrap();
    bench.write("log.vkey", log.key().to_string());
    bench.write("trust.json", trust(log_key));
    let entries: Vec<_> = (0..size).map(|i| format!("entry {i}").into_bytes()).collect();
    log.append(&entries).unwrap();
    bench
}

#[test]
fn a_log_verifies_from_its_folder() {
    let bench = bench(300);
    for key in ["log.pem", "log.vkey", "trust.json"] {
        let ran = bench.run(&format!("log verify --origin {ORIGIN} --key {key} --dir log"));
        assert_eq!(ran.verdict(), (0, "verified", None), "{ran:?}");
        assert_eq!(ran.members(), ["origin", "reason", "root", "size", "verdict"]);
        assert_eq!(ran.json["size"], 300);
    }
    let refusal = |arguments: &str| {
        let ran = bench.run(arguments);
        (ran.code, ran.text("reason"))
    };
    let other = "log verify --origin example.org/other --key log.pem --dir log";
    assert_eq!(refusal(other), (1, "log.origin".to_owned()));
    for named in ["log.vkey", "trust.json"] {
        let other = format!("log verify --origin example.org/other --key {named} --dir log");
        assert_eq!(refusal(&other), (1, "log.origin".to_owned()));
    }
    let absent = "log verify --origin example.org/log --key log.pem --dir absent";
    assert_eq!(refusal(absent), (2, "log.unavailable".to_owned()));
    bench.key("stranger");
    let stranger = "log verify --origin example.org/log --key stranger.pem --dir log";
    assert_eq!(refusal(stranger), (1, "log.signature".to_owned()));

    let bundle = "log/tile/entries/000";
    let mut bytes = bench.read(bundle);
    bytes[4] ^= 1; // in the text of the first entry
    bench.write(bundle, bytes);
    let verify = "log verify --origin example.org/log --key log.pem --dir log";
    assert_eq!(refusal(verify), (1, "log.root-mismatch".to_owned()));
    std::fs::remove_file(bench.path(bundle)).unwrap();
    assert_eq!(refusal(verify), (1, "log.incomplete".to_owned()));
}

#[test]
fn every_entry_can_be_proved() {
    for size in [1, 2, 3, 7, 8, 9] {
        let bench = bench(size);
        let log = format!("--origin {ORIGIN} --key log.pem");
        for index in 0..size {
            let ran = bench.run(&format!(
                "log prove {log} --dir log --index {index} --out proof --entry entry"
            ));
            assert_eq!(ran.verdict(), (0, "proved", None), "{index} of {size}: {ran:?}");
            assert_eq!(bench.read("entry"), format!("entry {index}").into_bytes());
            let check = format!("log verify-proof {log} --proof proof --entry entry");
            assert_eq!(bench.run(&check).verdict(), (0, "included", None));
            bench.write("entry", "another entry");
            assert_eq!(bench.run(&check).verdict(), (1, "refused", Some("log.inclusion")));
        }
        let beyond = bench.run(&format!("log prove {log} --dir log --index {size}"));
        assert_eq!(beyond.verdict(), (1, "refused", Some("log.no-such-entry")));
    }
}

#[test]
fn a_log_verifies_from_a_web_server() {
    let bench = bench(5);
    let address = serve(bench.path("log"));
    let url = format!("--origin {ORIGIN} --key log.pem --url http://{address}");
    let ran = bench.run(&format!("log verify {url}"));
    assert_eq!(ran.verdict(), (0, "verified", None), "{ran:?}");
    assert_eq!(ran.json["size"], 5);
    std::fs::remove_dir_all(bench.path("log/tile")).unwrap();
    let ran = bench.run(&format!("log verify {url}"));
    assert_eq!(ran.verdict(), (1, "refused", Some("log.incomplete")));
    let ran = bench.run(&format!("log verify {url}/nowhere"));
    assert_eq!(ran.verdict(), (2, "unusable", Some("log.unavailable")));
}

/// Serves a folder's files over HTTP/1.1, one connection at a time, until the tests end.
fn serve(folder: PathBuf) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..read]);
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match std::fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    address
}

#[test]
fn a_log_of_another_program_verifies() {
    let Some(log) = vector("tlog/tessera-log") else { return };
    let bench = Bench::new();
    bench.write(
        "vkey",
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\n",
    );
    let verify = format!("log verify --origin example.com/log/testdata --key vkey --dir {log}");
    let ran = bench.run(&verify);
    assert_eq!(ran.verdict(), (0, "verified", None), "{ran:?}");
    assert_eq!(ran.json["size"], 15);
}
