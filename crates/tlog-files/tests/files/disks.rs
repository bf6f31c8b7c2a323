//! Disks that are full, read-only or hold something else: refused, and mended without a restart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Reason as _;

use crate::common::{Place, entry};

/// Something that `mount` did, undone at the end.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, after saying so, where mounting is not permitted.
    fn new(options: &[&str], at: &Path) -> Option<Self> {
        if mount(options, at) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("skipped: mounting is not permitted here");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(&self.0).status();
        assert!(done.is_ok_and(|status| status.success()), "umount {}", self.0.display());
    }
}

fn mount(options: &[&str], at: &Path) -> bool {
    let output = Command::new("mount").args(options).arg(at).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn something_in_the_way_stops_appends_until_it_is_gone() {
    let place = Place::new();
    let mut log = place.open();
    log.append(&[entry(0)]).unwrap();
    for obstacle in ["tile/0/000.p/2", ".checkpoint.new"] {
        let before = log.size();
        fs::create_dir_all(place.folder.join(obstacle).join("x")).unwrap();
        let error = log.append(&[entry(1)]).unwrap_err();
        assert_eq!(error.reason(), "log.unavailable", "{obstacle}");
        assert_eq!(log.size(), before);
        fs::remove_dir_all(place.folder.join(obstacle)).unwrap();
        log.append(&[entry(1)]).unwrap();
    }
    // The second failure came after the commit: its entry turned up.
    assert_eq!(place.audit().unwrap(), [entry(0), entry(1), entry(1), entry(1)]);
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let place = Place::new();
    fs::create_dir_all(&place.folder).unwrap();
    let tmpfs = ["-t", "tmpfs", "-o", "size=256k", "none"];
    let Some(_mounted) = Mounted::new(&tmpfs, &place.folder) else {
        return;
    };
    let mut log = place.open();
    let mut acknowledged = 0;
    let error = loop {
        match log.append(&[vec![0; 5000]]) {
            Ok(appended) => acknowledged = appended.first_index + 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), "log.store-full");
    assert!(acknowledged > 0);
    assert_eq!(log.append(&[vec![0; 5000]]).unwrap_err().reason(), "log.store-full");
    assert_eq!(place.audit().unwrap().len() as u64, acknowledged);
    assert!(mount(&["-o", "remount,size=4m"], &place.folder));
    assert_eq!(log.append(&[vec![0; 5000]]).unwrap().first_index, acknowledged);
    drop(log);
    assert_eq!(place.open().size(), acknowledged + 1);
    assert_eq!(place.audit().unwrap().len() as u64, acknowledged + 1);
}

#[test]
fn a_read_only_folder_refuses_and_recovers() {
    let place = Place::new();
    let mut log = place.open();
    log.append(&[entry(0)]).unwrap();
    let folder = place.folder.display().to_string();
    let read_only = || {
        // Over itself: the lock was opened below, and does not keep this mount busy.
        let mounted = Mounted::new(&["--bind", &folder], &place.folder)?;
        assert!(mount(&["-o", "remount,bind,ro"], &place.folder));
        Some(mounted)
    };
    let Some(mounted) = read_only() else { return };
    assert_eq!(log.append(&[entry(1)]).unwrap_err().reason(), "log.store-read-only");
    assert_eq!(log.size(), 1);
    assert_eq!(place.audit().unwrap(), [entry(0)]);
    drop(mounted);
    assert_eq!(log.append(&[entry(1)]).unwrap().first_index, 1);
    drop(log);
    let Some(_mounted) = read_only() else { return };
    assert_eq!(place.refusal(), "log.store-read-only");
}
