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
//! [`protect`] says which hidden counts of a table a reader can work out from its margins.
//!
//! [`transform`] does what generalising cannot: suppresses cells, aggregates, swaps, adds noise.
//!
//! Everything here is a function of its arguments: no file system, clock or randomness of its own.

mod anonymise;
mod canonical;
mod cell;
mod check;
mod classes;
mod decimal;
mod entry;
mod finding;
mod freedom;
mod hierarchy;
mod magic;
mod measures;
mod name;
mod people;
mod reader;
mod recheck;
mod record;
mod releases;
mod report;
mod roles;
mod rules;
mod secondary;
mod table;
mod transform;
mod vocabulary;

pub use anonymise::{
    AnonymiseError, Anonymised, DeltaValues, Distance, LocallyRecoded, Method, Metric, Model, Plan,
    Progress, Round, anonymise, recode, recode_locally,
};
pub use canonical::CanonicalFile;
pub use check::{Checked, Released, check, rehearse};
pub use classes::Classes;
pub use entry::{EntryKind, OutputEntry};
pub use hierarchy::{
    Builder, BuilderError, Dates, Decimal, End, Groups, Hierarchy, HierarchyError, Intervals,
    Masking, Period, Priority, ValueFault,
};
pub use measures::{
    Bound, ClassSizes, Kind, MeasureError, Measures, Models, Nulls, Order, PopulationRisk,
    Question, Ratio, Reading, Risk, SamplingFraction, Sensitive, Suda, SudaDis, measure,
};
pub use people::{Dataset, PeopleError};
pub use recheck::{PackedFile, RecheckError, audit, recheck};
pub use record::{CheckRecord, FileRecord, RecordFormat};
pub use releases::{
    Admissible, Cells, Earlier, Exposure, ExposureRule, Footprint, Footprints, FootprintsError,
    RecordSet, RecordSetError, ReleaseEntry, ReleaseError, ReleaseLimits, Releases, ReplayError,
};
pub use report::{
    CheckReport, Criteria, FileReport, Finding, Notice, OutputKind, Proposal, ReportFormat, Status,
    Verdict,
};
pub use roles::{ColumnRole, Roles, merge_roles, roles_of};
pub use rules::{
    CountTable, Estimates, Figure, FigureStyle, Limits, ModelType, Output, RecordsRule,
    ReleaseRules, Rules, RulesError, Shape, SurvivalTable, Thresholds,
};
pub use secondary::{
    Budget, CountCell, Margins, Protection, Remedy, Rounding, Seen, Sum, System, SystemError,
    TableRow, coarser, propose, protect,
};
pub use table::{Column, Table, TableError};
pub use transform::{
    Aggregated, Change, Coding, Distribution, Done, NumericChange, Spread, Suppression,
    TransformError, Transformation, Transformed, flag_of, transform, unmet,
};
pub use vocabulary::{Analysis, DisclosureRisk, Mitigation, OutputCheck, Statbarn};
