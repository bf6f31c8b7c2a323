//! How long to wait before the next attempt.

use std::fmt;
use std::time::Duration;

/// Yields random numbers, so that many forwarders do not come back at the same moment.
pub type Random = Box<dyn FnMut() -> u16 + Send>;

/// Waits that double with each failure: 1 s, 2 s, … to a minute, of each at least half.
pub struct Backoff {
    random: Random,
    failures: u32,
}

impl Backoff {
    /// Without a failure so far.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { random, failures: 0 }
    }

    /// How long to wait after one more failure, and not less than the other side asked for; of that at
    /// most an hour.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = doubled / 2;
        let wait = half + half * u32::from((self.random)()) / u32::from(u16::MAX);
        wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    /// It worked.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backoff").field("failures", &self.failures).finish_non_exhaustive()
    }
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A receiver that asks for more is asked again after this.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_minute_and_are_at_least_half() {
        for (random, factor) in [(0, 500), (u16::MAX, 1000)] {
            let mut backoff = Backoff::new(Box::new(move || random));
            let waits: Vec<_> = (0..9).map(|_| backoff.next(None).as_millis() / factor).collect();
            assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
            backoff.reset();
            assert_eq!(backoff.next(None).as_millis() / factor, 1);
        }
    }

    #[test]
    fn the_receiver_may_ask_for_more_and_not_for_less() {
        let mut backoff = Backoff::new(Box::new(|| u16::MAX));
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(backoff.next(asked(7)).as_secs(), 7);
        assert_eq!(backoff.next(asked(1)).as_secs(), 2);
        assert_eq!(backoff.next(asked(u64::MAX)), LONGEST_ASKED);
    }
}
