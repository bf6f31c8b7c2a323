//! The allow-list through which a header passes before anything else reads it.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::binary::{Copy, Parsed};
use super::metadata::{Metadata, key_digest};
use super::{COPY_BYTES, HEADER_BYTES, anti_forensic, assemble, keyslot, randomness::is_uuid};
use crate::{DatasetSecret, Error, VolumeKey};

/// A header that passed the allow-list: it is what [`super::write`] writes, for some key, secret
/// and randomness.
pub struct AdmittedHeader {
    uuid: String,
    pub(super) metadata: Metadata,
    /// The encrypted stripes of the volume key. They are the only bytes that no check covers: any
    /// value is the encryption of some key, which the digest then refuses.
    stripes: Vec<u8>,
}

impl AdmittedHeader {
    /// Admits `bytes`, a whole `header.img`.
    ///
    /// # Errors
    /// The `Luks…` variant of the first part that is not as it has to be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != HEADER_BYTES {
            return Err(Error::LuksMalformed);
        }
        let (copies, area) = bytes.split_at(2 * COPY_BYTES);
        let (first, second) = copies.split_at(COPY_BYTES);
        let first = Parsed::check(Copy::First, first)?;
        let second = Parsed::check(Copy::Second, second)?;
        if !first.agrees_with(&second) {
            return Err(Error::LuksCopies);
        }
        let metadata = Metadata::from_json(first.json().ok_or(Error::LuksMalformed)?)?;
        let uuid = first.uuid().filter(|text| is_uuid(text)).ok_or(Error::LuksMalformed)?;
        let salts = [first.salt(), second.salt()].map(|salt| salt.ok_or(Error::LuksMalformed));
        let [first_salt, second_salt] = salts;
        // One spelling: padding, white space, order and doublets of members, labels, sequence
        // number and sizes are all refused here.
        if assemble(&metadata, uuid, &[first_salt?, second_salt?])? != copies {
            return Err(Error::LuksMalformed);
        }
        let (stripes, padding) = area.split_at(anti_forensic::SPLIT_BYTES);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Error::LuksMalformed);
        }
        Ok(Self { uuid: uuid.to_owned(), metadata, stripes: stripes.to_vec() })
    }

    /// The header's UUID in its text form.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// The volume key, for a custodian who has the secret but no device mapper.
    ///
    /// # Errors
    /// [`Error::LuksWrongSecret`] if the secret is another header's or the stripes were altered,
    /// [`Error::KeyDerivation`] if argon2id cannot run.
    pub fn recover_volume_key(&self, secret: &DatasetSecret) -> Result<VolumeKey, Error> {
        let area_key = keyslot::area_key(secret, &self.metadata.keyslot_salt, self.metadata.cost)?;
        let candidate = keyslot::decode(&self.stripes, &area_key)?;
        let digest = key_digest(&candidate, &self.metadata.digest_salt);
        if digest.ct_eq(&self.metadata.digest).into() {
            VolumeKey::from_bytes(candidate)
        } else {
            Err(Error::LuksWrongSecret)
        }
    }
}

impl fmt::Debug for AdmittedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmittedHeader").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
