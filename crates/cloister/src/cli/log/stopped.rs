//! A node that does not run, whose ledger a command takes in its place.

use std::path::PathBuf;

use clap::Args;
use domain::Reason as _;
use domain::keys::PublicKey;
use ledger::Ledger;

use crate::cli::Failure;
use crate::cli::answer::chain;
use crate::node::{Keys, NodeError, NodeFolder};

/// Which node.
#[derive(Debug, Args)]
pub(super) struct StoppedOptions {
    /// The node's folder, as in cloister.toml
    #[arg(long)]
    folder: PathBuf,
    /// The log's name, as in cloister.toml
    #[arg(long)]
    origin: String,
}

/// What it has. As long as the ledger is held no node starts.
pub(super) struct Stopped {
    pub(super) folder: NodeFolder,
    pub(super) ledger: Ledger,
    /// The key of the airlock's receipts.
    pub(super) receipts: PublicKey,
}

impl StoppedOptions {
    pub(super) fn open(&self) -> Result<Stopped, Failure> {
        if !self.folder.join("ledger").is_dir() {
            let detail = format!("`{}` is not the folder of a node", self.folder.display());
            return Err(Failure::unusable_because("node.file", detail));
        }
        let folder = NodeFolder::open(&self.folder).map_err(|error| unusable(&error))?;
        let keys = Keys::open(&folder).map_err(|error| unusable(&error))?;
        let receipts = keys.airlock_signing.public();
        let ledger = Ledger::open(&folder.ledger_folders(), &self.origin, keys.log)
            .map_err(|error| unusable(&error.into()))?;
        Ok(Stopped { folder, ledger, receipts })
    }
}

/// What keeps a command from doing anything.
pub(super) fn unusable(error: &NodeError) -> Failure {
    match error.reason() {
        "log.second-writer" => Failure::unusable_because(
            "log.second-writer",
            "another process has the log; stop the node first",
        ),
        reason => Failure::unusable_because(reason, chain(error)),
    }
}
