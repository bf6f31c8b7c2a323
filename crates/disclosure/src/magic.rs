//! What a file is by its first bytes, whatever its name says.

/// A content that is no text table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// An archive or compressed stream: it may expand, and hides what it holds.
    Archive(&'static str),
    /// Another known format.
    Other(&'static str),
}

/// The foreign format of `bytes`, or `None` if they may be text.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Foreign> {
    let found = |table: &[(&'static str, usize, &[u8])]| {
        table
            .iter()
            .find(|(_, offset, magic)| bytes.get(*offset..).is_some_and(|b| b.starts_with(magic)))
            .map(|(name, _, _)| *name)
    };
    found(ARCHIVES).map(Foreign::Archive).or_else(|| found(OTHERS).map(Foreign::Other))
}

const ARCHIVES: &[(&str, usize, &[u8])] = &[
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("zip", 0, b"PK\x07\x08"),
    ("gzip", 0, b"\x1f\x8b"),
    ("compress", 0, b"\x1f\x9d"),
    ("xz", 0, b"\xfd7zXZ\x00"),
    ("lzma", 0, b"\x5d\x00\x00"),
    ("bzip2", 0, b"BZh"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("lz4", 0, b"\x04\x22\x4d\x18"),
    ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    ("rar", 0, b"Rar!\x1a\x07"),
    ("cab", 0, b"MSCF"),
    ("ar", 0, b"!<arch>\n"),
    ("cpio", 0, b"07070"),
    ("tar", 257, b"ustar"),
    ("squashfs", 0, b"hsqs"),
    ("iso9660", 32_769, b"CD001"),
];

const OTHERS: &[(&str, usize, &[u8])] = &[
    ("ELF", 0, b"\x7fELF"),
    ("PDF", 0, b"%PDF"),
    ("PNG", 0, b"\x89PNG"),
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("GIF", 0, b"GIF8"),
    ("Parquet", 0, b"PAR1"),
    ("Arrow", 0, b"ARROW1"),
    ("SQLite", 0, b"SQLite format 3\x00"),
    ("HDF5", 0, b"\x89HDF"),
    ("OLE2", 0, b"\xd0\xcf\x11\xe0"),
    ("Python pickle", 0, b"\x80\x04\x95"),
    ("NumPy", 0, b"\x93NUMPY"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_whatever_the_name() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(sniff(&tar), Some(Foreign::Archive("tar")));
        assert_eq!(sniff(b"PK\x03\x04rest"), Some(Foreign::Archive("zip")));
        assert_eq!(sniff(b"\x1f\x8b\x08"), Some(Foreign::Archive("gzip")));
        assert_eq!(sniff(b"\x89PNG\r\n"), Some(Foreign::Other("PNG")));
        assert_eq!(sniff(b"site,people\n1,20\n"), None);
        assert_eq!(sniff(b""), None);
    }
}
