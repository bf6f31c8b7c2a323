//! Reads an entry in its one spelling, from front to back.
//!
//! RFC 8785 sorts the members, so a leaf has them in one order and nothing between them. What is read
//! here needs no second look, while [`canonical::from_slice`](crate::canonical::from_slice) writes every
//! value again to compare: some ten times as long, which counts where a log of a million is read.
//!
//! INVARIANT: an entry that this finds is the one that `from_slice` finds in the same bytes. What has a
//! spelling that is not looked at here (escapes, large numbers) or is wrong is left to `from_slice`.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use super::{Entry, Event, Outcome};
use crate::{ReasonCode, Timestamp};

/// The entry in `leaf`; `None` says nothing of whether there is one.
pub(super) fn read(leaf: &[u8]) -> Option<Entry> {
    let mut rest = Rest(std::str::from_utf8(leaf).ok()?);
    rest.skip("{\"action\":")?;
    let action = rest.variant()?;
    rest.skip(",\"actor\":")?;
    let actor = rest.variant()?;
    rest.skip(",\"decision\":")?;
    let decision = rest.text()?;
    let evidence = rest.list(",\"evidence\":")?;
    rest.skip(",\"id\":")?;
    let id = rest.parsed()?;
    rest.skip(",\"object\":")?;
    let object = rest.parsed()?;
    let person = rest.optional(",\"person\":", Rest::parsed)?;
    let platform = rest.optional(",\"platform\":", Rest::variant)?;
    let policy = rest.optional(",\"policy\":", Rest::parsed)?;
    let previous = rest.list(",\"previous\":")?;
    let project = rest.optional(",\"project\":", Rest::parsed)?;
    let reason = rest.optional(",\"reason\":", Rest::text)?;
    let reviews_required = rest.optional(",\"reviews_required\":", Rest::number)?;
    let rules = rest.list(",\"rules\":")?;
    rest.skip(",\"sequence\":")?;
    let sequence = rest.number()?;
    rest.skip(",\"time\":")?;
    let time = rest.time()?;
    rest.skip("}")?;
    let outcome = match (decision, reason) {
        ("accepted", None) => Outcome::Accepted,
        ("refused", Some(reason)) => {
            Outcome::Refused { reason: ReasonCode::try_from(reason.to_owned()).ok()? }
        }
        _ => return None,
    };
    let event = Event {
        action,
        object,
        project,
        outcome,
        policy,
        rules,
        evidence,
        previous,
        platform,
        reviews_required: reviews_required.map(u32::try_from).transpose().ok()?,
    };
    let entry = Entry { id, sequence, time, actor, person, event };
    rest.0.is_empty().then_some(entry)
}

/// What was not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// A string that is written as it is.
    fn text(&mut self) -> Option<&'a str> {
        self.skip("\"")?;
        let (text, rest) = self.0.split_once('"')?;
        self.0 = rest;
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\\';
        text.bytes().all(plain).then_some(text)
    }

    /// A string with a value that has no other.
    fn parsed<T: FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// One of an enumeration's names.
    fn variant<T: Deserialize<'a>>(&mut self) -> Option<T> {
        T::deserialize(StrDeserializer::<Error>::new(self.text()?)).ok()
    }

    /// Seconds in UTC, `2026-01-31T12:00:00Z`; a time has other spellings, and a leap second none.
    fn time(&mut self) -> Option<Timestamp> {
        let text = self.text()?;
        let like = |(byte, like): (u8, u8)| match like {
            b'0' => byte.is_ascii_digit(),
            _ => byte == like,
        };
        let shaped = text.len() == SHAPE.len() && text.bytes().zip(SHAPE.bytes()).all(like);
        if shaped && !text.ends_with(":60Z") { text.parse().ok() } else { None }
    }

    /// A whole number of at most 15 digits: JSON has larger ones in more than one spelling.
    fn number(&mut self) -> Option<u64> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let shortest = length <= 15 && (length == 1 || !digits.starts_with('0'));
        if shortest { digits.parse().ok() } else { None }
    }

    /// A member that may be absent.
    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.skip(name) {
            Some(()) => read(self).map(Some),
            None => Some(None),
        }
    }

    /// A member that is absent where it would be an empty array.
    fn list<T: FromStr>(&mut self, name: &str) -> Option<Vec<T>> {
        let mut list = Vec::new();
        if self.skip(name).is_some() {
            self.skip("[")?;
            list.push(self.parsed()?);
            while self.skip(",").is_some() {
                list.push(self.parsed()?);
            }
            self.skip("]")?;
        }
        Some(list)
    }
}

const SHAPE: &str = "0000-00-00T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;
    use crate::claims::Trust;
    use crate::event::{Action, Actor};
    use crate::ids::{EntryId, ProjectId};
    use crate::{Digest, Reason as _};
    use proptest::prelude::*;

    const ACTIONS: [Action; 11] = [
        Action::DatasetSealed,
        Action::ProjectApproved,
        Action::LaunchAuthorised,
        Action::EnclaveAttested,
        Action::KeyReleased,
        Action::JobFinished,
        Action::OutputChecked,
        Action::OutputReviewed,
        Action::OutputExported,
        Action::ExportRevoked,
        Action::RecordErased,
    ];

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest::from_bytes)
    }

    fn id() -> impl Strategy<Value = EntryId> {
        any::<[u8; 16]>().prop_map(EntryId::from_random)
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        let reason =
            "[a-z0-9-]{1,8}\\.[a-z0-9-]{1,20}".prop_map(|code| ReasonCode::try_from(code).unwrap());
        prop_oneof![Just(Outcome::Accepted), reason.prop_map(|reason| Outcome::Refused { reason })]
    }

    fn event() -> impl Strategy<Value = Event> {
        let project = "[a-z0-9]{1,64}".prop_map(|text| text.parse::<ProjectId>().unwrap());
        let what = (prop::sample::select(&ACTIONS), digest(), prop::option::of(project), outcome());
        let rules = prop::collection::vec(prop_oneof!["[a-z ]{0,12}", any::<String>()], 0..3);
        let why = (prop::option::of(digest()), rules, prop::collection::vec(digest(), 0..4));
        let trust = prop::sample::select(&[Trust::Hardware, Trust::Emulated]);
        let rest =
            (prop::collection::vec(id(), 0..4), prop::option::of(trust), any::<Option<u32>>());
        (what, why, rest).prop_map(|(what, why, rest)| Event {
            action: what.0,
            object: what.1,
            project: what.2,
            outcome: what.3,
            policy: why.0,
            rules: why.1,
            evidence: why.2,
            previous: rest.0,
            platform: rest.1,
            reviews_required: rest.2,
        })
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let actor = prop::sample::select(&[Actor::Airlock, Actor::Broker, Actor::Operator]);
        let time = (-62_167_219_200_i64..=253_402_207_200)
            .prop_map(|seconds| Timestamp::from_unix_seconds(seconds).unwrap());
        let person = digest().prop_map(|it| format!("hmac-sha256:{}", it.hex()).parse().unwrap());
        let sequence = prop_oneof![0_u64..2000, 0_u64..1 << 53];
        (id(), sequence, time, actor, prop::option::of(person), event()).prop_map(
            |(id, sequence, time, actor, person, event)| Entry {
                id,
                sequence,
                time,
                actor,
                person,
                event,
            },
        )
    }

    /// Whatever is found is what the slow way finds.
    fn agrees(bytes: &[u8]) {
        if let Some(entry) = read(bytes) {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(canonical::from_slice::<Entry>(bytes).ok(), Some(entry), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entry in entry()) {
            let leaf = entry.to_leaf().unwrap();
            prop_assert_eq!(Entry::from_leaf(&leaf).unwrap(), entry.clone());
            let plain = |rule: &String| rule.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'\\' && b != b'"');
            if entry.sequence < 1_000_000_000_000_000 && entry.event.rules.iter().all(plain) {
                prop_assert_eq!(read(&leaf), Some(entry));
            }
        }

        #[test]
        fn an_altered_leaf_is_read_as_it_would_be_otherwise(
            entry in entry(),
            at in any::<prop::sample::Index>(),
            byte in prop_oneof![Just(b'0'), Just(b'"'), Just(b'}'), Just(b','), b' '..=b'~', any::<u8>()],
            cut in 0_usize..3,
        ) {
            let leaf = entry.to_leaf().unwrap();
            let at = at.index(leaf.len());
            let mut other = leaf.clone();
            other.splice(at..(at + cut).min(leaf.len()), [byte]);
            agrees(&other);
            other.remove(at);
            agrees(&other);
        }
    }

    /// Spellings that some reader of JSON, numbers or times would take.
    #[test]
    fn another_spelling_is_left_to_the_slow_way() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let leaf = format!(
            r#"{{"action":"KeyReleased","actor":"broker","decision":"refused","evidence":["{digest}"],"id":"entry-1","object":"{digest}","reason":"a.b","reviews_required":2,"rules":["rule"],"sequence":10,"time":"2026-11-20T12:00:00Z"}}"#
        );
        assert!(read(leaf.as_bytes()).is_some());
        for (from, to) in [
            ("{\"action\"", "{ \"action\""),
            ("\"actor\":\"broker\",", ""),
            ("\"KeyReleased\"", "\"KeyReleased\",\"action\":\"KeyReleased\""),
            ("\"KeyReleased\"", "\"keyReleased\""),
            ("\"refused\"", "\"accepted\""),
            ("\"refused\"", "{\"refused\":null}"),
            ("\"reason\":\"a.b\",", ""),
            ("\"reason\":\"a.b\",", "\"reason\":null,"),
            ("\"a.b\"", "\"a\""),
            ("[\"rule\"]", "[]"),
            ("[\"rule\"]", "[\"rule\",]"),
            ("[\"rule\"]", "[\"r\\u0075le\"]"),
            (":2,", ":02,"),
            (":2,", ":2.0,"),
            (":2,", ":4294967296,"),
            (":10,", ":1e1,"),
            (":10,", ":-0,"),
            (":10,", ":,"),
            ("12:00:00Z", "12:00:00.0Z"),
            ("12:00:00Z", "12:00:00+00:00"),
            ("12:00:00Z", "12:00:00z"),
            ("12:00:00Z", "12:00:60Z"),
            ("12:00:00Z", "23:59:60Z"),
            ("12:00:00Z", "24:00:00Z"),
            ("11-20T", "02-30T"),
            ("2026-", "+002026-"),
            ("sha256:00", "sha256:0A"),
            ("entry-1", "Entry-1"),
            ("}", "} "),
            ("}", "}}"),
            ("}", ""),
            ("time", "tim\\u0065"),
        ] {
            let other = leaf.replacen(from, to, 1);
            assert_ne!(other, leaf, "{from}");
            assert_eq!(read(other.as_bytes()), None, "{other}");
            let reason = Entry::from_leaf(other.as_bytes()).unwrap_err().reason();
            assert!(["format.not-json", "format.not-canonical"].contains(&reason), "{other}");
        }
        // What it takes all the same.
        let large = leaf.replacen(":10,", ":10000000000000000,", 1);
        assert_eq!(read(large.as_bytes()), None);
        Entry::from_leaf(large.as_bytes()).unwrap();
    }
}
