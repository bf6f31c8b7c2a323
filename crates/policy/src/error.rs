//! Why a policy set was not read, or did not permit.

use domain::Reason;

/// Why there is no permit.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The policies do not permit.
    #[error("the release policy does not permit this{}", by(.rules))]
    Denied {
        /// The rules that forbade, in the order of their identifiers; none if no rule permitted.
        rules: Vec<String>,
        /// The code that the first of them gives, or `policy.denied`.
        reason: &'static str,
    },
    /// A policy could not be evaluated: what it would have said is unknown.
    #[error("the release policy cannot be evaluated: {0}")]
    Evaluation(String),
    /// The policies do not fit the schema, in strict mode.
    #[error("the release policy does not fit its schema: {0}")]
    Invalid(String),
    /// A policy has no identifier, or that of another one.
    #[error("each policy has an `@id` of its own")]
    NoIdentifier,
    /// A policy's `@reason` is not among the codes that this crate promises.
    #[error("a policy has the unknown reason `{0}`")]
    UnknownReason(String),
    /// Schema or policies cannot be read.
    #[error("the release policy cannot be read: {0}")]
    Unreadable(String),
    /// The question does not fit the schema.
    #[error("the question cannot be put to the release policy: {0}")]
    Unaskable(String),
}

impl Reason for PolicyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Denied { reason, .. } => reason,
            Self::Evaluation(_) => "policy.evaluation",
            Self::Invalid(_) => "policy.invalid",
            Self::NoIdentifier => "policy.no-identifier",
            Self::UnknownReason(_) => "policy.unknown-reason",
            Self::Unreadable(_) => "policy.unreadable",
            Self::Unaskable(_) => "policy.unaskable",
        }
    }
}

impl PolicyError {
    /// The rules that determined a denial; none for every other error.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        match self {
            Self::Denied { rules, .. } => rules,
            _ => &[],
        }
    }
}

fn by(rules: &[String]) -> String {
    if rules.is_empty() { String::new() } else { format!(" (`{}`)", rules.join("`, `")) }
}

/// The code where no rule gives a more exact one.
pub(crate) const DENIED: &str = "policy.denied";

/// Every code that a policy may give in `@reason`.
pub(crate) const REASONS: [&str; 9] = [
    DENIED,
    "policy.debug-enabled",
    "policy.emulated-confidential",
    "policy.expired-approval",
    "policy.expired-launch",
    "policy.migration-agent",
    "policy.other-dataset",
    "policy.unapproved-image",
    "policy.vmpl",
];
