use super::*;
use domain::Timestamp;
use domain::event::{Action, Actor, Event};

/// Entries about few things, so that much is about the same; with gaps in their indices.
fn some(count: usize) -> (History, Vec<Indexed>) {
    let (mut history, mut plain) = (History::default(), Vec::new());
    for number in 0..count {
        let thing = |of: usize| Digest::of(&[u8::try_from(of % 251).unwrap()]);
        let mut event = Event::accepted(Action::OutputReviewed, thing(number * number));
        event.evidence = vec![thing(number * 7), thing(number / 100), thing(number * 7)];
        let entry = Entry {
            id: id(number),
            sequence: number.try_into().unwrap(),
            time: Timestamp::EPOCH,
            actor: Actor::Airlock,
            person: None,
            event,
        };
        let index = u64::try_from(number + number / 3).unwrap();
        history.push(index, entry.clone());
        plain.push((index, entry));
    }
    (history, plain)
}

fn id(number: usize) -> EntryId {
    EntryId::from_random(u128::try_from(number).unwrap().to_be_bytes())
}

/// Everything is found that reading all would find, and nothing else.
fn check(entries: &Entries, plain: &[Indexed]) {
    assert_eq!((entries.len(), entries.is_empty()), (plain.len(), plain.is_empty()));
    assert!(entries.iter().eq(plain));
    assert!(entries.iter().rev().eq(plain.iter().rev()));
    for byte in 0..=255 {
        let thing = Digest::of(&[byte]);
        let is =
            |(_, it): &&Indexed| it.event.object == thing || it.event.evidence.contains(&thing);
        assert!(entries.about(thing).eq(plain.iter().filter(is)), "{byte} of {}", plain.len());
    }
    for number in [0, 1, WIDTH - 1, WIDTH, 2 * WIDTH + 5, 4 * WIDTH, 8 * WIDTH] {
        assert_eq!(entries.named(&id(number)), plain.get(number));
        let index = u64::try_from(number).unwrap();
        assert!(entries.since(index).eq(plain.iter().filter(|it| it.0 >= index)));
    }
}

#[test]
fn what_is_looked_for_is_found() {
    for count in [0, 1, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH, 7 * WIDTH + 17, 8 * WIDTH] {
        let (history, plain) = some(count);
        check(history.entries(), &plain);
    }
}

/// Copies of different moments share an index, whoever looks first.
#[test]
fn a_copy_does_not_change() {
    let (_, plain) = some(6 * WIDTH + 100);
    let moments = [10, WIDTH, WIDTH + 9, 2 * WIDTH - 1, 3 * WIDTH + 1, 5 * WIDTH];
    for first in 0..moments.len() {
        let mut growing = History::default();
        let mut copies = Vec::new();
        for (number, (index, entry)) in plain.iter().enumerate() {
            if moments.contains(&number) {
                copies.push((number, growing.entries().clone()));
            }
            if number == moments[first] + WIDTH / 2 {
                let (count, copy) = &copies[first];
                check(copy, &plain[..*count]);
            }
            growing.push(*index, entry.clone());
        }
        check(growing.entries(), &plain);
        for (count, copy) in &copies {
            check(copy, &plain[..*count]);
        }
    }
}
