//! The log's checkpoint, as this server presents it.

use tlog::Checkpoint;

use crate::error::PortalError;

/// Reads the body of a signed note (C2SP signed-note: body, empty line, signatures). The signature is
/// not looked at: a page served by the same host could prove nothing by it.
pub(crate) fn checkpoint(note: &str) -> Result<Checkpoint, PortalError> {
    let (body, _signatures) = note.split_once("\n\n").ok_or(PortalError::Answer)?;
    format!("{body}\n").parse().map_err(|_| PortalError::Answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_or_refused() {
        let root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let good = format!("example.org/log\n7\n{root}\n\n— example.org/log c2ln\n");
        let found = checkpoint(&good).unwrap();
        assert_eq!((found.origin.as_str(), found.size), ("example.org/log", 7));
        for bad in ["", "origin\n", "origin\n7\n\n", &good.replace('7', "-7")] {
            assert!(matches!(checkpoint(bad), Err(PortalError::Answer)), "{bad}");
        }
    }
}
