use std::fs;
use std::path::Path;

use domain::ReasonCode;
use domain::ids::ProjectId;
use domain::keys::SecretKey;
use zeroize::Zeroizing;

use super::*;
use crate::tests::all;
use crate::writer::Order;
use crate::{Folders, Person};

fn folders(folder: &Path) -> Folders {
    let at = |part: &str| folder.join(part);
    Folders { data: at("data"), state: at("state"), record_keys: at("record-keys") }
}

fn open(folder: &Path) -> Ledger {
    let key = SecretKey::from_seed(&Zeroizing::new([9; 32]));
    Ledger::open(&folders(folder), "test.example/log", key).unwrap()
}

fn person(name: &str) -> PersonId {
    name.parse().unwrap()
}

fn project(name: &str) -> ProjectId {
    name.parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000).unwrap()
}

/// Logs that `who` voted on `package` in `on`.
fn vote(ledger: &Ledger, who: &str, on: &str, package: &[u8]) -> LogPlace {
    let said = format!("{who} accepts {}", String::from_utf8_lossy(package));
    let event = Event {
        project: Some(project(on)),
        evidence: vec![ledger.keep_personal(said.as_bytes()).unwrap()],
        ..Event::accepted(Action::OutputReviewed, Digest::of(package))
    };
    let draft = Draft { actor: Actor::Airlock, time: at(), person: Some(person(who)), event };
    ledger.record(draft, ()).unwrap().place().clone()
}

fn entry(ledger: &Ledger, index: u64) -> Entry {
    all(ledger).into_iter().find(|(at, _)| *at == index).unwrap().1
}

/// Everything in all files below `folder`.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for found in fs::read_dir(folder).unwrap() {
        let path = found.unwrap().path();
        bytes.extend(if path.is_dir() { all_bytes(&path) } else { fs::read(&path).unwrap() });
    }
    bytes
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_person_has_one_pseudonym_in_each_project() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    for (who, on) in [("alice", "p1"), ("bob-the-reviewer", "p1"), ("alice", "p1"), ("alice", "p2")]
    {
        vote(&ledger, who, on, b"package");
    }
    let shown = |ledger: &Ledger| -> Vec<_> {
        all(ledger).into_iter().map(|(_, entry)| entry.person.unwrap()).collect()
    };
    let [alice, bob, again, elsewhere] = shown(&ledger).try_into().unwrap();
    assert_eq!(alice, again);
    assert_ne!(alice, bob);
    assert_ne!(alice, elsewhere);
    drop(ledger);
    // The next run knows them, and gives the same person the same pseudonym.
    let ledger = open(folder.path());
    let who = Person { person: person("alice"), project: Some(project("p1")) };
    assert_eq!(ledger.person(&alice).unwrap(), who);
    assert_eq!(ledger.pseudonym_of(&who), Some(alice));
    vote(&ledger, "alice", "p1", b"package");
    assert_eq!(shown(&ledger)[4], alice);
    // Neither the log nor what is beside it has a name in clear: one of three letters would be found
    // among random bytes now and then.
    let data = all_bytes(&folder.path().join("data"));
    assert!(!has(&data, "alice") && !has(&data, "bob-the-reviewer"));
}

#[test]
fn an_erased_record_is_unreadable_everywhere_and_all_proofs_stay() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let places = ["alice", "bob", "alice"].map(|who| vote(&ledger, who, "p1", b"package"));
    vote(&ledger, "alice", "p2", b"other");
    let before: Vec<_> = (0..4).map(|index| ledger.prove(index).unwrap()).collect();
    let entries = all(&ledger);
    let keys = all_bytes(&folder.path().join("record-keys"));
    let sealed = fs::read_dir(folder.path().join("data/sealed")).unwrap();
    let backup: Vec<_> = sealed
        .map(|file| file.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();

    let erased = ledger.erase(&places[0].entry, person("olga"), at()).unwrap();
    let vote_object = entries[0].1.event.evidence[0];
    assert_eq!(erased.objects, [vote_object]);
    assert_eq!(erased.same_person, [2], "alice's other entry in this project, not the one in p2");
    assert_eq!(erased.place.index, 4);

    let check = |ledger: Ledger| {
        assert!(ledger.is_erased(&entry(&ledger, 0)));
        // Her other vote is still there; that it is hers is not.
        assert!(
            !ledger.is_erased(&entry(&ledger, 2)) || entries[2].1.event.evidence[0] == vote_object
        );
        let shown = entry(&ledger, 0).person.unwrap();
        assert_eq!(ledger.person(&shown).unwrap_err().reason(), "record.erased");
        assert_eq!(ledger.object(&vote_object).unwrap_err().reason(), "object.erased");
        let again = ledger.keep_personal(b"alice accepts package").unwrap_err();
        assert_eq!(again.reason(), "object.erased");
        // What others said, and where she is in another project, stay.
        assert_eq!(
            ledger.person(&entry(&ledger, 1).person.unwrap()).unwrap().person,
            person("bob")
        );
        assert_eq!(
            ledger.person(&entry(&ledger, 3).person.unwrap()).unwrap().person,
            person("alice")
        );
        assert_eq!(
            ledger.object(&entry(&ledger, 1).event.evidence[0]).unwrap(),
            b"bob accepts package"
        );
        // Old proofs verify, and new ones of every entry.
        for (leaf, proof) in before.iter().cloned().chain((0..5).map(|i| ledger.prove(i).unwrap()))
        {
            tlog::verify::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
        }
        let again = ledger.erase(&places[0].entry, person("olga"), at()).unwrap_err();
        assert_eq!(again.reason(), "erase.already");
        let event = entry(&ledger, 4);
        assert_eq!((event.actor, event.event.action), (Actor::Operator, Action::RecordErased));
        assert_eq!(event.event.object, Digest::of(&before[0].0));
    };
    check(ledger);
    // A backup of all ciphertext does not bring anything back.
    backup.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    check(open(folder.path()));
    // The two keys of the record are gone: that of the vote and that of the pseudonym.
    let left = all_bytes(&folder.path().join("record-keys"));
    let lost = keys.chunks(32).filter(|key| !left.chunks(32).any(|other| other == *key)).count();
    assert_eq!(lost, 2);
}

#[test]
fn after_an_erasure_the_person_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let first = vote(&ledger, "alice", "p1", b"package");
    ledger.erase(&first.entry, person("olga"), at()).unwrap();
    let second = vote(&ledger, "alice", "p1", b"another package");
    let shown = |index| entry(&ledger, index).person.unwrap();
    assert_ne!(shown(first.index), shown(second.index));
    assert_eq!(ledger.person(&shown(second.index)).unwrap().person, person("alice"));
}

/// Decisions that wait together share an append, but none behind an erasure still has the old pseudonym.
#[test]
fn an_erasure_ends_an_append() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let first = vote(&ledger, "alice", "p1", b"package");
    let shown = |index| entry(&ledger, index).person.unwrap();
    let draft = |actor, action, who: &str| {
        let event = Event {
            project: Some(project("p1")),
            previous: vec![first.entry.clone()],
            ..Event::accepted(action, Digest::of(b"object"))
        };
        let drafts = vec![Draft { actor, time: at(), person: Some(person(who)), event }];
        Order { drafts, ..Order::default() }
    };
    let outcomes = ledger.write(vec![
        draft(Actor::Airlock, Action::OutputReviewed, "alice"),
        draft(Actor::Operator, Action::RecordErased, "olga"),
        draft(Actor::Airlock, Action::OutputReviewed, "alice"),
    ]);
    let places: Vec<_> = outcomes.into_iter().map(|places| places.unwrap()[0].index).collect();
    assert_eq!(places, [1, 2, 3]);
    assert_eq!(shown(1), shown(0));
    assert_ne!(shown(3), shown(0));
    assert_eq!(ledger.person(&shown(0)).unwrap_err().reason(), "record.erased");
    assert_eq!(ledger.person(&shown(3)).unwrap().person, person("alice"));
}

#[test]
fn missing_and_altered_are_not_erased() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    vote(&ledger, "alice", "p1", b"package");
    let entry = entry(&ledger, 0);
    let (shown, object) = (entry.person.unwrap(), entry.event.evidence[0]);
    let reasons = |ledger: &Ledger| {
        let person = ledger.person(&shown).err().map(|error| error.reason());
        (person, ledger.object(&object).err().map(|error| error.reason()))
    };
    let altered = (Some("record.altered"), Some("object.altered"));
    let missing = (Some("record.missing"), Some("object.missing"));
    for part in ["data/sealed", "record-keys"] {
        for name in [shown.hex(), object.hex()] {
            let path = folder.path().join(part).join(&name);
            let good = fs::read(&path).unwrap();
            let mut bad = good.clone();
            bad[0] ^= 1;
            let of = |of: (Option<&'static str>, Option<&'static str>)| {
                if name == shown.hex() { (of.0, None) } else { (None, of.1) }
            };
            fs::write(&path, &bad).unwrap();
            assert_eq!(reasons(&ledger), of(altered), "{part}/{name}");
            fs::write(&path, &good[1..]).unwrap();
            assert_eq!(reasons(&ledger), of(altered), "{part}/{name}");
            fs::remove_file(&path).unwrap();
            assert_eq!(reasons(&ledger), of(missing), "{part}/{name}");
            fs::write(&path, &good).unwrap();
            assert_eq!(reasons(&ledger), (None, None));
        }
    }
    // Another record in its place, with its own key, is not the committed one.
    let other = vote(&ledger, "bob", "p1", b"package");
    let other = self::entry(&ledger, other.index).person.unwrap();
    for part in ["data/sealed", "record-keys"] {
        let at = |name: String| folder.path().join(part).join(name);
        fs::copy(at(other.hex()), at(shown.hex())).unwrap();
    }
    assert_eq!(reasons(&ledger).0, Some("record.altered"));
}

#[test]
fn only_what_is_kept_of_people_can_be_erased() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let reason = |name: &EntryId| ledger.erase(name, person("olga"), at()).unwrap_err().reason();
    assert_eq!(reason(&EntryId::from_random([1; 16])), "erase.no-such-entry");
    let manifest = ledger.keep(b"manifest").unwrap();
    let event =
        Event { evidence: vec![manifest], ..Event::accepted(Action::DatasetSealed, manifest) };
    let draft = Draft { actor: Actor::Broker, time: at(), person: None, event };
    let sealed = ledger.record(draft, ()).unwrap().place().clone();
    assert_eq!(reason(&sealed.entry), "erase.nothing");
    assert_eq!(ledger.object(&manifest).unwrap(), b"manifest");
}

/// Each point at which the process may end, by what it leaves on the disk.
#[test]
fn an_erasure_that_was_cut_short_is_finished_when_the_ledger_opens() {
    for step in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path());
        let place = vote(&ledger, "alice", "p1", b"package");
        let entry = entry(&ledger, 0);
        let names = [entry.event.evidence[0].hex(), entry.person.unwrap().hex()];
        let places: Vec<_> = names
            .iter()
            .flat_map(|name| {
                ["record-keys", "data/sealed"].map(|part| folder.path().join(part).join(name))
            })
            .collect();
        let kept: Vec<_> = places.iter().map(|path| fs::read(path).unwrap()).collect();
        ledger.erase(&place.entry, person("olga"), at()).unwrap();
        drop(ledger);
        // As if only the first `step` files had been removed.
        for (path, bytes) in places.iter().zip(&kept).skip(step) {
            fs::write(path, bytes).unwrap();
        }
        let ledger = open(folder.path());
        assert_eq!(ledger.person(&entry.person.unwrap()).unwrap_err().reason(), "record.erased");
        assert!(places.iter().all(|path| !path.exists()), "after {step}");
    }
}

/// A refusal to write the event leaves everything readable.
#[test]
fn nothing_is_destroyed_that_the_log_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let place = vote(&ledger, "alice", "p1", b"package");
    let shown = entry(&ledger, 0).person.unwrap();
    // Objects of the log are written beside their place first: with a folder there, they cannot be.
    let obstacle = folder.path().join("data/log/tile/entries/000.p/.2.new");
    fs::create_dir_all(&obstacle).unwrap();
    let failed = ledger.erase(&place.entry, person("olga"), at()).unwrap_err();
    assert_eq!(failed.reason(), "log.unavailable");
    assert_eq!(ledger.person(&shown).unwrap().person, person("alice"));
    fs::remove_dir(&obstacle).unwrap();
    ledger.erase(&place.entry, person("olga"), at()).unwrap();
    assert_eq!(ledger.person(&shown).unwrap_err().reason(), "record.erased");
}

/// Only an operator's erasure counts: a refused one, or one by a service, hides nothing.
#[test]
fn an_entry_that_is_no_erasure_erases_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let place = vote(&ledger, "alice", "p1", b"package");
    let reason = ReasonCode::try_from("erase.nothing".to_owned()).unwrap();
    let object = Digest::of(b"leaf");
    let refused = Event::refused(Action::RecordErased, object, reason);
    let accepted = Event::accepted(Action::RecordErased, object);
    for (actor, event) in [(Actor::Operator, refused), (Actor::Broker, accepted)] {
        let event = Event { previous: vec![place.entry.clone()], ..event };
        ledger.record(Draft { actor, time: at(), person: None, event }, ()).unwrap();
        assert!(!ledger.is_erased(&entry(&ledger, place.index)));
    }
    assert_eq!(ledger.person(&entry(&ledger, 0).person.unwrap()).unwrap().person, person("alice"));
}
