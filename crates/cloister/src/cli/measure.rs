//! `cloister measure`: what a launch will be measured as, computed from its files.

mod tdx;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use domain::Reason as _;
use evidence::launch::{
    Boot, KernelHashes, LaunchError, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm,
    expected_measurement,
};
use serde_json::json;

use super::files::read;
use super::{Answer, Failure, Outcome};

/// Kinds of measurement.
#[derive(Debug, Subcommand)]
pub enum MeasureCommand {
    /// The launch digest of AMD SEV-SNP
    #[command(after_help = SNP_EXAMPLE)]
    Snp {
        #[command(flatten)]
        inputs: Inputs,
        /// Number of virtual processors
        #[arg(long)]
        vcpus: NonZeroU32,
        #[command(flatten)]
        model: Model,
        /// Whose page order and processor state
        #[arg(long, default_value = "qemu")]
        vmm: VmmOption,
        /// SEV_FEATURES of the virtual processors, hexadecimal
        #[arg(long, value_parser = hexadecimal, default_value_t = SNP_GUEST_FEATURES)]
        guest_features: u64,
    },
    /// The registers of Intel TDX: MRTD and RTMR0 to 3
    #[command(after_help = tdx::EXAMPLES)]
    Tdx(tdx::Options),
}

const SNP_EXAMPLE: &str = "Example:
  cloister measure snp --ovmf OVMF.amdsev.fd --kernel vmlinuz --initrd initrd \\
      --append 'console=hvc0 quiet panic=-1' --vcpus 2 --vcpu-type EPYC-v4";

/// The files of a launch.
#[derive(Debug, Args)]
pub struct Inputs {
    /// The firmware image
    #[arg(long)]
    ovmf: PathBuf,
    /// The kernel; without it nothing after the firmware is measured
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// The initrd
    #[arg(long, requires = "kernel")]
    initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(long, requires = "kernel")]
    append: Option<String>,
}

/// The model of the virtual processors.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Model {
    /// Their model, as QEMU calls it: EPYC-v4, EPYC-Milan, EPYC-Genoa …
    #[arg(long)]
    vcpu_type: Option<String>,
    /// Their signature instead, hexadecimal: what CPUID Fn0000_0001 returns in EAX
    #[arg(long, value_parser = signature)]
    vcpu_sig: Option<u32>,
}

/// The virtual machine monitor.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum VmmOption {
    /// QEMU with KVM
    Qemu,
    /// Amazon EC2
    Ec2,
}

pub(super) fn run(command: MeasureCommand) -> Outcome {
    match command {
        MeasureCommand::Snp { inputs, vcpus, model, vmm, guest_features } => {
            let files = Files::read(&inputs)?;
            let vcpu_type = model.vcpu_type()?;
            let boot = files.kernel.as_ref().map_or(Boot::Firmware, |kernel| {
                let initrd = files.initrd.as_deref().unwrap_or_default();
                Boot::Direct(KernelHashes::of(kernel, initrd, &files.append))
            });
            let vmm = match vmm {
                VmmOption::Qemu => Vmm::Qemu,
                VmmOption::Ec2 => Vmm::Ec2,
            };
            let launch =
                LaunchInputs { ovmf: &files.ovmf, boot, vcpus, vcpu_type, guest_features, vmm };
            let measurement =
                expected_measurement(&launch).map_err(|error| Failure::refused(&error))?;
            let json = json!({
                "verdict": "measured",
                "reason": null,
                "measurement": measurement,
                "vcpus": vcpus,
                "vcpu_type": vcpu_type.to_string(),
                "guest_features": format!("{guest_features:#x}"),
            });
            Ok(Answer::new(json, measurement.to_string()))
        }
        MeasureCommand::Tdx(options) => tdx::run(&options),
    }
}

impl Model {
    fn vcpu_type(&self) -> Result<VcpuType, Failure> {
        if let Some(signature) = self.vcpu_sig {
            return Ok(VcpuType::from_signature(signature));
        }
        let name = self.vcpu_type.as_deref().unwrap_or_default();
        name.parse().map_err(|error: LaunchError| Failure::unusable(error.reason(), &error))
    }
}

struct Files {
    ovmf: Vec<u8>,
    kernel: Option<Vec<u8>>,
    initrd: Option<Vec<u8>>,
    append: String,
}

impl Files {
    fn read(inputs: &Inputs) -> Result<Self, Failure> {
        Ok(Self {
            ovmf: read(&inputs.ovmf)?,
            kernel: inputs.kernel.as_deref().map(read).transpose()?,
            initrd: inputs.initrd.as_deref().map(read).transpose()?,
            append: inputs.append.clone().unwrap_or_default(),
        })
    }
}

fn hexadecimal(text: &str) -> Result<u64, std::num::ParseIntError> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
}

fn signature(text: &str) -> Result<u32, std::num::ParseIntError> {
    u32::from_str_radix(text.trim_start_matches("0x"), 16)
}
