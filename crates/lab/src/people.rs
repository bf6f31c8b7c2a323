//! One person per role, with a key and a login, as a laboratory needs them.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use control::{Control, NewPerson, Role};
use domain::ids::PersonId;
use domain::keys::SecretKey;
use zeroize::Zeroizing;

use crate::LabError;

/// A person of the laboratory.
#[derive(Debug)]
pub struct Person {
    /// The pseudonym.
    pub id: PersonId,
    /// What the person is called on pages.
    pub name: &'static str,
    /// What the person may do.
    pub role: Role,
    /// What the person signs with.
    pub key: SecretKey,
}

impl Person {
    /// A new person with a key of their own.
    ///
    /// # Errors
    /// [`LabError::Made`] without randomness.
    fn new(name: &'static str, role: Role) -> Result<Self, LabError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| LabError::Made("a key"))?;
        Ok(Self::with_key(name, role, SecretKey::from_seed(&seed)))
    }

    /// The person whose key lies in `folder`, made at the first use.
    fn open(folder: &Path, name: &'static str, role: Role) -> Result<Self, LabError> {
        let path = folder.join("key.pem");
        let refused = |error| LabError::File(path.clone(), error);
        match fs::read_to_string(&path) {
            Ok(pem) => {
                let key =
                    SecretKey::from_pem(&pem).map_err(|_| LabError::Made("a person's key"))?;
                Ok(Self::with_key(name, role, key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let person = Self::new(name, role)?;
                let pem = person.key.to_pem().map_err(|_| LabError::Made("a key file"))?;
                DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
                fs::write(&path, pem.as_bytes()).map_err(refused)?;
                Ok(person)
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// The pseudonym follows from the key, so that it stays the same when the laboratory restarts.
    fn with_key(name: &'static str, role: Role, key: SecretKey) -> Self {
        let mut bits = [0; 16];
        for (to, from) in bits.iter_mut().zip(key.public().id().as_bytes()) {
            *to = *from;
        }
        Self { id: PersonId::from_random(bits), name, role, key }
    }

    /// Registers the person with `control` and returns a login token.
    ///
    /// # Errors
    /// [`LabError::Control`].
    pub async fn join(&self, control: &Control) -> Result<String, LabError> {
        let person =
            NewPerson { name: self.name.to_owned(), role: self.role, key: Some(self.key.public()) };
        control.add_person(&self.id, &person).await?;
        let token = control.issue_login(&self.id, LOGIN_SECONDS).await?;
        Ok(token.expose().to_owned())
    }
}

/// The people of a small project.
#[derive(Debug)]
pub struct People {
    /// Owns the dataset.
    pub custodian: Person,
    /// Runs the jobs.
    pub researcher: Person,
    /// Review what would leave.
    pub reviewers: [Person; 2],
    /// Runs the machine.
    pub operator: Person,
    /// Verifies.
    pub auditor: Person,
}

impl People {
    /// Where a laboratory in `folder` keeps its people's own folders.
    #[must_use]
    pub fn folder(folder: &Path) -> PathBuf {
        folder.join("people")
    }

    /// The people whose keys lie in `folder`, one folder each, made at the first use.
    ///
    /// # Errors
    /// [`LabError::File`], [`LabError::Made`].
    pub fn open(folder: &Path) -> Result<Self, LabError> {
        let open = |short, name, role| Person::open(&folder.join(short), name, role);
        Ok(Self {
            custodian: open("custodian", "Dana, custodian", Role::Custodian)?,
            researcher: open("researcher", "Robin, researcher", Role::Researcher)?,
            reviewers: [
                open("reviewer-1", "Kim, reviewer", Role::Reviewer)?,
                open("reviewer-2", "Noor, reviewer", Role::Reviewer)?,
            ],
            operator: open("operator", "Olu, operator", Role::Operator)?,
            auditor: open("auditor", "Ada, auditor", Role::Auditor)?,
        })
    }

    /// Each with the name of their folder.
    pub fn folders(&self) -> impl Iterator<Item = (&'static str, &Person)> {
        let [first, second] = &self.reviewers;
        [
            ("custodian", &self.custodian),
            ("researcher", &self.researcher),
            ("reviewer-1", first),
            ("reviewer-2", second),
            ("operator", &self.operator),
            ("auditor", &self.auditor),
        ]
        .into_iter()
    }
}

/// A working day.
const LOGIN_SECONDS: i64 = 12 * 3600;
