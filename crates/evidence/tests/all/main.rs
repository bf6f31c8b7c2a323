//! The verifier over published evidence and over evidence that is wrong in exactly one way.

#[cfg(test)]
mod azure;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod emulated;
#[cfg(test)]
mod event_logs;
#[cfg(test)]
mod intel;
#[cfg(test)]
mod known_signatures;
#[cfg(test)]
mod launch_digests;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod nvidia_device;
#[cfg(test)]
mod nvidia_mutations;
#[cfg(test)]
mod nvidia_refused;
#[cfg(test)]
mod nvidia_vectors;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod services;
#[cfg(test)]
mod snp;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tdx_launch;
