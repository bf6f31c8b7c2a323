use std::fs::OpenOptions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use domain::keys::PublicKey;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

const DESCRIPTION: &str = r#"
id = "people"
title = "People"
description = "Made up."
classification = "confidential"
custodians = ["custodian.pem"]
threshold = 1
separator = ";"
[columns.diagnosis]
role = "sensitive"
"#;

/// A folder with a source, its description, keys, and the place for the sealed dataset.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = Self { folder };
        fs::create_dir_all(bench.path("source/deep")).unwrap();
        fs::write(bench.path("source/people.csv"), "age;diagnosis\n30;flu\n41;flu\n").unwrap();
        fs::write(bench.path("source/deep/README"), vec![7; 20_000]).unwrap();
        fs::write(bench.path("custodian.pem"), Self::signer().public().to_pem().unwrap()).unwrap();
        bench.describe(DESCRIPTION);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn describe(&self, toml: &str) {
        fs::write(self.path("description.toml"), toml).unwrap();
    }

    fn signer() -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([1; 32]))
    }

    fn secret() -> DatasetSecret {
        DatasetSecret::from_bytes(Zeroizing::new([2; 32]))
    }

    /// `None` on a machine without `mkfs.erofs`.
    fn seal(&self) -> Option<Result<SignedDataset, SealingError>> {
        self.seal_into("sealed")
    }

    fn seal_into(&self, out: &str) -> Option<Result<SignedDataset, SealingError>> {
        let description = DatasetDescription::read(&self.path("description.toml")).unwrap();
        let sealed = seal_folder(
            &self.path("source"),
            &self.path(out),
            &Self::secret(),
            &description,
            &Self::signer(),
            Timestamp::EPOCH,
            &mut seal::rand_core::UnwrapErr(getrandom::SysRng),
            &mut |_, _| (),
        );
        if matches!(sealed, Err(SealingError::MkfsMissing(_))) {
            eprintln!("skipped: `mkfs.erofs` is not installed");
            return None;
        }
        Some(sealed)
    }

    fn refusal(&self) -> Option<&'static str> {
        self.seal().map(|sealed| sealed.unwrap_err().reason())
    }

    fn verify(&self, signer: &PublicKey) -> Result<SignedDataset, SealingError> {
        verify_folder(&self.path("sealed"), signer, &mut |_, _| ())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Flips a bit of a sealed file.
    fn damage(&self, name: &str, offset: u64) {
        let file =
            OpenOptions::new().read(true).write(true).open(self.path("sealed").join(name)).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset).unwrap();
        file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
    }
}

#[test]
fn a_folder_seals_verifies_and_leaves_no_plaintext() {
    let bench = Bench::new();
    let Some(sealed) = bench.seal() else { return };
    let sealed = sealed.unwrap();
    let manifest = sealed.manifest();
    assert_eq!(manifest.rows, 2);
    let columns: Vec<_> =
        manifest.columns.iter().map(|column| (column.name.as_str(), column.role)).collect();
    use domain::dataset::Role::{QuasiIdentifier, Sensitive};
    assert_eq!(columns, [("age", QuasiIdentifier), ("diagnosis", Sensitive)]);
    let files: Vec<_> = manifest.files.iter().map(|file| (&*file.name, file.bytes)).collect();
    assert_eq!(files, [("deep/README", 20_000), ("people.csv", 28)]);
    let description = DatasetDescription::read(&bench.path("description.toml")).unwrap();
    assert_eq!(description.undescribed(manifest), ["age"]);

    assert_eq!(bench.names("sealed"), [DATA, HASH, HEADER, MANIFEST]);
    assert_eq!(bench.names("."), ["custodian.pem", "description.toml", "sealed", "source"]);
    let verified = bench.verify(&Bench::signer().public()).unwrap();
    assert_eq!(verified, sealed);
    check_secret(&bench.path("sealed"), &sealed, &Bench::secret()).unwrap();
    let other = DatasetSecret::from_bytes(Zeroizing::new([3; 32]));
    let refused = check_secret(&bench.path("sealed"), &sealed, &other).unwrap_err();
    assert_eq!(refused.reason(), "seal.luks-wrong-secret");
    assert_eq!(bench.refusal(), Some("sealing.exists"));
}

#[test]
fn stock_tools_open_what_was_sealed() {
    let bench = Bench::new();
    let Some(sealed) = bench.seal() else { return };
    let root = sealed.unwrap().manifest().verity.root_hash.hex();
    let path = |name: &str| bench.path("sealed").join(name).into_os_string();
    fs::write(bench.path("secret"), Bench::secret().expose()).unwrap();
    let secret = bench.path("secret").into_os_string();
    let ran = |program: &str, arguments: &[&std::ffi::OsStr]| match Command::new(program)
        .args(arguments)
        .output()
    {
        Ok(output) => assert!(output.status.success(), "{program}: {output:?}"),
        Err(_) => eprintln!("skipped: `{program}` is not installed"),
    };
    let (header, data, hash) = (path(HEADER), path(DATA), path(HASH));
    ran("cryptsetup", &["luksDump".as_ref(), &header]);
    ran(
        "cryptsetup",
        &["open".as_ref(), "--test-passphrase".as_ref(), "--key-file".as_ref(), &secret, &header],
    );
    ran("veritysetup", &["verify".as_ref(), &data, &hash, root.as_ref()]);
}

#[test]
fn each_altered_part_is_refused_by_name() {
    let bench = Bench::new();
    let Some(sealed) = bench.seal() else { return };
    let sealed = sealed.unwrap();
    let signer = Bench::signer().public();
    let refusal = |bench: &Bench| bench.verify(&signer).unwrap_err().reason();
    let stranger = SecretKey::from_seed(&Zeroizing::new([9; 32])).public();
    assert_eq!(bench.verify(&stranger).unwrap_err().reason(), "dataset.signature");
    let last = sealed.manifest().verity.data_blocks.get() * 4096 - 1;
    for (name, offset, reason) in [
        (DATA, last, "seal.verity-data"),
        (HASH, 100, "sealing.hash-superblock"),
        (HASH, 4097, "seal.verity-tree"),
        (HEADER, 4, "sealing.header-digest"),
        (HEADER, 100_000, "sealing.header-digest"),
    ] {
        bench.damage(name, offset);
        assert_eq!(refusal(&bench), reason, "{name} {offset}");
        bench.damage(name, offset);
    }
    assert_eq!(bench.verify(&signer).unwrap(), sealed);
    let data = OpenOptions::new().append(true).open(bench.path("sealed/data.img")).unwrap();
    data.set_len(last + 4097).unwrap();
    assert_eq!(refusal(&bench), "seal.data-length");
    fs::remove_file(bench.path("sealed").join(MANIFEST)).unwrap();
    assert_eq!(refusal(&bench), "sealing.file");
}

#[test]
fn sources_that_are_not_plain_tables_are_refused() {
    let bench = Bench::new();
    let inside = bench.seal_into("source/deep").map(|sealed| sealed.unwrap_err().reason());
    assert_eq!(inside, Some("sealing.out-in-source"));
    symlink("people.csv", bench.path("source/link")).unwrap();
    assert_eq!(bench.refusal(), Some("sealing.not-plain"));
    fs::remove_file(bench.path("source/link")).unwrap();

    fs::write(bench.path("source/uneven.csv"), "a;b\n1\n").unwrap();
    assert_eq!(bench.refusal(), Some("sealing.csv"));
    fs::remove_file(bench.path("source/uneven.csv")).unwrap();

    for (name, closed, open) in [("source/deep", 0o700, 0o755), ("source/people.csv", 0o600, 0o644)]
    {
        fs::set_permissions(bench.path(name), fs::Permissions::from_mode(closed)).unwrap();
        assert_eq!(bench.refusal(), Some("sealing.not-readable"), "{name}");
        fs::set_permissions(bench.path(name), fs::Permissions::from_mode(open)).unwrap();
    }

    bench.describe(&DESCRIPTION.replace("\";\"", "\",\""));
    assert_eq!(bench.refusal(), Some("description.no-such-column"));
    bench.describe(DESCRIPTION);

    fs::remove_dir_all(bench.path("source")).unwrap();
    assert_eq!(bench.refusal(), Some("sealing.file"));
    fs::create_dir(bench.path("source")).unwrap();
    assert_eq!(bench.refusal(), Some("sealing.no-files"));
    assert!(!bench.path("sealed").join(MANIFEST).exists());
}

#[test]
fn a_description_is_read_strictly() {
    let bench = Bench::new();
    let refusal = |from: &str, to: &str| {
        assert!(DESCRIPTION.contains(from));
        bench.describe(&DESCRIPTION.replace(from, to));
        DatasetDescription::read(&bench.path("description.toml")).unwrap_err().reason()
    };
    assert_eq!(refusal("threshold = 1", "threshold = 2"), "description.custodians");
    assert_eq!(refusal("custodian.pem", "absent.pem"), "description.file");
    assert_eq!(refusal("custodian.pem", "ed25519:00"), "description.key");
    assert_eq!(refusal("\";\"", "\"§\""), "description.separator");
    assert_eq!(refusal("role", "rule"), "description.malformed");
    assert_eq!(refusal("title", "titel"), "description.malformed");
}

#[test]
fn a_source_that_changes_meanwhile_is_noticed() {
    let bench = Bench::new();
    let inventory = Inventory::take(&bench.path("source"), b';').unwrap();
    inventory.unchanged().unwrap();
    fs::write(bench.path("source/people.csv"), "age;diagnosis\n").unwrap();
    assert_eq!(inventory.unchanged().unwrap_err().reason(), "sealing.source-changed");
}
