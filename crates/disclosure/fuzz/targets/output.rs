//! Any bytes as the files of a project with every kind of output, and one entry of any kind.
#![no_main]

use disclosure::{EntryKind, OutputEntry};
use disclosure_fuzz::gate::{FILES, file, judge, rules};
use disclosure_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, other, contents @ ..]: [&[u8]; 2 + FILES.len()] = parts(data);
    let rules = rules(choice.first().copied().unwrap_or_default());
    let present = FILES.iter().zip(contents).filter(|(_, content)| !content.is_empty());
    let mut entries: Vec<OutputEntry> =
        present.map(|(name, content)| file(name.as_bytes(), content)).collect();
    entries.extend(other.split_first().map(|(&kind, path)| entry(kind, path)));
    judge(&entries, rules);
});

fn entry(kind: u8, path: &[u8]) -> OutputEntry {
    let kind = match kind % 9 {
        0 => EntryKind::Directory,
        1 => EntryKind::Symlink,
        2 => EntryKind::BlockDevice,
        3 => EntryKind::CharDevice,
        4 => EntryKind::Fifo,
        5 => EntryKind::Socket,
        6 => EntryKind::Other,
        7 => EntryKind::TooLarge { bytes: u64::MAX },
        _ => EntryKind::Regular { bytes: path.to_vec(), links: 2 },
    };
    OutputEntry { path: path.to_vec(), kind }
}
