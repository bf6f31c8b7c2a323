//! Stages 7 and 8: reviewers' votes turn a [`CheckedOutput`] into a [`ReviewedOutput`], which is
//! what an export is made from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::dsse::{DsseError, Envelope};
use crate::ids::PersonId;
use crate::keys::SecretKey;
use crate::output::CheckedOutput;
use crate::project::Approval;
use crate::{Digest, Reason, Timestamp};

/// What a reviewer signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The package, by digest.
    pub package: Digest,
    /// Who votes.
    pub reviewer: PersonId,
    /// The vote.
    pub vote: Vote,
    /// When it was signed, by the reviewer's clock.
    pub signed: Timestamp,
}

/// A reviewer's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// The output may leave.
    Accept,
    /// It may not; one such vote is enough.
    Reject,
}

impl Review {
    /// Signs the vote as its reviewer.
    ///
    /// # Errors
    /// [`ReviewError::Malformed`] if it has no canonical form.
    pub fn sign(&self, key: &SecretKey) -> Result<Envelope, ReviewError> {
        let payload = canonical::to_vec(self).map_err(ReviewError::Malformed)?;
        Ok(Envelope::sign(REVIEW_TYPE, &payload, key))
    }

    /// Reads one vote on `output`, if it counts: signed by a reviewer of the project who is not
    /// the output's author.
    ///
    /// # Errors
    /// The reason why it does not count.
    pub fn verify(
        envelope: &Envelope,
        output: &CheckedOutput,
        approval: &Approval,
    ) -> Result<Self, ReviewError> {
        let payload = envelope.unverified_payload().map_err(ReviewError::Signature)?;
        let claimed: Self = canonical::from_slice(&payload).map_err(ReviewError::Malformed)?;
        let proposal = approval.proposal();
        let key = proposal.reviewers.get(&claimed.reviewer).ok_or(ReviewError::NotAReviewer)?;
        envelope.verify(REVIEW_TYPE, key).map_err(ReviewError::Signature)?;
        let author_key = proposal.researchers.get(output.author());
        if claimed.reviewer == *output.author() || author_key == Some(key) {
            return Err(ReviewError::AuthorAsReviewer);
        }
        if claimed.package != output.package() {
            return Err(ReviewError::OtherPackage);
        }
        Ok(claimed)
    }
}

/// An output that enough reviewers accepted and none rejected.
#[derive(Clone, Debug)]
pub struct ReviewedOutput {
    output: CheckedOutput,
    reviewers: BTreeSet<PersonId>,
}

impl ReviewedOutput {
    /// Counts the votes on `output` under `approval`.
    ///
    /// # Errors
    /// A vote that does not count, a rejection, or too few votes.
    pub fn new(
        output: CheckedOutput,
        approval: &Approval,
        votes: &[Envelope],
    ) -> Result<Self, ReviewError> {
        if output.proposal() != approval.digest() {
            return Err(ReviewError::OtherProposal);
        }
        let mut reviewers = BTreeSet::new();
        for envelope in votes {
            let review = Review::verify(envelope, &output, approval)?;
            match review.vote {
                Vote::Accept => reviewers.insert(review.reviewer),
                Vote::Reject => return Err(ReviewError::Rejected),
            };
        }
        let count = u32::try_from(reviewers.len()).unwrap_or(u32::MAX);
        if count < approval.proposal().reviews_required {
            return Err(ReviewError::TooFew);
        }
        Ok(Self { output, reviewers })
    }

    /// What was accepted.
    #[must_use]
    pub const fn output(&self) -> &CheckedOutput {
        &self.output
    }

    /// Who accepted it.
    #[must_use]
    pub const fn reviewers(&self) -> &BTreeSet<PersonId> {
        &self.reviewers
    }
}

/// Why an output was not released by its reviewers.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The author of a job may not review its output.
    #[error("the author of a job may not review its output; ask another reviewer")]
    AuthorAsReviewer,
    /// Not the expected canonical JSON.
    #[error("the review is malformed")]
    Malformed(#[source] CanonicalError),
    /// The voter is not among the project's reviewers.
    #[error("the voter is not a reviewer of the project")]
    NotAReviewer,
    /// The vote is on another package.
    #[error("the review is of another output")]
    OtherPackage,
    /// The output was made under another proposal.
    #[error("the output belongs to another proposal")]
    OtherProposal,
    /// A reviewer rejected the output.
    #[error("a reviewer rejected the output")]
    Rejected,
    /// The vote is not signed by the reviewer whom it names.
    #[error("the review is not signed by the reviewer it names")]
    Signature(#[source] DsseError),
    /// Fewer accepting reviewers than the proposal asks for.
    #[error("too few reviewers have accepted the output; ask another reviewer")]
    TooFew,
}

impl Reason for ReviewError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AuthorAsReviewer => "review.author-as-reviewer",
            Self::Malformed(_) => "review.malformed",
            Self::NotAReviewer => "review.not-a-reviewer",
            Self::OtherPackage => "review.other-package",
            Self::OtherProposal => "review.other-proposal",
            Self::Rejected => "review.rejected",
            Self::Signature(_) => "review.signature",
            Self::TooFew => "review.too-few",
        }
    }
}

/// DSSE payload type of a review.
const REVIEW_TYPE: &str = "application/vnd.cloister.review.v1+json";
