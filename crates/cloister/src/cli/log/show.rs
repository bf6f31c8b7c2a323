//! `log show`: one leaf of a verified log. Of an entry, also what can still be read of the people behind it.

use std::path::PathBuf;

use bundle::write::key_hint;
use clap::Args;
use domain::event::{Action, Actor, Entry, Outcome as Decision};
use domain::leaf::PublishedSignature;
use domain::pseudonym::Pseudonym;
use domain::{Digest, Leaf};
use ledger::{RecordError, Records};
use serde_json::{Value, json};
use tlog::{LogError, verify_log};

use super::source::Source;
use super::{Log, failure};
use crate::cli::{Answer, Failure, Outcome};

pub(super) const EXAMPLE: &str = "Examples:
  cloister log show --origin example.org/log --key trust.json --url https://example.org/log --index 7
  cloister log show --origin example.org/log --key trust.json --dir ledger/log --index 7 \\
      --records ledger/sealed --record-keys record-keys

With the records, the answer says who is behind the entry, or that their record was erased. Not every
leaf is a decision: the signature of an export's bundle is one, and nobody is behind it.";

/// What `show` needs.
#[derive(Debug, Args)]
pub struct ShowOptions {
    #[command(flatten)]
    log: Log,
    /// Which entry, from 0
    #[arg(long)]
    index: u64,
    /// The folder of sealed records
    #[arg(long, requires = "record_keys")]
    records: Option<PathBuf>,
    /// The folder of record keys
    #[arg(long, requires = "records")]
    record_keys: Option<PathBuf>,
}

pub(super) fn run(options: &ShowOptions) -> Outcome {
    let Found { leaf, entries } = find(options)?;
    let digest = Digest::of(&leaf);
    match Leaf::from_bytes(&leaf) {
        Ok(Leaf::Entry(entry)) => decision(options, digest, &entry, &entries),
        Ok(Leaf::Published(signature)) => Ok(published(options.index, digest, &signature)),
        Err(error) => Err(Failure::unusable("log.malformed", &error)),
    }
}

/// A signature that was published: nobody is behind it but the key.
fn published(index: u64, leaf: Digest, signature: &PublishedSignature) -> Answer {
    let key = Digest::of(signature.key.as_spki());
    let json = json!({
        "verdict": "shown",
        "reason": null,
        "index": index,
        "leaf": leaf,
        "published": { "digest": signature.digest, "key": key, "hint": key_hint(&signature.key) },
    });
    let text = format!(
        "a published signature, of no person (hashedrekord 0.0.2)\n\
         signed    {}\n\
         key       {key}, the `hint` {} of its bundle",
        signature.digest,
        key_hint(&signature.key)
    );
    Answer::new(json, text)
}

fn decision(
    options: &ShowOptions,
    leaf: Digest,
    entry: &Entry,
    entries: &[(u64, Entry)],
) -> Outcome {
    let mut json = json!({
        "verdict": "shown",
        "reason": null,
        "index": options.index,
        "leaf": leaf,
        "entry": entry,
    });
    let mut text = serde_json::to_string_pretty(entry).unwrap_or_default();
    if let (Some(records), Some(keys)) = (&options.records, &options.record_keys) {
        let record = Record::find(entry, entries, &Records::at(records, keys));
        if let Some(members) = json.as_object_mut() {
            members.insert("record".to_owned(), record.json());
        }
        text.push_str(&record.text());
        // An erasure is a decision of the log's; what is lost or altered is not.
        if let Some(error) = record.lost() {
            return Err(Failure::refused(error));
        }
    }
    Ok(Answer::new(json, text))
}

/// What was read of a verified log.
struct Found {
    /// The leaf at the index.
    leaf: Vec<u8>,
    /// Every entry, with its index.
    entries: Vec<(u64, Entry)>,
}

fn find(options: &ShowOptions) -> Result<Found, Failure> {
    let source = Source::open(&options.log.source)?;
    let note = source.checkpoint()?;
    let key = options.log.believed.check(&note)?.key;
    let (mut wanted, mut size, mut entries) = (None, 0, Vec::new());
    verify_log(
        |path| source.read(path),
        &note,
        &key,
        |index, leaf| {
            size = index.saturating_add(1);
            if index == options.index {
                wanted = Some(leaf.to_vec());
            }
            // A leaf of another kind hides nothing: erasures are entries.
            entries.extend(Entry::from_leaf(leaf).ok().map(|entry| (index, entry)));
        },
    )
    .map_err(|error| failure(&error))?;
    let absent = || failure(&LogError::NoSuchEntry { index: options.index, size });
    Ok(Found { leaf: wanted.ok_or_else(absent)?, entries })
}

/// What is left of the record behind an entry.
struct Record {
    person: Option<(Pseudonym, Result<Value, RecordError>)>,
    objects: Vec<(Digest, Result<(), RecordError>)>,
    erased_at: Option<u64>,
}

impl Record {
    fn find(entry: &Entry, entries: &[(u64, Entry)], records: &Records) -> Self {
        let erasures: Vec<_> = erasures(entries).collect();
        let person = entry.person.map(|pseudonym| {
            let erased = erasures.iter().any(|(_, _, of)| of.person == Some(pseudonym));
            let who = records.person(&pseudonym).map(|who| json!(who));
            (pseudonym, if erased { Err(RecordError::Erased) } else { who })
        });
        let objects = entry.event.personal().into_iter().map(|object| {
            let erased = erasures.iter().any(|(_, by, _)| by.event.evidence.contains(&object));
            let read = records.object(&object).map(|_| ());
            (object, if erased { Err(RecordError::Erased) } else { read })
        });
        // Most refusals keep nothing of what was refused.
        let accepted = entry.event.outcome == Decision::Accepted;
        let objects =
            objects.filter(|(_, read)| accepted || !matches!(read, Err(RecordError::Missing)));
        let own = erasures.iter().find(|(_, _, of)| of.id == entry.id);
        Self { person, objects: objects.collect(), erased_at: own.map(|(index, ..)| *index) }
    }

    /// The first thing of it that is missing or altered.
    fn lost(&self) -> Option<&RecordError> {
        let person = self.person.iter().filter_map(|(_, read)| read.as_ref().err());
        let objects = self.objects.iter().filter_map(|(_, read)| read.as_ref().err());
        person.chain(objects).find(|error| !matches!(error, RecordError::Erased))
    }

    fn json(&self) -> Value {
        let person = self.person.as_ref().map(|(_, read)| match read {
            Ok(who) => json!({ "state": "readable", "who": who }),
            Err(error) => json!({ "state": state(error) }),
        });
        let objects = self.objects.iter().map(|(object, read)| {
            json!({ "object": object, "state": read.as_ref().err().map_or("readable", state) })
        });
        json!({
            "person": person,
            "objects": objects.collect::<Vec<_>>(),
            "erased_at": self.erased_at,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some((pseudonym, read)) = &self.person {
            let who = read.as_ref().map_or_else(
                |error| state(error).to_owned(),
                |who| who.get("person").and_then(Value::as_str).unwrap_or_default().to_owned(),
            );
            text.push_str(&format!("\nperson    {who}   {pseudonym}"));
        }
        for (object, read) in &self.objects {
            let state = read.as_ref().err().map_or("readable", state);
            text.push_str(&format!("\nobject    {state}   {object}"));
        }
        if let Some(index) = self.erased_at {
            text.push_str(&format!("\nerased    by the entry at {index}"));
        }
        text
    }
}

/// The log's erasures: where, the erasing entry, and the one that it is about.
fn erasures(entries: &[(u64, Entry)]) -> impl Iterator<Item = (u64, &Entry, &Entry)> {
    entries.iter().filter_map(|(index, entry)| {
        let erasure = entry.actor == Actor::Operator
            && entry.event.action == Action::RecordErased
            && entry.event.outcome == Decision::Accepted;
        let name = entry.event.previous.first().filter(|_| erasure)?;
        let of = entries.iter().find(|(_, entry)| entry.id == *name)?;
        Some((*index, entry, &of.1))
    })
}

const fn state(error: &RecordError) -> &'static str {
    match error {
        RecordError::Erased => "erased",
        RecordError::Missing => "missing",
        RecordError::Altered => "altered",
        RecordError::Random(_) | RecordError::Store(_) => "unreadable",
    }
}
