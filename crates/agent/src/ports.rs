//! virtio-serial ports, found by the name that the launcher gave them.

use std::fs;
use std::path::{Path, PathBuf};

/// The device file of the port called `name`, if the guest has it.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    find_in(Path::new("/sys/class/virtio-ports"), name).map(|port| Path::new("/dev").join(port))
}

fn find_in(class: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(class).ok()?.filter_map(Result::ok).find_map(|port| {
        let found = fs::read_to_string(port.path().join("name")).ok()?;
        (found.trim_end() == name).then(|| PathBuf::from(port.file_name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_found_by_its_whole_name() {
        let class = tempfile::tempdir().unwrap();
        for (port, name) in
            [("vport1p1", "cloister.progress\n"), ("vport1p2", "cloister.progress-2\n")]
        {
            fs::create_dir(class.path().join(port)).unwrap();
            fs::write(class.path().join(port).join("name"), name).unwrap();
        }
        let found = find_in(class.path(), "cloister.progress");
        assert_eq!(found, Some(PathBuf::from("vport1p1")));
        assert_eq!(find_in(class.path(), "cloister"), None);
        assert_eq!(find_in(Path::new("/nonexistent"), "cloister"), None);
    }
}
