//! Go's own packages for checksum databases (golang.org/x/mod/sumdb, as Debian ships them) judge our
//! notes, roots and proofs, and what was altered in them.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use domain::Digest;
use tlog::Log;
use tlog_files::FileStore;

use crate::common::{Place, entry, key};

/// The judge, built of `go/judge.go` and Go's unmodified files in a folder of its own.
struct Go(tempfile::TempDir);

impl Go {
    fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vendor = root().join("src/cmd/vendor/golang.org/x");
        for (from, to) in [("mod/sumdb/note", "note"), ("mod/sumdb/tlog", "tlog")] {
            copy_go_files(&vendor.join(from), &folder.path().join(to));
        }
        // Older releases wrap the standard library's Ed25519 in a package of their own.
        let mut module = "module judge\n\ngo 1.19\n".to_owned();
        if vendor.join("crypto/ed25519").is_dir() {
            copy_go_files(&vendor.join("crypto/ed25519"), &folder.path().join("crypto/ed25519"));
            let its = "module golang.org/x/crypto\n\ngo 1.19\n";
            fs::write(folder.path().join("crypto/go.mod"), its).unwrap();
            module +=
                "\nrequire golang.org/x/crypto v0.0.0\n\nreplace golang.org/x/crypto => ./crypto\n";
        }
        fs::write(folder.path().join("go.mod"), module).unwrap();
        fs::write(folder.path().join("main.go"), include_str!("go/judge.go")).unwrap();
        let mut build = Command::new("go");
        build.args(["build", "-o", "judge", "."]).current_dir(folder.path());
        build.envs([("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("CGO_ENABLED", "0")]);
        let built = build.output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self(folder)
    }

    /// The answers to `questions`, one each.
    fn ask(&self, questions: &[String]) -> Vec<String> {
        let mut judge = Command::new(self.0.path().join("judge"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = questions.join("\n") + "\n";
        let mut stdin = judge.stdin.take().unwrap();
        let asking = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = judge.wait_with_output().unwrap();
        asking.join().unwrap().unwrap();
        assert!(output.status.success());
        let answers = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<_> = answers.lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), questions.len());
        answers
    }
}

/// Go's own folder.
fn root() -> PathBuf {
    let asked = Command::new("go").args(["env", "GOROOT"]).output();
    let asked = asked.unwrap_or_else(|error| panic!("no `go` ({error}); run `make setup`"));
    PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim())
}

fn version() -> String {
    let asked = Command::new("go").arg("version").output().unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

fn copy_go_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let found = fs::read_dir(from);
    let found = found.unwrap_or_else(|error| panic!("{from:?}: {error}; run `make setup`"));
    for file in found {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".go") && !name.ends_with("_test.go") {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn list(proof: &[Digest]) -> String {
    proof.iter().map(Digest::hex).collect::<Vec<_>>().join(",")
}

fn note_question(note: &str) -> String {
    format!("note\t{}\t{}", key(), hex(note.as_bytes()))
}

/// What proves that an entry is in a tree.
#[derive(Clone)]
struct Record {
    size: u64,
    root: Digest,
    index: u64,
    leaf: Vec<u8>,
    proof: Vec<Digest>,
}

impl Record {
    fn of(log: &Log<FileStore>, index: u64) -> Self {
        let (size, root) = (log.size(), log.checkpoint().checkpoint().root);
        let (leaf, proof) = (log.entry(index).unwrap(), log.inclusion(index, size).unwrap());
        Self { size, root, index, leaf, proof }
    }

    fn question(&self) -> String {
        let Self { size, root, index, leaf, proof } = self;
        format!("record\t{size}\t{}\t{index}\t{}\t{}", root.hex(), hex(leaf), list(proof))
    }
}

/// What proves that one tree extends another.
#[derive(Clone)]
struct Tree {
    newer: (u64, Digest),
    older: (u64, Digest),
    proof: Vec<Digest>,
}

impl Tree {
    fn question(&self) -> String {
        let Self { newer, older, proof } = self;
        let (new_root, old_root) = (newer.1.hex(), older.1.hex());
        format!("tree\t{}\t{new_root}\t{}\t{old_root}\t{}", newer.0, older.0, list(proof))
    }
}

const FAILED: &str = "invalid transparency proof";
const MALFORMED: &str = "malformed note";

#[test]
fn go_accepts_our_notes_roots_and_proofs_and_nothing_altered() {
    let go = Go::build();
    let place = Place::new();
    let mut log = place.open();
    let (mut accepted, mut commits) = (Vec::new(), Vec::new());
    let mut questions = Vec::new();
    for size in [1, 2, 3, 7, 255, 256, 257, 600] {
        let first = usize::try_from(log.size()).unwrap();
        log.append(&(first..size).map(entry).collect::<Vec<_>>()).unwrap();
        let checkpoint = log.checkpoint().clone();
        let entries: Vec<_> = (0..size).map(|number| hex(&entry(number))).collect();
        questions.push(format!("root\t{}", entries.join("\t")));
        accepted.push(format!("ok\t{}", checkpoint.checkpoint().root.hex()));
        questions.push(note_question(checkpoint.note()));
        accepted.push(format!("ok\t{}", hex(checkpoint.checkpoint().to_string().as_bytes())));
        let checkpoint = checkpoint.checkpoint();
        commits.push((checkpoint.size, checkpoint.root));
    }
    for index in (0..600).step_by(37).chain([0, 255, 256, 599]) {
        questions.push(Record::of(&log, index).question());
        accepted.push("ok".to_owned());
    }
    let newest = *commits.last().unwrap();
    let mut trees = Vec::new();
    for older in commits {
        let proof = log.consistency(older.0, newest.0).unwrap();
        trees.push(Tree { newer: newest, older, proof });
        questions.push(trees.last().unwrap().question());
        accepted.push("ok".to_owned());
    }
    assert_eq!(go.ask(&questions), accepted);

    let mut mutants = altered_notes(log.checkpoint().note());
    mutants.extend(altered_records(&Record::of(&log, 300)));
    mutants.extend(altered_trees(&trees));
    let questions: Vec<_> = mutants.iter().map(|(_, question, _)| question.clone()).collect();
    for ((what, _, reason), answer) in mutants.iter().zip(go.ask(&questions)) {
        let said = answer.strip_prefix("refused\t").unwrap_or_else(|| panic!("{what}: {answer}"));
        assert!(said.contains(reason), "{what}: {said}");
    }
    println!(
        "{}: golang.org/x/mod/sumdb accepted {}, refused {} of {}",
        version(),
        accepted.len(),
        mutants.len(),
        mutants.len()
    );
}

/// What was altered, the question, and Go's words.
type Mutant = (String, String, &'static str);

fn altered_notes(note: &str) -> Vec<Mutant> {
    let signature = note.rsplit_once(' ').unwrap().1.trim_end();
    let wrong = "invalid signature for key";
    let other = "no verifiable signatures";
    let root = note.lines().nth(2).unwrap();
    let cases = [
        ("size", note.replacen("\n600\n", "\n601\n", 1), wrong),
        ("size with a zero before it", note.replacen("\n600\n", "\n0600\n", 1), wrong),
        ("root", note.replacen(root, &root.to_lowercase(), 1), wrong),
        ("origin", note.replacen("log.example/files\n", "log.example/other\n", 1), wrong),
        ("extension line", note.replacen("\n\n", "\nmore\n\n", 1), wrong),
        ("white space at a line's end", note.replacen("\n600\n", "\n600 \n", 1), wrong),
        ("carriage returns", note.replacen("\n600\n", "\r\n600\r\n", 1), MALFORMED),
        (
            "another signer's name",
            note.replacen("— log.example/files ", "— log.example/other ", 1),
            other,
        ),
        ("another key id", note.replacen(signature, &first_swapped(signature), 1), other),
        ("signature", flipped_signature(note, signature), wrong),
        ("hyphen for dash", note.replacen('—', "-", 1), MALFORMED),
        ("no dash", note.replacen("— ", "", 1), MALFORMED),
        ("no empty line", note.replacen("\n\n", "\n", 1), MALFORMED),
        ("no end of line", note.trim_end().to_owned(), MALFORMED),
        ("a line behind", format!("{note}more\n"), MALFORMED),
        ("empty", String::new(), MALFORMED),
        ("text alone", note.split_once("\n\n").unwrap().0.to_owned() + "\n", MALFORMED),
        ("a control character", note.replacen("600", "60\u{1}0", 1), MALFORMED),
        ("no base64", note.replacen(signature, "!!!!", 1), MALFORMED),
        ("a short signature", note.replacen(signature, "AAAA", 1), MALFORMED),
        ("cut in the middle", note[..note.len() / 2].to_owned(), MALFORMED),
    ];
    cases
        .into_iter()
        .map(|(what, note, reason)| (format!("note: {what}"), note_question(&note), reason))
        .collect()
}

/// The last but one character of the signature's base64 lies within the signature.
fn flipped_signature(note: &str, signature: &str) -> String {
    let place = signature.len() - 10;
    let flipped = if &signature[place..=place] == "A" { "B" } else { "A" };
    let altered = format!("{}{flipped}{}", &signature[..place], &signature[place + 1..]);
    note.replacen(signature, &altered, 1)
}

/// The first character is of the key id.
fn first_swapped(signature: &str) -> String {
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{first}{}", &signature[1..])
}

fn altered_records(good: &Record) -> Vec<Mutant> {
    let strange = Digest::of(b"of no tree");
    let mut cases = vec![
        ("the next index", Record { index: good.index + 1, ..good.clone() }, FAILED),
        ("the index before", Record { index: good.index - 1, ..good.clone() }, FAILED),
        ("an index beyond", Record { index: good.size, ..good.clone() }, "invalid inputs"),
        ("a larger tree", Record { size: 1200, ..good.clone() }, FAILED),
        ("a smaller tree", Record { size: good.index + 1, ..good.clone() }, FAILED),
        ("another root", Record { root: strange, ..good.clone() }, FAILED),
        ("another entry", Record { leaf: b"entry 301".to_vec(), ..good.clone() }, FAILED),
        ("no entry", Record { leaf: Vec::new(), ..good.clone() }, FAILED),
        ("no proof", Record { proof: Vec::new(), ..good.clone() }, FAILED),
    ];
    for place in 0..good.proof.len() {
        let mut other = good.clone();
        *other.proof.get_mut(place).unwrap() = strange;
        cases.push(("another hash", other, FAILED));
        let mut short = good.clone();
        short.proof.remove(place);
        cases.push(("a hash less", short, FAILED));
    }
    let mut long = good.clone();
    long.proof.push(strange);
    let mut turned = good.clone();
    turned.proof.reverse();
    cases.extend([("a hash more", long, FAILED), ("in another order", turned, FAILED)]);
    let named = cases.into_iter().enumerate();
    named
        .map(|(n, (what, case, reason))| (format!("entry {n}: {what}"), case.question(), reason))
        .collect()
}

fn altered_trees(trees: &[Tree]) -> Vec<Mutant> {
    let strange = Digest::of(b"of no tree");
    let mut cases = Vec::new();
    for good in trees.iter().filter(|tree| tree.older.0 > 1 && tree.older.0 < tree.newer.0) {
        let (newer, older) = (good.newer, good.older);
        cases.extend([
            (Tree { newer: (newer.0, strange), ..good.clone() }, FAILED),
            (Tree { older: (older.0, strange), ..good.clone() }, FAILED),
            (Tree { older: (older.0 - 1, older.1), ..good.clone() }, FAILED),
            (Tree { older: newer, newer: older, ..good.clone() }, "invalid inputs"),
            (Tree { proof: Vec::new(), ..good.clone() }, FAILED),
        ]);
        for place in 0..good.proof.len() {
            let mut other = good.clone();
            *other.proof.get_mut(place).unwrap() = strange;
            cases.push((other, FAILED));
        }
    }
    let named = cases.into_iter().enumerate();
    named.map(|(n, (case, reason))| (format!("tree {n}"), case.question(), reason)).collect()
}
