//! Sealed dataset and sealed output formats: LUKS2, dm-verity, HPKE envelopes.
//!
//! A sealed dataset is four files (`docs/formats/sealed-dataset.md`): `data.img`, the ciphertext of
//! a file-system image ([`dataset::Sealer`] over [`xts`]); `hash.img`, its dm-verity tree
//! ([`verity`]); `header.img`, a detached LUKS2 header ([`luks2`]) with which stock `cryptsetup`
//! opens it; and a signed manifest (`domain::dataset`). The key that opens the header travels as a
//! [`WrappedDatasetKey`]; outputs travel the other way through [`envelope`].
//!
//! Nothing here opens a file, reads a clock or draws randomness: the caller passes bytes, readers
//! and a generator.

pub mod dataset;
pub mod envelope;
mod error;
pub mod keys;
pub mod luks2;
mod secret;
#[cfg(test)]
mod testing;
pub mod verity;
mod wrapped;
pub mod xts;

pub use error::Error;
pub use hpke::rand_core;
pub use keys::{SealingPublicKey, SealingSecretKey};
pub use rand_core::CryptoRng;
pub use secret::{DatasetSecret, VolumeKey};
pub use wrapped::{WrappedDatasetKey, open_output, seal_output};
