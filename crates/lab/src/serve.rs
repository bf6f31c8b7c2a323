//! Starting the services on the emulated platform.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use cloister::node::{
    Addresses, Hardware, Node, NodeConfig, NodeFolder, QuorumConfig, StampsConfig, now,
};
use domain::claims::{GuestPolicy, HexError};
use evidence::snp::{Chips, PlatformRules, Roots, TcbFloors};
use launcher::{GuestImage, Host, Launcher, Size};

use crate::LabError;
use crate::people::People;
use crate::platform::{EmulatedPlatform, POLICY};
use crate::served::Served;

/// What `serve` is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where everything is kept
    #[arg(long, default_value = ".cloister/lab")]
    pub folder: PathBuf,
    /// The address of control; broker and airlock take the next two ports. With port 0 all three take
    /// any free port
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// The guest image to launch, as `cargo xtask image` lays it out [default: the one in the cache]
    #[arg(long)]
    pub image: Option<PathBuf>,
    /// The guest policy that the emulated processor reports, to see a broker refuse one (AMD 56860
    /// table 10; 0xb0000 allows debugging)
    #[arg(long, value_name = "HEX", default_value = "0x30000", value_parser = guest_policy)]
    pub guest_policy: GuestPolicy,
    /// The privilege level that it reports, to see a broker refuse one above 0
    #[arg(long, default_value_t = 0)]
    pub vmpl: u32,
    /// Who has to cosign the log before anything is released: a trust policy (C2SP tlog-policy) whose
    /// `witness` lines have URLs
    #[arg(long, value_name = "FILE")]
    pub witnesses: Option<PathBuf>,
    /// How many seconds a quorum of them may take
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub witness_timeout: u16,
    /// Who stamps the log and exports with the time (RFC 3161); exports then leave with a sigstore bundle
    #[arg(long, value_name = "URL", requires = "tsa_roots")]
    pub authority: Option<String>,
    /// Roots of time stamping authorities (PEM)
    #[arg(long, value_name = "FILE", requires = "authority")]
    pub tsa_roots: Option<PathBuf>,
}

impl Options {
    /// All defaults, in `folder`, on free ports of this machine.
    #[must_use]
    pub fn embedded(folder: PathBuf) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            folder,
            listen,
            image: None,
            guest_policy: POLICY,
            vmpl: 0,
            witnesses: None,
            witness_timeout: 5,
            authority: None,
            tsa_roots: None,
        }
    }

    fn stamps(&self) -> Option<StampsConfig> {
        let (url, roots) = self.authority.clone().zip(self.tsa_roots.clone())?;
        Some(StampsConfig { url, roots, certificates: None, every: Duration::from_secs(3600) })
    }

    fn quorum(&self) -> Option<QuorumConfig> {
        let timeout = Duration::from_secs(self.witness_timeout.into());
        self.witnesses.clone().map(|policy| QuorumConfig { policy, timeout })
    }

    fn addresses(&self) -> Addresses {
        let after = |offset| match self.listen.port() {
            0 => self.listen,
            port => SocketAddr::new(self.listen.ip(), port.saturating_add(offset)),
        };
        Addresses { control: self.listen, broker: after(1), airlock: after(2) }
    }
}

fn guest_policy(text: &str) -> Result<GuestPolicy, HexError> {
    GuestPolicy::try_from(text.to_owned())
}

/// Serves until Ctrl-C; prints where, and one login per role, when everything answers.
///
/// # Errors
/// [`LabError`].
pub async fn run(options: &Options, json: bool) -> Result<(), LabError> {
    let launcher = launcher(this_program()?, options.image.as_deref()).await?;
    let (mut node, served) = start(options, launcher).await?;
    let sealing = options.folder.join("broker.xwing");
    std::fs::write(&sealing, served.sealing_key.to_string())
        .map_err(|error| LabError::File(sealing.clone(), error))?;
    let stop = cloister::node::asked_to_stop();
    if json {
        let line = serde_json::to_string(&served).map_err(|_| LabError::Made("the first line"))?;
        println!("{line}");
    } else {
        println!("{}", served.lines(&sealing));
    }
    let ended = tokio::select! {
        error = node.ended() => Err(error),
        () = stop => Ok(()),
    };
    node.stop().await;
    Ok(ended?)
}

/// Starts the services in `options.folder`, with the people whose keys are there.
///
/// # Errors
/// [`LabError`].
pub async fn start(options: &Options, launcher: Launcher) -> Result<(Node, Served), LabError> {
    let folder = NodeFolder::open(&options.folder)?;
    let homes = People::folder(&options.folder);
    let people = People::open(&homes)?;
    let config = NodeConfig {
        folder: options.folder.clone(),
        log_origin: "lab.cloister.example/log".to_owned(),
        custodians: BTreeSet::from([people.custodian.key.public()]),
        listen: options.addresses(),
        quorum: options.quorum(),
        stamps: options.stamps(),
    };
    let platform = EmulatedPlatform::open(&EmulatedPlatform::file(&folder), now())?
        .with_policy(options.guest_policy)
        .with_vmpl(options.vmpl);
    let node = Node::start(config, hardware(launcher, platform)?).await?;
    let served = Served::by(&node, &people, &homes, folder.trust_file()).await?;
    Ok((node, served))
}

fn hardware(launcher: Launcher, platform: EmulatedPlatform) -> Result<Hardware, LabError> {
    let root = platform.root();
    let der = STANDARD.decode(&root).map_err(|_| LabError::Made("the emulated root"))?;
    Ok(Hardware {
        roots: Roots::emulated(&der)?,
        floors: TcbFloors::published()?,
        chips: Chips::Any,
        platform_rules: PlatformRules::none(),
        revocation: None,
        emulated_root: Some(root),
        launcher,
        platform: Arc::new(platform),
    })
}

/// A launcher for this machine: the guest image in `image`, or in the cache; KVM if a probe boots
/// under it. Guests' relays are `program relay ADDRESS:PORT`.
///
/// # Errors
/// [`LabError::Launcher`].
pub async fn launcher(program: PathBuf, image: Option<&Path>) -> Result<Launcher, LabError> {
    let folder = image.map_or_else(GuestImage::default_folder, |path| Ok(path.to_owned()))?;
    let image = GuestImage::open(&folder)?;
    let host = Host::find(program)?;
    let accelerator = host.accelerator(&image, &launcher::cache_folder()?).await;
    let runs = std::env::temp_dir();
    Ok(Launcher { host, image, accelerator, size: Size::default(), runs })
}

/// This program, which answers `relay`.
///
/// # Errors
/// [`LabError::File`].
pub fn this_program() -> Result<PathBuf, LabError> {
    std::env::current_exe()
        .map_err(|error| LabError::File(Path::new("/proc/self/exe").to_owned(), error))
}
