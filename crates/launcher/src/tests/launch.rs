use super::*;
use crate::arguments::qemu_arguments;
use domain::Reason as _;
use std::fs;
use tempfile::TempDir;

const INITDATA: &[u8] = b"version = \"0.1.0\"\n";

fn launcher(runs: &TempDir, accelerator: Accelerator) -> Launcher {
    let file = |name: &str| PathBuf::from("/image").join(name);
    Launcher {
        host: Host {
            qemu: "/bin/qemu".into(),
            setpriv: "/bin/setpriv".into(),
            relay: "/bin/cloister".into(),
        },
        image: GuestImage {
            kernel: file("vmlinuz"),
            initrd: file("initrd"),
            bare_initrd: file("bare-initrd"),
            firmware: file("OVMF.amdsev.fd"),
            cmdline: "quiet".to_owned(),
        },
        accelerator,
        size: Size::default(),
        runs: runs.path().to_owned(),
    }
}

fn request(dataset: &TempDir) -> LaunchRequest {
    for name in ["manifest.dsse.json", "header.img", "data.img", "hash.img", "workload"] {
        fs::write(dataset.path().join(name), name).unwrap();
    }
    LaunchRequest {
        launch: LaunchId::from_random([1; 16]),
        initdata: INITDATA.to_vec(),
        dataset: dataset.path().to_owned(),
        inputs: Inputs {
            rules: Vec::new(),
            bundle: None,
            workload: dataset.path().join("workload"),
        },
        relay: RelayTargets {
            broker: "127.0.0.1:1".parse().unwrap(),
            airlock: "127.0.0.1:2".parse().unwrap(),
        },
    }
}

#[test]
fn host_data_is_the_digest_of_what_the_manifest_disk_holds() {
    let (runs, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let prepared =
        launcher(&runs, Accelerator::Tcg).prepare(&request(&dataset), Machine::Plain).unwrap();
    let disk = prepared.plan.disks.iter().find(|disk| disk.serial == MANIFEST_DISK).unwrap();
    let bytes = fs::read(&disk.file).unwrap();
    assert_eq!(bytes.len(), 512);
    let manifest = bytes.strip_suffix(&[0; 512 - INITDATA.len()][..]).unwrap();
    assert_eq!(prepared.plan.host_data, HostData::from(Digest::of(manifest)));
    assert_eq!(manifest, INITDATA);
}

#[test]
fn only_a_plain_guest_gets_the_emulated_platforms_port() {
    let (runs, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let launcher = launcher(&runs, Accelerator::Kvm);
    let named = |machine| {
        let plan = launcher.prepare(&request(&dataset), machine).unwrap().plan;
        let arguments = qemu_arguments(&plan);
        arguments.iter().any(|a| a.to_string_lossy().contains("cloister.emulated-platform"))
    };
    assert!(named(Machine::Plain));
    assert!(!named(Machine::SevSnp));
}

#[test]
fn a_confidential_guest_needs_kvm() {
    let (runs, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let error =
        launcher(&runs, Accelerator::Tcg).prepare(&request(&dataset), Machine::SevSnp).unwrap_err();
    assert_eq!(error.reason(), "launcher.kvm-required");
}

#[test]
fn nothing_stays_of_a_launch_that_was_not_started() {
    let (runs, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let launcher = launcher(&runs, Accelerator::Tcg);
    drop(launcher.prepare(&request(&dataset), Machine::Plain).unwrap());
    let mut broken = request(&dataset);
    broken.inputs.workload = dataset.path().join("absent");
    let error = launcher.prepare(&broken, Machine::Plain).unwrap_err();
    assert_eq!(error.reason(), "launcher.input");
    assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 0);
}
