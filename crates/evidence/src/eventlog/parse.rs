//! The bytes of a log.

use super::event::{Event, EventKind};
use crate::EvidenceError;

/// All events after the header.
pub(super) fn events(bytes: &[u8]) -> Result<Vec<Event>, EvidenceError> {
    if bytes.len() > LONGEST {
        return Err(EvidenceError::EventLogMalformed("longer than 4 MiB"));
    }
    let mut rest = Rest(bytes);
    let algorithms = header(&mut rest)?;
    let mut events = Vec::new();
    while !rest.is_padding() {
        events.push(event(&mut rest, &algorithms)?);
    }
    Ok(events)
}

/// A digest algorithm of the log.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Algorithm {
    id: u16,
    length: u16,
}

/// The first event (TCG_PCClientPCREvent with TCG_EfiSpecIDEvent), which lists the algorithms.
fn header(rest: &mut Rest<'_>) -> Result<Vec<Algorithm>, EvidenceError> {
    const BROKEN: EvidenceError = EvidenceError::EventLogMalformed("header");
    let (_index, kind, sha1) = (rest.u32()?, rest.u32()?, rest.array::<20>()?);
    let mut body = Rest(rest.long()?);
    if EventKind::new(kind) != EventKind::NO_ACTION || sha1 != [0; 20] {
        return Err(BROKEN);
    }
    let (signature, _platform_class) = (body.array::<16>()?, body.u32()?);
    let [minor, major, _errata, _word_size] = body.array()?;
    if signature != *b"Spec ID Event03\0" || (major, minor) != (2, 0) {
        return Err(BROKEN);
    }
    let count = body.u32()?;
    if count > MOST_ALGORITHMS {
        return Err(BROKEN);
    }
    let mut algorithms = Vec::new();
    for _ in 0..count {
        let algorithm = Algorithm { id: body.u16()?, length: body.u16()? };
        if algorithms.iter().any(|known: &Algorithm| known.id == algorithm.id) {
            return Err(BROKEN);
        }
        algorithms.push(algorithm);
    }
    let [vendor_length] = body.array()?;
    body.bytes(vendor_length.into())?;
    if !body.0.is_empty() {
        return Err(BROKEN);
    }
    if !algorithms.contains(&SHA384) {
        return Err(EvidenceError::EventLogMalformed("no SHA-384 digests"));
    }
    Ok(algorithms)
}

/// A TCG_PCR_EVENT2: one digest of each algorithm, in any order.
fn event(rest: &mut Rest<'_>, algorithms: &[Algorithm]) -> Result<Event, EvidenceError> {
    let (index, kind) = (rest.u32()?, EventKind::new(rest.u32()?));
    let digest = digests(rest, algorithms)?;
    let data = rest.long()?.to_vec();
    let event = Event { register: register(index, kind)?, kind, digest, data };
    if kind.must_be_bound() && !event.is_bound() {
        return Err(EvidenceError::EventLogData);
    }
    Ok(event)
}

/// The SHA-384 digest of an event.
fn digests(rest: &mut Rest<'_>, algorithms: &[Algorithm]) -> Result<[u8; 48], EvidenceError> {
    const BROKEN: EvidenceError = EvidenceError::EventLogMalformed("digests of an event");
    if rest.u32()? as usize != algorithms.len() {
        return Err(BROKEN);
    }
    let mut seen = Vec::new();
    let mut sha384 = None;
    for _ in algorithms {
        let id = rest.u16()?;
        let algorithm = algorithms.iter().find(|algorithm| algorithm.id == id).ok_or(BROKEN)?;
        let digest = rest.bytes(algorithm.length.into())?;
        if seen.contains(&id) {
            return Err(BROKEN);
        }
        seen.push(id);
        if *algorithm == SHA384 {
            sha384 = digest.first_chunk().copied();
        }
    }
    sha384.ok_or(BROKEN)
}

/// UEFI 2.10 §38.4.1: index 0 is MRTD, which no event extends; 1 to 4 are RTMR0 to 3.
fn register(index: u32, kind: EventKind) -> Result<Option<usize>, EvidenceError> {
    match (kind, index) {
        (EventKind::NO_ACTION, _) => Ok(None),
        (_, 1..=4) => Ok(Some(index as usize - 1)),
        _ => Err(EvidenceError::EventLogMalformed("register index")),
    }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EvidenceError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*field)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], EvidenceError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        Ok(field)
    }

    fn u16(&mut self) -> Result<u16, EvidenceError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, EvidenceError> {
        self.array().map(u32::from_le_bytes)
    }

    /// As many bytes as the four before them say.
    fn long(&mut self) -> Result<&'a [u8], EvidenceError> {
        let length = self.u32()? as usize;
        self.bytes(length)
    }

    /// Whether no event follows: firmware reserves a fixed space and fills it with 0xff or zeros.
    fn is_padding(&self) -> bool {
        [0x00, 0xff].iter().any(|filler| self.0.iter().all(|byte| byte == filler))
    }
}

const SHORT: EvidenceError = EvidenceError::EventLogMalformed("it ends within an event");
/// Firmware reserves 64 to 256 KiB.
const LONGEST: usize = 4 << 20;
/// Firmware of TDX has one.
const MOST_ALGORITHMS: u32 = 16;
/// TPM_ALG_SHA384.
const SHA384: Algorithm = Algorithm { id: 0xc, length: 48 };
