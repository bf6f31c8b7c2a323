//! What an entry should not be, or not be where it is.

use domain::event::{Action, Actor};
use domain::ids::EntryId;
use domain::{Reason, Timestamp};

/// A violation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index of the leaf, from 0.
    pub index: u64,
    /// The entry's name, if the leaf is one.
    pub entry: Option<EntryId>,
    /// What is wrong.
    pub violation: Violation,
}

/// What is wrong with an entry after those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Neither an entry in its canonical form, nor a record of a signature (`hashedrekord`).
    #[error("the leaf is no entry")]
    Leaf,
    /// An earlier entry has the same name.
    #[error("an earlier entry has the same name")]
    EntryRepeated,
    /// Entries of the actor are missing.
    #[error("{actor:?} goes on with number {found} where {expected} is next: entries are missing")]
    SequenceGap {
        /// Whose numbering it is.
        actor: Actor,
        /// The number that was next.
        expected: u64,
        /// The entry's.
        found: u64,
    },
    /// The actor used the number before.
    #[error("{actor:?} uses number {found} again, {expected} is next")]
    SequenceRepeated {
        /// Whose numbering it is.
        actor: Actor,
        /// The number that was next.
        expected: u64,
        /// The entry's.
        found: u64,
    },
    /// The entry is older than one before it by more than [`crate::CLOCK_SECONDS`].
    #[error("the entry's time {found} is before {latest}, which an earlier entry has")]
    TimeBackwards {
        /// The latest time so far.
        latest: Timestamp,
        /// The entry's.
        found: Timestamp,
    },
    /// The entry follows one that is not before it.
    #[error("the entry follows `{previous}`, which is not before it")]
    PreviousUnknown {
        /// What it names.
        previous: EntryId,
    },
    /// The decision is not this actor's.
    #[error("{action:?} is not for {actor:?} to decide")]
    WrongActor {
        /// Who decided.
        actor: Actor,
        /// What.
        action: Action,
    },
    /// The entry does not say what others are judged by.
    #[error("the entry names no {missing}")]
    Incomplete {
        /// What it must say.
        missing: &'static str,
    },
    /// An approved project follows no sealed dataset.
    #[error("the approval follows no sealed dataset")]
    ApprovalWithoutDataset,
    /// A proposal was approved again after another one took its place, or after it was erased.
    #[error("the proposal was approved, and its place taken, before")]
    ApprovalWentBack,
    /// A launch follows no approval that stood.
    #[error("the launch follows no approval that stands")]
    LaunchWithoutApproval,
    /// The launch manifest was authorised before.
    #[error("the launch was authorised before")]
    LaunchRepeated,
    /// An enclave was accepted for a launch that nobody authorised.
    #[error("the enclave is of no authorised launch")]
    VerdictWithoutLaunch,
    /// A key was released to a launch that nobody authorised.
    #[error("the key went to no authorised launch")]
    KeyWithoutLaunch,
    /// A key was released without the accepted evidence of its launch.
    #[error("the key follows no accepted evidence of its launch")]
    KeyWithoutVerdict,
    /// A key was released to the same launch before.
    #[error("the launch had its key before")]
    KeyTwice,
    /// The proposal's place was taken, or its approval erased, before this decision.
    #[error("the proposal that the decision rests on no longer stands")]
    ApprovalSuperseded,
    /// A job finished that had no key.
    #[error("the job follows no released key of its launch")]
    JobWithoutKey,
    /// A job finished, or a package was delivered, before.
    #[error("the launch, or its package, was delivered before")]
    JobTwice,
    /// An output was checked that follows no released key.
    #[error("the check follows no delivered output of a released key")]
    CheckWithoutKey,
    /// A reviewer accepted what no accepted check is of.
    #[error("the review is of no checked output")]
    ReviewWithoutCheck,
    /// The author of the output accepted it.
    #[error("the reviewer is the output's author")]
    ReviewByAuthor,
    /// An export follows no accepted check of its package.
    #[error("the export follows no accepted check of its package")]
    ExportWithoutCheck,
    /// An export follows too few accepted reviews by different people who are not its author.
    #[error("the export follows {found} accepted reviews of {required}")]
    ExportWithoutReviews {
        /// Different reviewers that it follows.
        found: usize,
        /// How many it needs.
        required: u32,
    },
    /// An export of what a reviewer rejected.
    #[error("a reviewer rejected what was exported")]
    ExportRejected,
    /// The package was exported before.
    #[error("the package was exported before")]
    ExportTwice,
    /// The platform is not that of the evidence on which the key was released.
    #[error("the platform is not the one that attested")]
    PlatformChanged,
    /// The entry is about a launch or output of another project.
    #[error("the launch or output is of another project")]
    OtherProject,
    /// Another policy decided than the approval's.
    #[error("another policy decided than the approved one")]
    OtherPolicy,
    /// An erasure names an entry that is not there, or another leaf than that entry's.
    #[error("the erasure names no entry that is there")]
    ErasureUnknown,
}

impl Reason for Violation {
    fn reason(&self) -> &'static str {
        match self {
            Self::Leaf => "monitor.leaf",
            Self::EntryRepeated => "monitor.entry-repeated",
            Self::SequenceGap { .. } => "monitor.sequence-gap",
            Self::SequenceRepeated { .. } => "monitor.sequence-repeated",
            Self::TimeBackwards { .. } => "monitor.time-backwards",
            Self::PreviousUnknown { .. } => "monitor.previous-unknown",
            Self::WrongActor { .. } => "monitor.wrong-actor",
            Self::Incomplete { .. } => "monitor.incomplete",
            Self::ApprovalWithoutDataset => "monitor.approval-without-dataset",
            Self::ApprovalWentBack => "monitor.approval-went-back",
            Self::LaunchWithoutApproval => "monitor.launch-without-approval",
            Self::LaunchRepeated => "monitor.launch-repeated",
            Self::VerdictWithoutLaunch => "monitor.verdict-without-launch",
            Self::KeyWithoutLaunch => "monitor.key-without-launch",
            Self::KeyWithoutVerdict => "monitor.key-without-verdict",
            Self::KeyTwice => "monitor.key-twice",
            Self::ApprovalSuperseded => "monitor.approval-superseded",
            Self::JobWithoutKey => "monitor.job-without-key",
            Self::JobTwice => "monitor.job-twice",
            Self::CheckWithoutKey => "monitor.check-without-key",
            Self::ReviewWithoutCheck => "monitor.review-without-check",
            Self::ReviewByAuthor => "monitor.review-by-author",
            Self::ExportWithoutCheck => "monitor.export-without-check",
            Self::ExportWithoutReviews { .. } => "monitor.export-without-reviews",
            Self::ExportRejected => "monitor.export-rejected",
            Self::ExportTwice => "monitor.export-twice",
            Self::PlatformChanged => "monitor.platform-changed",
            Self::OtherProject => "monitor.other-project",
            Self::OtherPolicy => "monitor.other-policy",
            Self::ErasureUnknown => "monitor.erasure-unknown",
        }
    }
}
