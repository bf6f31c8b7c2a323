//! `cloister-table hierarchy`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::files::Part;
use super::planned::Planned;
use super::{Answer, Unusable};
use crate::ConfigError;

/// Options of `hierarchy`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HierarchyOptions {
    /// The table: a CSV file in UTF-8 whose first line names the columns, or a Parquet file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The configuration of `anonymise`, which says how the hierarchy is built
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The column
    #[arg(long, value_name = "NAME")]
    column: String,
    /// Where the hierarchy is written
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(options: &HierarchyOptions) -> Result<Answer, Unusable> {
    let planned = Planned::read(&options.input, &options.config)?;
    let table = planned.table(&[&options.column])?;
    let no_hierarchy = || Unusable::by(&ConfigError::NoHierarchy(options.column.clone()));
    let hierarchy = planned.hierarchy(&table)?.ok_or_else(no_hierarchy)?;
    let separator = planned.separator()?;
    Part::write(&options.output, |out| {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(out);
        hierarchy.rows().try_for_each(|row| writer.write_record(row))?;
        writer.flush()
    })?
    .keep()?;
    let (values, levels) = (hierarchy.rows().count(), hierarchy.levels());
    Ok(Answer {
        json: json!({
            "verdict": "written",
            "reason": null,
            "column": options.column,
            "values": values,
            "levels": levels,
        }),
        text: format!(
            "written: `{}`, {values} values of `{}` on {levels} levels",
            options.output.display(),
            options.column,
        ),
    })
}

const EXAMPLES: &str = "\
Example:
  cloister table hierarchy --input people.csv --config plan.toml --column age --output age.csv

Writes the values of the column with what stands for each on every level, to be looked at or edited;
`hierarchy = \"age.csv\"` in the configuration then takes the place of the builder.";
