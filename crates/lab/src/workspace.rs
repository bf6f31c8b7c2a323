//! A laboratory as its people use it: every step goes through the interface that its user has. The
//! demo shows these steps; the end-to-end tests take them one by one and break them.

mod client;
mod jobs;
mod materials;
mod outputs;
mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cloister::node::{Node, NodeFolder, now};
use cloister::sealing::{DatasetDescription, seal_folder};
use domain::claims::Measurement;
use domain::dataset::SignedDataset;
use getrandom::SysRng;
use launcher::Launcher;
use seal::DatasetSecret;
use seal::rand_core::UnwrapErr;

pub use client::Api;
pub use jobs::{Job, Step};
pub use materials::{Cosign, RULES, Signed, signed_workloads};
pub use project::DATASET_FOLDER;

use crate::LabError;
use crate::people::{People, Person};
use crate::platform::EmulatedPlatform;
use crate::serve;

/// People, a sealed dataset, and the services that hold it.
#[derive(Debug)]
pub struct Workspace {
    /// Who works here.
    pub people: People,
    /// The running services.
    pub node: Node,
    /// Control's REST API.
    pub control: Api,
    /// The airlock, for reviewers.
    pub airlock: Api,
    /// The broker, for enclaves.
    pub broker: Api,
    /// The sealed dataset.
    pub dataset: SignedDataset,
    /// Its secret, which only its custodian has outside the broker.
    pub secret: DatasetSecret,
    /// The guest image that the custodian knows to be good.
    pub measurement: Measurement,
    logins: BTreeMap<&'static str, String>,
    folder: PathBuf,
}

/// What a workspace starts from: people, and a dataset that its custodian has sealed.
#[derive(Debug)]
pub struct Sealed {
    /// Who works here.
    pub people: People,
    /// The sealed dataset.
    pub dataset: SignedDataset,
    /// Its secret.
    pub secret: DatasetSecret,
    folder: PathBuf,
}

impl Sealed {
    /// Stage 1: the custodian seals the dataset that the project carries, into a node's folder below
    /// `folder`.
    ///
    /// # Errors
    /// [`LabError`].
    pub fn new(folder: &Path) -> Result<Self, LabError> {
        let people = People::new()?;
        let node = NodeFolder::open(&folder.join(NODE))?;
        let refused = |error| LabError::File(folder.to_owned(), error);
        let plain = tempfile::tempdir().map_err(refused)?;
        materials::unpack_dataset(plain.path())?;
        let custodian = &people.custodian.key;
        let description = folder.join("dataset.toml");
        let said = format!(
            "custodians = [\"{}\"]\nthreshold = 1\n{}",
            custodian.public(),
            materials::DESCRIPTION
        );
        fs::write(&description, said).map_err(refused)?;
        let description = DatasetDescription::read(&description)?;
        let rng = &mut UnwrapErr(SysRng);
        let secret = DatasetSecret::draw(rng);
        let out = node.datasets().join(DATASET_FOLDER);
        let silent = &mut |_, _| ();
        let dataset =
            seal_folder(plain.path(), &out, &secret, &description, custodian, now(), rng, silent)?;
        Ok(Self { people, dataset, secret, folder: folder.to_owned() })
    }

    /// The folder of the sealed dataset: `data.img`, `hash.img`, `header.img`, `manifest.dsse.json`.
    #[must_use]
    pub fn dataset_folder(&self) -> PathBuf {
        self.folder.join(NODE).join("datasets").join(DATASET_FOLDER)
    }

    /// Starts the services on `platform`; guests are started by `launcher`. The custodian knows
    /// `measurement` to be that of a good guest image.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn start(
        self,
        launcher: Launcher,
        platform: EmulatedPlatform,
        measurement: Measurement,
    ) -> Result<Workspace, LabError> {
        let custodians = BTreeSet::from([self.people.custodian.key.public()]);
        let config = serve::node_config(&self.folder.join(NODE), custodians, serve::ANY_PORTS);
        let node = serve::start(config, launcher, Arc::new(platform)).await?;
        let mut logins = BTreeMap::new();
        for person in self.people.all() {
            logins.insert(person.name, person.join(node.control()).await?);
        }
        let addresses = node.addresses();
        let api = |address, pin| Api::new(format!("https://{address}"), pin);
        Ok(Workspace {
            control: api(addresses.control, node.control_pin())?,
            airlock: api(addresses.airlock, node.deployment().airlock_tls)?,
            broker: api(addresses.broker, node.deployment().broker_tls)?,
            people: self.people,
            dataset: self.dataset,
            secret: self.secret,
            measurement,
            logins,
            folder: self.folder,
            node,
        })
    }
}

impl Workspace {
    /// Stops the services and hands back what they were started from.
    pub async fn stop(self) -> Sealed {
        self.node.stop().await;
        Sealed {
            people: self.people,
            dataset: self.dataset,
            secret: self.secret,
            folder: self.folder,
        }
    }

    /// The login of `person`.
    #[must_use]
    pub fn login(&self, person: &Person) -> Option<&str> {
        self.logins.get(person.name).map(String::as_str)
    }

    /// The node's own folder.
    #[must_use]
    pub fn node_folder(&self) -> PathBuf {
        self.folder.join(NODE)
    }

    /// The log that the node writes.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.node_folder().join("ledger/log")
    }
}

/// The node's folder in a workspace's.
const NODE: &str = "node";
