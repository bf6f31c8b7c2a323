//! What the fuzz targets share: an authority whose answers are right but for what a target changes.

#[path = "../../../evidence/fuzz/src/input.rs"]
pub mod input;

use std::sync::LazyLock;

use domain::Digest;
use testkit::stamps::{Forge, Forged, KeyKind, Plan};
use timestamp::{NONCE_LEN, Request};

pub use input::{edited, joined, parts};

/// The authority.
pub static FORGE: LazyLock<Forge> = LazyLock::new(|| {
    Forge::new("2026-01-01T00:00:00Z".parse().expect("a time")).expect("keys")
});

/// What is asked.
pub static REQUEST: LazyLock<Request> = LazyLock::new(|| {
    let policy = "1.3.6.1.4.1.13762.3".parse().expect("a policy");
    Request::new(&Digest::of(b"data"), &NONCE, Some(policy)).expect("a request")
});

const NONCE: [u8; NONCE_LEN] = [0x11; NONCE_LEN];

/// A right answer.
#[must_use]
pub fn plan() -> Plan {
    FORGE.plan(REQUEST.digest(), &NONCE, KeyKind::P256)
}

/// What comes of a plan.
#[must_use]
pub fn forged(plan: &Plan) -> Forged {
    FORGE.carry_out(plan).expect("signatures")
}
