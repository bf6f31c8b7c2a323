//! An emulated TDX guest and SGX enclave with their collateral.

use std::sync::LazyLock;

use evidence::intel::{Collateral, Root, TcbPolicy};
use testkit::intel::{Evidence, Fake};

use crate::created;

pub static TDX: LazyLock<Fake> = LazyLock::new(|| Fake::tdx(4, created()));
pub static TDX_5: LazyLock<Fake> = LazyLock::new(|| Fake::tdx(5, created()));
pub static SGX: LazyLock<Fake> = LazyLock::new(|| Fake::sgx(created()));

pub static SIGNED: LazyLock<Evidence> = LazyLock::new(|| TDX.sign().expect("signed"));

#[must_use]
pub fn policy() -> TcbPolicy {
    TcbPolicy { minimum_evaluation_data_number: 0, tolerated_advisories: Default::default() }
}

#[must_use]
pub fn root(evidence: &Evidence) -> Root {
    Root::emulated(&evidence.root).expect("a root")
}

#[must_use]
pub fn collateral(evidence: &Evidence) -> Option<Collateral> {
    Collateral::read([evidence.collateral.to_json().as_slice()]).ok()
}
