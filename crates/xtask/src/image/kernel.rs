//! The kernel and its modules, from the unpacked Debian package.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{cache, elf, run};

/// One kernel module: its name and uncompressed bytes.
#[derive(Debug)]
pub(super) struct Module {
    /// As `lsmod` shows it, with underscores.
    pub(super) name: String,
    /// The .ko as it was signed.
    pub(super) bytes: Vec<u8>,
}

/// The compressed kernel.
pub(super) fn vmlinuz(tree: &Path) -> Result<Vec<u8>> {
    let mut kernels = fs::read_dir(tree.join("boot"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("vmlinuz"))
        });
    let path = kernels.next().context("the kernel package has no vmlinuz")?;
    cache::read(&path)
}

/// The `wanted` modules and all that they depend on, each after its dependencies:
/// the order in which they can be loaded one by one. What is built in is left out.
pub(super) fn modules(tree: &Path, wanted: &[&str]) -> Result<Vec<Module>> {
    let mut files = BTreeMap::new();
    index(&tree.join("usr/lib/modules"), &mut files)?;
    let built_in = built_in(tree)?;
    let mut order = Order { files, built_in, done: Vec::new(), loaded: Vec::new() };
    for name in wanted {
        order.add(name)?;
    }
    Ok(order.loaded)
}

struct Order {
    files: BTreeMap<String, PathBuf>,
    built_in: Vec<String>,
    done: Vec<String>,
    loaded: Vec<Module>,
}

impl Order {
    fn add(&mut self, name: &str) -> Result<()> {
        let name = name.replace('-', "_");
        if self.done.contains(&name) || self.built_in.contains(&name) {
            return Ok(());
        }
        self.done.push(name.clone());
        let path = self
            .files
            .get(&name)
            .with_context(|| format!("the kernel package has no module `{name}`"))?;
        let bytes = run::stdout(Command::new("xz").args(["-dc"]).arg(path))?;
        let (before, if_present) = dependencies(&elf::modinfo(&bytes)?);
        for dependency in before {
            self.add(&dependency)?;
        }
        for dependency in if_present {
            if self.files.contains_key(&dependency.replace('-', "_")) {
                self.add(&dependency)?;
            }
        }
        self.loaded.push(Module { name, bytes });
        Ok(())
    }
}

/// What must be loaded before (`depends`), and what should be if there is such a module
/// (the `pre:` part of `softdep`, which may also name an algorithm).
fn dependencies(info: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    let mut before = Vec::new();
    let mut if_present = Vec::new();
    for (key, value) in info {
        match key.as_str() {
            "depends" => before.extend(value.split(',').filter(|name| !name.is_empty())),
            "softdep" => {
                let early = value.split("post:").next().unwrap_or_default();
                if_present.extend(early.split_whitespace().filter(|word| *word != "pre:"));
            }
            _ => {}
        }
    }
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    (owned(before), owned(if_present))
}

fn index(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            index(&path, files)?;
        } else if let Some(name) = entry.file_name().to_str().and_then(|n| n.strip_suffix(".ko.xz"))
        {
            files.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn built_in(tree: &Path) -> Result<Vec<String>> {
    for entry in fs::read_dir(tree.join("usr/lib/modules"))? {
        let list = entry?.path().join("modules.builtin");
        if list.exists() {
            return Ok(fs::read_to_string(list)?
                .lines()
                .filter_map(|line| Path::new(line).file_stem()?.to_str())
                .map(|name| name.replace('-', "_"))
                .collect());
        }
    }
    bail!("the kernel package has no list of built-in modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_from_both_fields() {
        let info = [
            ("depends".to_owned(), "dm-mod,dm-bufio".to_owned()),
            ("softdep".to_owned(), "pre: crc32c post: late".to_owned()),
            ("license".to_owned(), "GPL".to_owned()),
        ];
        let (before, if_present) = dependencies(&info);
        assert_eq!(before, ["dm-mod", "dm-bufio"]);
        assert_eq!(if_present, ["crc32c"]);
    }
}
