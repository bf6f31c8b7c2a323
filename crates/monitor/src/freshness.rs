//! Whether a log goes on: the alarm for one that stands still, or is kept from its readers.

use domain::{Reason, Timestamp};

use crate::monitor::CLOCK_SECONDS;

/// Checks that `newest` is at most `max_age_seconds` before `now`, by the caller's clock.
///
/// Where `newest` is a time at which witnesses cosigned, nobody can show an old tree for a new one.
/// Where it is the time of the last entry, it is the log's own word; and a log in which nobody
/// decides anything for that long looks like one that is withheld.
///
/// # Errors
/// [`Stale::Old`], [`Stale::Undated`]; [`Stale::Ahead`] for a time that says nothing, as it is yet to
/// come.
pub fn fresh(newest: Option<Timestamp>, now: Timestamp, max_age_seconds: u64) -> Result<(), Stale> {
    let Some(newest) = newest else { return Err(Stale::Undated) };
    let age = now.unix_seconds().saturating_sub(newest.unix_seconds());
    if age < -CLOCK_SECONDS {
        return Err(Stale::Ahead { newest });
    }
    match u64::try_from(age) {
        Ok(age) if age > max_age_seconds => Err(Stale::Old { newest, age_seconds: age }),
        _ => Ok(()),
    }
}

/// Why a log is not known to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// What is newest is too old.
    #[error("the newest of the log is of {newest}, {age_seconds} seconds ago")]
    Old {
        /// Its time.
        newest: Timestamp,
        /// How long ago that was.
        age_seconds: u64,
    },
    /// There is neither an entry nor a cosignature.
    #[error("nothing in the log has a time")]
    Undated,
    /// What is newest is of the future, by more than [`CLOCK_SECONDS`].
    #[error("the newest of the log is of {newest}, which is yet to come")]
    Ahead {
        /// Its time.
        newest: Timestamp,
    },
}

impl Reason for Stale {
    fn reason(&self) -> &'static str {
        match self {
            Self::Old { .. } | Self::Undated => "monitor.stale",
            Self::Ahead { .. } => "monitor.clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_fresh_up_to_its_age_and_never_by_a_time_to_come() {
        let at = |seconds| Timestamp::from_unix_seconds(1_800_000_000 + seconds).unwrap();
        let now = at(0);
        let reason = |newest| fresh(newest, now, 60).map_err(|stale| stale.reason());
        for fine in [-60, 0, CLOCK_SECONDS] {
            assert_eq!(reason(Some(at(fine))), Ok(()), "{fine}");
        }
        assert_eq!(reason(Some(at(-61))), Err("monitor.stale"));
        assert_eq!(reason(None), Err("monitor.stale"));
        assert_eq!(reason(Some(at(CLOCK_SECONDS + 1))), Err("monitor.clock"));
        assert_eq!(fresh(Some(now), now, 0), Ok(()));
    }
}
