//! Output checks: what may leave, decided with integer arithmetic.
//!
//! Begin with [`check`]: it takes what a job left behind, the project's [`Rules`] and the column
//! [`Roles`] of the datasets, and returns [`Checked`]. Only a file that passed becomes a
//! [`CanonicalFile`], whose bytes are the gate's own and never the workload's. The airlock runs
//! [`recheck`] over the same files. Rules, codes and forms: `docs/formats/output-rules.md`.
//!
//! [`measure`] says how well a table of people hides each of them: k-anonymity and the models that
//! follow it (`docs/disclosure.md`).
//!
//! [`anonymise`] makes a table whose people are hidden well enough, at the least cost.
//!
//! [`transform`] does what generalising cannot: suppresses cells, aggregates, swaps, adds noise.
//!
//! Everything here is a function of its arguments: no file system, clock or randomness of its own.

mod anonymise;
mod canonical;
mod cell;
mod check;
mod classes;
mod entry;
mod finding;
mod hierarchy;
mod magic;
mod measures;
mod name;
mod reader;
mod recheck;
mod report;
mod roles;
mod rules;
mod rules_file;
mod table;
mod transform;

pub use anonymise::{
    AnonymiseError, Anonymised, DeltaValues, Distance, LocallyRecoded, Method, Metric, Model, Plan,
    Progress, Round, anonymise, recode, recode_locally,
};
pub use canonical::CanonicalFile;
pub use check::{Checked, Released, check};
pub use classes::Classes;
pub use entry::{EntryKind, OutputEntry};
pub use hierarchy::{Hierarchy, HierarchyError};
pub use measures::{
    Bound, ClassSizes, Kind, MeasureError, Measures, Models, Nulls, Order, PopulationRisk,
    Question, Ratio, Reading, Risk, SamplingFraction, Sensitive, Suda, SudaDis, measure,
};
pub use recheck::{RecheckError, recheck};
pub use report::{
    CheckReport, Criteria, FileReport, Finding, Notice, OutputKind, ReportFormat, Verdict,
};
pub use roles::{ColumnRole, Roles, merge_roles, roles_of};
pub use rules::{Limits, Output, Rules, RulesError, Shape};
pub use table::{Column, Table, TableError};
pub use transform::{
    Aggregated, Change, Coding, Distribution, Done, NumericChange, Spread, Suppression,
    TransformError, Transformation, Transformed, flag_of, transform, unmet,
};
