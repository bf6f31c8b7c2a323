//! `/`: what waits for a person of this role.

use askama::Template;
use axum::extract::State;
use serde::de::DeserializeOwned;
use wire::Problem;

use super::{Frame, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Job, Listing, Me, Output, ProjectRow, Role};
use crate::pages::log;
use crate::session::Session;

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    frame: Frame,
    me: Me,
    sections: Vec<Section>,
}

/// One kind of things that wait.
struct Section {
    heading: &'static str,
    /// What to do when there is nothing.
    empty: &'static str,
    /// The command for that, if there is one.
    command: Option<&'static str>,
    items: Result<Vec<Item>, Problem>,
    /// Whether there are more than were looked at.
    more: bool,
    all: &'static str,
}

struct Item {
    href: String,
    title: String,
    note: String,
    is_emulated: bool,
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
) -> Result<Page<Home>, PortalError> {
    let look = Look { api: &api, session: &session };
    let sections = match session.me.role {
        Role::Researcher => look.researcher().await?,
        Role::Custodian => look.custodian().await?,
        Role::Reviewer => look.reviewer().await?,
        Role::Operator => look.operator().await?,
        Role::Auditor => look.auditor().await?,
    };
    let me = session.me.clone();
    Ok(Page::of(Home { frame: session.frame(Place::Home), me, sections }))
}

/// A look at the listings on a person's behalf.
struct Look<'a> {
    api: &'a Api,
    session: &'a Session,
}

/// What a listing answered: a service that is down takes its own sections with it, not the page.
type Seen<T> = Result<Listing<T>, Problem>;

impl Look<'_> {
    async fn researcher(&self) -> Result<Vec<Section>, PortalError> {
        let (outputs, jobs) = (self.outputs().await?, self.jobs().await?);
        let projects = self.projects().await?;
        Ok(vec![
            TO_RELEASE.with(&outputs, Output::is_accepted),
            RUNNING.with(&jobs, |job: &Job| !job.is_over()),
            READY.with(&projects, |project: &ProjectRow| !project.is_draft()),
            PROPOSED.with(&projects, ProjectRow::is_draft),
            BEFORE_REVIEWERS.with(&outputs, Output::is_in_review),
        ])
    }

    async fn custodian(&self) -> Result<Vec<Section>, PortalError> {
        let (projects, jobs) = (self.projects().await?, self.jobs().await?);
        let outputs = self.outputs().await?;
        let me = &self.session.me.person;
        let undecided = |project: &ProjectRow| project.is_draft() && !project.has_statement_of(me);
        let others = |project: &ProjectRow| project.is_draft() && project.has_statement_of(me);
        Ok(vec![
            TO_DECIDE.with(&projects, undecided),
            BEFORE_OTHERS.with(&projects, others),
            RUNNING_ON_DATA.with(&jobs, |job: &Job| !job.is_over()),
            LEFT.with(&outputs, Output::is_exported),
        ])
    }

    async fn reviewer(&self) -> Result<Vec<Section>, PortalError> {
        let outputs = self.outputs().await?;
        Ok(vec![
            TO_REVIEW.with(&outputs, Output::is_in_review),
            TO_RELEASE.with(&outputs, Output::is_accepted),
            LEFT.with(&outputs, Output::is_exported),
        ])
    }

    async fn operator(&self) -> Result<Vec<Section>, PortalError> {
        let jobs = self.jobs().await?;
        Ok(vec![
            RUNNING_HERE.with(&jobs, |job: &Job| !job.is_over()),
            WRONG.with(&jobs, Job::went_wrong),
        ])
    }

    async fn auditor(&self) -> Result<Vec<Section>, PortalError> {
        let outputs = self.outputs().await?;
        let projects = self.projects().await?;
        Ok(vec![
            self.log().await?,
            LEFT.with(&outputs, Output::is_exported),
            APPROVED.with(&projects, |project: &ProjectRow| !project.is_draft()),
        ])
    }

    async fn projects(&self) -> Result<Seen<ProjectRow>, PortalError> {
        self.listing("/v1/projects?limit=100").await
    }

    async fn jobs(&self) -> Result<Seen<Job>, PortalError> {
        self.listing("/v1/jobs?limit=100").await
    }

    async fn outputs(&self) -> Result<Seen<Output>, PortalError> {
        self.listing("/v1/outputs?limit=100").await
    }

    async fn listing<T: DeserializeOwned>(&self, path: &str) -> Result<Seen<T>, PortalError> {
        softened(self.api.get(&self.session.token, path).await)
    }

    async fn log(&self) -> Result<Section, PortalError> {
        let items = softened(log::newest(self.api).await)?.map(|checkpoint| {
            let item = checkpoint.map(|checkpoint| Item {
                href: "/log".to_owned(),
                title: checkpoint.origin,
                note: format!("{} entries", checkpoint.size),
                is_emulated: false,
            });
            item.into_iter().collect()
        });
        Ok(LOG.holding(items, false))
    }
}

/// Everything but a login that ended is shown where it belongs.
fn softened<T>(answer: Result<T, PortalError>) -> Result<Result<T, Problem>, PortalError> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(PortalError::LoginRequired) => Err(PortalError::LoginRequired),
        Err(error) => Ok(Err(error.problem())),
    }
}

/// A section without its content.
struct Kind {
    heading: &'static str,
    empty: &'static str,
    command: Option<&'static str>,
    all: &'static str,
}

impl Kind {
    fn with<T>(self, seen: &Seen<T>, wanted: impl Fn(&T) -> bool) -> Section
    where
        for<'a> Item: From<&'a T>,
    {
        let more = seen.as_ref().is_ok_and(|listing| listing.next.is_some());
        let items = seen.as_ref().map_err(Problem::clone).map(|listing| {
            let wanted = listing.items.iter().filter(|item| wanted(item));
            wanted.map(Item::from).collect()
        });
        self.holding(items, more)
    }

    const fn holding(self, items: Result<Vec<Item>, Problem>, more: bool) -> Section {
        let Self { heading, empty, command, all } = self;
        Section { heading, empty, command, items, more, all }
    }
}

impl Section {
    /// How many there are, or at least are.
    fn count(&self) -> String {
        match &self.items {
            Ok(items) if self.more => format!("{}+", items.len()),
            Ok(items) => items.len().to_string(),
            Err(_) => "?".to_owned(),
        }
    }
}

impl From<&ProjectRow> for Item {
    fn from(project: &ProjectRow) -> Self {
        Self {
            href: format!("/projects/{}", project.id),
            title: project.title.clone(),
            note: format!("{} · until {}", project.state(), project.expires),
            is_emulated: false,
        }
    }
}

impl From<&Job> for Item {
    fn from(job: &Job) -> Self {
        Self {
            href: format!("/jobs/{}", job.id),
            title: job.id.to_string(),
            note: format!("{} · project {}", job.state(), job.project),
            is_emulated: job.is_emulated(),
        }
    }
}

impl From<&Output> for Item {
    fn from(output: &Output) -> Self {
        let Output { accepted_votes, votes_needed, project, .. } = output;
        Self {
            href: format!("/outputs/{}", output.output),
            title: output.output.to_string(),
            note: format!(
                "{} · {accepted_votes} of {votes_needed} votes · project {project}",
                output.state()
            ),
            is_emulated: output.is_emulated(),
        }
    }
}

const TO_RELEASE: Kind = Kind {
    heading: "Outputs to release",
    empty: "None. An output can be released once enough reviewers have accepted it.",
    command: None,
    all: "/outputs",
};
const BEFORE_REVIEWERS: Kind = Kind {
    heading: "Outputs before reviewers",
    empty: "None. The output of a job comes here when the job is through.",
    command: None,
    all: "/outputs",
};
const TO_REVIEW: Kind = Kind {
    heading: "Outputs to review",
    empty: "None. When a job of a project that you review delivers, its output comes here.",
    command: None,
    all: "/outputs",
};
const LEFT: Kind =
    Kind { heading: "Outputs that left", empty: "None so far.", command: None, all: "/outputs" };
const RUNNING: Kind = Kind {
    heading: "Jobs under way",
    empty: "None. The page of an approved project has the command that starts one.",
    command: None,
    all: "/jobs",
};
const RUNNING_ON_DATA: Kind = Kind {
    heading: "Jobs under way",
    empty: "None. Researchers of approved projects can start some.",
    command: None,
    all: "/jobs",
};
const RUNNING_HERE: Kind = Kind {
    heading: "Jobs under way",
    empty: "None. The machine can be stopped without ending anybody’s job.",
    command: None,
    all: "/jobs",
};
const WRONG: Kind = Kind {
    heading: "Jobs that were refused or failed",
    empty: "None.",
    command: None,
    all: "/jobs",
};
const READY: Kind = Kind {
    heading: "Approved projects",
    empty: "None. Custodians approve a proposal before anything can run.",
    command: None,
    all: "/projects",
};
const PROPOSED: Kind = Kind {
    heading: "Proposals that wait for custodians",
    empty: "None. To propose a project, describe it in a file and run in your folder:",
    command: Some(
        "cloister project propose --file project.toml\n\
         cloister project submit proposal.json --rules rules.toml",
    ),
    all: "/projects",
};
const TO_DECIDE: Kind = Kind {
    heading: "Proposals to decide",
    empty: "None. A researcher’s proposal for one of the datasets comes here.",
    command: None,
    all: "/projects",
};
const BEFORE_OTHERS: Kind = Kind {
    heading: "Proposals that wait for other custodians",
    empty: "None.",
    command: None,
    all: "/projects",
};
const APPROVED: Kind =
    Kind { heading: "Approved projects", empty: "None so far.", command: None, all: "/projects" };
const LOG: Kind = Kind {
    heading: "The log",
    empty: "It has no entry yet. The first decision of the broker opens it.",
    command: None,
    all: "/log",
};
