//! What differs between the programs that are built from this crate.

use airlock::export::Trust;
use evidence::EvidenceError;
use evidence::snp::Roots;

/// `cloister` as released, or `cloister-lab`. The difference is code that the one contains and the
/// other does not, not a switch: the released program has no function that trusts another root.
#[derive(Clone, Copy, Debug)]
pub struct Edition {
    /// The program's name, for messages.
    pub program: &'static str,
    /// The roots under which evidence in an export or on the command line is judged, given the trust
    /// file in use.
    pub roots: fn(Option<&Trust>) -> Result<Roots, EvidenceError>,
}

/// The released program: AMD's published roots, whatever a trust file says.
pub const RELEASED: Edition = Edition { program: "cloister", roots: |_| Ok(Roots::amd()) };
