//! Time stamps of RFC 3161: what is asked, what comes back, and whether to believe it.
//!
//! A [`Request`] goes to an authority; [`Token::from_response`] reads the answer. Whoever asked checks it
//! with [`Token::answers`], anybody later with [`Token::verify`]. Both hand out a [`Stamped`], and
//! nothing else does: these bytes existed at that time, says an authority under one of the given roots
//! ([`Authorities`]).
//!
//! Followed are RFC 3161, RFC 5816 (the signer's certificate is bound by ESSCertIDv2), RFC 5652
//! (SignedData) and RFC 5280 (the chain, at the stamp's own time). `docs/formats/log.md` says where we
//! are stricter or laxer. Revocation of an authority's certificate is not looked at.

mod attributes;
mod authorities;
mod certificate;
mod chain;
mod digests;
mod error;
mod info;
mod reading;
mod request;
mod response;
mod signature;
mod signed;
mod token;

pub use authorities::Authorities;
pub use error::{Rejection, StampError};
pub use request::{NONCE_LEN, PolicyId, Request};
pub use response::MAX_RESPONSE;
pub use token::{Stamped, Token};
