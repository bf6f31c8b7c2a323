//! Who is who, and how they prove it.

use std::fmt;

use domain::Digest;
use domain::ids::PersonId;
use domain::keys::PublicKey;
use zeroize::Zeroizing;

use crate::authz::Role;
use crate::db::people::{self, Login};
use crate::{Control, ControlError};

/// A person to be known from now on.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The name, which never leaves control.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The person's public signing key, for others to look up; signatures are not judged here.
    pub key: Option<PublicKey>,
}

/// The secret of a login; only its digest is kept.
pub struct LoginToken(Zeroizing<String>);

impl LoginToken {
    /// The text that goes behind `Bearer `. For the one message that hands it over.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginToken(…)")
    }
}

impl Control {
    /// Makes `person` known, or changes what is known.
    ///
    /// # Errors
    /// [`ControlError::Database`].
    pub async fn add_person(&self, person: &PersonId, new: &NewPerson) -> Result<(), ControlError> {
        people::put(&self.pool, person, new, self.now()).await
    }

    /// Draws a token with which `person` is logged in for `lifetime_seconds`.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] for an unknown person, [`ControlError::Randomness`],
    /// [`ControlError::Database`].
    pub async fn issue_login(
        &self,
        person: &PersonId,
        lifetime_seconds: i64,
    ) -> Result<LoginToken, ControlError> {
        let mut bits = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bits)?;
        let token = LoginToken(Zeroizing::new(hex::encode(*bits)));
        let expires = self.now().plus_seconds(lifetime_seconds);
        let digest = Digest::of(token.expose().as_bytes());
        if people::add_login(&self.pool, person, digest, expires).await? {
            Ok(token)
        } else {
            Err(ControlError::NotFound)
        }
    }

    /// Ends all logins of `person`; how many there were.
    ///
    /// # Errors
    /// [`ControlError::Database`].
    pub async fn revoke_logins(&self, person: &PersonId) -> Result<u64, ControlError> {
        people::revoke(&self.pool, person, self.now()).await
    }

    /// The person who holds `token`.
    pub(crate) async fn login(&self, token: &str) -> Result<Login, ControlError> {
        let digest = Digest::of(token.as_bytes());
        let found = people::find(&self.pool, digest, self.now()).await?;
        found.ok_or(ControlError::LoginRequired)
    }
}
