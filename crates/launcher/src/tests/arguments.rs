use super::*;
use crate::plan::{Disk, RelayTargets, SNP_POLICY, Size};
use domain::claims::HostData;

fn plan() -> Plan {
    Plan {
        accelerator: Accelerator::Tcg,
        machine: Machine::Plain,
        size: Size::default(),
        firmware: "/image/OVMF.amdsev.fd".into(),
        kernel: "/image/vmlinuz".into(),
        initrd: "/image/initrd".into(),
        cmdline: "console=hvc0 quiet panic=-1".to_owned(),
        host_data: HostData::from_bytes([7; 32]),
        policy: SNP_POLICY,
        disks: vec![Disk { serial: wire::guest::DATA_DISK, file: "/sealed/data.img".into() }],
        network: Some(Network {
            program: "/usr/bin/cloister".into(),
            targets: RelayTargets {
                broker: "127.0.0.1:7001".parse().unwrap(),
                airlock: "[::1]:7002".parse().unwrap(),
            },
        }),
        console: "/run/c/console.log".into(),
        progress: Some("/run/c/progress.sock".into()),
        emulated_platform: Some("/run/c/platform.sock".into()),
    }
}

/// One line per option.
fn lines(plan: &Plan) -> String {
    let mut text = String::new();
    for argument in qemu_arguments(plan) {
        let argument = argument.into_string().unwrap();
        text.push(if argument.starts_with('-') { '\n' } else { ' ' });
        text.push_str(&argument);
    }
    text
}

#[test]
fn a_plain_guest_under_tcg() {
    let expected = "
-nodefaults
-no-user-config
-no-reboot
-display none
-sandbox on,obsolete=deny,resourcecontrol=deny,spawn=allow
-accel tcg,thread=multi
-smp 2
-m 1024M
-machine q35
-cpu max
-kernel /image/vmlinuz
-initrd /image/initrd
-append console=hvc0 quiet panic=-1
-device virtio-serial-pci,id=serial
-chardev file,id=console,path=/run/c/console.log
-device virtconsole,bus=serial.0,nr=0,chardev=console
-chardev socket,id=progress,path=/run/c/progress.sock
-device virtserialport,bus=serial.0,nr=1,chardev=progress,name=cloister.progress
-chardev socket,id=platform,path=/run/c/platform.sock
-device virtserialport,bus=serial.0,nr=2,chardev=platform,name=cloister.emulated-platform
-blockdev node-name=cloister-data,driver=raw,read-only=on,file.driver=file,\
file.filename=/sealed/data.img
-device virtio-blk-pci,drive=cloister-data,serial=cloister-data
-netdev user,id=relay,restrict=on,\
guestfwd=tcp:10.0.2.100:7000-cmd:'/usr/bin/cloister' relay 127.0.0.1:7001,\
guestfwd=tcp:10.0.2.100:7001-cmd:'/usr/bin/cloister' relay [::1]:7002
-device virtio-net-pci,netdev=relay,romfile=";
    assert_eq!(lines(&plan()), expected);
}

#[test]
fn a_confidential_guest_binds_firmware_hashes_policy_and_host_data() {
    let plan = Plan {
        accelerator: Accelerator::Kvm,
        machine: Machine::SevSnp,
        disks: Vec::new(),
        network: None,
        progress: None,
        emulated_platform: None,
        ..plan()
    };
    let expected = "
-nodefaults
-no-user-config
-no-reboot
-display none
-sandbox on,obsolete=deny,resourcecontrol=deny,spawn=deny,elevateprivileges=deny
-accel kvm
-smp 2
-m 1024M
-machine q35,vmport=off,confidential-guest-support=sev0,memory-backend=ram0
-cpu EPYC-v4
-object memory-backend-memfd,id=ram0,size=1024M,share=on
-object sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,kernel-hashes=on,policy=0x30000,\
host-data=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
-bios /image/OVMF.amdsev.fd
-kernel /image/vmlinuz
-initrd /image/initrd
-append console=hvc0 quiet panic=-1
-device virtio-serial-pci,id=serial
-chardev file,id=console,path=/run/c/console.log
-device virtconsole,bus=serial.0,nr=0,chardev=console";
    assert_eq!(lines(&plan), expected);
}

#[test]
fn kvm_without_security_hardware_uses_the_hosts_processor() {
    let text = lines(&Plan { accelerator: Accelerator::Kvm, ..plan() });
    assert!(text.contains("\n-accel kvm\n") && text.contains("\n-cpu host\n"), "{text}");
    assert!(!text.contains("sev-snp-guest") && !text.contains("-bios"), "{text}");
}

#[test]
fn paths_cannot_add_options_or_words() {
    let mut plan = plan();
    plan.console = "/a,path=/b/console".into();
    plan.network.as_mut().unwrap().program = "/my programs/it's,1/cloister".into();
    let text = lines(&plan);
    assert!(text.contains("file,id=console,path=/a,,path=/b/console\n"), "{text}");
    let command = r"-cmd:'/my programs/it'\''s,,1/cloister' relay 127.0.0.1:7001,guestfwd";
    assert!(text.contains(command), "{text}");
}

#[test]
fn serials_fit_a_virtio_disk() {
    use wire::guest::{DATA_DISK, INPUTS_DISK, MANIFEST_DISK, TREE_DISK};
    for serial in [DATA_DISK, INPUTS_DISK, MANIFEST_DISK, TREE_DISK] {
        assert!(serial.len() <= 20, "{serial}");
    }
}
