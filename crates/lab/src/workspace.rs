//! A laboratory as its people use it: every step goes through the interface that its user has. The
//! demo shows these steps; the end-to-end tests take them one by one and break them.

mod client;
mod jobs;
mod materials;
mod outputs;
mod project;

use std::fs;
use std::path::{Path, PathBuf};

use cloister::node::{NodeFolder, now};
use cloister::sealing::{DatasetDescription, seal_folder};
use domain::claims::Measurement;
use domain::dataset::SignedDataset;
use getrandom::SysRng;
use seal::DatasetSecret;
use seal::rand_core::UnwrapErr;

pub use client::Api;
pub use jobs::{Job, Step};
pub use materials::{Cosign, RULES, Signed, signed_workloads};
pub use project::DATASET_FOLDER;

use crate::LabError;
use crate::people::{People, Person};
use crate::served::{Endpoint, Served};

/// People, a sealed dataset, and the services that hold it, wherever they run.
#[derive(Debug)]
pub struct Workspace {
    /// Who works here.
    pub people: People,
    /// Where the services are and by which keys they are known.
    pub served: Served,
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
    /// The output rules of the project; those of the demo unless others are put here.
    pub rules: Vec<u8>,
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
        let node = NodeFolder::open(&folder.join(NODE))?;
        let people = People::open(&People::folder(&folder.join(NODE)))?;
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

    /// The folder of the node that serves the dataset.
    #[must_use]
    pub fn node_folder(&self) -> PathBuf {
        self.folder.join(NODE)
    }

    /// The folder of the sealed dataset: `data.img`, `hash.img`, `header.img`, `manifest.dsse.json`.
    #[must_use]
    pub fn dataset_folder(&self) -> PathBuf {
        self.node_folder().join("datasets").join(DATASET_FOLDER)
    }

    /// The people at work with the services of their node. The custodian knows `measurement` to be
    /// that of a good guest image.
    ///
    /// # Errors
    /// [`LabError::Made`].
    pub fn join(self, served: Served, measurement: Measurement) -> Result<Workspace, LabError> {
        let api = |endpoint: &Endpoint| Api::new(endpoint.url.clone(), endpoint.pin);
        Ok(Workspace {
            control: api(&served.control)?,
            airlock: api(&served.airlock)?,
            broker: api(&served.broker)?,
            people: self.people,
            served,
            dataset: self.dataset,
            secret: self.secret,
            measurement,
            rules: RULES.to_vec(),
            folder: self.folder,
        })
    }
}

impl Workspace {
    /// What the services were started from, for when they start again.
    #[must_use]
    pub fn leave(self) -> Sealed {
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
        let login = self.served.logins.iter().find(|login| login.person == person.id);
        login.map(|login| login.token.as_str())
    }

    /// The folder of the node that serves this workspace.
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
