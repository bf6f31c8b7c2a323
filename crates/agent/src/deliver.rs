//! From the output folder to the airlock: check, package, bind by evidence, seal, hand over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use disclosure::{Checked, Dataset, Rules};
use domain::dataset::DatasetManifest;
use domain::output::{JobError, OutputPackage, PackageFile, PackageRecords, output_report_data};
use getrandom::SysRng;
use seal::SealingPublicKey;
use seal::rand_core::UnwrapErr;
use wire::airlock::SealedOutput;
use wire::guest::AIRLOCK_PORT;

use crate::AgentError;
use crate::admit::Admitted;
use crate::container::{DATA, OUT};
use crate::disks::GivenManifest;
use crate::http::{AIRLOCK, Service};
use crate::platform::Measured;

/// Checks what the workload left, beside the dataset, and packs what may be reviewed. A package whose
/// files were all refused still goes to the airlock: its report says why.
///
/// # Errors
/// [`AgentError::Job`] if there is nothing at all, [`AgentError::People`], [`AgentError::System`].
pub fn check(admitted: &Admitted, given: &GivenManifest) -> Result<OutputPackage, AgentError> {
    let entries = collect::walk(OUT.as_ref(), admitted.rules.limits())
        .map_err(AgentError::system("walking the output folder"))?;
    if entries.is_empty() {
        return Err(AgentError::Job(JobError::NoOutput));
    }
    let manifest = admitted.dataset.manifest();
    let roles = disclosure::roles_of(&manifest.columns);
    let dataset = dataset(DATA.as_ref(), manifest, &admitted.rules)?;
    let checked = disclosure::check(&entries, &admitted.rules, &roles, &dataset);
    Ok(package(&checked, given))
}

/// The tables of the dataset, which is still mounted at `folder`.
fn dataset(
    folder: &Path,
    manifest: &DatasetManifest,
    rules: &Rules,
) -> Result<Dataset, AgentError> {
    let mut names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    names.retain(|name| name.ends_with(".csv"));
    names.sort_unstable();
    let mut files: Vec<(&str, Box<dyn Read>)> = Vec::with_capacity(names.len());
    for name in names {
        let file = File::open(folder.join(name));
        let file = file.map_err(AgentError::system("opening a file of the dataset"))?;
        files.push((name, Box::new(file)));
    }
    Dataset::read(files, &manifest.columns, rules).map_err(AgentError::People)
}

fn package(checked: &Checked, given: &GivenManifest) -> OutputPackage {
    let (files, records) = match checked {
        Checked::Refused(_) => (Vec::new(), None),
        Checked::Released(released) => {
            let records = released.footprints().map(|footprints| {
                PackageRecords::new(footprints.population(), &footprints.to_bytes())
            });
            (released.files().iter().map(file).collect(), records)
        }
    };
    OutputPackage {
        job: given.manifest.job.clone(),
        launch: given.manifest.launch.clone(),
        author: given.manifest.author.clone(),
        project: given.manifest.project.clone(),
        manifest: given.digest,
        // Canonical JSON and the gate's own CSV are UTF-8: nothing is replaced.
        report: String::from_utf8_lossy(&checked.report().to_bytes()).into_owned(),
        files,
        records,
    }
}

fn file(file: &disclosure::CanonicalFile) -> PackageFile {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    PackageFile {
        name: file.name().to_owned(),
        content: text(file.bytes()),
        checked: file.checked().map(text),
    }
}

/// Binds the package to this enclave by one more report, seals it to the airlock's key, and hands
/// it over.
///
/// # Errors
/// What [`Measured::evidence`] gives, [`AgentError::Seal`], [`AgentError::Unreachable`],
/// [`AgentError::AirlockRefused`].
pub async fn deliver(
    package: &OutputPackage,
    admitted: &Admitted,
    given: &GivenManifest,
    measured: &mut Measured,
) -> Result<(), AgentError> {
    let bytes = package.to_bytes().map_err(AgentError::Canonical)?;
    let evidence =
        measured.evidence(output_report_data(package.digest().map_err(AgentError::Canonical)?))?;
    let deployment = &given.manifest.deployment;
    let airlock_key: SealingPublicKey =
        deployment.airlock_sealing.parse().map_err(AgentError::Seal)?;
    let sealed = seal::seal_output(&bytes, &airlock_key, &given.digest, &mut UnwrapErr(SysRng))
        .map_err(AgentError::Seal)?;
    let output = SealedOutput {
        initdata: given.initdata.clone().into_bytes(),
        evidence,
        sealed,
        workload_bundle: admitted.signature.bundle().to_owned(),
        image_manifest: admitted.program.image_manifest().to_vec(),
    };
    let airlock = Service::new(AIRLOCK, AIRLOCK_PORT, deployment.airlock_tls)?;
    airlock.post("/v0/outputs", None, None, &output).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::given;
    use disclosure::{CheckReport, EntryKind, OutputEntry};
    use domain::Digest;
    use domain::dataset::DataFile;

    const RULES: &[u8] = b"version = 1
[tables]
threshold = 5
[microdata]
k = 5
[limits]
file_types = [\"csv\"]
max_files = 4
max_file_bytes = 1000
max_total_bytes = 4000
max_depth = 2
max_rows = 10
max_columns = 4
max_cell_chars = 20
significant_digits = 6
[[output]]
name = \"people.csv\"
kind = \"table\"
categories = [\"site\"]
counts = [\"people\"]
";

    fn packed(content: &str) -> OutputPackage {
        let kind = EntryKind::Regular { bytes: content.as_bytes().to_vec(), links: 1 };
        let entries = [OutputEntry { path: b"people.csv".to_vec(), kind }];
        let rules = Rules::parse(RULES).unwrap();
        let dataset = Dataset::read([], &[], &rules).unwrap();
        let roles = disclosure::Roles::new();
        package(&disclosure::check(&entries, &rules, &roles, &dataset), &given())
    }

    #[test]
    fn what_passed_is_packed_with_its_report() {
        let package = packed("site,people\n1,5\n");
        assert_eq!(package.manifest, given().digest);
        let names: Vec<_> = package.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["people.csv"]);
        let report = CheckReport::parse(package.report.as_bytes()).unwrap();
        assert_eq!(report.reason, None);
        assert_eq!(OutputPackage::from_bytes(&package.to_bytes().unwrap()).unwrap(), package);
    }

    #[test]
    fn what_was_refused_leaves_its_report_alone() {
        let package = packed("site,people\n1,4\n");
        assert_eq!(package.files, []);
        let report = CheckReport::parse(package.report.as_bytes()).unwrap();
        assert_eq!(report.reason.unwrap().as_str(), "output.cell-below-threshold");
    }

    #[test]
    fn people_are_found_in_the_files_that_the_manifest_names() {
        let mut launch = crate::testing::Launch::new();
        launch.dataset.files = ["notes.txt", "people.csv"]
            .map(|name| DataFile { name: name.into(), sha256: Digest::of(b""), bytes: 0 })
            .to_vec();
        let text = String::from_utf8(RULES.to_vec()).unwrap() + "[output.records]\n";
        let rules = Rules::parse(text.as_bytes()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let code =
            |folder| dataset(folder, &launch.dataset, &rules).unwrap_err().code().to_string();
        assert_eq!(code(folder.path()), "guest.system");
        let table = "person,site\na,1\nb,1\na,2\n";
        std::fs::write(folder.path().join("people.csv"), table).unwrap();
        let people = dataset(folder.path(), &launch.dataset, &rules).unwrap();
        assert_eq!(people.population(), 2);
    }

    #[test]
    fn roles_are_the_manifests() {
        let roles = disclosure::roles_of(&crate::testing::Launch::new().dataset.columns);
        assert_eq!(roles["person"], domain::dataset::Role::Identifier);
        assert_eq!(roles["site"], domain::dataset::Role::QuasiIdentifier);
    }
}
