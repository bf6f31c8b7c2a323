//! From the output folder to the airlock: check, package, bind by evidence, seal, hand over.

use disclosure::Checked;
use domain::output::{JobError, OutputPackage, PackageFile, output_report_data};
use getrandom::SysRng;
use seal::SealingPublicKey;
use seal::rand_core::UnwrapErr;
use wire::airlock::SealedOutput;
use wire::guest::AIRLOCK_PORT;

use crate::AgentError;
use crate::admit::Admitted;
use crate::container::OUT;
use crate::disks::GivenManifest;
use crate::http::{AIRLOCK, Service};
use crate::platform::Measured;

/// Checks what the workload left, and packs what may be reviewed. A package whose files were all
/// refused still goes to the airlock: its report says why.
///
/// # Errors
/// [`AgentError::Job`] if there is nothing at all, [`AgentError::System`].
pub fn check(admitted: &Admitted, given: &GivenManifest) -> Result<OutputPackage, AgentError> {
    let entries = collect::walk(OUT.as_ref(), admitted.rules.limits())
        .map_err(AgentError::system("walking the output folder"))?;
    if entries.is_empty() {
        return Err(AgentError::Job(JobError::NoOutput));
    }
    let roles = disclosure::roles_of(&admitted.dataset.manifest().columns);
    let checked = disclosure::check(&entries, &admitted.rules, &roles);
    Ok(package(&checked, given))
}

fn package(checked: &Checked, given: &GivenManifest) -> OutputPackage {
    let files = match checked {
        Checked::Refused(_) => Vec::new(),
        Checked::Released(released) => released.files().iter().map(file).collect(),
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
    use disclosure::{CheckReport, EntryKind, OutputEntry, Rules};

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
        package(
            &disclosure::check(&entries, &Rules::parse(RULES).unwrap(), &disclosure::Roles::new()),
            &given(),
        )
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
    fn roles_are_the_manifests() {
        let roles = disclosure::roles_of(&crate::testing::Launch::new().dataset.columns);
        assert_eq!(roles["person"], domain::dataset::Role::Identifier);
        assert_eq!(roles["site"], domain::dataset::Role::QuasiIdentifier);
    }
}
