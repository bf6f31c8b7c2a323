//! When to ask again: a function of the attempt, of what the service said, and of a random number.

use std::time::Duration;

/// How patient, and how polite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Requests for one thing before giving up, the first included.
    pub(super) attempts: u32,
    /// The wait before the second request; it doubles from there.
    pub(super) first: Duration,
    /// No wait of ours is longer.
    pub(super) longest: Duration,
    /// A service that asks for a longer wait is asked another day.
    pub(super) patience: Duration,
    /// Between any two requests, also if all is well.
    pub(super) pace: Duration,
}

impl Schedule {
    /// For vendors' services: at most six requests and about two minutes for one thing.
    pub(super) const POLITE: Self = Self {
        attempts: 6,
        first: Duration::from_secs(2),
        longest: Duration::from_secs(60),
        patience: Duration::from_secs(120),
        pace: Duration::from_millis(500),
    };

    /// How long to wait after the failed request number `attempt` (from 1); `None` to give up.
    ///
    /// What the service asks for is waited for in full; to that, or to half of our own wait, comes a
    /// `random` part, so that many who were refused together do not come back together.
    pub(super) fn wait(
        &self,
        attempt: u32,
        retry_after: Option<Duration>,
        random: u32,
    ) -> Option<Duration> {
        if attempt >= self.attempts || retry_after.is_some_and(|asked| asked > self.patience) {
            return None;
        }
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let half = self.first.saturating_mul(factor).min(self.longest) / 2;
        let jitter = half.mul_f64(f64::from(random) / f64::from(u32::MAX));
        Some(retry_after.unwrap_or(half).saturating_add(jitter))
    }
}

/// The value of `Retry-After` in seconds (RFC 9110 §10.2.3). A date needs the service's idea of now;
/// it counts as nothing said.
pub(super) fn retry_after(header: Option<&str>) -> Option<Duration> {
    header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_spread() {
        let asked = |seconds| Some(Duration::from_secs(seconds));
        let rows = [
            (1, None, 0, Some(1_000)),
            (1, None, u32::MAX, Some(2_000)),
            (1, None, u32::MAX / 2, Some(1_500)),
            (2, None, 0, Some(2_000)),
            (3, None, u32::MAX, Some(8_000)),
            (5, None, u32::MAX, Some(32_000)),
            (6, None, 0, None),
            (7, None, 0, None),
            (1, asked(0), 0, Some(0)),
            (1, asked(7), 0, Some(7_000)),
            (1, asked(7), u32::MAX, Some(8_000)),
            (4, asked(120), 0, Some(120_000)),
            (1, asked(121), 0, None),
            (6, asked(1), 0, None),
        ];
        for (attempt, asked, random, expected) in rows {
            let wait = Schedule::POLITE.wait(attempt, asked, random);
            let wait = wait.map(|wait| wait.as_secs_f64() * 1000.0);
            assert_eq!(wait.map(f64::round), expected.map(f64::from), "{attempt} {asked:?}");
        }
        let endless = Schedule { attempts: u32::MAX, ..Schedule::POLITE };
        assert_eq!(endless.wait(1_000, None, u32::MAX), asked(60));
    }

    #[test]
    fn only_seconds_are_read() {
        for (header, expected) in [
            (None, None),
            (Some("3"), Some(3)),
            (Some(" 3 "), Some(3)),
            (Some("-3"), None),
            (Some("3.5"), None),
            (Some("Thu, 26 Nov 2026 11:00:00 GMT"), None),
        ] {
            assert_eq!(retry_after(header), expected.map(Duration::from_secs), "{header:?}");
        }
    }
}
