//! The zip file around an export: stored, sorted, without times, so that one set of members has
//! exactly one byte form and every other byte form is refused.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::export::ExportError;

/// The members of an export, by path.
pub type Members = BTreeMap<String, Vec<u8>>;

/// The zip file that holds exactly `members`.
///
/// # Errors
/// [`ExportError::Container`] if a name cannot be written.
pub fn pack(members: &Members) -> Result<Vec<u8>, ExportError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (path, bytes) in members {
        zip.start_file(path.as_str(), options).map_err(|_| ExportError::Container)?;
        zip.write_all(bytes).map_err(|_| ExportError::Container)?;
    }
    Ok(zip.finish().map_err(|_| ExportError::Container)?.into_inner())
}

/// The members of `file`, if it is what [`pack`] makes of them. So a byte that no member owns
/// (header, comment, gap) cannot be changed unnoticed either.
///
/// # Errors
/// [`ExportError::Member`] if a file's content was altered, [`ExportError::Container`] for the rest.
pub fn unpack(file: &[u8]) -> Result<Members, ExportError> {
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| ExportError::Container)?;
    if archive.len() > MAX_MEMBERS {
        return Err(ExportError::Container);
    }
    let mut members = Members::new();
    // Entries that share bytes would otherwise make much memory of a small file.
    let mut left = u64::try_from(file.len()).map_err(|_| ExportError::Container)?;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|_| ExportError::Container)?;
        if member.compression() != CompressionMethod::Stored {
            return Err(ExportError::Container);
        }
        let path = member.name().map_err(|_| ExportError::Container)?.into_owned();
        let mut bytes = Vec::new();
        left = left.checked_sub(member.size()).ok_or(ExportError::Container)?;
        let size = member.size();
        // One byte further than announced, to its end: only there is the member's checksum compared,
        // which tells an altered file by its name.
        let whole = member.take(size.saturating_add(1)).read_to_end(&mut bytes);
        whole.map_err(|_| ExportError::Member(path.clone()))?;
        members.insert(path, bytes);
    }
    if pack(&members)? == file { Ok(members) } else { Err(ExportError::Container) }
}

/// Far above what an export has; bounds the work on a hostile file.
const MAX_MEMBERS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn members() -> Members {
        Members::from([
            ("files/a.csv".to_owned(), b"x\n1\n".to_vec()),
            ("receipt.dsse.json".to_owned(), b"{}".to_vec()),
        ])
    }

    #[test]
    fn one_byte_form_only() {
        let file = pack(&members()).unwrap();
        assert_eq!(unpack(&file).unwrap(), members());
        for index in 0..file.len() {
            let mut altered = file.clone();
            altered[index] ^= 1;
            match unpack(&altered) {
                Err(ExportError::Container | ExportError::Member(_)) => {}
                Err(error) => panic!("byte {index}: {error}"),
                Ok(other) => assert_ne!(other, members(), "byte {index}"),
            }
        }
        let mut altered = file.clone();
        let content = file.windows(4).position(|window| window == b"x\n1\n").unwrap();
        altered[content] ^= 1;
        assert!(
            matches!(unpack(&altered), Err(ExportError::Member(path)) if path == "files/a.csv")
        );
        let longer = [file.as_slice(), b"\0"].concat();
        assert_eq!(unpack(&longer).unwrap_err().reason(), "export.container");
    }
}
