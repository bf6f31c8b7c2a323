//! The release policy: Cedar policies over a Cedar schema, and decisions that name the rules used.
//!
//! Deny by default. A policy set is read only if it is valid for the schema in strict mode and
//! each policy has an identifier; a question that cannot be asked or a policy that cannot be
//! evaluated is a refusal. [`ReleasePolicy::decide`] is the one caller of
//! [`domain::grant::Permit::assertion`].

mod error;
mod question;
mod release;

pub use error::PolicyError;
pub use question::Question;
pub use release::ReleasePolicy;
