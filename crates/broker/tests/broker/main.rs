//! The broker through its routes, with enclaves of the emulated platform: the whole way, and each
//! refusal as a walk that differs in one thing. Reasons are asserted in the answer and in the log.

#[cfg(test)]
mod attestation;
#[cfg(test)]
mod erase;
#[cfg(test)]
mod guest;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod log_first;
#[cfg(test)]
mod release;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod world;
