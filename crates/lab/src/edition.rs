//! `cloister-lab`'s edition: it judges evidence under the emulated root of the trust file too.

use airlock::export::Trust;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::Edition;
use evidence::EvidenceError;
use evidence::snp::Roots;

/// The laboratory's program.
pub const LAB: Edition = Edition { program: "cloister-lab", roots };

/// The root of the emulated platform if the trust file names one, else AMD's.
fn roots(trust: Option<&Trust>) -> Result<Roots, EvidenceError> {
    match trust.and_then(|trust| trust.emulated_root.as_deref()) {
        Some(root) => {
            let der =
                STANDARD.decode(root).map_err(|_| EvidenceError::Malformed("emulated root"))?;
            Roots::emulated(&der)
        }
        None => Ok(Roots::amd()),
    }
}
