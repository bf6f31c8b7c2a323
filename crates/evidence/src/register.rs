//! Measurement registers of TDX: SHA-384 values that are only ever extended.

use aws_lc_rs::digest::{Context, SHA384};
use domain::claims::RuntimeMeasurement;

/// The value of a register so far; zeros when the guest starts.
#[derive(Clone, Copy)]
pub(crate) struct Register([u8; 48]);

impl Register {
    pub(crate) const START: Self = Self([0; 48]);

    /// TDG.MR.RTMR.EXTEND (Intel TDX Module 1.5 ABI specification): the hash of value and digest.
    pub(crate) fn extend(&mut self, digest: &[u8; 48]) {
        self.0 = sha384([self.0.as_slice(), digest]);
    }

    /// Extends by the hash of `data`.
    pub(crate) fn measure(&mut self, data: &[u8]) {
        self.extend(&sha384([data]));
    }

    pub(crate) const fn value(self) -> RuntimeMeasurement {
        RuntimeMeasurement::from_bytes(self.0)
    }
}

/// SHA-384 of all `parts`, one after the other.
pub(crate) fn sha384<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 48] {
    let mut context = Context::new(&SHA384);
    for part in parts {
        context.update(part);
    }
    let mut output = [0; 48];
    for (to, from) in output.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    output
}
