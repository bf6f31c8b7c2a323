//! Whom a verifier of checkpoints believes: logs, witnesses and a quorum of these (C2SP tlog-policy).

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use domain::Timestamp;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::WitnessKey;
use crate::error::LogError;
use crate::note::VerifierKey;

/// A trust policy. A checkpoint is believed if one of the logs signed it and so many witnesses, in the
/// groups that the quorum says, cosigned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    quorum: Rule,
}

/// A log of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its origin and key.
    pub key: VerifierKey,
    /// Where it is, if the policy says so.
    pub url: Option<String>,
}

/// A witness of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the policy.
    pub name: String,
    /// Its name and key in cosignatures.
    pub key: WitnessKey,
    /// Where checkpoints are submitted to it, if the policy says so.
    pub url: Option<String>,
}

/// What has to be cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Nothing,
    /// By the witness with this number.
    Witness(usize),
    Group {
        least: usize,
        members: Vec<Rule>,
    },
}

/// A checkpoint that a policy believes.
///
/// INVARIANT: made by [`Policy::verify`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    log: VerifierKey,
    signed: SignedCheckpoint,
    cosigned: BTreeMap<String, Timestamp>,
    as_of: Option<Timestamp>,
}

impl Witnessed {
    /// The log of the policy that signed it.
    #[must_use]
    pub const fn log(&self) -> &VerifierKey {
        &self.log
    }

    /// The checkpoint with its note.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// What was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.signed.checkpoint()
    }

    /// When each witness cosigned, by its name in the policy and its own clock. Witnesses that the
    /// quorum did not need are among them.
    #[must_use]
    pub const fn cosigned(&self) -> &BTreeMap<String, Timestamp> {
        &self.cosigned
    }

    /// The time for which the quorum answers: the latest at which, or after which, as many cosigned as it
    /// asks for. A verifier with a clock compares it, to notice an old checkpoint that it is shown as
    /// the newest; the latest single time could be that of a witness which the policy would not
    /// believe alone. `None` if the policy asks for no witnesses.
    #[must_use]
    pub const fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }
}

impl Policy {
    /// Checks the checkpoint `note`.
    ///
    /// # Errors
    /// `log.malformed`; `log.origin` or `log.signature` if it is of none of the logs;
    /// `log.cosignature` if a cosignature under the name of a witness is wrong; `log.quorum` if too
    /// few cosigned.
    pub fn verify(&self, note: &str) -> Result<Witnessed, LogError> {
        let (log, signed) = self.signed(note)?;
        let mut cosigned = BTreeMap::new();
        let mut times = Vec::new();
        for (number, witness) in self.witnesses.iter().enumerate() {
            if let Some(time) = witness.key.time_of(note)? {
                cosigned.insert(witness.name.clone(), time);
                times.push((time, number));
            }
        }
        match self.as_of(times) {
            Some(as_of) => Ok(Witnessed { log: log.clone(), signed, cosigned, as_of }),
            None => Err(LogError::Quorum { cosigned: cosigned.into_keys().collect() }),
        }
    }

    /// The time for which the quorum answers, `Some(None)` if it asks for nobody; `None` if these, with
    /// their numbers, are too few.
    fn as_of(&self, mut times: Vec<(Timestamp, usize)>) -> Option<Option<Timestamp>> {
        times.sort_unstable();
        let (mut by, mut as_of) = (BTreeSet::new(), None);
        while !self.quorum.is_met(&by) {
            let (time, number) = times.pop()?;
            by.insert(number);
            as_of = Some(time);
        }
        Some(as_of)
    }

    /// The log that signed the checkpoint `note`, whoever cosigned it.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::verify`] of the first log with the note's origin; `log.origin` without one.
    pub fn signed(&self, note: &str) -> Result<(&VerifierKey, SignedCheckpoint), LogError> {
        let mut refused = None;
        for log in &self.logs {
            match SignedCheckpoint::verify(note, &log.key) {
                Ok(signed) => return Ok((&log.key, signed)),
                Err(error) if matches!(refused, None | Some(LogError::Origin { .. })) => {
                    refused = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or_else(|| LogError::Origin {
            expected: "a log of the policy, which names none".to_owned(),
            found: note.split('\n').next().unwrap_or_default().to_owned(),
        }))
    }

    /// This policy for the log `key`, which is known from elsewhere: if the policy names logs, it must
    /// be one of them, and the others do not count.
    ///
    /// # Errors
    /// `log.origin` if none has this origin, `log.signature` if it has another key.
    pub fn of_log(mut self, key: &VerifierKey) -> Result<Self, LogError> {
        let same_name = |log: &PolicyLog| log.key.origin() == key.origin();
        match self.logs.first() {
            None => self.logs.push(PolicyLog { key: key.clone(), url: None }),
            _ if self.logs.iter().any(|log| log.key == *key) => {
                self.logs.retain(|log| log.key == *key);
            }
            _ if self.logs.iter().any(same_name) => {
                return Err(LogError::Signature { key: key.to_string() });
            }
            Some(first) => {
                let (expected, found) = (key.origin().to_owned(), first.key.origin().to_owned());
                return Err(LogError::Origin { expected, found });
            }
        }
        Ok(self)
    }

    /// Whether cosignatures by the witnesses with these names in the policy meet its quorum.
    #[must_use]
    pub fn is_met_by(&self, names: &BTreeSet<String>) -> bool {
        let named = |(_, witness): &(usize, &PolicyWitness)| names.contains(&witness.name);
        let by = self.witnesses.iter().enumerate().filter(named).map(|(number, _)| number);
        self.quorum.is_met(&by.collect())
    }

    /// The logs that it names.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses that it names.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether it believes checkpoints that nobody cosigned.
    #[must_use]
    pub fn needs_witnesses(&self) -> bool {
        !self.quorum.is_met(&BTreeSet::new())
    }
}

impl Rule {
    fn is_met(&self, by: &BTreeSet<usize>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Witness(number) => by.contains(number),
            Self::Group { least, members } => {
                members.iter().filter(|member| member.is_met(by)).count() >= *least
            }
        }
    }
}

impl FromStr for Policy {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        if text.len() > MAX_BYTES {
            return Err(LogError::Policy {
                line: 1,
                what: "the policy has more than 1,000,000 bytes",
            });
        }
        let mut reader = Reader::default();
        for (line, number) in text.split('\n').zip(1..) {
            let refused = |what| LogError::Policy { line: number, what };
            if line.contains(|c: char| c.is_ascii_control() && c != '\t') {
                return Err(refused("there is a control character"));
            }
            let items: Vec<&str> =
                line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
            if !items.first().is_none_or(|first| first.starts_with('#')) {
                reader.line(&items).map_err(refused)?;
            }
        }
        let Reader { logs, witnesses, quorum, .. } = reader;
        let lines = text.split('\n').map(|_| 1_u64).sum();
        let none = LogError::Policy { line: lines, what: "there is no `quorum` line" };
        Ok(Self { logs, witnesses, quorum: quorum.ok_or(none)? })
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Witnesses and groups by name, and whether a group has them.
    names: BTreeMap<String, (Rule, bool)>,
    quorum: Option<Rule>,
}

impl Reader {
    fn line(&mut self, items: &[&str]) -> Result<(), &'static str> {
        match *items {
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url.to_owned())),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url.to_owned())),
            ["group", name, least, ref members @ ..] => self.group(name, least, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(LINES),
        }
    }

    fn log(&mut self, key: &str, url: Option<String>) -> Result<(), &'static str> {
        let key: VerifierKey = key.parse().map_err(|_| "the log's key is no key of a log")?;
        if self.logs.iter().any(|log| log.key.public() == key.public()) {
            return Err("the log's key is that of another line");
        }
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<String>) -> Result<(), &'static str> {
        let key: WitnessKey =
            key.parse().map_err(|_| "the witness's key is no key of a witness")?;
        if self.witnesses.iter().any(|witness| witness.key.key() == key.key()) {
            return Err("the witness's key is that of another line");
        }
        self.define(name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name: name.to_owned(), key, url });
        Ok(())
    }

    fn group(&mut self, name: &str, least: &str, members: &[&str]) -> Result<(), &'static str> {
        let least = match least {
            "any" => Some(1),
            "all" => Some(members.len()),
            number => crate::checkpoint::parse_decimal(number)
                .and_then(|number| usize::try_from(number).ok()),
        };
        let least = least.filter(|least| (1..=members.len()).contains(least));
        let least = least.ok_or("a group is of `all`, of `any`, or of 1 to as many as it has")?;
        let members = members.iter().map(|member| {
            let named = self.names.get_mut(*member).ok_or("a member is not defined above")?;
            let (rule, is_member) = named;
            match std::mem::replace(is_member, true) {
                false => Ok(rule.clone()),
                true => Err("a member is in a group already"),
            }
        });
        let members = members.collect::<Result<_, _>>()?;
        self.define(name, Rule::Group { least, members })
    }

    fn quorum(&mut self, name: &str) -> Result<(), &'static str> {
        let rule = match self.names.get(name) {
            None if name == NONE => Rule::Nothing,
            None => return Err("the quorum is not defined above"),
            Some((rule, _)) => rule.clone(),
        };
        match self.quorum.replace(rule) {
            None => Ok(()),
            Some(_) => Err("there is a second `quorum` line"),
        }
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), &'static str> {
        if name == NONE || self.names.contains_key(name) {
            return Err("the name is taken");
        }
        self.names.insert(name.to_owned(), (rule, false));
        Ok(())
    }
}

const NONE: &str = "none";
const LINES: &str = "a line is `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K MEMBER…`, \
                     `quorum NAME`, empty, or begins with `#`";
const MAX_BYTES: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryStore, ORIGIN, key};
    use domain::Reason as _;
    use domain::keys::SecretKey;
    use zeroize::Zeroizing;

    fn witness(number: u8) -> (WitnessKey, SecretKey) {
        let secret = SecretKey::from_seed(&Zeroizing::new([100 + number; 32]));
        (WitnessKey::new(&format!("w{number}.example"), secret.public()).unwrap(), secret)
    }

    /// Witnesses `a` to `e`, with `rules` below them.
    fn policy(rules: &str) -> Result<Policy, LogError> {
        let names = ["a", "b", "c", "d", "e"];
        let lines = names.into_iter().zip(0..).map(|(name, number)| {
            format!("witness {name} {} https://{name}.example/\n", witness(number).0)
        });
        let lines: String = lines.collect();
        format!("# a policy\nlog {}\n\n{lines}{rules}", key()).parse()
    }

    /// A checkpoint cosigned by these, each at a time of its own.
    fn cosigned(by: &[u8]) -> String {
        let log = MemoryStore::default().open().unwrap();
        let mut note = log.checkpoint().note().to_owned();
        for &number in by {
            let (key, secret) = witness(number);
            let time = Timestamp::from_unix_seconds(1_800_000_000 + i64::from(number)).unwrap();
            note += &key.cosign(log.checkpoint().checkpoint(), time, &secret).unwrap();
        }
        note
    }

    #[test]
    fn a_quorum_is_met_as_its_groups_say() {
        let two_levels = "group office all a\ngroup others 2 b c d\ngroup both all office others\n";
        for (rules, met, unmet) in [
            ("quorum none\n", vec![vec![], vec![0]], vec![]),
            ("quorum b\n", vec![vec![1], vec![0, 1]], vec![vec![], vec![0, 2, 3, 4]]),
            (
                "group g 2 a b c\nquorum g",
                vec![vec![0, 1], vec![1, 2], vec![0, 1, 2]],
                vec![vec![], vec![1], vec![1, 3, 4]],
            ),
            ("group g any a b\n quorum\tg \n", vec![vec![0], vec![1]], vec![vec![2]]),
            (
                &(two_levels.to_owned() + "quorum both\n"),
                vec![vec![0, 1, 2], vec![0, 1, 2, 3], vec![0, 2, 3]],
                vec![vec![1, 2, 3], vec![0, 1], vec![0, 4, 1], vec![0]],
            ),
            // What is in a group may be all that is asked for.
            (&(two_levels.to_owned() + "quorum others\n"), vec![vec![1, 3]], vec![vec![0, 1]]),
        ] {
            let policy = policy(rules).unwrap();
            assert_eq!(policy.needs_witnesses(), !rules.contains("none"));
            for by in met {
                let witnessed = policy.verify(&cosigned(&by)).unwrap();
                assert_eq!(witnessed.cosigned().len(), by.len(), "{rules}: {by:?}");
            }
            for by in unmet {
                let error = policy.verify(&cosigned(&by)).unwrap_err();
                assert_eq!(error.reason(), "log.quorum", "{rules}: {by:?}");
            }
        }
    }

    #[test]
    fn cosignatures_have_the_names_of_the_policy_and_the_times_of_the_witnesses() {
        let witnessed = policy("quorum none").unwrap().verify(&cosigned(&[3, 0, 3])).unwrap();
        let times: Vec<(&str, i64)> = witnessed
            .cosigned()
            .iter()
            .map(|(name, time)| (name.as_str(), time.unix_seconds()))
            .collect();
        assert_eq!(times, [("a", 1_800_000_000), ("d", 1_800_000_003)]);
        assert_eq!(witnessed.as_of(), None);
        assert_eq!(witnessed.checkpoint().size, 0);
        let few = policy("quorum e").unwrap().verify(&cosigned(&[3])).unwrap_err();
        assert_eq!(few.to_string(), "too few witnesses cosigned the checkpoint: only `d`");
    }

    #[test]
    fn the_quorum_answers_for_the_time_of_its_oldest_needed_cosignature() {
        let groups = "group pair all a b\ngroup one any c d\ngroup g all pair one\nquorum g";
        for (rules, by, expected) in [
            ("quorum b", &[1, 4][..], 1),
            ("group g 2 a b c\nquorum g", &[0, 1, 2], 1),
            ("group g 2 a b c\nquorum g", &[0, 2, 4], 0),
            ("group g any a b c\nquorum g", &[0, 2, 4], 2),
            (groups, &[0, 1, 2, 3], 0),
        ] {
            let witnessed = policy(rules).unwrap().verify(&cosigned(by)).unwrap();
            let seconds = witnessed.as_of().unwrap().unix_seconds();
            assert_eq!(seconds, 1_800_000_000 + expected, "{rules}");
        }
    }

    #[test]
    fn one_wrong_cosignature_refuses_the_note() {
        let policy = policy("quorum a").unwrap();
        let (good, bad) = (cosigned(&[0, 1]), cosigned(&[1]));
        let line = bad.lines().last().unwrap();
        let other = MemoryStore::default();
        let mut log = other.open().unwrap();
        log.append(&[b"x".to_vec()]).unwrap();
        // A cosignature of another tree.
        let (key, secret) = witness(1);
        let time = Timestamp::from_unix_seconds(1_800_000_001).unwrap();
        let foreign = key.cosign(log.checkpoint().checkpoint(), time, &secret).unwrap();
        let error = policy.verify(&good.replace(&format!("{line}\n"), &foreign)).unwrap_err();
        assert_eq!(error.reason(), "log.cosignature");
    }

    #[test]
    fn a_checkpoint_is_of_one_of_the_logs() {
        let secret = SecretKey::from_seed(&Zeroizing::new([8; 32]));
        let other = VerifierKey::new("log.example/other", secret.public()).unwrap();
        let same_name = VerifierKey::new(ORIGIN, secret.public()).unwrap();
        let note = cosigned(&[]);
        let verdict = |logs: &str| {
            let policy: Policy = format!("{logs}quorum none\n").parse().unwrap();
            policy.verify(&note).map(|_| "ok").map_err(|error| error.reason())
        };
        assert_eq!(verdict(&format!("log {other}\nlog {}\n", key())), Ok("ok"));
        assert_eq!(verdict(&format!("log {other}\n")), Err("log.origin"));
        assert_eq!(verdict(&format!("log {same_name}\n")), Err("log.signature"));
        assert_eq!(verdict(""), Err("log.origin"));
    }

    #[test]
    fn what_is_no_policy_is_refused_by_its_line() {
        let (a, b) = (witness(5).0, witness(0).0);
        for (rules, line) in [
            ("", 9),
            ("quorum f\n", 9),
            ("quorum a\nquorum a\n", 10),
            ("quorum a\nquorum none\n", 10),
            ("group g 0 a\nquorum g\n", 9),
            ("group g 3 a b\nquorum g\n", 9),
            ("group g 01 a b\nquorum g\n", 9),
            ("group g +1 a b\nquorum g\n", 9),
            ("group g most a b\nquorum g\n", 9),
            ("group g any\nquorum g\n", 9),
            ("group g all a g\nquorum g\n", 9),
            ("group g all a a\nquorum g\n", 9),
            ("group g all none\nquorum g\n", 9),
            ("group g all a\ngroup h all a\nquorum g\n", 10),
            ("group g all a\ngroup g all b\nquorum g\n", 10),
            ("group none all a\nquorum none\n", 9),
            ("group a all b\nquorum a\n", 9),
            ("quorum\n", 9),
            ("quorum a b\n", 9),
            ("Quorum a\n", 9),
            ("quorum a\r\n", 9),
            (&format!("witness a {a}\nquorum a\n"), 9),
            (&format!("witness f {b}\nquorum a\n"), 9),
            (&format!("witness f {}\nquorum a\n", key()), 9),
            (&format!("log {a}\nquorum a\n"), 9),
            (&format!("log {}\nquorum a\n", key()), 9),
        ] {
            match policy(rules).unwrap_err() {
                LogError::Policy { line: found, .. } => assert_eq!(found, line, "{rules}"),
                other => panic!("{other:?}"),
            }
        }
        let long = "#".repeat(MAX_BYTES + 1);
        assert_eq!(long.parse::<Policy>().unwrap_err().reason(), "log.policy");
    }
}
