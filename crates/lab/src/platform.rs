//! The emulated security processor as a launcher's platform: it measures what was really launched
//! and answers the guest's report requests.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::node::NodeFolder;
use domain::Timestamp;
use domain::claims::{Generation, GuestPolicy};
use launcher::{LaunchedFacts, Machine, Platform, serve_reports};
use testkit::emulated::{Launch, SecurityProcessor};

use crate::LabError;

/// A processor of one laboratory. What it reports can be bent, so that tests see a broker refuse.
#[derive(Debug)]
pub struct EmulatedPlatform {
    processor: SecurityProcessor,
    policy: GuestPolicy,
    vmpl: u32,
}

impl EmulatedPlatform {
    /// The processor kept at `path`, made at the first use.
    ///
    /// # Errors
    /// [`LabError::File`], [`LabError::Processor`].
    pub fn open(path: &Path, created: Timestamp) -> Result<Self, LabError> {
        let refused = |error| LabError::File(path.to_owned(), error);
        let processor = match fs::read_to_string(path) {
            Ok(pem) => SecurityProcessor::from_pem(&pem)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let processor = SecurityProcessor::create(Generation::Genoa, created)?;
                // A run that is killed while it writes does not leave half a processor.
                let whole = path.with_extension("new");
                fs::write(&whole, processor.to_pem()?.as_bytes()).map_err(refused)?;
                fs::rename(&whole, path).map_err(refused)?;
                processor
            }
            Err(error) => return Err(refused(error)),
        };
        Ok(Self::new(processor))
    }

    /// Where a node keeps its processor.
    #[must_use]
    pub fn file(node: &NodeFolder) -> PathBuf {
        node.keys().join("emulated.pem")
    }

    /// A platform around `processor`.
    #[must_use]
    pub const fn new(processor: SecurityProcessor) -> Self {
        Self { processor, policy: POLICY, vmpl: 0 }
    }

    /// The same processor, launching guests under another policy.
    #[must_use]
    pub fn with_policy(self, policy: GuestPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The same processor, with the guest's agent at another VMPL.
    #[must_use]
    pub fn with_vmpl(self, vmpl: u32) -> Self {
        Self { vmpl, ..self }
    }

    /// The root of this laboratory (base64 DER), for trust files.
    #[must_use]
    pub fn root(&self) -> String {
        STANDARD.encode(self.processor.ark_der())
    }
}

impl Platform for EmulatedPlatform {
    fn machine(&self) -> Machine {
        Machine::Plain
    }

    fn attach(&self, launched: &LaunchedFacts, port: UnixStream) -> io::Result<()> {
        let launch = Launch {
            measurement: launched.measurement,
            host_data: launched.host_data,
            policy: self.policy,
        };
        serve_reports(port, |report_data| {
            let evidence = self
                .processor
                .evidence(&launch, report_data, self.vmpl)
                .map_err(io::Error::other)?;
            serde_json::to_vec(&evidence).map_err(io::Error::other)
        })
    }
}

/// What real guests are launched with: SMT allowed, the mandatory bit set, nothing else.
pub const POLICY: GuestPolicy = GuestPolicy::new(0x30000);
