//! `cargo xtask image`: the measured guest image (docs/architecture.md, `images/README.md`).
//! The same packages and the same sources give the same bytes, whatever folder they lie in.

mod agent;
mod kernel;
mod manifest;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::apt::{self, Apt, Package};
use crate::cpio;
use crate::elf;
use crate::tree::{Node, Tree};
use crate::{cache, run};

/// Options of `cargo xtask image`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Ask the mirror for newer packages (otherwise what was downloaded before is used)
    #[arg(long)]
    update: bool,
    /// Build a second time from a copy of the sources in another folder, and compare the bytes
    #[arg(long)]
    check: bool,
    /// Take the agent's programs from this folder as they are, to try an unfinished agent
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    agent: Option<PathBuf>,
    /// Write the image to this folder [default: image/ in the cache]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The kernel command line. It is measured: a change is another image.
/// `panic=-1` restarts at once, which QEMU's `-no-reboot` turns into an end.
const CMDLINE: &str = "console=hvc0 quiet panic=-1";

/// Modules that the guest needs; `kernel::modules` adds what they depend on.
const MODULES: &[&str] = &[
    // The relay's network card, the disks.
    "virtio_net",
    "virtio_blk",
    // Sealed data: verity under crypt under erofs.
    "sha256_ssse3",
    "dm_verity",
    "aesni_intel",
    "xts",
    "dm_crypt",
    "erofs",
    // Evidence: configfs-tsm and its two providers.
    "configfs",
    "tsm",
    "sev_guest",
    "tdx_guest",
];

/// Packages whose files go into the initrd; what they depend on comes along.
const GUEST_PACKAGES: &[&str] = &["crun", "libcryptsetup12", "libgcc-s1"];
const KERNEL_METAPACKAGE: &str = "linux-image-cloud-amd64";
const SNP_FIRMWARE: Firmware = Firmware { package: "ovmf-amdsev", file: "OVMF.amdsev.fd" };
/// Not `ovmf-inteltdx`: its image has Microsoft's keys enrolled and starts no other kernel directly.
const TDX_FIRMWARE: Firmware = Firmware { package: "ovmf-generic", file: "OVMF.fd" };

/// Which file of which package is a platform's firmware.
struct Firmware {
    package: &'static str,
    file: &'static str,
}

/// Downloaded and unpacked inputs.
struct Inputs {
    kernel: Package,
    kernel_tree: PathBuf,
    guest: Vec<Package>,
    guest_tree: PathBuf,
    snp_firmware: Package,
    snp_firmware_tree: PathBuf,
    tdx_firmware: Package,
    tdx_firmware_tree: PathBuf,
}

/// A finished image: file name → bytes, and what it is made of.
struct Image {
    files: Vec<(&'static str, Vec<u8>)>,
    manifest: manifest::Manifest,
}

/// Builds the image and writes it to its folder; unchanged files are left alone.
pub(crate) fn build(options: &Options) -> Result<()> {
    let project = cache::project()?;
    let cache = cache::folder()?;
    let inputs = fetch(options.update)?;
    let programs = match &options.agent {
        Some(folder) => folder.clone(),
        None => agent::build(&project, &cache.join("guest-target"))?,
    };
    let image = assemble(&project, &programs, &inputs)?;
    let out = options.out.clone().unwrap_or_else(|| cache.join("image"));
    let changed = write(&out, &image)?;
    if options.check {
        check(&project, &inputs, &image)?;
    }
    manifest::print(&out, &image.manifest, changed);
    Ok(())
}

fn fetch(update: bool) -> Result<Inputs> {
    let mut trixie = Apt::new("trixie", update)?;
    let name = trixie.first_dependency(KERNEL_METAPACKAGE)?;
    let kernel = trixie.single(&name)?;
    let guest = trixie.closure("guest", GUEST_PACKAGES)?;
    let mut sid = Apt::new("sid", update)?;
    let snp_firmware = sid.single(SNP_FIRMWARE.package)?;
    let tdx_firmware = sid.single(TDX_FIRMWARE.package)?;
    Ok(Inputs {
        kernel_tree: apt::unpack("kernel", std::slice::from_ref(&kernel))?,
        guest_tree: apt::unpack("guest", &guest)?,
        snp_firmware_tree: apt::unpack("firmware", std::slice::from_ref(&snp_firmware))?,
        tdx_firmware_tree: apt::unpack("firmware", std::slice::from_ref(&tdx_firmware))?,
        kernel,
        guest,
        snp_firmware,
        tdx_firmware,
    })
}

fn assemble(project: &Path, programs: &Path, inputs: &Inputs) -> Result<Image> {
    let modules = kernel::modules(&inputs.kernel_tree, MODULES)?;
    let initrd = cpio::archive(&root(programs, &inputs.guest_tree, &modules)?)?;
    let files = vec![
        ("vmlinuz", kernel::vmlinuz(&inputs.kernel_tree)?),
        ("initrd", initrd),
        ("cmdline", CMDLINE.as_bytes().to_vec()),
        (SNP_FIRMWARE.file, SNP_FIRMWARE.read(&inputs.snp_firmware_tree)?),
        (TDX_FIRMWARE.file, TDX_FIRMWARE.read(&inputs.tdx_firmware_tree)?),
        ("bare-initrd", bare(project)?),
    ];
    let manifest = manifest::Manifest::new(inputs, &modules, &files)?;
    Ok(Image { files, manifest })
}

/// Everything in the initrd. No shell, no package manager, no login.
fn root(programs: &Path, guest: &Path, modules: &[kernel::Module]) -> Result<Tree> {
    let mut tree = empty_root()?;
    let crun = guest.join("usr/bin/crun");
    let init = programs.join("cloister-agent");
    let wasm = programs.join("cloister-wasm");
    tree.program("init", cache::read(&init)?)?;
    tree.program("usr/libexec/cloister/wasm-runner", cache::read(&wasm)?)?;
    tree.program("usr/bin/crun", cache::read(&crun)?)?;

    let folders = [guest.join("usr/lib/x86_64-linux-gnu"), guest.join("usr/lib64")];
    for (name, path) in elf::closure(&[&init, &wasm, &crun], &folders)? {
        let bytes = cache::read(&path)?;
        if name.starts_with("ld-linux") {
            tree.program(&format!("lib64/{name}"), bytes.clone())?;
        }
        tree.program(&format!("usr/lib/x86_64-linux-gnu/{name}"), bytes)?;
    }

    let mut list = String::new();
    for module in modules {
        let path = format!("usr/lib/modules/{}.ko", module.name);
        list.push_str(&format!("/{path}\n"));
        tree.file(&path, module.bytes.clone())?;
    }
    tree.file("modules.list", list.into_bytes())?;
    Ok(tree)
}

fn empty_root() -> Result<Tree> {
    let mut tree = Tree::default();
    for folder in ["dev", "etc", "proc", "run", "sys", "tmp"] {
        tree.folder(folder)?;
    }
    tree.add("dev/console", Node::Device { major: 5, minor: 1 })?;
    tree.add("dev/null", Node::Device { major: 1, minor: 3 })?;
    Ok(tree)
}

/// The initrd with an empty init, for the boot that the demo compares itself with.
fn bare(project: &Path) -> Result<Vec<u8>> {
    let mut tree = empty_root()?;
    tree.program("init", agent::bare_init(project)?)?;
    cpio::archive(&tree)
}

impl Firmware {
    fn read(&self, tree: &Path) -> Result<Vec<u8>> {
        let mut find = Command::new("find");
        find.arg(tree).args(["-name", self.file, "-type", "f"]);
        let found = String::from_utf8(run::stdout(&mut find)?)?;
        let path = found
            .lines()
            .next()
            .with_context(|| format!("`{}` has no {}", self.package, self.file))?;
        cache::read(Path::new(path))
    }
}

/// Writes what differs from what is there; returns whether anything did.
fn write(out: &Path, image: &Image) -> Result<bool> {
    let mut manifest = serde_json::to_vec_pretty(&image.manifest)?;
    manifest.push(b'\n');
    let mut changed = false;
    // CRASH: image.json comes last; an interrupted build leaves digests that do not match.
    let last = ("image.json", manifest);
    for (name, bytes) in image.files.iter().chain([&last]) {
        let path = out.join(name);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            cache::write(&path, bytes)?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Builds once more, from a copy of the sources and with empty folders, and compares.
fn check(project: &Path, inputs: &Inputs, first: &Image) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("somewhere-else");
    copy_sources(project, &copy)?;
    let programs = agent::build(&copy, &folder.path().join("objects"))?;
    let second = assemble(&copy, &programs, inputs)?;
    for ((name, one), (_, two)) in first.files.iter().zip(&second.files) {
        if one != two {
            bail!(
                "`{name}` differs between two builds: sha256 {} and {}",
                cache::sha256(one),
                cache::sha256(two)
            );
        }
    }
    println!("two builds in two folders gave the same bytes");
    Ok(())
}

fn copy_sources(project: &Path, copy: &Path) -> Result<()> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(project);
    let names = String::from_utf8(run::stdout(&mut list)?)?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let from = project.join(name);
        if from.is_file() {
            cache::write(&copy.join(name), &cache::read(&from)?)?;
        }
    }
    Ok(())
}
