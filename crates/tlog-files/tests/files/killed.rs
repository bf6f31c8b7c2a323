//! A process that appends is killed at any moment; whatever it acknowledged is in the log.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::{key, open};
use tlog::SignedCheckpoint;
use tlog_files::verify_folder;

const FOLDER: &str = "TLOG_FILES_KILLED_FOLDER";
const KILLS: u64 = 30;

/// What the child appends: batches of 1 to 60, so that tile borders are crossed often.
fn batch(first_index: u64) -> Vec<Vec<u8>> {
    (0..=first_index % 60).map(|n| format!("from {first_index}: {n}").into_bytes()).collect()
}

/// Run by the other test as a process of its own: appends until it is killed, and says so after
/// each append.
#[test]
fn child_that_appends() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut log = open(&folder.join("log"), &folder.join("state/head")).unwrap();
    let mut output = std::io::stdout();
    loop {
        let appended = log.append(&batch(log.size())).unwrap();
        writeln!(output, "\nacknowledged {}", appended.first_index).unwrap();
        output.flush().unwrap();
    }
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_that_appends", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the child append a few times, kills it, and returns what it acknowledged.
fn kill_after(folder: &Path, appends: usize, then: Duration) -> Vec<u64> {
    let mut child = start(folder);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    while seen.matches("acknowledged").count() < appends {
        assert_ne!(output.read_line(&mut seen).unwrap(), 0, "the child ended by itself: {seen}");
    }
    // Not to wait for anything: to die at another point of the next append each time.
    std::thread::sleep(then);
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut seen).unwrap();
    // The last line counts only if it is whole.
    let whole = seen.rfind('\n').map_or("", |end| &seen[..end]);
    whole.lines().filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok()).collect()
}

#[test]
fn no_acknowledged_entry_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let log_folder = folder.path().join("log");
    let mut acknowledged = BTreeMap::new();
    let mut older: Option<SignedCheckpoint> = None;
    for kill in 0..KILLS {
        let then = Duration::from_micros(kill * 211);
        let appended = kill_after(folder.path(), usize::try_from(kill % 4).unwrap(), then);
        for first in appended {
            acknowledged.extend((first..).zip(batch(first)));
        }
        // As it was left, before anyone repairs it.
        if log_folder.join("checkpoint").exists() {
            verify_folder(&log_folder, &key(), |_, _| ()).unwrap();
        }
        let log = open(&log_folder, &folder.path().join("state/head")).unwrap();
        let mut all = Vec::new();
        let newer =
            verify_folder(&log_folder, &key(), |_, entry| all.push(entry.to_vec())).unwrap();
        for (index, entry) in &acknowledged {
            assert_eq!(&all[usize::try_from(*index).unwrap()], entry);
        }
        if let Some(older) = older {
            let sizes = (older.checkpoint().size, newer.checkpoint().size);
            let proof = log.consistency(sizes.0, sizes.1).unwrap();
            tlog::verify_consistency(&older, &newer, &proof).unwrap();
        }
        older = Some(newer);
    }
    assert!(acknowledged.len() > 300, "{} entries are too few to mean much", acknowledged.len());
    println!("{KILLS} kills, {} entries acknowledged, none lost", acknowledged.len());
}
