//! The person who is logged in.

use domain::ids::PersonId;
use serde::Deserialize;

use super::Moment;

/// `/v1/me`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Me {
    pub(crate) person: PersonId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) expires: Moment,
}

/// What a person is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    Researcher,
    Custodian,
    Reviewer,
    Operator,
    Auditor,
}

/// What is offered to whom. It keeps people from dead ends and nothing else: the API decides, and a
/// test in control holds its matrix against this.
impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Custodian => "custodian",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    pub(crate) const fn sees_jobs(self) -> bool {
        !matches!(self, Self::Reviewer)
    }

    pub(crate) const fn may_cancel(self) -> bool {
        matches!(self, Self::Researcher | Self::Operator)
    }

    pub(crate) const fn may_export(self) -> bool {
        matches!(self, Self::Researcher | Self::Custodian | Self::Reviewer)
    }

    pub(crate) const fn may_download(self) -> bool {
        !matches!(self, Self::Operator)
    }
}
