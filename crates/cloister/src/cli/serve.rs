//! `cloister serve`: the services of one node on real hardware.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use domain::Reason as _;
use evidence::snp::{Roots, TcbFloors};
use launcher::{Accelerator, GuestImage, Host, Launcher, LauncherError, Size, SnpPlatform};
use serde_json::json;
use tokio::runtime::Runtime;

use super::answer::{chain, say};
use super::{Answer, Failure, Outcome};
use crate::node::{
    Hardware, Node, NodeError, NodeFolder, PersonConfig, ServeConfig, asked_to_stop,
};

/// What `serve` needs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister serve --config /etc/cloister/cloister.toml\n\n\
    docs/cloister.toml is a commented configuration. Without SEV-SNP hardware use cloister-lab serve.")]
pub(super) struct ServeOptions {
    /// The configuration file
    #[arg(long)]
    config: PathBuf,
}

pub(super) fn run(options: &ServeOptions) -> Outcome {
    let config = ServeConfig::read(&options.config).map_err(|error| {
        let detail = format!("`{}` cannot be used: {error}", options.config.display());
        Failure::unusable_because("serve.config", detail)
    })?;
    let runtime = Runtime::new().map_err(|error| Failure::unusable("system.runtime", &error))?;
    runtime
        .block_on(serve(&config))
        .map_err(|error| Failure::unusable_because(error.reason(), chain(&error)))?;
    Ok(Answer::new(json!({ "verdict": "stopped", "reason": null }), "stopped"))
}

async fn serve(config: &ServeConfig) -> Result<(), NodeError> {
    let hardware = hardware(config).await?;
    let mut node = Node::start(config.node(), hardware).await?;
    let folder = NodeFolder::open(&config.folder)?;
    for person in &config.people {
        let path = folder.keys().join(format!("{}.login", person.id));
        join(&node, person, &path).await?;
    }
    let stop = asked_to_stop();
    say(&format!(
        "control   https://{}   TLS key {}",
        node.addresses().control,
        node.control_pin()
    ));
    say(&format!("trust     {}", folder.trust_file().display()));
    if config.stamps.is_some() {
        let (key, root) = (folder.bundle_key_file(), folder.trusted_root_file());
        say(&format!("bundles   {}   {}", key.display(), root.display()));
    }
    let ended = tokio::select! {
        error = node.ended() => Err(error),
        () = stop => Ok(()),
    };
    node.stop().await;
    ended
}

/// SEV-SNP under AMD's roots; there is no other kind here.
async fn hardware(config: &ServeConfig) -> Result<Hardware, NodeError> {
    let program =
        std::env::current_exe().map_err(|error| NodeError::File("program".into(), error))?;
    let image = GuestImage::open(&config.image)?;
    let host = Host::find(program)?;
    let accelerator = host.accelerator(&image, &launcher::cache_folder()?).await;
    if accelerator != Accelerator::Kvm {
        return Err(NodeError::Launcher(LauncherError::KvmRequired));
    }
    let runs = std::env::temp_dir();
    let launcher = Launcher { host, image, accelerator, size: Size::default(), runs };
    Ok(Hardware {
        roots: Roots::amd(),
        floors: TcbFloors::published().map_err(NodeError::Floors)?,
        chips: config.chips(),
        platform_rules: config.platform.clone(),
        revocation: Some(config.revocation_list.clone()),
        emulated_root: None,
        launcher,
        platform: Arc::new(SnpPlatform),
    })
}

/// Registers a person; the login is written once, for the operator to hand over.
async fn join(node: &Node, person: &PersonConfig, path: &Path) -> Result<(), NodeError> {
    let new =
        control::NewPerson { name: person.name.clone(), role: person.role, key: Some(person.key) };
    node.control().add_person(&person.id, &new).await?;
    if !path.exists() {
        let login = node.control().issue_login(&person.id, LOGIN_SECONDS).await?;
        crate::node::write_private(path, login.expose().as_bytes())?;
    }
    Ok(())
}

/// Thirty days; delete the file and restart for a new one.
const LOGIN_SECONDS: i64 = 30 * 24 * 3600;
