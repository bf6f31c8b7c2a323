//! End to end: the real programs as processes, the real guest, real cosign. One module per place where something
//! is refused; every refusal is asserted by its reason code, in the job and in the log.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on ends by panicking"
)]

mod channel;
mod demo;
mod harness;
mod inputs;
mod kbs;
mod ledger;
mod log_first;
mod outputs;
mod platform;
mod programs;
mod publishing;
mod rebuild;
mod review;
mod services;
mod walkthrough;
mod witness;
