//! What is told to a receiver, before it takes one of the formats.

use std::collections::BTreeMap;

use domain::event::{Entry, Outcome};
use domain::{Digest, Timestamp};
use serde_json::{Map, Value};
use tlog::leaf_hash;

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The log's origin.
    pub log: String,
    /// When the forwarder read it, by the forwarder's clock.
    pub seen: Timestamp,
    /// What it is.
    pub happened: Happened,
}

/// Something in the log, or something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The log has an entry.
    Logged {
        /// Its index in the log, from 0.
        index: u64,
        /// Its leaf hash (RFC 9162 §2.1.1): SHA-256 of a zero byte and the entry.
        leaf_hash: Digest,
        /// What it says.
        content: Content,
    },
    /// The log is not what it was.
    Alarm(Alarm),
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A decision.
    Entry(Box<Entry>),
    /// Anything else. Its bytes are not forwarded: nobody knows what they hold.
    Opaque {
        /// Its length in bytes.
        length: usize,
    },
}

/// The log was rolled back, forked or altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The reason code, such as `log.rolled-back`.
    pub reason: &'static str,
    /// The sentence that belongs to it.
    pub detail: String,
    /// How many entries were delivered before.
    pub delivered: u64,
}

/// How much attention an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something was done, as it should be.
    Informational,
    /// Something was refused.
    Warning,
    /// The log itself is at fault.
    Alert,
}

impl Event {
    /// The event of the entry `leaf` at `index` of the log `log`.
    #[must_use]
    pub fn of_leaf(log: &str, index: u64, leaf: &[u8], seen: Timestamp) -> Self {
        let content = Entry::from_leaf(leaf)
            .map_or(Content::Opaque { length: leaf.len() }, |entry| {
                Content::Entry(Box::new(entry))
            });
        let happened = Happened::Logged { index, leaf_hash: leaf_hash(leaf), content };
        Self { log: log.to_owned(), seen, happened }
    }

    /// The decision, if it is one.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match &self.happened {
            Happened::Logged { content: Content::Entry(entry), .. } => Some(entry),
            _ => None,
        }
    }

    /// When it happened, as far as known: a decision has a time of its own, by its writer's clock.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.entry().map(|entry| entry.time)
    }

    /// How much attention it asks for.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match (&self.happened, self.entry().map(|entry| &entry.event.outcome)) {
            (Happened::Alarm(_), _) => Severity::Alert,
            (_, Some(Outcome::Refused { .. })) => Severity::Warning,
            _ => Severity::Informational,
        }
    }

    /// One word for what it is: the action of a decision, `UnknownEntry` or `LogAlarm`. ASCII letters, at
    /// most 32.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.happened {
            Happened::Alarm(_) => "LogAlarm".to_owned(),
            Happened::Logged { content: Content::Opaque { .. }, .. } => "UnknownEntry".to_owned(),
            // The spelling of the log: an enumeration without fields is its name.
            Happened::Logged { content: Content::Entry(entry), .. } => {
                format!("{:?}", entry.event.action)
            }
        }
    }

    /// A line for people, in ASCII.
    #[must_use]
    pub fn summary(&self) -> String {
        let name = self.name();
        match &self.happened {
            Happened::Alarm(Alarm { reason, detail, .. }) => {
                format!("{} ({reason})", detail.escape_default())
            }
            Happened::Logged { content: Content::Opaque { length }, .. } => {
                format!("an entry of {length} bytes that is no decision")
            }
            Happened::Logged { content: Content::Entry(entry), .. } => match &entry.event.outcome {
                Outcome::Accepted => format!("{name} accepted"),
                Outcome::Refused { reason } => format!("{name} refused ({reason})"),
            },
        }
    }

    /// What a receiver can search for, by the names that the log's entries use, without the time; in
    /// the order of the names, however serde_json was built.
    #[must_use]
    pub fn members(&self) -> BTreeMap<String, Value> {
        let mut members = BTreeMap::new();
        match &self.happened {
            Happened::Logged { index, leaf_hash, content } => {
                members.insert("index".to_owned(), (*index).into());
                members.insert("leaf_hash".to_owned(), leaf_hash.to_string().into());
                match content {
                    Content::Entry(entry) => members.extend(entry_members(entry)),
                    Content::Opaque { length } => {
                        members.insert("length".to_owned(), (*length).into());
                    }
                }
            }
            Happened::Alarm(Alarm { reason, delivered, .. }) => {
                members.insert("reason".to_owned(), (*reason).into());
                members.insert("delivered".to_owned(), (*delivered).into());
            }
        }
        members.insert("log".to_owned(), self.log.clone().into());
        members.remove("time");
        members
    }
}

/// The entry as the log spells it.
pub(crate) fn entry_members(entry: &Entry) -> Map<String, Value> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(members)) => members,
        // An entry was read from JSON: it is an object and nothing else.
        _ => Map::new(),
    }
}
