//! The inputs disk: five members, each read once and bounded.

use wire::guest::{
    INPUT_BUNDLE, INPUT_DATASET, INPUT_HEADER, INPUT_RULES, INPUT_WORKLOAD, INPUTS_DISK,
};

use crate::archive::{Index, Window};
use crate::{AgentError, disks};

/// The members as the host gave them. Nothing here is believed: [`crate::admit`] checks all of it.
#[derive(Debug)]
pub struct Inputs {
    /// The dataset's manifest, an envelope.
    pub dataset: Vec<u8>,
    /// The detached LUKS2 header.
    pub header: Vec<u8>,
    /// The output rules.
    pub rules: Vec<u8>,
    /// The workload's signature; absent if nobody signed it.
    pub bundle: Option<Vec<u8>>,
    /// The image layout or component, left where it lies.
    pub workload: Window,
}

impl Inputs {
    /// Reads the inputs disk.
    ///
    /// # Errors
    /// [`AgentError::NoDevice`], [`AgentError::System`] or [`AgentError::Inputs`].
    pub fn read() -> Result<Self, AgentError> {
        let disk = Window::whole(disks::open(INPUTS_DISK)?);
        Self::from_disk(disk.map_err(AgentError::system("measuring the inputs disk"))?)
    }

    fn from_disk(disk: Window) -> Result<Self, AgentError> {
        let index = Index::of(disk)?;
        let known = [INPUT_DATASET, INPUT_HEADER, INPUT_RULES, INPUT_BUNDLE, INPUT_WORKLOAD];
        if index.names().any(|name| !known.contains(&name)) {
            return Err(AgentError::Inputs("a member has an unknown name"));
        }
        let missing = || AgentError::Inputs("a member is missing");
        Ok(Self {
            dataset: index.read(INPUT_DATASET, MAX_DATASET_BYTES)?.ok_or_else(missing)?,
            header: index.read(INPUT_HEADER, MAX_HEADER_BYTES)?.ok_or_else(missing)?,
            rules: index.read(INPUT_RULES, MAX_RULES_BYTES)?.ok_or_else(missing)?,
            bundle: index.read(INPUT_BUNDLE, MAX_BUNDLE_BYTES)?,
            workload: index.window(INPUT_WORKLOAD)?.ok_or_else(missing)?,
        })
    }
}

const MAX_DATASET_BYTES: u64 = 4 << 20;
/// More than a header we write: another one is refused by its digest, not by its length.
const MAX_HEADER_BYTES: u64 = 32 << 20;
const MAX_RULES_BYTES: u64 = 64 << 10;
const MAX_BUNDLE_BYTES: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::tests::archive;
    use tar::EntryType::Regular;

    fn read(names: &[&str]) -> Result<Inputs, AgentError> {
        let entries: Vec<_> = names.iter().map(|name| (*name, Regular, &b"x"[..])).collect();
        Inputs::from_disk(Window::whole(archive(&entries)).unwrap())
    }

    #[test]
    fn four_members_are_needed_and_a_fifth_is_known() {
        let names = [INPUT_DATASET, INPUT_HEADER, INPUT_RULES, INPUT_WORKLOAD, INPUT_BUNDLE];
        assert!(read(&names).unwrap().bundle.is_some());
        assert!(read(&names[..4]).unwrap().bundle.is_none());
        assert_eq!(
            read(&names[..3]).unwrap_err().to_string(),
            "the inputs cannot be used: a member is missing"
        );
    }

    #[test]
    fn an_unknown_member_is_refused() {
        assert_eq!(
            read(&[INPUT_DATASET, INPUT_HEADER, INPUT_RULES, INPUT_WORKLOAD, "other"])
                .unwrap_err()
                .to_string(),
            "the inputs cannot be used: a member has an unknown name"
        );
    }
}
