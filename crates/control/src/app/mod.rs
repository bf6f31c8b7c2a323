//! What control does, one function per transition. Each owns the order of its durable writes.

pub(crate) mod datasets;
mod follow;
pub(crate) mod jobs;
pub(crate) mod outputs;
pub(crate) mod people;
pub(crate) mod projects;
pub(crate) mod stored;
pub(crate) mod workloads;

use domain::claims::Trust;

/// What is to be said beside everything that was made on `platform`.
pub(crate) const fn notice(platform: Trust) -> Option<&'static str> {
    match platform {
        Trust::Emulated => Some("emulated platform: not confidential"),
        Trust::Hardware => None,
    }
}
