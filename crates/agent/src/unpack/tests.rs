//! Hostile layers.

use super::*;
use domain::Reason as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

const SMALL: Limits = Limits { bytes: 1 << 20, entries: 16 };

/// One entry: name, kind, link target, content. The name goes in raw, as a hostile tool writes it.
type Row<'a> = (&'a str, EntryType, &'a str, &'a [u8]);

fn layer(rows: &[Row<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, link, content) in rows {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o4755);
        header.set_size(content.len().try_into().unwrap());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn unpack(root: &Path, rows: &[Row<'_>]) -> Result<(), WorkloadError> {
    Unpacker::new(root, SMALL).tar(layer(rows).as_slice())
}

fn refusal(rows: &[Row<'_>]) -> &'static str {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    fs::create_dir(&root).unwrap();
    let refused = unpack(&root, rows).unwrap_err().reason();
    let outside: Vec<_> =
        fs::read_dir(outer.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(outside, ["root"], "something was written outside");
    refused
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn paths_stay_below_the_root() {
    assert_eq!(refusal(&[("../escape", FILE, "", b"x")]), "workload.layer-path");
    assert_eq!(refusal(&[("a/../../escape", FILE, "", b"x")]), "workload.layer-path");
    assert_eq!(refusal(&[("/escape", FILE, "", b"x")]), "workload.layer-path");
    assert_eq!(refusal(&[(".wh...", FILE, "", b"")]), "workload.layer-path");
}

#[test]
fn nothing_is_written_through_a_link() {
    for target in ["..", "/tmp", "."] {
        let rows = [("link", EntryType::Symlink, target, &b""[..]), ("link/file", FILE, "", b"x")];
        assert_eq!(refusal(&rows), "workload.layer-path", "{target}");
    }
    let root = tempfile::tempdir().unwrap();
    let victim = root.path().join("victim");
    fs::write(&victim, "before").unwrap();
    let inside = root.path().join("root");
    fs::create_dir(&inside).unwrap();
    let rows = [("f", EntryType::Symlink, "../victim", &b""[..]), ("f", FILE, "", b"after")];
    unpack(&inside, &rows).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"before");
    assert_eq!(fs::read(inside.join("f")).unwrap(), b"after");
}

#[test]
fn hard_links_name_files_of_the_image_alone() {
    let link = EntryType::Link;
    assert_eq!(refusal(&[("h", link, "../outside", b"")]), "workload.layer-path");
    assert_eq!(refusal(&[("h", link, "/etc/passwd", b"")]), "workload.layer-path");
    assert_eq!(refusal(&[("h", link, "absent", b"")]), "workload.layer-path");
    let through = [("s", EntryType::Symlink, "/etc/passwd", &b""[..]), ("h", link, "s", b"")];
    assert_eq!(refusal(&through), "workload.layer-path");

    let root = tempfile::tempdir().unwrap();
    unpack(root.path(), &[("a", FILE, "", b"x"), ("b", link, "a", b"")]).unwrap();
    assert_eq!(fs::read(root.path().join("b")).unwrap(), b"x");
}

#[test]
fn devices_are_refused() {
    for kind in [EntryType::Block, EntryType::Char, EntryType::Fifo] {
        assert_eq!(refusal(&[("d", kind, "", b"")]), "workload.layer-device");
    }
}

#[test]
fn size_and_number_are_bounded() {
    let large = vec![0; 2 << 20];
    assert_eq!(refusal(&[("f", FILE, "", &large)]), "workload.layer-too-large");
    let names: Vec<String> = (0..17).map(|n| format!("f{n}")).collect();
    let many: Vec<Row<'_>> = names.iter().map(|name| (&**name, FILE, "", &b""[..])).collect();
    assert_eq!(refusal(&many), "workload.layer-too-large");
}

#[test]
fn a_gzip_bomb_stops_at_the_limit() {
    let root = tempfile::tempdir().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&layer(&[("f", FILE, "", &vec![0; 64 << 20])])).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let refused = Unpacker::new(root.path(), SMALL).gzip(&bomb).unwrap_err();
    assert_eq!(refused.reason(), "workload.layer-too-large");
    assert!(fs::metadata(root.path().join("f")).unwrap().len() <= SMALL.bytes);
}

#[test]
fn several_layers_share_one_limit() {
    let root = tempfile::tempdir().unwrap();
    let mut unpacker = Unpacker::new(root.path(), SMALL);
    let half = layer(&[("f", FILE, "", &vec![0; 600 << 10])]);
    unpacker.tar(half.as_slice()).unwrap();
    assert_eq!(unpacker.tar(half.as_slice()).unwrap_err().reason(), "workload.layer-too-large");
}

#[test]
fn garbage_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut unpacker = Unpacker::new(root.path(), SMALL);
    assert_eq!(unpacker.tar(&[0xaa; 4096][..]).unwrap_err().reason(), "workload.layer-malformed");
    assert_eq!(unpacker.gzip(b"no gzip").unwrap_err().reason(), "workload.layer-malformed");
}

#[test]
fn layers_go_over_each_other_with_whiteouts() {
    let root = tempfile::tempdir().unwrap();
    let has = |name: &str| root.path().join(name).exists();
    let folder = EntryType::Directory;
    unpack(
        root.path(),
        &[
            ("./", folder, "", b""),
            ("a/one", FILE, "", b"1"),
            ("a/two", FILE, "", b"2"),
            ("b/three", FILE, "", b"3"),
            ("c", FILE, "", b"a file"),
        ],
    )
    .unwrap();
    let mode = fs::metadata(root.path().join("a/one")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755, "set-user-id bits do not survive");
    unpack(
        root.path(),
        &[
            ("a/.wh.one", FILE, "", b""),
            ("b/.wh..wh..opq", FILE, "", b""),
            ("b/four", FILE, "", b"4"),
            ("c/five", FILE, "", b""),
        ],
    )
    .unwrap_err(); // a file in the way of a folder is no folder
    assert!(!has("a/one") && has("a/two") && !has("b/three") && has("b/four"));
}
