//! What a program or library needs at run time, and what a kernel module says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _, SectionHeader as _};
use object::{Endianness, Object as _, ObjectSection as _};

use crate::cache;

/// The shared libraries that the programs need, wholly: file name → where it was found.
/// Each is looked for in `folders`, in order. A library that is nowhere is an error.
pub(crate) fn closure(
    programs: &[&Path],
    folders: &[PathBuf],
) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = programs.iter().map(|path| path.to_path_buf()).collect();
    while let Some(path) = open.pop() {
        for name in needed(&cache::read(&path)?)
            .with_context(|| format!("cannot read the dynamic section of `{}`", path.display()))?
        {
            if found.contains_key(&name) {
                continue;
            }
            let library = folders
                .iter()
                .map(|folder| folder.join(&name))
                .find(|path| path.exists())
                .with_context(|| {
                    format!("`{}` needs `{name}`, which no package brings", path.display())
                })?;
            let library = fs::canonicalize(library)?;
            open.push(library.clone());
            found.insert(name, library);
        }
    }
    Ok(found)
}

/// The `DT_NEEDED` names of one ELF file; none for a static program.
fn needed(bytes: &[u8]) -> Result<Vec<String>> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let Some((dynamic, strings)) = sections.dynamic(endian, bytes)? else {
        return Ok(Vec::new());
    };
    let strings = sections
        .section(strings)?
        .strings(endian, bytes)?
        .context("dynamic section without strings")?;
    let mut names = Vec::new();
    for entry in dynamic {
        if entry.tag32(endian) == Some(DT_NEEDED) {
            let name = entry.string(endian, strings)?;
            names.push(String::from_utf8(name.to_vec())?);
        }
    }
    Ok(names)
}

/// The `key=value` pairs of a kernel module's `.modinfo` section.
pub(crate) fn modinfo(bytes: &[u8]) -> Result<Vec<(String, String)>> {
    let file = object::File::parse(bytes)?;
    let section = file.section_by_name(".modinfo").context("no .modinfo section")?;
    Ok(section
        .data()?
        .split(|byte| *byte == 0)
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect())
}
