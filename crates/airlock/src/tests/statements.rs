//! What reviewers sign.

use domain::dsse::Envelope;
use domain::ids::OutputId;
use domain::review::{Review, Vote};
use domain::{Digest, Timestamp, canonical};
use wire::airlock::{READ_OUTPUT_TYPE, ReadOutput};

use super::world::{at, key, person};

pub(crate) fn review(reviewer: &str, seed: u8, package: Digest, vote: Vote) -> Envelope {
    review_at(at(0), reviewer, seed, package, vote)
}

pub(crate) fn review_at(
    signed: Timestamp,
    reviewer: &str,
    seed: u8,
    package: Digest,
    vote: Vote,
) -> Envelope {
    let review = Review { package, reviewer: person(reviewer), vote, signed };
    review.sign(&key(seed)).unwrap()
}

pub(crate) fn read_request(
    reader: &str,
    seed: u8,
    output: &OutputId,
    signed: Timestamp,
) -> Envelope {
    let request = ReadOutput { output: output.clone(), reviewer: person(reader), signed };
    Envelope::sign(READ_OUTPUT_TYPE, &canonical::to_vec(&request).unwrap(), &key(seed))
}
