//! The links from the hardware's report to the PCR values, which are the same for every kind of
//! hardware.

use std::collections::BTreeSet;

use domain::claims::ReportData;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::quote::{Clock, Nonce, Pcrs, Quote};
use super::runtime::Runtime;
use crate::EvidenceError;
use crate::snp::Profile;

/// Runtime claims and quote, of which nothing was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vtpm {
    pub(super) runtime: Vec<u8>,
    pub(super) quote: Option<Quote>,
}

/// What the runtime claims say beside the keys (`vm-configuration`, `user-data`), as the HCL wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RuntimeClaims(Map<String, Value>);

/// What the virtual TPM's quote says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VtpmClaims {
    /// What the asker chose (`extraData`); empty if nobody did.
    #[serde(serialize_with = "as_hex")]
    pub nonce: Vec<u8>,
    /// What was measured while the machine started and since.
    pub pcrs: Pcrs,
    /// How long the TPM was on, and how often.
    pub clock: Clock,
    /// The TPM's version, as its maker numbers it.
    pub firmware_version: u64,
}

/// The values that the quote must have. Nothing here is optional.
#[derive(Clone, Debug)]
pub struct VtpmExpected {
    /// What the asker chose.
    pub nonce: Nonce,
    /// PCR values, one set of which must match as a whole.
    pub pcrs: PcrSets,
}

/// Expected sets of PCR values: at least one.
#[derive(Clone, Debug)]
pub struct PcrSets(BTreeSet<Pcrs>);

/// Claims and quote that the hardware's report leads to.
pub(super) struct Attested {
    pub(super) runtime: RuntimeClaims,
    pub(super) vtpm: Option<VtpmClaims>,
}

impl Vtpm {
    /// What a report must have as its report data: the digest of the runtime claims, then zeros.
    pub(super) fn report_data(&self) -> ReportData {
        let digest: [u8; 32] = Sha256::digest(&self.runtime).into();
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        ReportData::from_bytes(bytes)
    }

    /// Follows the links from an authentic report with this `report_data`: it binds the claims, their
    /// key signed the quote, and that is about the PCR values.
    pub(super) fn attested_by(&self, report_data: &ReportData) -> Result<Attested, EvidenceError> {
        if *report_data != self.report_data() {
            return Err(EvidenceError::ReportData);
        }
        let runtime = Runtime::parse(&self.runtime)?;
        if let Some(quote) = &self.quote {
            quote.signed_by(&runtime.key)?;
            quote.covers_pcrs()?;
        }
        Ok(Attested {
            runtime: RuntimeClaims(runtime.others),
            vtpm: self.quote.as_ref().map(VtpmClaims::of),
        })
    }
}

impl Attested {
    /// What an inspection has to say: there is no quote, or one over no nonce.
    ///
    /// # Errors
    /// [`EvidenceError::AzureQuoteMissing`] under [`Profile::Production`].
    pub(super) fn finding(&self, profile: Profile) -> Result<Option<EvidenceError>, EvidenceError> {
        match (&self.vtpm, profile) {
            (None, Profile::Production) => Err(EvidenceError::AzureQuoteMissing),
            (None, Profile::Archive) => Ok(Some(EvidenceError::AzureQuoteMissing)),
            (Some(claims), _) if claims.nonce.is_empty() => {
                Ok(Some(EvidenceError::AzureNonceMissing))
            }
            (Some(_), _) => Ok(None),
        }
    }
}

impl RuntimeClaims {
    /// The members, by name.
    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl VtpmClaims {
    fn of(quote: &Quote) -> Self {
        Self {
            nonce: quote.nonce.clone(),
            pcrs: quote.pcrs.clone(),
            clock: quote.clock,
            firmware_version: quote.firmware_version,
        }
    }
}

impl VtpmExpected {
    pub(super) fn check(&self, claims: &VtpmClaims) -> Result<(), EvidenceError> {
        if claims.nonce != self.nonce.as_bytes() {
            return Err(EvidenceError::AzureNonce);
        }
        if !self.pcrs.0.contains(&claims.pcrs) {
            return Err(EvidenceError::AzurePcrValues);
        }
        Ok(())
    }
}

impl PcrSets {
    /// The given sets: one for each state of firmware and image in which a machine may be.
    ///
    /// # Errors
    /// [`EvidenceError::NoMeasurements`] if there are none.
    pub fn new(sets: impl IntoIterator<Item = Pcrs>) -> Result<Self, EvidenceError> {
        let sets: BTreeSet<_> = sets.into_iter().collect();
        if sets.is_empty() { Err(EvidenceError::NoMeasurements) } else { Ok(Self(sets)) }
    }
}

fn as_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}
