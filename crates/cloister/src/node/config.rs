//! The one configuration file of a node on real hardware.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::authz::Role;
use domain::claims::ChipId;
use domain::ids::PersonId;
use domain::keys::PublicKey;
use evidence::snp::{Chips, PlatformRules};
use serde::Deserialize;

use super::{Addresses, NodeConfig, QuorumConfig, StampsConfig};

/// `cloister.toml`. Every value that decides something is required.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServeConfig {
    /// Where everything is kept.
    pub folder: PathBuf,
    /// The log's name: a host and path that the operator owns, without a scheme.
    pub log_origin: String,
    /// Whose datasets are accepted.
    pub custodians: BTreeSet<PublicKey>,
    /// The chips that may run enclaves: `"any"`, or a list of CHIP_IDs in hex.
    pub chips: ChipList,
    /// What else guests and hosts must be like.
    pub platform: PlatformRules,
    /// AMD's certificate revocation list for the generation in use (DER); kept fresh by the operator.
    pub revocation_list: PathBuf,
    /// The folder of the guest image.
    pub image: PathBuf,
    /// Where the services listen.
    pub listen: Listen,
    /// Who has to cosign the log; nobody if absent.
    pub log: Option<LogConfig>,
    /// Who stamps the log with the time, and exports, which then leave with a bundle; nobody if absent.
    pub stamps: Option<StampsConfig>,
    /// Who may log in.
    #[serde(default)]
    pub people: Vec<PersonConfig>,
}

/// The witnesses of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// A trust policy (C2SP tlog-policy) whose `witness` lines have URLs.
    pub policy: PathBuf,
    /// How many seconds a quorum of them may take; no more is waited for, and nothing released.
    pub timeout: u16,
}

/// Which chips count.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ChipList {
    /// `"any"`.
    Word(AnyChip),
    /// These.
    Listed(BTreeSet<ChipId>),
}

/// The word `any`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnyChip {
    /// Any chip whose certificate holds.
    Any,
}

/// Addresses of the three services.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// REST API.
    pub control: SocketAddr,
    /// Key release.
    pub broker: SocketAddr,
    /// Outputs.
    pub airlock: SocketAddr,
}

/// One person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonConfig {
    /// The pseudonym.
    pub id: PersonId,
    /// What the person is called on pages.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// What the person signs with.
    pub key: PublicKey,
}

impl ServeConfig {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`io::Error`] that names the line and what is wrong with it.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        toml::from_str(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The part that says where and for whom.
    #[must_use]
    pub fn node(&self) -> NodeConfig {
        NodeConfig {
            folder: self.folder.clone(),
            log_origin: self.log_origin.clone(),
            custodians: self.custodians.clone(),
            listen: Addresses {
                control: self.listen.control,
                broker: self.listen.broker,
                airlock: self.listen.airlock,
            },
            quorum: self.log.as_ref().map(|log| QuorumConfig {
                policy: log.policy.clone(),
                timeout: Duration::from_secs(log.timeout.into()),
            }),
            stamps: self.stamps.clone(),
        }
    }

    /// The chips that count.
    #[must_use]
    pub fn chips(&self) -> Chips {
        match &self.chips {
            ChipList::Word(AnyChip::Any) => Chips::Any,
            ChipList::Listed(chips) => Chips::Listed(chips.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../docs/cloister.toml");

    #[test]
    fn the_documented_example_is_read() {
        let config: ServeConfig = toml::from_str(EXAMPLE).unwrap();
        assert_eq!(config.people.len(), 1);
        assert!(matches!(config.chips(), Chips::Any));
    }

    #[test]
    fn witnesses_are_read_and_have_a_timeout() {
        let config: ServeConfig = toml::from_str(EXAMPLE).unwrap();
        assert!(config.node().quorum.is_none());
        let with = EXAMPLE.replace("# [log]", "[log]").replace("# policy =", "policy =");
        let refused = toml::from_str::<ServeConfig>(&with).unwrap_err().to_string();
        assert!(refused.contains("missing field `timeout`"), "{refused}");
        let with = with.replace("# timeout =", "timeout =");
        let config: ServeConfig = toml::from_str(&with).unwrap();
        let quorum = config.node().quorum.unwrap();
        assert_eq!(quorum.policy, Path::new("/etc/cloister/witnesses.policy"));
        assert_eq!(quorum.timeout, Duration::from_secs(5));
    }

    #[test]
    fn stamps_are_read_as_the_example_has_them() {
        let plain: ServeConfig = toml::from_str(EXAMPLE).unwrap();
        assert!(plain.node().stamps.is_none());
        let with = ["[stamps]", "url =", "roots =", "every ="]
            .iter()
            .fold(EXAMPLE.to_owned(), |text, key| text.replace(&format!("# {key}"), key));
        let config: ServeConfig = toml::from_str(&with).unwrap();
        assert_eq!(config.node().stamps.unwrap().every.as_secs(), 3600);
        for (key, expected) in
            [("every", "missing field `every`"), ("roots", "missing field `roots`")]
        {
            let line = with.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap();
            let refused = toml::from_str::<ServeConfig>(&with.replace(line, "")).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused}");
        }
        let refused =
            toml::from_str::<ServeConfig>(&with.replace("\"1h\"", "\"soon\"")).unwrap_err();
        assert!(refused.to_string().contains("hours, minutes or seconds"), "{refused}");
    }

    #[test]
    fn what_decides_is_required() {
        for key in [
            "custodians",
            "chips",
            "revocation_list",
            "log_origin",
            "image",
            "provider_keys",
            "id_keys",
            "required",
        ] {
            let without: String = EXAMPLE
                .lines()
                .filter(|line| !line.starts_with(key))
                .map(|line| format!("{line}\n"))
                .collect();
            let refused = toml::from_str::<ServeConfig>(&without).unwrap_err().to_string();
            assert!(refused.contains(&format!("missing field `{key}`")), "{refused}");
        }
    }
}
