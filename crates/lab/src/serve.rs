//! Starting the services on the emulated platform.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use cloister::node::{Addresses, Hardware, Node, NodeConfig, NodeFolder, now};
use domain::keys::PublicKey;
use evidence::snp::{Chips, Roots, TcbFloors};
use launcher::{GuestImage, Host, Launcher, Size};

use crate::LabError;
use crate::people::People;
use crate::platform::EmulatedPlatform;

/// What `serve` is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where everything is kept
    #[arg(long, default_value = ".cloister/lab")]
    pub folder: PathBuf,
    /// The address of control; broker and airlock take the next two ports
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
}

/// Serves until Ctrl-C; prints the URL and one login per role.
///
/// # Errors
/// [`LabError`].
pub async fn run(options: &Options) -> Result<(), LabError> {
    let folder = NodeFolder::open(&options.folder)?;
    let homes = options.folder.join("people");
    let people = People::open(&homes)?;
    let custodians = BTreeSet::from([people.custodian.key.public()]);
    let config = node_config(&options.folder, custodians, following(options.listen));
    let platform = EmulatedPlatform::open(&folder.keys().join("emulated.pem"), now())?;
    let mut node = start(config, launcher(this_program()?).await?, Arc::new(platform)).await?;
    println!("EMULATED PLATFORM: nothing here is confidential.");
    println!("  API         https://{}/v1/openapi.json", node.addresses().control);
    println!("  TLS key     {}", node.control_pin());
    let sealing = options.folder.join("broker.xwing");
    std::fs::write(&sealing, node.sealing_key().to_string())
        .map_err(|error| LabError::File(sealing.clone(), error))?;
    println!("  broker key  {}", sealing.display());
    println!("  trust file  {}", folder.trust_file().display());
    for (short, person) in people.folders() {
        let login = person.join(node.control()).await?;
        let home = homes.join(short);
        settle(&node, &home, &login)?;
        println!("  {:<20} {login}  {}", person.name, home.display());
    }
    println!(
        "Run the commands of a role in its folder: it holds key.pem and cloister.toml. Ctrl-C stops."
    );
    tokio::select! {
        () = node.ended() => {}
        _pressed = tokio::signal::ctrl_c() => node.stop().await,
    }
    Ok(())
}

/// Writes into a person's folder what the command line reads there.
fn settle(node: &Node, home: &Path, login: &str) -> Result<(), LabError> {
    let refused = |error| LabError::File(home.to_owned(), error);
    let home = home.canonicalize().map_err(refused)?;
    let settings = format!(
        "server = \"https://{}\"\npin = \"{}\"\ntoken_file = \"{}\"\n\
         airlock = \"https://{}\"\nairlock_pin = \"{}\"\n",
        node.addresses().control,
        node.control_pin(),
        home.join("login").display(),
        node.addresses().airlock,
        node.deployment().airlock_tls,
    );
    std::fs::write(home.join("login"), login).map_err(refused)?;
    std::fs::write(home.join("cloister.toml"), settings).map_err(refused)
}

/// A node on the emulated platform.
///
/// # Errors
/// [`LabError`].
pub async fn start(
    config: NodeConfig,
    launcher: Launcher,
    platform: Arc<EmulatedPlatform>,
) -> Result<Node, LabError> {
    use base64::Engine as _;
    let root = platform.root();
    let der = base64::engine::general_purpose::STANDARD
        .decode(&root)
        .map_err(|_| LabError::Made("the emulated root"))?;
    let hardware = Hardware {
        roots: Roots::emulated(&der)?,
        floors: TcbFloors::published()?,
        chips: Chips::Any,
        revocation: None,
        emulated_root: Some(root),
        launcher,
        platform,
    };
    Ok(Node::start(config, hardware).await?)
}

/// A launcher for this machine: the guest image of the cache, KVM if a probe boots under it. Guests'
/// relays are `program relay ADDRESS:PORT`.
///
/// # Errors
/// [`LabError::Launcher`].
pub async fn launcher(program: PathBuf) -> Result<Launcher, LabError> {
    let folder = GuestImage::default_folder()?;
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

/// A node's configuration with the laboratory's defaults.
#[must_use]
pub fn node_config(
    folder: &Path,
    custodians: BTreeSet<PublicKey>,
    listen: Addresses,
) -> NodeConfig {
    let log_origin = "lab.cloister.example/log".to_owned();
    NodeConfig { folder: folder.to_owned(), log_origin, custodians, listen }
}

/// Loopback, any free ports.
pub const ANY_PORTS: Addresses = {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    Addresses { control: any, broker: any, airlock: any }
};

fn following(control: SocketAddr) -> Addresses {
    let at = |offset: u16| SocketAddr::new(control.ip(), control.port().saturating_add(offset));
    Addresses { control, broker: at(1), airlock: at(2) }
}
