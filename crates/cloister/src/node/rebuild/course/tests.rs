use domain::Digest;
use domain::event::Event;
use domain::ids::EntryId;

use super::*;

/// One word for each entry about a launch: who decided what, and with `!` that it was refused.
fn entry(word: &str) -> Entry {
    let (name, refused) =
        word.split_once('!').map_or((word, None), |(name, why)| (name, Some(why)));
    let (actor, action) = match name {
        "attested" => (Actor::Broker, Action::EnclaveAttested),
        "released" => (Actor::Broker, Action::KeyReleased),
        "stopped" => (Actor::Broker, Action::JobFinished),
        "delivered" => (Actor::Airlock, Action::JobFinished),
        "delivery" => (Actor::Airlock, Action::OutputChecked),
        other => panic!("{other}"),
    };
    let reason = |why: &str| ReasonCode::try_from(format!("test.{why}")).unwrap();
    let manifest = Digest::of(b"manifest");
    let event = match refused {
        None => Event { platform: Some(Trust::Emulated), ..Event::accepted(action, manifest) },
        Some(why) => Event::refused(action, manifest, reason(why)),
    };
    Entry {
        id: EntryId::from_random([1; 16]),
        sequence: 0,
        time: "2026-11-26T12:00:00Z".parse().unwrap(),
        actor,
        person: None,
        event,
    }
}

fn course(words: &str) -> Course {
    let mut course = Course::default();
    for (index, word) in (10..).zip(words.split_whitespace()) {
        course.take(index, &entry(word));
    }
    course
}

#[test]
fn each_course_has_its_end() {
    for (words, end) in [
        ("", "-"),
        ("attested", "-"),
        ("attested!a", "test.a"),
        // The enclave stops at its own refusal; others come from whoever reaches the broker.
        ("attested!a attested!b", "test.a"),
        ("attested!a attested", "-"),
        ("attested attested!a", "-"),
        ("attested released!a", "test.a"),
        ("attested released released!used", "-"),
        ("attested stopped!a", "test.a"),
        ("attested released stopped!a", "test.a"),
        ("attested released delivery!a", "test.a"),
        ("attested released delivery!a stopped!b", "test.b"),
        ("attested released delivered", "delivered"),
        ("attested released delivery!a delivered", "delivered"),
        // It arrived, and the enclave never heard so.
        ("attested released delivered stopped!a", "delivered"),
        ("attested released stopped!a delivered", "delivered"),
    ] {
        let found = match course(words).end() {
            None => "-".to_owned(),
            Some(JobEnd::Delivered) => "delivered".to_owned(),
            Some(JobEnd::Refused(reason)) => reason.to_string(),
        };
        assert_eq!(found, end, "{words}");
    }
}

#[test]
fn a_delivery_rests_on_a_verdict_and_a_key() {
    for (words, unfounded) in [
        ("delivered", Some(10)),
        ("attested delivered", Some(11)),
        ("attested released!a delivered", Some(12)),
        ("attested!a released delivered", Some(12)),
        ("attested released delivered", None),
        ("stopped!a", None),
    ] {
        assert_eq!(course(words).unfounded(), unfounded, "{words}");
    }
}

#[test]
fn of_each_kind_the_decision_that_counts_is_kept() {
    let found = course("attested!a attested attested released released!used delivered");
    let said = |index| Some(Said { index, refusal: None });
    assert_eq!(found.attested, said(12));
    assert_eq!(found.released, said(13));
    assert_eq!(found.finished, said(15));
    assert_eq!(found.platform(), Some(Trust::Emulated));
    assert_eq!(course("attested!a").platform(), None);
    // What an actor has no say in is nothing.
    let mut wrong = entry("attested");
    wrong.actor = Actor::Airlock;
    assert!(!Course::default().take(1, &wrong));
}
