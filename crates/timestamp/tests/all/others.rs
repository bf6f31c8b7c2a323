//! `openssl ts -verify` and PyPI's rfc3161-client, which nobody here wrote, judge the same responses.
//!
//! What each says of each is recorded in `tests/others.tsv`; where one accepts what is refused here, the
//! table shows it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Digest;

use crate::cases::{Case, DATA, NONCE, forge, openssl, request};
use crate::{accepted, refused};

const RECORDED: &str = include_str!("../others.tsv");

#[test]
fn other_programs_accept_and_refuse_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut cases: Vec<(Case, &str)> =
        accepted::cases().into_iter().map(|case| (case, "accepted")).collect();
    let (response, authority) = openssl(folder.path());
    let root = String::from_utf8(authority.root().unwrap()).unwrap();
    let name = "openssl's own".to_owned();
    cases.push((Case { name, response, root, beside: String::new(), of_now: true }, "accepted"));
    cases.extend(refused::cases(folder.path()));

    let client = client(folder.path(), &cases);
    let mut table = String::from("response\there\topenssl ts\trfc3161-client\n");
    let mut counts = [[0_u32; 2]; 4];
    for (number, (case, here)) in cases.iter().enumerate() {
        let said = [openssl_says(folder.path(), number, case.of_now), client[number].clone()];
        for (tool, said) in said.iter().enumerate() {
            let right = usize::from(*here != "accepted") * 2;
            counts[right + tool][usize::from(said != "accepted")] += 1;
        }
        writeln!(table, "{}\t{here}\t{}\t{}", case.name, said[0], said[1]).unwrap();
    }
    for (tool, version) in [(0, openssl_version()), (1, "rfc3161-client 1.0.9".to_owned())] {
        let [right, wrong] = [counts[tool], counts[2 + tool]];
        println!(
            "{version}: of {} right responses accepted {}; of {} wrong ones refused {}",
            right[0] + right[1],
            right[0],
            wrong[0] + wrong[1],
            wrong[1],
        );
    }
    let seen = Path::new(env!("CARGO_TARGET_TMPDIR")).join("others.tsv");
    fs::write(&seen, &table).unwrap();
    let differs: Vec<_> =
        table.lines().filter(|line| !RECORDED.lines().any(|recorded| recorded == *line)).collect();
    assert!(table == RECORDED, "`{}` differs from what is recorded: {differs:#?}", seen.display());
}

/// The reasons that it prints, or `accepted`.
fn openssl_says(folder: &Path, number: usize, of_now: bool) -> String {
    let file = |suffix: &str| folder.join(format!("{number}.{suffix}"));
    let mut command = Command::new("openssl");
    command.args(["ts", "-verify", "-queryfile"]).arg(folder.join("asked.tsq"));
    command.arg("-in").arg(file("tsr")).arg("-CAfile").arg(file("root.pem"));
    // It holds certificates against the time of verification, not of the stamp.
    if !of_now {
        command.args(["-attime", &forge().time().unix_seconds().to_string()]);
    }
    if fs::metadata(file("beside.pem")).unwrap().len() > 0 {
        command.arg("-untrusted").arg(file("beside.pem"));
    }
    let output = command.output().unwrap();
    if output.status.success() {
        return "accepted".to_owned();
    }
    // `id:error:code:library:function:reason:file:line:data`
    let said = String::from_utf8_lossy(&output.stderr);
    let reasons = said.lines().filter_map(|line| {
        let mut parts = line.split(':').skip(1);
        (parts.next() == Some("error")).then(|| parts.nth(3).unwrap_or("?").to_owned())
    });
    let data = said.lines().filter_map(|line| Some(line.split_once("Verify error:")?.1.to_owned()));
    let reasons: Vec<String> = reasons.chain(data).collect();
    format!("refused: {}", reasons.join("; "))
}

/// What rfc3161-client says of each.
fn client(folder: &Path, cases: &[(Case, &str)]) -> Vec<String> {
    fs::write(folder.join("asked.tsq"), request().as_der()).unwrap();
    for (number, (case, _)) in cases.iter().enumerate() {
        let write = |suffix: &str, content: &[u8]| {
            fs::write(folder.join(format!("{number}.{suffix}")), content).unwrap();
        };
        write("tsr", &case.response);
        write("root.pem", case.root.as_bytes());
        write("beside.pem", case.beside.as_bytes());
    }
    // openssl's authority left a response of its own.
    fs::remove_file(folder.join("r.tsr")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge.py");
    let output = Command::new(python())
        .args([
            script,
            folder.to_str().unwrap(),
            Digest::of(DATA).to_string().trim_start_matches("sha256:"),
        ])
        .args([hex(&NONCE), "1.3.6.1.4.1.13762.3".to_owned()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<String> = said
        .lines()
        .map(|line| match line.split_once('\t').unwrap().1 {
            "accepted" => "accepted".to_owned(),
            error => format!("refused: {}", error.trim()),
        })
        .collect();
    assert_eq!(said.len(), cases.len(), "{errors}");
    said
}

/// The Python that has it.
fn python() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
    let python = cache.join("cloister/rfc3161-client/bin/python");
    assert!(python.exists(), "rfc3161-client is not installed: run `make setup`");
    python
}

fn openssl_version() -> String {
    let output = Command::new("openssl").arg("version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).split(" (").next().unwrap().trim().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
