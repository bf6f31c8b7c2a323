//! Logs in folders, watched over several runs.

use domain::Reason as _;
use domain::event::Entry;
use domain::keys::SecretKey;
use monitor::{Saved, Watch};
use tempfile::TempDir;
use tlog::{Log, VerifierKey};
use tlog_files::{FileStore, FolderReader};
use zeroize::Zeroizing;

use crate::world::{World, story};

const ORIGIN: &str = "test.example/log";

fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([3; 32]))
}

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

/// Index and code of each violation.
type Found = Vec<(u64, &'static str)>;

/// A log on disk, and who watches it.
struct Scene {
    folder: TempDir,
    log: Log<FileStore>,
}

impl Scene {
    fn with(leaves: &[Vec<u8>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(&folder.path().join("log"), &folder.path().join("head"));
        let mut log = Log::open(store.unwrap(), ORIGIN, secret()).unwrap();
        log.append(leaves).unwrap();
        Self { folder, log }
    }

    fn reader(&self) -> FolderReader {
        FolderReader::new(&self.folder.path().join("log"))
    }

    /// One run from `saved` on: what it finds, and what it keeps.
    fn run(&self, saved: Option<&[u8]>) -> Result<(Found, Vec<u8>), &'static str> {
        let reader = self.reader();
        let mut watch = match saved {
            None => Watch::begin(key()),
            Some(bytes) => {
                let saved = Saved::from_bytes(bytes).map_err(|error| error.reason())?;
                Watch::resume(key(), saved).map_err(|error| error.reason())?
            }
        };
        let note = reader.checkpoint().unwrap();
        watch.observe(|path| reader.read(path), &note).map_err(|error| error.reason())?;
        let mut found = Vec::new();
        while let Some(findings) =
            watch.next(|path| reader.read(path)).map_err(|error| error.reason())?
        {
            found.extend(findings.iter().map(|it| (it.index, it.violation.reason())));
        }
        Ok((found, watch.saved().unwrap().to_bytes().unwrap()))
    }
}

fn leaves(entries: &[Entry]) -> Vec<Vec<u8>> {
    entries.iter().map(|entry| entry.to_leaf().unwrap()).collect()
}

/// A log without fault, of more than one bundle, and one violation at its end.
fn long() -> Vec<Vec<u8>> {
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    for launch in 0..80 {
        world.authorise(0, 0);
        world.attest(launch);
        world.release(launch);
        world.deliver(launch, false, true);
    }
    let mut all = leaves(&crate::world::entries(world));
    all.push(b"no entry".to_vec());
    all
}

#[test]
fn each_run_reads_what_is_new_and_all_of_them_find_the_same() {
    let all = long();
    let last = all.len() - 1;
    let expected = vec![(last as u64, "monitor.leaf")];
    assert_eq!(Scene::with(&all).run(None).unwrap().0, expected);
    for cut in [0, 1, 255, 256, 257, 300, last, all.len()] {
        let (first, second) = all.split_at(cut);
        let mut scene = Scene::with(first);
        let (mut found, saved) = scene.run(None).unwrap();
        // What was read is not read again: it may be lost for whoever knows the tree's edge.
        if cut > 256 {
            std::fs::remove_file(scene.folder.path().join("log/tile/entries/000")).unwrap();
        }
        scene.log.append(second).unwrap();
        let (more, saved) = scene.run(Some(&saved)).unwrap();
        found.extend(more);
        assert_eq!(found, expected, "{cut}");
        let (none, same) = scene.run(Some(&saved)).unwrap();
        assert_eq!((none, same), (vec![], saved), "{cut}");
    }
}

#[test]
fn a_log_that_goes_back_or_has_a_second_head_is_noticed() {
    let story = leaves(&story());
    let (_, saved) = Scene::with(&story[..8]).run(None).unwrap();
    let run = |leaves: &[Vec<u8>]| Scene::with(leaves).run(Some(&saved)).map(|(found, _)| found);
    assert_eq!(run(&story), Ok(vec![]));
    assert_eq!(run(&story[..7]), Err("log.rolled-back"));
    let mut other = story.clone();
    other.swap(3, 4);
    for size in [8, 9, 10] {
        assert_eq!(run(&other[..size]), Err("log.consistency"), "{size}");
    }
    // Altered files are no second head.
    let scene = Scene::with(&story);
    let alter = |object: &str, byte: usize| {
        let path = scene.folder.path().join("log/tile").join(object);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[byte] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    alter("0/000.p/10", 0);
    assert_eq!(scene.run(Some(&saved)).map(|(found, _)| found), Err("log.root-mismatch"));
    // From the first entry on no tile is needed: the entries lead to the root.
    assert_eq!(scene.run(None).map(|(found, _)| found), Ok(vec![]));
    alter("entries/000.p/10", 100);
    assert_eq!(scene.run(None).map(|(found, _)| found), Err("log.root-mismatch"));
}

#[test]
fn a_state_is_of_one_log_and_of_the_tree_that_it_says() {
    let story = leaves(&story());
    let scene = Scene::with(&story);
    let (_, saved) = scene.run(None).unwrap();
    let text = String::from_utf8(saved).unwrap();
    let run = |text: &str| scene.run(Some(text.as_bytes())).map(|(found, _)| found);
    assert_eq!(run(&text), Ok(vec![]));
    let size = |size: usize| text.replace("\"size\":10", &format!("\"size\":{size}"));
    assert_ne!(size(9), text);
    assert_eq!(run(&size(9)), Err("log.root-mismatch"));
    assert_eq!(run(&size(11)), Err("log.rolled-back"));
    assert_eq!(run(&text.replace(ORIGIN, "test.example/other")), Err("log.origin"));
    assert_eq!(run(&text.replace("log\\n10\\n", "log\\n11\\n")), Err("log.signature"));
    assert_eq!(run(""), Err("monitor.state"));
}
