//! A process that appends is killed at any moment; whatever it acknowledged is in the log.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::common::{key, open};
use tlog::SignedCheckpoint;
use tlog_files::verify_folder;

const FOLDER: &str = "TLOG_FILES_KILLED_FOLDER";
const KILLS: usize = 120;
const MOST_KILLS: usize = 1200;

/// What the child appends: batches of 1 to 60, so that tile borders are crossed often.
fn batch(first_index: u64) -> Vec<Vec<u8>> {
    let id = std::process::id();
    (0..=first_index % 60).map(|n| format!("{id} {first_index} {n}").into_bytes()).collect()
}

/// Run by the other test as a process of its own: appends until it is killed, and says so before and
/// after each append.
#[test]
fn child_that_appends() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut output = std::io::stdout();
    let mut say = |text: String| {
        output.write_all(text.as_bytes()).unwrap();
        output.flush().unwrap();
    };
    say("\nopening\n".to_owned());
    let mut log = open(&folder.join("log"), &folder.join("state/head")).unwrap();
    loop {
        let batch = batch(log.size());
        say("appending\n".to_owned());
        let appended = log.append(&batch).unwrap();
        let entries = batch.iter().map(|entry| str::from_utf8(entry).unwrap());
        let lines = (appended.first_index..).zip(entries);
        say(lines.map(|(index, entry)| format!("acknowledged {index} {entry}\n")).collect());
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

/// When the child is killed, after it has begun so many appends (with none: to open the log). What it
/// does meanwhile is not waited for, so that it dies at another point each time.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When this process has counted so far.
    Counted(u32),
    /// When another content of this file is to be seen.
    Changed(&'static str),
}

impl Moment {
    fn await_in(self, folder: &Path, child: &mut Child) {
        match self {
            Self::Counted(count) => (0..count).for_each(|_| std::hint::spin_loop()),
            Self::Changed(name) => {
                let before = fs::read(folder.join(name)).ok();
                while fs::read(folder.join(name)).ok() == before {
                    assert_eq!(child.try_wait().unwrap(), None, "the child ended by itself");
                    thread::yield_now();
                }
            }
        }
    }
}

/// Starts the child, kills it and returns what it acknowledged.
fn kill_after(folder: &Path, appends: usize, moment: Moment) -> BTreeMap<u64, Vec<u8>> {
    let mut child = start(folder);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    let awaited = if appends == 0 { "opening" } else { "appending" };
    while seen.matches(awaited).count() < appends.max(1) {
        assert_ne!(output.read_line(&mut seen).unwrap(), 0, "the child ended by itself: {seen}");
    }
    // Read all the while: a child whose pipe is full would stop, and change nothing any more.
    let rest = thread::spawn(move || {
        let mut rest = String::new();
        output.read_to_string(&mut rest).map(|_| rest)
    });
    moment.await_in(folder, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    seen += &rest.join().unwrap().unwrap();
    // The last line counts only if it is whole.
    let whole = seen.rfind('\n').map_or("", |end| &seen[..end]);
    let lines = whole.lines().filter_map(|line| line.strip_prefix("acknowledged "));
    let entries = lines.filter_map(|line| {
        let (index, entry) = line.split_once(' ')?;
        Some((index.parse().ok()?, entry.as_bytes().to_vec()))
    });
    entries.collect()
}

#[test]
fn no_acknowledged_entry_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let log_folder = folder.path().join("log");
    let mut acknowledged = BTreeMap::new();
    let mut older: Option<SignedCheckpoint> = None;
    let mut recovered = 0;
    let mut kills = 0;
    // How often a kill leaves an append to recovery is a matter of the disk: more of them, where it is fast.
    while kills < KILLS || (recovered <= 5 && kills < MOST_KILLS) {
        let kill = kills;
        kills += 1;
        let moment = match kill % 4 {
            0 => Moment::Changed("state/head"),
            1 => Moment::Changed("log/checkpoint"),
            2 => Moment::Changed("log/.checkpoint.new"),
            _ => Moment::Counted(u32::try_from(kill * 7919 % 400_000).unwrap()),
        };
        for (index, entry) in kill_after(folder.path(), kill / 4 % 4, moment) {
            assert_eq!(acknowledged.insert(index, entry), None, "{index} was given before");
        }
        // As it was left, before anyone repairs it.
        let mut left = 0;
        if log_folder.join("checkpoint").exists() {
            left = verify_folder(&log_folder, &key(), |_, _| ()).unwrap().checkpoint().size;
        }
        let log = open(&log_folder, &folder.path().join("state/head")).unwrap();
        recovered += usize::from(log.size() > left);
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
    let size = older.map_or(0, |older| older.checkpoint().size);
    println!(
        "{kills} kills, {} of {size} entries acknowledged, none lost; {recovered} appends completed \
         by recovery",
        acknowledged.len()
    );
    assert!(acknowledged.len() > 500 && recovered > 5, "too little happened to mean much");
}
