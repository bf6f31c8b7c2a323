//! The parts of a PE image that its Authenticode digest is of (Microsoft PE format, "Authenticode
//! digital signature support"; edk2 `OvmfPkg/Tcg/TdTcg2Dxe/MeasureBootPeCoff.c`).

use super::super::LaunchError;

/// What of `image` is hashed, in this order: the headers without checksum and without the entry of
/// the certificate table, the sections by their place in the file, what follows them but for the
/// certificates.
///
/// # Errors
/// [`LaunchError::Kernel`] if it is not a PE image, or its headers point outside of it.
pub fn authenticode(image: &[u8]) -> Result<Vec<&[u8]>, LaunchError> {
    let headers = Headers::parse(image)?;
    let mut parts = headers.parts(image)?;
    let mut hashed = headers.length;
    for section in headers.sections(image)? {
        let data = slice(image, section.offset, section.length)?;
        hashed = hashed.checked_add(data.len()).ok_or(OUTSIDE)?;
        parts.push(data);
    }
    if image.len() > hashed {
        let rest = image.len() - hashed;
        let length = rest.checked_sub(headers.certificates).ok_or(OUTSIDE)?;
        parts.push(slice(image, hashed, length)?);
    }
    Ok(parts)
}

struct Headers {
    checksum: usize,
    /// Where the entry of the certificate table is, if there is one.
    certificate_entry: Option<usize>,
    /// Bytes of certificates at the end of the file.
    certificates: usize,
    section_table: usize,
    section_count: usize,
    length: usize,
}

impl Headers {
    fn parse(image: &[u8]) -> Result<Self, LaunchError> {
        if !image.starts_with(b"MZ") {
            return Err(LaunchError::Kernel("not a PE image"));
        }
        let start = word(image, 0x3c)?;
        if slice(image, start, 4)? != b"PE\0\0" {
            return Err(LaunchError::Kernel("not a PE image"));
        }
        // INVARIANT: `start` is inside the image, so the sums below cannot overflow.
        let optional = start + 24;
        let directories = match half(image, optional)? {
            0x10b => optional + 96,
            0x20b => optional + 112,
            _ => return Err(LaunchError::Kernel("not a PE image")),
        };
        let has_entry = word(image, directories - 4)? > CERTIFICATE_TABLE;
        let certificate_entry = has_entry.then_some(directories + 8 * CERTIFICATE_TABLE);
        let certificates =
            certificate_entry.map(|entry| word(image, entry + 4)).transpose()?.unwrap_or_default();
        let section_count = half(image, start + 6)?;
        if section_count > MOST_SECTIONS {
            return Err(LaunchError::Kernel("more than 96 sections"));
        }
        Ok(Self {
            checksum: optional + 64,
            certificate_entry,
            certificates,
            section_table: optional + half(image, start + 20)?,
            section_count,
            length: word(image, optional + 60)?,
        })
    }

    fn parts<'a>(&self, image: &'a [u8]) -> Result<Vec<&'a [u8]>, LaunchError> {
        let range = |from: usize, to: usize| image.get(from..to).ok_or(OUTSIDE);
        let after_checksum = self.checksum + 4;
        let before = range(0, self.checksum)?;
        match self.certificate_entry {
            None => Ok(vec![before, range(after_checksum, self.length)?]),
            Some(entry) => {
                Ok(vec![before, range(after_checksum, entry)?, range(entry + 8, self.length)?])
            }
        }
    }

    fn sections(&self, image: &[u8]) -> Result<Vec<Section>, LaunchError> {
        let mut sections = Vec::new();
        for index in 0..self.section_count {
            let header = self.section_table + 40 * index;
            let length = word(image, header + 16)?;
            let offset = word(image, header + 20)?;
            if length > 0 {
                sections.push(Section { offset, length });
            }
        }
        sections.sort_by_key(|section| section.offset);
        Ok(sections)
    }
}

/// Where a section's data is in the file.
struct Section {
    offset: usize,
    length: usize,
}

fn slice(image: &[u8], offset: usize, length: usize) -> Result<&[u8], LaunchError> {
    image.get(offset..).and_then(|from| from.get(..length)).ok_or(OUTSIDE)
}

fn half(image: &[u8], offset: usize) -> Result<usize, LaunchError> {
    let bytes = image.get(offset..).and_then(|from| from.first_chunk::<2>()).ok_or(OUTSIDE)?;
    Ok(u16::from_le_bytes(*bytes).into())
}

fn word(image: &[u8], offset: usize) -> Result<usize, LaunchError> {
    let bytes = image.get(offset..).and_then(|from| from.first_chunk::<4>()).ok_or(OUTSIDE)?;
    Ok(u32::from_le_bytes(*bytes) as usize)
}

const OUTSIDE: LaunchError = LaunchError::Kernel("PE headers point outside of the image");
/// IMAGE_DIRECTORY_ENTRY_SECURITY.
const CERTIFICATE_TABLE: usize = 4;
/// As in Microsoft's loader.
const MOST_SECTIONS: usize = 96;
