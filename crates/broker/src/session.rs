//! Nonces: each is issued to one session, presented once and soon.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;

use crate::BrokerError;
use crate::jwe::random;

/// The sessions between `/auth` and `/attest`. In memory only.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<String, Session>);

#[derive(Debug)]
struct Session {
    nonce: String,
    expires: Timestamp,
    presented: bool,
}

/// What `/auth` answers.
#[derive(Debug)]
pub(crate) struct Opened {
    /// For the cookie.
    pub(crate) session: String,
    /// For the challenge.
    pub(crate) nonce: String,
}

impl Sessions {
    /// Issues a nonce that may be presented for `lifetime_seconds` from `at`.
    ///
    /// # Errors
    /// [`BrokerError::TooManySessions`], [`BrokerError::Cryptography`].
    pub(crate) fn open(
        &mut self,
        at: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<Opened, BrokerError> {
        // Kept for as long again after they expired, so that a late caller is told what was wrong.
        self.0.retain(|_, session| at < session.expires.plus_seconds(lifetime_seconds));
        if self.0.len() >= MAXIMUM {
            return Err(BrokerError::TooManySessions);
        }
        let session = hex::encode(*random::<32>()?);
        let nonce = STANDARD.encode(*random::<32>()?);
        let expires = at.plus_seconds(lifetime_seconds);
        let kept = Session { nonce: nonce.clone(), expires, presented: false };
        self.0.insert(session.clone(), kept);
        Ok(Opened { session, nonce })
    }

    /// Uses up the nonce of `session`.
    ///
    /// # Errors
    /// [`BrokerError::SessionUnknown`], or what is wrong with the nonce.
    pub(crate) fn present(
        &mut self,
        session: &str,
        nonce: &str,
        at: Timestamp,
    ) -> Result<(), BrokerError> {
        let session = self.0.get_mut(session).ok_or(BrokerError::SessionUnknown)?;
        if session.nonce != nonce {
            return Err(BrokerError::NonceUnknown);
        }
        if session.presented {
            return Err(BrokerError::NonceUsed);
        }
        if session.expires <= at {
            return Err(BrokerError::NonceExpired);
        }
        session.presented = true;
        Ok(())
    }
}

/// Sessions that may be open at one time: some hundred bytes each.
const MAXIMUM: usize = 4096;

#[cfg(test)]
mod tests {
    use domain::Reason as _;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    #[test]
    fn a_nonce_is_good_once_for_its_session_and_for_its_time() {
        let mut sessions = Sessions::default();
        let one = sessions.open(at(0), 10).unwrap();
        let two = sessions.open(at(0), 10).unwrap();
        let mut refused = |session: &str, nonce: &str, seconds: i64| {
            sessions.present(session, nonce, at(seconds)).unwrap_err().reason()
        };
        assert_eq!(refused("other", &one.nonce, 1), "kbs.session-unknown");
        assert_eq!(refused(&one.session, &two.nonce, 1), "kbs.nonce-unknown");
        assert_eq!(refused(&one.session, &one.nonce, 10), "kbs.nonce-expired");
        sessions.present(&two.session, &two.nonce, at(9)).unwrap();
        let again = sessions.present(&two.session, &two.nonce, at(9)).unwrap_err();
        assert_eq!(again.reason(), "kbs.nonce-used");
    }

    #[test]
    fn open_sessions_are_bounded_and_old_ones_forgotten() {
        let mut sessions = Sessions::default();
        for _ in 0..MAXIMUM {
            sessions.open(at(0), 10).unwrap();
        }
        assert_eq!(sessions.open(at(19), 10).unwrap_err().reason(), "kbs.too-many-sessions");
        sessions.open(at(20), 10).unwrap();
    }
}
