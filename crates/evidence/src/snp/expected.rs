//! What evidence is compared with. Nothing here is optional.

use std::collections::BTreeSet;

use domain::claims::{ChipId, Claims, Cpuid, HostData, Measurement, ReportData, Tcb};
use serde::Deserialize;

use super::PlatformRules;
use crate::EvidenceError;
use crate::error::refuse_if;

/// The values that a release needs the evidence to show. Besides them, and not configurable: VMPL
/// 0, debugging off, no migration agent, report version 3 or later, memory checked for aliases,
/// firmware that cannot be rolled back.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Launch digests, one of which must match.
    pub measurements: Measurements,
    /// What the host must have bound at launch.
    pub host_data: HostData,
    /// What the guest must have bound to this report.
    pub report_data: ReportData,
    /// Oldest acceptable firmware of each processor.
    pub floors: TcbFloors,
    /// Chips that are allowed.
    pub chips: Chips,
    /// What else guests and hosts must be like.
    pub rules: PlatformRules,
}

impl Expected {
    pub(super) fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        refuse_if(!self.measurements.contain(&claims.measurement), EvidenceError::Measurement)?;
        refuse_if(claims.host_data != self.host_data, EvidenceError::HostData)?;
        refuse_if(claims.report_data != self.report_data, EvidenceError::ReportData)?;
        refuse_if(!self.chips.allow(&claims.chip_id), EvidenceError::ChipNotAllowed)?;
        self.rules.check(claims)
    }
}

/// Expected launch digests: at least one.
#[derive(Clone, Debug)]
pub struct Measurements(BTreeSet<Measurement>);

impl Measurements {
    /// The given digests.
    ///
    /// # Errors
    /// [`EvidenceError::NoMeasurements`] if there are none.
    pub fn new(measurements: impl IntoIterator<Item = Measurement>) -> Result<Self, EvidenceError> {
        let measurements: BTreeSet<_> = measurements.into_iter().collect();
        refuse_if(measurements.is_empty(), EvidenceError::NoMeasurements)?;
        Ok(Self(measurements))
    }

    /// Whether `measurement` is one of them.
    pub(crate) fn contain(&self, measurement: &Measurement) -> bool {
        self.0.contains(measurement)
    }
}

/// Which chips may run enclaves.
#[derive(Clone, Debug)]
pub enum Chips {
    /// Every chip that the root vouches for.
    Any,
    /// These only. A masked identity is never one of them.
    Listed(BTreeSet<ChipId>),
}

impl Chips {
    fn allow(&self, chip: &ChipId) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(chips) => !chip.is_masked() && chips.contains(chip),
        }
    }
}

/// The oldest acceptable firmware of each processor, by family, model and stepping: microcode
/// versions of different processors cannot be compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbFloors {
    processor: Vec<ProcessorFloor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessorFloor {
    #[serde(rename = "name")]
    _name: String,
    cpuid: Cpuid,
    minimum: Tcb,
}

impl TcbFloors {
    /// The floors that follow from AMD's bulletins (`attestation/minimum-tcb.toml`).
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] never in practice: a test reads the file.
    pub fn published() -> Result<Self, EvidenceError> {
        Self::from_toml(include_str!("../../../../attestation/minimum-tcb.toml"))
    }

    /// Reads a file like `attestation/minimum-tcb.toml`.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if it is not one.
    pub fn from_toml(text: &str) -> Result<Self, EvidenceError> {
        toml::from_str(text).map_err(|_| EvidenceError::Malformed("TCB floors"))
    }

    /// Checks what signed the report and what the guest was launched on. A processor without a
    /// floor is refused.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        let mut rows = self.processor.iter().filter(|row| Some(row.cpuid) == claims.cpuid);
        let row = rows.next().ok_or(EvidenceError::TcbFloor)?;
        let old = !claims.tcb.reported.at_least(&row.minimum)
            || !claims.tcb.launch.at_least(&row.minimum);
        refuse_if(old || rows.next().is_some(), EvidenceError::TcbFloor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_floors_are_readable_and_name_each_processor_once() {
        let floors = TcbFloors::published().unwrap();
        for row in &floors.processor {
            let same = floors.processor.iter().filter(|other| other.cpuid == row.cpuid);
            assert_eq!(same.count(), 1, "{row:?}");
        }
    }

    #[test]
    fn no_measurement_is_an_error() {
        assert_eq!(Measurements::new([]).unwrap_err(), EvidenceError::NoMeasurements);
    }
}
