//! The lower layer of the demo's container: Debian's Python, its shared libraries and a part of
//! its standard library, with the bytecode that saves an emulated guest a second of compiling.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::apt::{self, Apt};
use crate::elf;
use crate::tree::{Node, Tree};
use crate::{cache, run};

const PACKAGES: &[&str] = &["python3-minimal", "libpython3-stdlib"];
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// The layer, from Debian packages and `images/analysis/stdlib.list`.
pub(super) fn layer(project: &Path, update: bool) -> Result<Tree> {
    let packages = Apt::new("trixie", update)?.closure("python", PACKAGES)?;
    let root = apt::unpack("python", &packages)?;
    let mut tree = Tree::default();
    for folder in ["data", "dev", "in", "out", "proc", "sys", "tmp"] {
        tree.folder(folder)?;
    }
    let program = fs::canonicalize(root.join("usr/bin/python3"))?;
    let version = program
        .file_name()
        .and_then(|name| name.to_str())
        .context("odd name of the interpreter")?;
    tree.program(&format!("usr/bin/{version}"), cache::read(&program)?)?;
    tree.add("usr/bin/python3", Node::Link(version.to_owned()))?;

    for (library, path) in elf::closure(&[&program], &[root.join(LIBRARIES)])? {
        let bytes = cache::read(&path)?;
        if library.starts_with("ld-linux") {
            tree.program(&format!("lib64/{library}"), bytes.clone())?;
        }
        tree.program(&format!("{LIBRARIES}/{library}"), bytes)?;
    }
    standard_library(&mut tree, project, &root, version)?;
    Ok(tree)
}

fn standard_library(tree: &mut Tree, project: &Path, root: &Path, version: &str) -> Result<()> {
    let list = String::from_utf8(cache::read(&project.join("images/analysis/stdlib.list"))?)?;
    let from = root.join("usr/lib").join(version);
    let to = format!("usr/lib/{version}");
    let sources = tempfile::tempdir()?;
    for name in list.lines().filter(|line| !line.starts_with('#')) {
        if name.starts_with("lib-dynload/") {
            let name = format!("{name}.cpython-{}-x86_64-linux-gnu.so", digits(version));
            tree.file(&format!("{to}/{name}"), cache::read(&from.join(&name))?)?;
            continue;
        }
        let bytes = cache::read(&from.join(name))?;
        cache::write(&sources.path().join(&to).join(name), &bytes)?;
        tree.file(&format!("{to}/{name}"), bytes)?;
    }
    compile(root, version, sources.path())?;
    add_bytecode(tree, sources.path(), &sources.path().join(&to))
}

/// Compiles with the very interpreter of the image. The bytecode carries a digest of its source
/// and no time, and names its source by the path inside the image: the same every time.
fn compile(root: &Path, version: &str, sources: &Path) -> Result<()> {
    let libraries = root.join(LIBRARIES);
    let mut python = Command::new(libraries.join("ld-linux-x86-64.so.2"));
    python
        .arg("--library-path")
        .arg(&libraries)
        .arg(root.join("usr/bin").join(version))
        .args(["-S", "-m", "compileall", "-q"])
        .args(["--invalidation-mode", "unchecked-hash", "-p", "/", "-s"])
        .args([sources, sources])
        .env_clear()
        .env("PYTHONHOME", root.join("usr"))
        .env("PYTHONHASHSEED", "0")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run::stdout(&mut python)?;
    Ok(())
}

fn add_bytecode(tree: &mut Tree, base: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add_bytecode(tree, base, &path)?;
        } else if path.extension().is_some_and(|extension| extension == "pyc") {
            let name = path.strip_prefix(base)?.to_str().context("odd file name")?;
            tree.file(name, cache::read(&path)?)?;
        }
    }
    Ok(())
}

fn digits(version: &str) -> String {
    version.chars().filter(char::is_ascii_digit).collect()
}
