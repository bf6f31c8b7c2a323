//! QEMU's command line: a pure function of the plan.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wire::guest::{
    AIRLOCK_PORT, BROKER_PORT, EMULATED_PLATFORM_PORT, PROGRESS_PORT, RELAY_ADDRESS,
};

use crate::Accelerator;
use crate::plan::{MEASURED_CPU, Machine, Network, Plan};

/// QEMU's arguments for this plan. The same plan gives the same arguments.
#[must_use]
pub fn qemu_arguments(plan: &Plan) -> Vec<OsString> {
    let mut arguments = Arguments::default();
    arguments.flags(&["-nodefaults", "-no-user-config", "-no-reboot"]);
    arguments.option("-display", "none");
    arguments.option("-sandbox", sandbox(plan));
    processor(&mut arguments, plan);
    boot(&mut arguments, plan);
    serial_ports(&mut arguments, plan);
    disks(&mut arguments, plan);
    if let Some(network) = &plan.network {
        relay_network(&mut arguments, network);
    }
    arguments.0
}

/// A relay is a child of QEMU: without a network nothing may be started. With one,
/// `elevateprivileges=deny` would keep relays from starting too (QEMU's user network calls `setsid`
/// and friends before it executes them); `setpriv --no-new-privs` around QEMU covers both.
fn sandbox(plan: &Plan) -> String {
    let children = match plan.network {
        Some(_) => "spawn=allow",
        None => "spawn=deny,elevateprivileges=deny",
    };
    format!("on,obsolete=deny,resourcecontrol=deny,{children}")
}

fn processor(arguments: &mut Arguments, plan: &Plan) {
    let (accelerator, cpu) = match plan.accelerator {
        Accelerator::Kvm => ("kvm", "host"),
        Accelerator::Tcg => ("tcg,thread=multi", "max"),
    };
    arguments.option("-accel", accelerator);
    arguments.option("-smp", plan.size.vcpus.to_string());
    arguments.option("-m", format!("{}M", plan.size.memory_mib));
    match plan.machine {
        Machine::Plain => {
            arguments.option("-machine", "q35");
            arguments.option("-cpu", cpu);
        }
        Machine::SevSnp => confidential(arguments, plan),
    }
}

/// SEV-SNP as QEMU 10.0 documents it (`docs/system/i386/amd-memory-encryption.rst`).
fn confidential(arguments: &mut Arguments, plan: &Plan) {
    arguments
        .option("-machine", "q35,vmport=off,confidential-guest-support=sev0,memory-backend=ram0");
    arguments.option("-cpu", MEASURED_CPU.to_string());
    let memory = format!("memory-backend-memfd,id=ram0,size={}M,share=on", plan.size.memory_mib);
    arguments.option("-object", memory);
    let guest = format!(
        "sev-snp-guest,id=sev0,cbitpos={C_BIT},reduced-phys-bits=1,kernel-hashes=on,\
         policy={:#x},host-data={}",
        plan.policy.bits(),
        STANDARD.encode(plan.host_data.as_bytes()),
    );
    arguments.option("-object", guest);
    arguments.option("-bios", &plan.firmware);
}

fn boot(arguments: &mut Arguments, plan: &Plan) {
    arguments.option("-kernel", &plan.kernel);
    arguments.option("-initrd", &plan.initrd);
    arguments.option("-append", &plan.cmdline);
}

/// QEMU connects to sockets on which the launcher listens: if the launcher died meanwhile, QEMU
/// ends before the guest starts; and no byte of the guest is lost.
fn serial_ports(arguments: &mut Arguments, plan: &Plan) {
    arguments.option("-device", "virtio-serial-pci,id=serial");
    arguments.assign("-chardev", "file,id=console,path=", &plan.console);
    arguments.option("-device", "virtconsole,bus=serial.0,nr=0,chardev=console");
    let ports = [
        ("progress", PROGRESS_PORT, &plan.progress),
        ("platform", EMULATED_PLATFORM_PORT, &plan.emulated_platform),
    ];
    for (index, (id, name, socket)) in ports.into_iter().enumerate() {
        let Some(socket) = socket else { continue };
        let number = index.saturating_add(1);
        arguments.assign("-chardev", &format!("socket,id={id},path="), socket);
        let port = format!("virtserialport,bus=serial.0,nr={number},chardev={id},name={name}");
        arguments.option("-device", port);
    }
}

fn disks(arguments: &mut Arguments, plan: &Plan) {
    for disk in &plan.disks {
        let serial = disk.serial;
        let node =
            format!("node-name={serial},driver=raw,read-only=on,file.driver=file,file.filename=");
        arguments.assign("-blockdev", &node, &disk.file);
        arguments.option("-device", format!("virtio-blk-pci,drive={serial},serial={serial}"));
    }
}

/// User networking in which everything is refused (`restrict=on`) but two addresses.
fn relay_network(arguments: &mut Arguments, network: &Network) {
    let mut user = OsString::from("user,id=relay,restrict=on");
    let forwards = [(BROKER_PORT, network.targets.broker), (AIRLOCK_PORT, network.targets.airlock)];
    for (port, target) in forwards {
        let address = Ipv4Addr::from(RELAY_ADDRESS);
        user.push(format!(",guestfwd=tcp:{address}:{port}-cmd:"));
        user.push(escape(&relay_command(&network.program, target)));
    }
    arguments.option("-netdev", user);
    arguments.option("-device", "virtio-net-pci,netdev=relay,romfile=");
}

/// QEMU splits the command like a shell does (`g_shell_parse_argv`).
fn relay_command(program: &Path, target: SocketAddr) -> OsString {
    let mut command = vec![b'\''];
    for byte in program.as_os_str().as_bytes() {
        match byte {
            b'\'' => command.extend_from_slice(br"'\''"),
            byte => command.push(*byte),
        }
    }
    command.extend_from_slice(format!("' relay {target}").as_bytes());
    OsString::from_vec(command)
}

/// In an option's value a comma is written twice.
fn escape(value: &OsStr) -> OsString {
    let mut escaped = Vec::with_capacity(value.len());
    for byte in value.as_bytes() {
        escaped.push(*byte);
        if *byte == b',' {
            escaped.push(*byte);
        }
    }
    OsString::from_vec(escaped)
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn flags(&mut self, names: &[&str]) {
        self.0.extend(names.iter().map(OsString::from));
    }

    fn option(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.extend([name.into(), value.as_ref().to_owned()]);
    }

    /// An option whose value ends in a path.
    fn assign(&mut self, name: &str, start: &str, path: &Path) {
        let mut value = OsString::from(start);
        value.push(escape(path.as_os_str()));
        self.option(name, value);
    }
}

/// Where the encryption bit lies in a page-table entry: the same on all generations with SNP.
const C_BIT: u32 = 51;

#[cfg(test)]
#[path = "tests/arguments.rs"]
mod tests;
