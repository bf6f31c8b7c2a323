//! What a running laboratory tells its people: the same whether it runs in this process (the demo)
//! or in another (`cloister-lab serve --json` prints it as one line when everything answers).

use std::path::{Path, PathBuf};

use airlock::export::Trust;
use cloister::node::Node;
use domain::Digest;
use domain::ids::PersonId;
use seal::SealingPublicKey;
use serde::{Deserialize, Serialize};

use crate::LabError;
use crate::people::People;

/// Where the services are, by which keys they are known, and who may log in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Served {
    /// Always `emulated`: nothing here is confidential.
    pub platform: domain::claims::Trust,
    /// REST API and pages.
    pub control: Endpoint,
    /// Key release.
    pub broker: Endpoint,
    /// Outputs.
    pub airlock: Endpoint,
    /// The key to which custodians wrap dataset secrets.
    pub sealing_key: SealingPublicKey,
    /// The release policy in force.
    pub release_policy: Digest,
    /// What verifiers of exports are given.
    pub trust: Trust,
    /// The same as a file.
    pub trust_file: PathBuf,
    /// One per person.
    pub logins: Vec<Login>,
}

/// A service and the one TLS key that it may have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Such as `https://127.0.0.1:8443`, without a trailing slash.
    pub url: String,
    /// SHA-256 of its TLS key (DER SubjectPublicKeyInfo).
    pub pin: Digest,
}

/// A person's way in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// The pseudonym.
    pub person: PersonId,
    /// What the person is called.
    pub name: String,
    /// The token.
    pub token: String,
    /// Where the person's key and settings are, for the command line.
    pub folder: PathBuf,
}

impl Served {
    /// What `node` serves to `people`, whose folders are below `homes`; registers each and writes into
    /// their folders what the command line reads there.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn by(
        node: &Node,
        people: &People,
        homes: &Path,
        trust_file: PathBuf,
    ) -> Result<Self, LabError> {
        let (addresses, deployment) = (node.addresses(), node.deployment());
        let at = |address, pin| Endpoint { url: format!("https://{address}"), pin };
        let mut served = Self {
            platform: domain::claims::Trust::Emulated,
            control: at(addresses.control, node.control_pin()),
            broker: at(addresses.broker, deployment.broker_tls),
            airlock: at(addresses.airlock, deployment.airlock_tls),
            sealing_key: node.sealing_key().clone(),
            release_policy: node.policy(),
            trust: node.trust().clone(),
            trust_file,
            logins: Vec::new(),
        };
        for (short, person) in people.folders() {
            let token = person.join(node.control()).await?;
            let folder = served.settle(&homes.join(short), &token)?;
            let (person, name) = (person.id.clone(), person.name.to_owned());
            served.logins.push(Login { person, name, token, folder });
        }
        Ok(served)
    }

    /// Writes a person's settings; the folder's full path.
    fn settle(&self, home: &Path, token: &str) -> Result<PathBuf, LabError> {
        let refused = |error| LabError::File(home.to_owned(), error);
        let home = home.canonicalize().map_err(refused)?;
        let settings = format!(
            "server = \"{}\"\npin = \"{}\"\ntoken_file = \"{}\"\n\
             airlock = \"{}\"\nairlock_pin = \"{}\"\n",
            self.control.url,
            self.control.pin,
            home.join("login").display(),
            self.airlock.url,
            self.airlock.pin,
        );
        std::fs::write(home.join("login"), token).map_err(refused)?;
        std::fs::write(home.join("cloister.toml"), settings).map_err(refused)?;
        Ok(home)
    }

    /// The same for people.
    #[must_use]
    pub fn lines(&self, sealing_key_file: &Path) -> String {
        let mut lines = vec![
            "EMULATED PLATFORM: nothing here is confidential.".to_owned(),
            format!("  pages       {}/", self.control.url),
            format!("  API         {}/v1/openapi.json", self.control.url),
            format!("  TLS key     {}", self.control.pin),
            format!("  broker key  {}", sealing_key_file.display()),
            format!("  trust file  {}", self.trust_file.display()),
        ];
        for Login { person, name, token, folder } in &self.logins {
            let link = portal::login_link(&self.control.url, token);
            lines.push(format!("  {name:<20} {person}\n      {link}\n      {}", folder.display()));
        }
        lines.push(
            "A link logs in to the pages. Run the commands of a role in its folder: it holds key.pem and\n\
             cloister.toml. Ctrl-C stops."
                .to_owned(),
        );
        lines.join("\n")
    }
}
