//! Exports as sigstore bundles, for programs that know nothing of Cloister: the receipt's statement
//! once more, signed with a P-256 key, in an entry of our log, with a time stamp.
//!
//! Order of durable writes, within a release: the time stamp is kept under its signature; decision
//! and signature are logged in one step; only then is there a file or a bundle. Without a stamp
//! nothing is released: a bundle whose signature nobody saw would be refused by its receivers.

use std::error::Error;
use std::fmt;

use bundle::write::{Draft, SigningKey};
use domain::dsse::Envelope;
use domain::ids::ExportId;
use domain::leaf::PublishedSignature;

use crate::release::export_of;
use crate::{Airlock, AirlockError};

/// Whether exports are published as sigstore bundles.
pub enum Publication {
    /// They are not.
    None,
    /// They are, and nothing leaves without.
    Bundles {
        /// The key that signs the bundles.
        key: SigningKey,
        /// Asks an authority for a time stamp (RFC 3161, response in DER) on these bytes.
        stamp: Stamp,
    },
}

/// Asks an authority for a time stamp on these bytes.
pub type Stamp = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, StampError> + Send + Sync>;

/// Why an authority gave no time stamp.
pub type StampError = Box<dyn Error + Send + Sync>;

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bundles { .. } => "Bundles",
        })
    }
}

impl Airlock {
    /// The signature to be logged with the release of this receipt, stamped; the stamp is kept.
    pub(crate) fn stamped(&self, receipt: &Envelope) -> Result<Option<Draft>, AirlockError> {
        let Publication::Bundles { key, stamp } = &self.publication else { return Ok(None) };
        let statement = receipt.unverified_payload().map_err(AirlockError::ReadSignature)?;
        let draft = key.sign_statement(&statement)?;
        let stamp = stamp(draft.signature()).map_err(AirlockError::NoTimeStamp)?;
        // CRASH: a stamp without a logged signature; the next attempt signs anew.
        self.ledger.keep_stamp(draft.signature(), &stamp)?;
        Ok(Some(draft))
    }

    /// The bundle of the export called `id`, the same whenever it is made, as its file is.
    pub(crate) fn export_bundle(&self, id: &ExportId) -> Result<String, AirlockError> {
        let (receipt, index) = self.receipt_of(id)?;
        let (place, published) = self.published_with(index)?.ok_or(AirlockError::NoBundle)?;
        let statement = receipt.unverified_payload().map_err(AirlockError::ReadSignature)?;
        let draft = Draft::of_statement(&statement, published)?;
        let stamp = self.ledger.stamp(draft.signature())?;
        let name = receipt.payload_digest().map_err(AirlockError::ReadSignature)?;
        let proved = self.ledger.prove_for(&name, &[place])?.pop();
        let (_, proof) = proved.ok_or(AirlockError::NoBundle)?;
        Ok(draft.bundle(self.ledger.key(), &proof, &[stamp])?)
    }

    /// The signature that was published with the release logged at `index`, and its place: right behind
    /// the decision, or the release published none.
    pub(crate) fn published_with(
        &self,
        index: u64,
    ) -> Result<Option<(u64, PublishedSignature)>, AirlockError> {
        let place = index.saturating_add(1);
        Ok(self.ledger.published(place)?.map(|published| (place, published)))
    }

    fn receipt_of(&self, id: &ExportId) -> Result<(Envelope, u64), AirlockError> {
        let entries = self.ledger.entries()?;
        let delivery = self.delivery_of(&entries, id)?;
        let (index, entry) = export_of(&entries, delivery.package).ok_or(AirlockError::NotFound)?;
        let receipt = crate::chain::read(&self.ledger, entry.event.evidence.first())?;
        Ok((receipt, index))
    }
}
