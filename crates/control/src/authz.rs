//! Who may do what: one table, checked before any handler runs, printed in `tests/authz-matrix.txt`.

use std::fmt::Write as _;
use std::str::FromStr;

use domain::ids::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ControlError;

/// What a person is here for. One each: who does two jobs has two pseudonyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Proposes projects and starts jobs.
    Researcher,
    /// Decides about uses of a dataset.
    Custodian,
    /// Decides about outputs.
    Reviewer,
    /// Runs the deployment.
    Operator,
    /// Reads along.
    Auditor,
}

impl Role {
    /// All roles, in the order of the matrix' columns.
    pub const ALL: [Self; 5] =
        [Self::Researcher, Self::Custodian, Self::Reviewer, Self::Operator, Self::Auditor];

    /// The role's name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Custodian => "custodian",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}

/// The text names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a role")]
pub struct UnknownRole;

/// What a role may do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: 403 `access.role`.
    No,
    /// What the person takes part in: 404 `access.not-found` for anything else.
    Own,
    /// Everything.
    All,
}

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Without logging in.
    Anyone,
    /// By role, in the order of [`Role::ALL`]; 401 `access.login-required` without a login.
    Roles([Access; 5]),
}

/// One row of the matrix.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The HTTP method.
    pub method: &'static str,
    /// The path, as the router has it.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
}

const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

use Access::{All, No, Own};
use Who::{Anyone, Roles};

/// The matrix: an endpoint that is not in it answers nobody.
#[rustfmt::skip]
pub const MATRIX: &[Rule] = &[
    //                                              researcher custodian reviewer operator auditor
    rule("GET",  "/v1/health",                      Anyone),
    rule("GET",  "/v1/openapi.json",                Anyone),
    rule("GET",  "/v1/me",                          Roles([All, All, All, All, All])),
    rule("GET",  "/v1/datasets",                    Roles([All, All, All, All, All])),
    rule("POST", "/v1/datasets",                    Roles([No,  All, No,  All, No ])),
    rule("GET",  "/v1/datasets/{digest}",           Roles([All, All, All, All, All])),
    rule("GET",  "/v1/projects",                    Roles([Own, All, Own, All, All])),
    rule("POST", "/v1/projects",                    Roles([All, All, No,  No,  No ])),
    rule("GET",  "/v1/projects/{project}",          Roles([Own, All, Own, All, All])),
    rule("POST", "/v1/projects/{project}/approvals", Roles([No, All, No,  No,  No ])),
    rule("GET",  "/v1/jobs",                        Roles([Own, All, No,  All, All])),
    rule("POST", "/v1/jobs",                        Roles([Own, No,  No,  No,  No ])),
    rule("GET",  "/v1/jobs/{job}",                  Roles([Own, All, No,  All, All])),
    rule("POST", "/v1/jobs/{job}/cancel",           Roles([Own, No,  No,  All, No ])),
    rule("GET",  "/v1/outputs",                     Roles([Own, All, Own, All, All])),
    rule("GET",  "/v1/outputs/{output}",            Roles([Own, All, Own, All, All])),
    rule("POST", "/v1/outputs/{output}/reviews",    Roles([No,  No,  Own, No,  No ])),
    rule("POST", "/v1/outputs/{output}/export",     Roles([Own, All, Own, No,  No ])),
    rule("GET",  "/v1/exports/{export}",            Roles([Own, All, Own, No,  All])),
    rule("GET",  "/v1/exports/{export}/bundle",     Roles([Own, All, Own, No,  All])),
    rule("GET",  "/v1/workloads",                   Roles([All, All, All, All, All])),
    rule("PUT",  "/v1/workloads/{digest}",          Roles([All, No,  No,  All, No ])),
    rule("PUT",  "/v1/workloads/{digest}/bundle",   Roles([All, No,  No,  All, No ])),
    rule("GET",  "/log/checkpoint",                 Anyone),
    rule("GET",  "/log/stamps/{file}",              Anyone),
    rule("GET",  "/log/tile/{*path}",               Anyone),
];

/// The matrix as text, for people who check it and for the test that notices a change.
#[must_use]
pub fn matrix_text() -> String {
    let mut text = format!("{:<6}{:<36}{:<10}", "", "", "anonymous");
    for role in Role::ALL {
        let _infallible = write!(text, " {:<10}", role.name());
    }
    for rule in MATRIX {
        let _infallible = write!(text, "\n{:<6}{:<36}", rule.method, rule.path);
        let cells = match rule.who {
            Anyone => vec!["✔"; 6],
            Roles(cells) => std::iter::once("✘").chain(cells.map(sign)).collect(),
        };
        for cell in cells {
            let _infallible = write!(text, "{cell:<11}");
        }
    }
    text.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

const fn sign(access: Access) -> &'static str {
    match access {
        No => "✘",
        Own => "own",
        All => "✔",
    }
}

/// The person behind a request, and what the matrix lets them do there.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) person: PersonId,
    pub(crate) role: Role,
    access: Access,
}

impl Caller {
    /// # Errors
    /// [`ControlError::RoleNotAllowed`].
    pub(crate) fn admit(
        person: PersonId,
        role: Role,
        cells: [Access; 5],
    ) -> Result<Self, ControlError> {
        let column = Role::ALL.into_iter().zip(cells).find(|(column, _)| *column == role);
        match column {
            Some((_, access)) if access != No => Ok(Self { person, role, access }),
            _ => Err(ControlError::RoleNotAllowed),
        }
    }

    /// The person to whose own things a listing is confined; `None` where all are shown.
    pub(crate) const fn confined_to(&self) -> Option<&PersonId> {
        match self.access {
            All => None,
            Own | No => Some(&self.person),
        }
    }
}
