//! From the log to the receiver, and the cursor after it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::{Reason as _, Timestamp};
use tlog::{Follower, LogError, StoreError, TilePath, VerifierKey};
use tlog_files::Cursor;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::error::{ForwardError, Undelivered, chain};
use crate::event::{Alarm, Event, Happened};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Told of what goes on, for the operator.
pub type Observer = Box<dyn FnMut(&Progress)>;

/// What goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The receiver acknowledged events, and the cursor is behind them.
    Delivered {
        /// How many, just now.
        events: usize,
        /// How many entries of the log in all.
        position: u64,
    },
    /// Something that the operator should read, such as what the receiver said beside its acknowledgement.
    Remark(String),
    /// The receiver, or the log's storage, is not there; nothing is lost.
    Waiting {
        /// The reason code.
        reason: &'static str,
        /// What is wrong.
        detail: String,
        /// Until the next attempt.
        wait: Duration,
    },
    /// The log was refused; the receiver is being told.
    Alarm {
        /// The reason code.
        reason: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// How a log's published files are read.
#[derive(Clone, Copy, Debug)]
pub struct Published<N, R> {
    /// The checkpoint's note.
    pub note: N,
    /// A tile or bundle, or `None` if there is none.
    pub read: R,
}

/// How to forward.
pub struct Settings {
    /// The time, for events that have none of their own.
    pub clock: Clock,
    /// Between attempts.
    pub backoff: Backoff,
    /// Between two looks at the checkpoint; `None`: once, up to what is published now, and without
    /// waiting for anybody.
    pub poll: Option<Duration>,
    /// For the operator.
    pub observer: Observer,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("poll", &self.poll).finish_non_exhaustive()
    }
}

/// Forwards one log to one receiver.
#[derive(Debug)]
pub struct Forwarder<N, R, D> {
    published: Published<N, R>,
    deliver: D,
    follower: Follower,
    cursor: Cursor,
    settings: Settings,
}

impl<N, R, D> Forwarder<N, R, D>
where
    N: Fn() -> Result<String, StoreError>,
    R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    D: AsyncFnMut(&[Event]) -> Result<Option<String>, Undelivered>,
{
    /// Forwards the log `key` from where `cursor` is. `deliver` gives events to the receiver and returns
    /// after its acknowledgement, with what it had to say besides.
    ///
    /// # Errors
    /// As [`Cursor::follower`].
    pub fn new(
        key: VerifierKey,
        published: Published<N, R>,
        cursor: Cursor,
        deliver: D,
        settings: Settings,
    ) -> Result<Self, LogError> {
        let follower = cursor.follower(key)?;
        Ok(Self { published, deliver, follower, cursor, settings })
    }

    /// Forwards; returns the number of entries that the receiver has. With an interval in
    /// [`Settings::poll`] this ends with an error only. The future may be dropped at any time, like a
    /// process may be killed: what was not written down is sent again.
    ///
    /// # Errors
    /// [`ForwardError`].
    pub async fn run(mut self) -> Result<u64, ForwardError> {
        loop {
            match (self.catch_up().await, self.settings.poll) {
                (Ok(()), None) => return Ok(self.follower.position().size),
                (Ok(()), Some(poll)) => sleep(poll).await,
                (Err(ForwardError::Log(LogError::Store(error))), Some(_)) => {
                    self.wait(error.reason(), &error, None).await;
                }
                (Err(ForwardError::Log(error)), _) if !matches!(error, LogError::Store(_)) => {
                    return Err(self.alarm(error).await);
                }
                (Err(error), _) => return Err(error),
            }
        }
    }

    /// Delivers everything up to the checkpoint that is published now.
    async fn catch_up(&mut self) -> Result<(), ForwardError> {
        let note = (self.published.note)().map_err(|error| ForwardError::Log(error.into()))?;
        match self.follower.observe(&self.published.read, &note) {
            // Known before anything of it is delivered, so that a restart does not forget it.
            Ok(true) => self.save()?,
            Ok(false) => {}
            Err(error) => {
                self.keep_proof(&error, &note);
                return Err(ForwardError::Log(error));
            }
        }
        let log = self.follower.key().origin().to_owned();
        while let Some(chunk) =
            self.follower.next(&self.published.read, MAX_CHUNK).map_err(ForwardError::Log)?
        {
            let seen = (self.settings.clock)();
            let indexed = (chunk.first_index()..).zip(chunk.entries());
            let events: Vec<_> =
                indexed.map(|(index, leaf)| Event::of_leaf(&log, index, leaf, seen)).collect();
            self.hand_over(&events).await.map_err(ForwardError::Undelivered)?;
            self.follower.advance(chunk);
            // CRASH: the receiver has the events, the cursor is before them: they are sent again.
            self.save()?;
            let position = self.follower.position().size;
            self.tell(&Progress::Delivered { events: events.len(), position });
        }
        Ok(())
    }

    /// Gives `events` to the receiver, again and again until it acknowledges them.
    async fn hand_over(&mut self, events: &[Event]) -> Result<(), Undelivered> {
        loop {
            match (self.deliver)(events).await {
                Ok(remark) => {
                    self.settings.backoff.reset();
                    if let Some(remark) = remark {
                        self.tell(&Progress::Remark(remark));
                    }
                    return Ok(());
                }
                Err(error) if self.settings.poll.is_none() || error.is_final() => {
                    return Err(error);
                }
                Err(error) => self.wait(error.reason(), &error, error.retry_after()).await,
            }
        }
    }

    async fn wait(
        &mut self,
        reason: &'static str,
        error: &dyn std::error::Error,
        asked: Option<Duration>,
    ) {
        let wait = self.settings.backoff.next(asked);
        self.tell(&Progress::Waiting { reason, detail: chain(error), wait });
        sleep(wait).await;
    }

    /// Tells operator and receiver that the log was refused.
    async fn alarm(&mut self, error: LogError) -> ForwardError {
        let (reason, detail) = (error.reason(), chain(&error));
        self.tell(&Progress::Alarm { reason, detail: detail.clone() });
        let delivered = self.follower.position().size;
        let event = Event {
            log: self.follower.key().origin().to_owned(),
            seen: (self.settings.clock)(),
            happened: Happened::Alarm(Alarm { reason, detail, delivered }),
        };
        match self.hand_over(&[event]).await {
            Ok(()) => ForwardError::Log(error),
            Err(source) => ForwardError::Untold { log: error, source: Box::new(source) },
        }
    }

    /// A checkpoint that the log signed and that contradicts what it signed before is evidence. The alarm
    /// does not wait for it.
    fn keep_proof(&mut self, error: &LogError, note: &str) {
        if matches!(error, LogError::Consistency | LogError::RolledBack { .. }) {
            let remark = match self.cursor.keep_conflict(note) {
                Ok(path) => format!("the checkpoint is kept in `{}`", path.display()),
                Err(error) => format!("the checkpoint is not kept: {}", chain(&error)),
            };
            self.tell(&Progress::Remark(remark));
        }
    }

    fn save(&mut self) -> Result<(), ForwardError> {
        self.cursor.save(&self.follower).map_err(ForwardError::Cursor)
    }

    fn tell(&mut self, progress: &Progress) {
        (self.settings.observer)(progress);
    }
}

/// Bytes of entries that are delivered at a time, unless a single one has more. OTLP's collectors take
/// several times as much.
const MAX_CHUNK: usize = 1 << 20;

#[cfg(test)]
mod tests;
