//! One person per role, with a key and a login, as a laboratory needs them.

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
    pub fn new(name: &'static str, role: Role) -> Result<Self, LabError> {
        let mut seed = Zeroizing::new([0; 32]);
        let mut bits = [0; 16];
        getrandom::fill(seed.as_mut_slice()).map_err(|_| LabError::Made("a key"))?;
        getrandom::fill(&mut bits).map_err(|_| LabError::Made("a pseudonym"))?;
        Ok(Self { id: PersonId::from_random(bits), name, role, key: SecretKey::from_seed(&seed) })
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
    /// Six new people.
    ///
    /// # Errors
    /// As [`Person::new`].
    pub fn new() -> Result<Self, LabError> {
        Ok(Self {
            custodian: Person::new("Dana, custodian", Role::Custodian)?,
            researcher: Person::new("Robin, researcher", Role::Researcher)?,
            reviewers: [
                Person::new("Kim, reviewer", Role::Reviewer)?,
                Person::new("Noor, reviewer", Role::Reviewer)?,
            ],
            operator: Person::new("Olu, operator", Role::Operator)?,
            auditor: Person::new("Ada, auditor", Role::Auditor)?,
        })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Person> {
        [&self.custodian, &self.researcher, &self.operator, &self.auditor]
            .into_iter()
            .chain(&self.reviewers)
    }
}

/// A working day.
const LOGIN_SECONDS: i64 = 12 * 3600;
