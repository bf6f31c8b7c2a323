//! Debian packages by name, from a private apt root: the machine's own packages play no part.
//! The mirror is the machine's; apt checks the archive's signature and every package's digest.
//! What was resolved once is kept, so that a later build needs no network.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{cache, run};

/// One downloaded package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    /// Its name in the archive.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// SHA-256 of the .deb.
    pub(crate) sha256: String,
    #[serde(skip)]
    file: PathBuf,
}

/// A private apt root for one suite.
#[derive(Debug)]
pub(crate) struct Apt {
    root: PathBuf,
    update: bool,
    updated: bool,
}

impl Apt {
    /// A root for `suite`, such as `trixie`; `update` fetches new package lists first.
    pub(crate) fn new(suite: &str, update: bool) -> Result<Self> {
        let root = cache::folder()?.join("apt").join(suite);
        for folder in ["lists/partial", "archives/partial", "sets"] {
            fs::create_dir_all(root.join(folder))
                .with_context(|| format!("cannot create `{}/{folder}`", root.display()))?;
        }
        cache::write(&root.join("status"), b"")?;
        let sources = root.join("debian.sources");
        if update || !sources.exists() {
            cache::write(&sources, machine_sources(suite)?.as_bytes())?;
        }
        Ok(Self { root, update, updated: false })
    }

    /// The named packages and everything they depend on, downloaded.
    pub(crate) fn closure(&mut self, set: &str, names: &[&str]) -> Result<Vec<Package>> {
        if !self.update
            && let Some(packages) = self.recorded(set)
        {
            return Ok(packages);
        }
        self.lists()?;
        let mut plan = self.apt("apt-get");
        plan.args(["install", "--yes", "--simulate"]).args(names);
        let plan = String::from_utf8(run::stdout(&mut plan)?)?;
        let files: Vec<String> = plan.lines().filter_map(planned).collect();
        let mut download = self.apt("apt-get");
        download.args(["install", "--yes", "--download-only"]).args(names);
        run::stdout(&mut download)?;
        self.record(set, &files)
    }

    /// One package alone, without what it depends on.
    pub(crate) fn single(&mut self, name: &str) -> Result<Package> {
        if !self.update
            && let Some(Ok([package])) = self.recorded(name).map(<[Package; 1]>::try_from)
        {
            return Ok(package);
        }
        self.lists()?;
        let mut uri = self.apt("apt-get");
        uri.args(["download", "--print-uris", name]);
        let line = String::from_utf8(run::stdout(&mut uri)?)?;
        let file = line.split(' ').nth(1).with_context(|| format!("no package `{name}`"))?;
        let mut download = self.apt("apt-get");
        download.args(["download", name]).current_dir(self.archives());
        run::stdout(&mut download)?;
        let [package] = self
            .record(name, &[file.to_owned()])?
            .try_into()
            .ok()
            .context("one package expected")?;
        Ok(package)
    }

    /// The first dependency of a metapackage: what `linux-image-cloud-amd64` stands for today.
    pub(crate) fn first_dependency(&mut self, name: &str) -> Result<String> {
        let package = self.single(name)?;
        let mut show = Command::new("dpkg-deb");
        show.arg("--field").arg(&package.file).arg("Depends");
        let depends = String::from_utf8(run::stdout(&mut show)?)?;
        depends
            .split([' ', ',', '\n'])
            .next()
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .with_context(|| format!("`{name}` depends on nothing"))
    }

    fn archives(&self) -> PathBuf {
        self.root.join("archives")
    }

    fn lists(&mut self) -> Result<()> {
        let stamp = self.root.join("lists/fetched");
        if (self.update && !self.updated) || !stamp.exists() {
            run::stdout(self.apt("apt-get").arg("update"))?;
            cache::write(&stamp, b"")?;
            self.updated = true;
        }
        Ok(())
    }

    fn apt(&self, program: &str) -> Command {
        let root = self.root.display();
        let mut command = Command::new(program);
        for option in [
            format!("Dir::Etc::sourcelist={root}/debian.sources"),
            "Dir::Etc::sourceparts=-".to_owned(),
            "Dir::Etc::preferencesparts=-".to_owned(),
            format!("Dir::State={root}"),
            format!("Dir::State::lists={root}/lists"),
            format!("Dir::State::status={root}/status"),
            format!("Dir::Cache={root}"),
            format!("Dir::Cache::archives={root}/archives"),
            "APT::Architecture=amd64".to_owned(),
            "APT::Architectures=amd64".to_owned(),
            "APT::Install-Recommends=false".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.env("LC_ALL", "C");
        command
    }

    fn record(&self, set: &str, files: &[String]) -> Result<Vec<Package>> {
        let mut packages = Vec::new();
        for file in files {
            packages.push(self.describe(file)?);
        }
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = packages.iter().map(|package| &package.file).collect();
        cache::write(&self.root.join("sets").join(set), &serde_json::to_vec(&names)?)?;
        Ok(packages)
    }

    /// The packages found for `set` last time, if every file is still there.
    fn recorded(&self, set: &str) -> Option<Vec<Package>> {
        let bytes = fs::read(self.root.join("sets").join(set)).ok()?;
        let files: Vec<PathBuf> = serde_json::from_slice(&bytes).ok()?;
        let describe = |file: &PathBuf| self.describe(file.file_name()?.to_str()?).ok();
        files.iter().map(describe).collect()
    }

    fn describe(&self, file: &str) -> Result<Package> {
        // `name_version_arch.deb`, where apt writes the epoch's colon as %3a.
        let mut parts = file.split('_');
        let (Some(name), Some(version)) = (parts.next(), parts.next()) else {
            bail!("`{file}` is not the name of a package file");
        };
        let path = self.archives().join(file);
        Ok(Package {
            name: name.to_owned(),
            version: version.replace("%3a", ":"),
            sha256: cache::sha256(&cache::read(&path)?),
            file: path,
        })
    }
}

/// The file that apt will write for a line `Inst name (version origin [arch])` of its plan.
fn planned(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
    let version = rest.split(' ').next()?.replace(':', "%3a");
    let arch = rest.split_once('[')?.1.split(']').next()?;
    Some(format!("{name}_{version}_{arch}.deb"))
}

/// Unpacks `packages` into one folder below the cache and returns it.
/// The folder is named by what is in it, so that an unchanged set is unpacked once.
pub(crate) fn unpack(set: &str, packages: &[Package]) -> Result<PathBuf> {
    let mut contents = String::new();
    for package in packages {
        writeln!(contents, "{} {}", package.sha256, package.name)?;
    }
    let digest = cache::sha256(contents.as_bytes());
    let trees = cache::folder()?.join("trees");
    let short = digest.get(..16).unwrap_or(&digest);
    let tree = trees.join(format!("{set}-{short}"));
    if tree.exists() {
        return Ok(tree);
    }
    fs::create_dir_all(&trees)?;
    let partial = tempfile::tempdir_in(&trees)?;
    for package in packages {
        let mut dpkg = Command::new("dpkg-deb");
        dpkg.arg("--extract").arg(&package.file).arg(partial.path());
        run::stdout(&mut dpkg)?;
    }
    // CRASH: only a complete tree gets the final name; leftovers carry a temporary one.
    fs::rename(partial.keep(), &tree)?;
    Ok(tree)
}

/// The machine's Debian mirror, asked for another suite.
fn machine_sources(suite: &str) -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("this machine does not say which Debian it is; the image is built on Debian 12")?;
    let mut text = String::new();
    for path in source_files()? {
        text.push_str(&fs::read_to_string(&path).unwrap_or_default());
        text.push_str("\n\n");
    }
    let stanza = |suite: &str, uri: &str| {
        format!(
            "Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        )
    };
    let main = mirror(&text, codename)
        .with_context(|| format!("no apt source of this machine serves `{codename}`"))?;
    let mut sources = stanza(suite, &main);
    // Unstable has no security suite: what it needs is in it.
    if suite != "sid"
        && let Some(uri) = mirror(&text, &format!("{codename}-security"))
    {
        write!(sources, "\n{}", stanza(&format!("{suite}-security"), &uri))?;
    }
    Ok(sources)
}

fn source_files() -> Result<Vec<PathBuf>> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.retain(|path: &PathBuf| {
        let extension = path.extension().and_then(|text| text.to_str());
        Path::exists(path) && matches!(extension, Some("list" | "sources"))
    });
    files.sort();
    Ok(files)
}

/// The first URI that serves `suite`, in one-line or deb822 form (`sources.list(5)`).
fn mirror(text: &str, suite: &str) -> Option<String> {
    let one_line = text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?;
        let rest = match rest.trim_start().strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace();
        let uri = words.next()?;
        (words.next()? == suite).then(|| uri.to_owned())
    });
    one_line.or_else(|| {
        text.split("\n\n").find_map(|stanza| {
            let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
            let serves = field("Suites:")?.split_whitespace().any(|word| word == suite);
            let uri = field("URIs:")?.split_whitespace().next()?;
            serves.then(|| uri.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_names_files() {
        let line = "Inst zlib1g (1:1.3-1+b1 Debian:13.5/stable, Debian:13.5/x [amd64]) []";
        assert_eq!(planned(line).as_deref(), Some("zlib1g_1%3a1.3-1+b1_amd64.deb"));
        assert_eq!(planned("Conf zlib1g (1:1.3-1+b1 Debian [amd64])"), None);
    }

    #[test]
    fn both_forms_of_source_are_read() {
        let text = "deb [signed-by=/k] scheme://one/debian bookworm main\n\n\
                    Types: deb\nURIs: scheme://two/security\nSuites: bookworm-security\n\n\
                    Types: deb\n# note\nURIs: scheme://three/debian\nSuites: a bookworm-updates\n";
        let found = |suite| mirror(text, suite);
        assert_eq!(found("bookworm").as_deref(), Some("scheme://one/debian"));
        assert_eq!(found("bookworm-security").as_deref(), Some("scheme://two/security"));
        assert_eq!(found("bookworm-updates").as_deref(), Some("scheme://three/debian"));
        assert_eq!(found("trixie"), None);
    }
}
