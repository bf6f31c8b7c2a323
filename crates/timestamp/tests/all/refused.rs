//! Every check, by a response that it alone refuses.

use std::collections::BTreeSet;

use domain::Reason as _;
use proptest::prelude::*;
use timestamp::Token;

use crate::cases::{Case, openssl};
use crate::{accepted, altered, bytes};

/// All that is refused, with the reason; the authority's folder lives as long as the test.
pub(crate) fn cases(folder: &std::path::Path) -> Vec<(Case, &'static str)> {
    let (response, authority) = openssl(folder);
    let root = String::from_utf8(authority.root().unwrap()).unwrap();
    let mut cases = altered::cases();
    cases.extend(bytes::cases(&response, &root));
    // Another authority under the same names, and one that is not known at all.
    let mut right = accepted::cases().swap_remove(0);
    right.name = "another root".to_owned();
    right.root = root.clone();
    cases.push((right, "timestamp.unknown-authority"));
    cases
}

#[test]
fn each_alteration_is_refused_by_its_own_check() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path());
    let mut wrong = Vec::new();
    let mut reasons = BTreeSet::new();
    for (case, expected) in &cases {
        let found = case.verdict().map(|_| "accepted").unwrap_or_else(|error| error.reason());
        reasons.insert(found);
        if found != *expected {
            wrong.push(format!("{}: {found}, not {expected}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} alterations, {} reasons: {reasons:?}", cases.len(), reasons.len());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let refused = Token::from_response(&bytes).unwrap_err();
        prop_assert!(refused.reason().starts_with("timestamp."));
    }

    /// Random changes of a right answer, each of which keeps most of its structure.
    #[test]
    fn changed_answers_are_refused_or_the_same(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let right = right();
        let mut case = right.clone();
        for (at, byte) in edits {
            *at.get_mut(&mut case.response) = byte;
        }
        if cut.index(8) == 0 {
            case.response.truncate(cut.index(case.response.len()));
        }
        if let Ok(stamped) = case.verdict() {
            prop_assert_eq!(stamped, right.verdict().unwrap());
        }
    }
}

fn right() -> &'static Case {
    static RIGHT: std::sync::OnceLock<Case> = std::sync::OnceLock::new();
    RIGHT.get_or_init(|| accepted::cases().swap_remove(0))
}
