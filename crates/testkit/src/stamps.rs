//! Time stamping authorities for tests: one that is `openssl ts`, and one that makes tokens which are
//! wrong in one way.

mod certificates;
mod forge;
mod keys;
mod openssl;

pub use certificates::{CertificatePlan, extension, name, pem};
pub use forge::{Attribute, Forge, Forged, Plan};
pub use keys::KeyKind;
pub use openssl::{OpensslAuthority, Serving};
