//! The kernel's initramfs archive: cpio in the "newc" form
//! (Linux `Documentation/driver-api/early-userspace/buffer-format.rst`).
//! The same tree always gives the same bytes: sorted, owned by root, dated to the epoch.

use anyhow::{Context as _, Result};

use crate::tree::{Node, Tree};

/// Writes `tree` as an uncompressed archive.
pub(crate) fn archive(tree: &Tree) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (inode, (path, node)) in (1_u32..).zip(tree.iter()) {
        let (mode, device, body): (u32, (u32, u32), &[u8]) = match node {
            Node::Folder => (0o040_755, (0, 0), &[]),
            Node::File { mode, bytes } => (0o100_000 | mode, (0, 0), bytes),
            Node::Link(target) => (0o120_777, (0, 0), target.as_bytes()),
            Node::Device { major, minor } => (0o020_600, (*major, *minor), &[]),
        };
        let links = if matches!(node, Node::Folder) { 2 } else { 1 };
        entry(&mut out, path, [inode, mode, links], device, body)?;
    }
    entry(&mut out, "TRAILER!!!", [0, 0, 1], (0, 0), &[])?;
    Ok(out)
}

/// One header, name and body; `[inode, mode, links]`, then the device's major and minor number.
fn entry(
    out: &mut Vec<u8>,
    path: &str,
    [inode, mode, links]: [u32; 3],
    (major, minor): (u32, u32),
    body: &[u8],
) -> Result<()> {
    let size = u32::try_from(body.len()).with_context(|| format!("`{path}` is over 4 GiB"))?;
    let name_size = u32::try_from(path.len() + 1).context("path too long")?;
    let fields = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, name_size, 0];
    out.extend_from_slice(b"070701");
    for field in fields {
        out.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    out.extend_from_slice(path.as_bytes());
    out.push(0);
    pad(out);
    out.extend_from_slice(body);
    pad(out);
    Ok(())
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        let mut tree = Tree::default();
        tree.file("f", b"abc".to_vec()).unwrap();
        tree.add("n", Node::Device { major: 1, minor: 3 }).unwrap();
        let bytes = archive(&tree).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with(
            "07070100000001000081A400000000000000000000000100000000000000030000000000000000\
             00000000000000000000000200000000f\0abc\0"
        ));
        assert!(text.contains("0000000100000003"), "device numbers");
        assert!(text.trim_end_matches('\0').ends_with("TRAILER!!!"));
        assert_eq!(bytes.len() % 4, 0);
    }
}
