//! End to end: the real services, the real guest, real cosign. One module per place where something
//! is refused; every refusal is asserted by its reason code, in the job and in the log.

mod channel;
mod demo;
mod harness;
mod inputs;
mod kbs;
mod log_first;
mod outputs;
mod platform;
mod programs;
mod review;
