//! The event log of a TDX guest (ACPI table CCEL): what was extended into RTMR0 to 3, in order.
//!
//! The format is the crypto-agile log of the TCG PC Client Platform Firmware Profile 1.06, §10.2, with
//! SHA-384 digests; UEFI 2.10 §38 maps its indexes to TDX registers. The log itself is not signed. It
//! says something about a guest only if its [`EventLog::replay`] is what a verified quote holds, and
//! even then only its digests do: an event's description is the guest's word unless
//! [`Event::is_bound`].

mod event;
mod parse;

use domain::claims::RuntimeMeasurement;

use crate::EvidenceError;
use crate::register::Register;
pub use event::{Event, EventKind};

/// A readable event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog {
    events: Vec<Event>,
}

impl EventLog {
    /// Reads a log, which may be followed by nothing but zeros or nothing but bytes 0xff.
    ///
    /// # Errors
    /// - [`EvidenceError::EventLogMalformed`] if it is not such a log;
    /// - [`EvidenceError::EventLogData`] if the data of an event that must be bound is not what its
    ///   digest is of.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        Ok(Self { events: parse::events(bytes)? })
    }

    /// The events after the header, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// RTMR0 to 3 as they are after these events.
    #[must_use]
    pub fn replay(&self) -> [RuntimeMeasurement; 4] {
        let mut registers = [Register::START; 4];
        for event in &self.events {
            let register = event.register().and_then(|index| registers.get_mut(index));
            if let Some(register) = register {
                register.extend(event.digest());
            }
        }
        registers.map(Register::value)
    }

    /// Checks that the log explains these registers, which a quote or report holds.
    ///
    /// # Errors
    /// [`EvidenceError::EventLog`] with the first register that it does not explain.
    pub fn explains(&self, rtmrs: &[RuntimeMeasurement; 4]) -> Result<(), EvidenceError> {
        match self.replay().iter().zip(rtmrs).position(|(replayed, value)| replayed != value) {
            Some(register) => Err(EvidenceError::EventLog(register)),
            None => Ok(()),
        }
    }
}
