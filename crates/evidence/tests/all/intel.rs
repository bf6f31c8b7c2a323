//! The verifier of TDX and SGX quotes.

mod collateral;
mod expected;
mod known_signatures;
mod mutations;
mod refused;
mod second_opinion;
mod sgx;
mod support;
mod table;
pub(crate) mod vectors;
