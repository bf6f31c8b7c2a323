//! Starting the services and wiring them together.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use airlock::export::{Trust, TrustVersion};
use airlock::{Airlock, Decisions, Publication};
use axum::Router;
use broker::{Broker, FolderKeyStore, Parts};
use channel::Identity;
use control::{Control, Service};
use domain::Timestamp;
use domain::keys::PublicKey;
use domain::launch::Deployment;
use evidence::snp::{Chips, PlatformRules, Roots, TcbFloors};
use launcher::{Launcher, Platform, RelayTargets};
use ledger::Ledger;
use policy::ReleasePolicy;
use seal::SealingPublicKey;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::folder::write_public;
use super::launches::serve_launches;
use super::quorum::{self, QuorumConfig};
use super::{Keys, NodeError, NodeFolder, StampsConfig, publishing};

/// What an operator decides.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Where everything is kept.
    pub folder: PathBuf,
    /// The log's name: a host and path that the operator owns, without a scheme.
    pub log_origin: String,
    /// Whose datasets are accepted.
    pub custodians: BTreeSet<PublicKey>,
    /// Where the services listen.
    pub listen: Addresses,
    /// Who has to cosign the log before anything is released; nobody if absent.
    pub quorum: Option<QuorumConfig>,
    /// Who stamps the log with the time, and exports, which then leave with a bundle; nobody if absent.
    pub stamps: Option<StampsConfig>,
}

/// The services' addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// REST API and pages.
    pub control: SocketAddr,
    /// Key release.
    pub broker: SocketAddr,
    /// Outputs and exports.
    pub airlock: SocketAddr,
}

/// What enclaves run on, and whose word counts for it.
pub struct Hardware {
    /// The roots that evidence is verified under.
    pub roots: Roots,
    /// The lowest firmware versions.
    pub floors: TcbFloors,
    /// The chips that may run enclaves.
    pub chips: Chips,
    /// What else guests and hosts must be like.
    pub platform_rules: PlatformRules,
    /// The vendor's revocation list (DER file); only an emulated platform's roots go without.
    pub revocation: Option<PathBuf>,
    /// The root of the emulated platform, for the trust file (base64 DER).
    pub emulated_root: Option<String>,
    /// What starts guests.
    pub launcher: Launcher,
    /// How the security hardware is attached to them.
    pub platform: Arc<dyn Platform>,
}

impl fmt::Debug for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hardware").field("platform", &self.platform).finish_non_exhaustive()
    }
}

/// A running node. Dropping it stops its services and their guests.
pub struct Node {
    addresses: Addresses,
    control_pin: domain::Digest,
    deployment: Deployment,
    sealing_key: SealingPublicKey,
    policy: domain::Digest,
    trust: Trust,
    control: Arc<Control>,
    tasks: JoinSet<()>,
}

impl Node {
    /// Starts broker, airlock, control and launcher.
    ///
    /// # Errors
    /// [`NodeError`]: the first thing that does not start.
    pub async fn start(config: NodeConfig, hardware: Hardware) -> Result<Self, NodeError> {
        let folder = NodeFolder::open(&config.folder)?;
        let keys = Keys::open(&folder)?;
        let bound = Bound::listen(config.listen).await?;
        let addresses = bound.addresses;
        let deployment = Deployment {
            broker_tls: keys.broker_tls.pin(),
            airlock_tls: keys.airlock_tls.pin(),
            airlock_sealing: keys.airlock_sealing.public().to_string(),
            log_origin: config.log_origin.clone(),
            log_key: keys.log.public(),
        };
        let trust = Trust {
            version: TrustVersion::V1,
            log_origin: config.log_origin.clone(),
            log_key: keys.log.public(),
            airlock: keys.airlock_signing.public(),
            custodians: config.custodians.clone(),
            provider_keys: hardware.platform_rules.provider_keys.clone(),
            emulated_root: hardware.emulated_root.clone(),
        };
        write_trust(&folder, &trust)?;
        let sealing_key = keys.broker_sealing.public();
        let policy = ReleasePolicy::embedded()?;
        let policy_digest = policy.digest();
        let ledger = Ledger::open(&folder.ledger_folders(), &config.log_origin, keys.log)?;
        let ledger = match &config.quorum {
            Some(quorum) => quorum::witnessed(ledger, quorum)?,
            None => ledger,
        };
        let ledger = Arc::new(ledger);
        let refreshed = config.quorum.as_ref().map(|_| quorum::refresh(Arc::clone(&ledger)));
        let (stamper, publication) = match &config.stamps {
            Some(stamps) => {
                let (stamper, publication) =
                    publishing::open(stamps, &folder, &ledger, publishing::PATIENCE)?;
                (Some(stamper), publication)
            }
            None => (None, Publication::None),
        };

        let broker = open_broker(
            &config,
            &folder,
            &hardware,
            &deployment,
            BrokerParts { ledger: Arc::clone(&ledger), sealing_key: keys.broker_sealing, policy },
        )?;
        let airlock = Airlock {
            ledger,
            sealing_key: keys.airlock_sealing,
            signing_key: keys.airlock_signing,
            roots: hardware.roots.clone(),
            floors: hardware.floors.clone(),
            chips: hardware.chips.clone(),
            platform_rules: hardware.platform_rules.clone(),
            revocation: match &hardware.revocation {
                Some(path) => airlock::Revocation::File(path.clone()),
                None => airlock::Revocation::EmulatedNone,
            },
            publication,
            clock: Box::new(now),
            decisions: Decisions::default(),
        };
        let (orders, received) = mpsc::channel(16);
        let control = Control::open(
            control::Config {
                database: folder.database(),
                datasets: folder.datasets(),
                workloads: folder.workloads(),
                log_folder: folder.ledger().join("log"),
                broker: service(addresses.broker, &deployment.broker_tls),
                airlock: service(addresses.airlock, &deployment.airlock_tls),
                clock: Box::new(now),
            },
            orders,
        )
        .await?;

        let mut tasks = JoinSet::new();
        if let Some(stamper) = stamper {
            tasks.spawn(stamper.run());
        }
        if let Some(refreshed) = refreshed {
            tasks.spawn(refreshed);
        }
        let control_pin = keys.control_tls.pin();
        serve(&mut tasks, bound.broker, keys.broker_tls, broker::router(Arc::new(broker)));
        serve(&mut tasks, bound.airlock, keys.airlock_tls, airlock::router(Arc::new(airlock)));
        let api = control::router(Arc::clone(&control));
        serve(&mut tasks, bound.control, keys.control_tls, portal::router(api));
        let relay = RelayTargets { broker: addresses.broker, airlock: addresses.airlock };
        tasks.spawn(serve_launches(received, hardware.launcher, hardware.platform, relay));
        Ok(Self {
            addresses,
            control_pin,
            deployment,
            sealing_key,
            policy: policy_digest,
            trust,
            control,
            tasks,
        })
    }

    /// Where the services listen.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What clients of control are pinned to.
    #[must_use]
    pub const fn control_pin(&self) -> domain::Digest {
        self.control_pin
    }

    /// What every launch is bound to.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The key to which custodians wrap dataset secrets.
    #[must_use]
    pub const fn sealing_key(&self) -> &SealingPublicKey {
        &self.sealing_key
    }

    /// The release policy in force, by digest.
    #[must_use]
    pub const fn policy(&self) -> domain::Digest {
        self.policy
    }

    /// What verifiers of this node's exports are given.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The control service, to add people.
    #[must_use]
    pub const fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Stops the services and their guests; after this the folder is free for another node as soon as
    /// requests under way have ended.
    pub async fn stop(mut self) {
        self.control.stopping();
        self.tasks.shutdown().await;
    }

    /// Waits until a service ends, which none does by itself: [`NodeError::Ended`].
    pub async fn ended(&mut self) -> NodeError {
        self.tasks.join_next().await;
        NodeError::Ended
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Sockets that are bound before anything starts, so that every service knows every address.
struct Bound {
    control: TcpListener,
    broker: TcpListener,
    airlock: TcpListener,
    addresses: Addresses,
}

impl Bound {
    async fn listen(wanted: Addresses) -> Result<Self, NodeError> {
        let (control, control_at) = bind(wanted.control).await?;
        let (broker, broker_at) = bind(wanted.broker).await?;
        let (airlock, airlock_at) = bind(wanted.airlock).await?;
        let addresses = Addresses { control: control_at, broker: broker_at, airlock: airlock_at };
        Ok(Self { control, broker, airlock, addresses })
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NodeError> {
    let refused = |error| NodeError::Address(address, error);
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

struct BrokerParts {
    ledger: Arc<Ledger>,
    sealing_key: seal::SealingSecretKey,
    policy: ReleasePolicy,
}

fn open_broker(
    config: &NodeConfig,
    folder: &NodeFolder,
    hardware: &Hardware,
    deployment: &Deployment,
    parts: BrokerParts,
) -> Result<Broker, NodeError> {
    let config = broker::Config {
        custodians: config.custodians.clone(),
        deployment: deployment.clone(),
        roots: hardware.roots.clone(),
        revocation: match &hardware.revocation {
            Some(path) => broker::Revocation::File(path.clone()),
            None => broker::Revocation::EmulatedNone,
        },
        floors: hardware.floors.clone(),
        chips: hardware.chips.clone(),
        platform_rules: hardware.platform_rules.clone(),
        lifetimes: broker::Lifetimes::default(),
    };
    let keys = FolderKeyStore::open(&folder.wrapped_keys())?;
    Ok(Broker::open(
        config,
        Parts {
            ledger: parts.ledger,
            keys: Box::new(keys),
            sealing_key: parts.sealing_key,
            policy: parts.policy,
            clock: Box::new(now),
        },
    )?)
}

fn service(address: SocketAddr, pin: &domain::Digest) -> Service {
    Service { url: format!("https://{address}"), pin: *pin }
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, identity: Identity, router: Router) {
    tasks.spawn(async move {
        // Ends only if the identity cannot be used, which `Keys::open` has ruled out.
        let _ended = channel::serve(listener, &identity, router).await;
    });
}

fn write_trust(folder: &NodeFolder, trust: &Trust) -> Result<(), NodeError> {
    let path = folder.trust_file();
    let json = serde_json::to_vec_pretty(trust)
        .map_err(|error| NodeError::File(path.clone(), error.into()))?;
    write_public(&path, &json)
}

/// The one clock of a node: seconds of the host's system time. A clock that cannot be right reads as
/// the end of time, when everything has expired.
#[must_use]
pub fn now() -> Timestamp {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok())
        .unwrap_or_else(|| Timestamp::EPOCH.plus_seconds(i64::MAX))
}
