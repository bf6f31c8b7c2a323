//! `cloister measure tdx`.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use domain::claims::{Measurement, RuntimeMeasurement};
use evidence::eventlog::EventLog;
use evidence::launch::LaunchError;
use evidence::launch::tdx::{DirectBoot, InitrdArgument, KernelImage, Memory, mrtd, rtmr0};
use serde_json::{Value, json};

use crate::cli::files::read;
use crate::cli::{Answer, Failure, Outcome, event_log};

pub(super) const EXAMPLES: &str = "Examples:
  cloister measure tdx --ovmf OVMF.fd --kernel vmlinuz --initrd initrd --append 'console=hvc0 quiet'
  cloister measure tdx --event-log /sys/firmware/acpi/tables/data/CCEL
  cloister measure tdx --ovmf OVMF.fd --kernel vmlinuz --initrd initrd --append quiet \\
      --memory 2G --event-log reference-boot.ccel

What the registers hold:
  MRTD   the firmware's code, and where its memory is
  RTMR0  firmware variables, memory, ACPI tables, boot order: only from the log of a reference boot
  RTMR1  the kernel as the firmware got it
  RTMR2  command line and initrd
  RTMR3  nothing yet";

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// The firmware image, with TDX metadata: one file, code and variables
    #[arg(long, required_unless_present = "event_log")]
    ovmf: Option<PathBuf>,
    /// The kernel that QEMU starts
    #[arg(long, requires = "ovmf")]
    kernel: Option<PathBuf>,
    /// The initrd
    #[arg(long, requires = "kernel")]
    initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(long, requires = "kernel")]
    append: Option<String>,
    /// The guest's memory, as QEMU's -m: MiB, or with the suffix M or G. With --event-log it must be
    /// what the log shows
    #[arg(long, value_parser = memory, required_if_eq("kernel_image", "patched"))]
    memory: Option<Memory>,
    /// Number of virtual processors. No register but RTMR0 depends on it, through ACPI tables
    #[arg(long)]
    vcpus: Option<NonZeroU32>,
    /// Their model, as for snp. No register depends on it
    #[arg(long)]
    vcpu_type: Option<String>,
    /// The kernel as the firmware gets it: original since QEMU 10.0 with edk2-stable202502, patched
    /// by an older one of either
    #[arg(long, default_value = "original")]
    kernel_image: KernelImageOption,
    /// Where the firmware puts initrd=initrd on the command line: first since edk2-stable202508, last
    /// before
    #[arg(long, default_value = "first")]
    initrd_argument: InitrdArgumentOption,
    /// The event log of a boot on the same kind of machine: RTMR0 is as in it. Alone: replay it
    #[arg(long)]
    event_log: Option<PathBuf>,
}

/// The kernel as the firmware gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KernelImageOption {
    /// As the file is
    Original,
    /// With QEMU's changes to the setup header, which depend on the memory
    Patched,
}

/// Where the firmware puts its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InitrdArgumentOption {
    /// Before the given command line
    First,
    /// After it
    Last,
}

pub(super) fn run(options: &Options) -> Outcome {
    let log = options.event_log.as_deref().map(read).transpose()?;
    let log = log.map(|log| EventLog::parse(&log)).transpose();
    let log = log.map_err(|error| Failure::refused(&error))?;
    let registers = match (&options.ovmf, &log) {
        (None, Some(log)) => Registers::replayed(log),
        (Some(ovmf), log) => {
            let ovmf = read(ovmf)?;
            let (kernel, initrd) = (options.kernel()?, options.initrd()?);
            let boot = kernel.as_deref().map(|kernel| options.boot(kernel, &initrd));
            Registers::computed(&ovmf, boot.as_ref(), log.as_ref(), options.memory)
                .map_err(|error| Failure::refused(&error))?
        }
        // clap asks for one of the two.
        (None, None) => return Err(Failure::unusable_because("measure.inputs", "no `--ovmf`")),
    };
    Ok(registers.answer(log.as_ref()))
}

impl Options {
    fn kernel(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.kernel.as_deref().map(read).transpose()
    }

    fn initrd(&self) -> Result<Vec<u8>, Failure> {
        self.initrd.as_deref().map_or_else(|| Ok(Vec::new()), read)
    }

    fn boot<'a>(&'a self, kernel: &'a [u8], initrd: &'a [u8]) -> DirectBoot<'a> {
        let image = match (self.kernel_image, self.memory) {
            (KernelImageOption::Patched, Some(memory)) => KernelImage::Patched(memory),
            // clap asks for the memory where it matters.
            (KernelImageOption::Original, _) | (_, None) => KernelImage::Original,
        };
        let initrd_argument = match self.initrd_argument {
            InitrdArgumentOption::First => InitrdArgument::First,
            InitrdArgumentOption::Last => InitrdArgument::Last,
        };
        let cmdline = self.append.as_deref().unwrap_or_default();
        DirectBoot { kernel, initrd, cmdline, image, initrd_argument }
    }
}

/// A register, or why it is not known.
type Known<T> = Result<T, &'static str>;

struct Registers {
    mrtd: Known<Measurement>,
    rtmrs: [Known<RuntimeMeasurement>; 4],
}

impl Registers {
    fn replayed(log: &EventLog) -> Self {
        Self { mrtd: Err(NO_FIRMWARE), rtmrs: log.replay().map(Ok) }
    }

    fn computed(
        ovmf: &[u8],
        boot: Option<&DirectBoot<'_>>,
        log: Option<&EventLog>,
        memory: Option<Memory>,
    ) -> Result<Self, LaunchError> {
        let rtmr0 = log.map(|log| rtmr0(log, ovmf, memory)).transpose()?;
        let rtmr1 = boot.map(DirectBoot::rtmr1).transpose()?;
        let rtmr2 = boot.map(DirectBoot::rtmr2).transpose()?;
        let rtmr3 = Ok(RuntimeMeasurement::from_bytes([0; 48]));
        Ok(Self {
            mrtd: Ok(mrtd(ovmf)?),
            rtmrs: [rtmr0.ok_or(NO_LOG), rtmr1.ok_or(NO_KERNEL), rtmr2.ok_or(NO_KERNEL), rtmr3],
        })
    }

    fn answer(&self, log: Option<&EventLog>) -> Answer {
        let named = [("mrtd", self.mrtd.as_ref().err())].into_iter();
        let rtmrs = self.rtmrs.iter().map(|rtmr| rtmr.as_ref().err());
        let missing: serde_json::Map<_, _> = named
            .chain(["rtmr0", "rtmr1", "rtmr2", "rtmr3"].into_iter().zip(rtmrs))
            .filter_map(|(name, reason)| Some((name.to_owned(), json!(reason?))))
            .collect();
        let known: Vec<Value> = self.rtmrs.iter().map(|rtmr| json!(rtmr.as_ref().ok())).collect();
        let mut json = json!({
            "verdict": "measured",
            "reason": null,
            "mrtd": self.mrtd.as_ref().ok(),
            "rtmrs": known,
            "missing": missing,
        });
        if let (Some(log), Value::Object(members)) = (log, &mut json) {
            members.insert("logged_rtmrs".to_owned(), json!(log.replay()));
            members.insert("event_log".to_owned(), event_log::json(log));
        }
        Answer::new(json, self.text(log))
    }

    fn text(&self, log: Option<&EventLog>) -> String {
        let mut text = format!("MRTD   {}", line(&self.mrtd));
        for (index, rtmr) in self.rtmrs.iter().enumerate() {
            let _ = write!(text, "\nRTMR{index}  {}", line(rtmr));
        }
        let Some(log) = log else { return text };
        for (index, (rtmr, logged)) in self.rtmrs.iter().zip(log.replay()).enumerate() {
            if rtmr.as_ref().is_ok_and(|rtmr| *rtmr != logged) {
                let _ = write!(text, "\nRTMR{index} in the log differs: {logged}");
            }
        }
        format!("{text}\n{}", event_log::lines(log))
    }
}

fn line<T: ToString>(register: &Known<T>) -> String {
    register.as_ref().map_or_else(|reason| format!("- {reason}"), T::to_string)
}

/// QEMU's form of sizes: MiB, or with a suffix.
fn memory(text: &str) -> Result<Memory, String> {
    let (digits, factor) = match text.strip_suffix(['G', 'g']) {
        Some(digits) => (digits, 1024),
        None => (text.strip_suffix(['M', 'm']).unwrap_or(text), 1),
    };
    let size = digits.parse::<u32>().ok().and_then(|size| size.checked_mul(factor));
    match size {
        Some(mib) if mib > 0 => Ok(Memory::from_mib(mib)),
        _ => Err("not a size such as 2048 or 2G".to_owned()),
    }
}

const NO_FIRMWARE: &str = "needs the firmware: --ovmf";
const NO_KERNEL: &str = "needs the kernel: --kernel";
const NO_LOG: &str = "depends on ACPI tables and boot variables that QEMU makes for one machine: \
                      needs the log of a reference boot, --event-log";
