//! One file that may leave, as the rules declare it.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{
    ContributionsSection, CountsSection, EstimateSection, FigureSection, FigureStyle, ModelSection,
    ModelType, OutputSection, PeopleSection, StatisticSection, SurvivalSection,
};
use super::records::RecordsRule;
use super::{RulesError, is_column_name};
use crate::secondary::Rounding;
use crate::vocabulary::{Analysis, DisclosureRisk};

/// One file that may leave, with the columns that it must have, no more and no fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub(super) name: String,
    categories: Vec<String>,
    numbers: Vec<String>,
    shape: Shape,
}

/// What an [`Output`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A row is a group of people; its categories are its key.
    Table(CountTable),
    /// A row is a person.
    Microdata {
        /// Columns that count as quasi-identifiers whatever the dataset manifest says.
        quasi_identifiers: Vec<String>,
        /// Whom the rows are about.
        records: Option<RecordsRule>,
    },
    /// A row is a moment of follow-up of one group.
    Survival(SurvivalTable),
    /// A row is an estimate or a test.
    Estimates(Estimates),
    /// A drawing by the gate of a table that passed.
    Figure(Figure),
    /// Text for people to read.
    Text,
}

/// A table of counts, with statistics beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountTable {
    /// What it is in the words of the ontology.
    pub(crate) analysis: Analysis,
    /// Columns that count people; never empty.
    pub(crate) counts: Vec<String>,
    /// The label of a margin.
    pub(crate) total: Option<String>,
    /// For a category its values that belong to another of its values: hierarchies of margins.
    pub(crate) parents: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the gate hides rows with small counts, and as many more as it takes.
    pub(crate) hidden: bool,
    /// How the gate rounds counts.
    pub(crate) rounding: Option<Rounding>,
    /// What the number columns are.
    pub(crate) statistics: BTreeMap<String, Statistic>,
    /// Whom the rows are about.
    pub(crate) records: Option<RecordsRule>,
}

/// What a number column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statistic {
    pub(crate) analysis: Analysis,
    /// The column that counts the people behind it.
    pub(crate) count: String,
    pub(crate) contributions: Option<ContributionsSection>,
    pub(crate) degrees_of_freedom: Option<String>,
}

/// A survival or hazard table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurvivalTable {
    pub(crate) time: String,
    /// People at risk and people with the event, in this order.
    pub(crate) counts: [String; 2],
}

/// Estimates and tests, or the parameters of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimates {
    pub(crate) analysis: Analysis,
    pub(crate) model: Option<ModelType>,
    pub(crate) allow_instance_based: bool,
    /// The column of degrees of freedom left: read and checked, never released.
    pub(crate) degrees_of_freedom: String,
}

/// A drawing of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub(crate) source: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) style: FigureStyle,
}

impl Output {
    /// The exact name of the file, relative to the output folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Columns of text cells.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Columns of decimal numbers.
    #[must_use]
    pub fn numbers(&self) -> &[String] {
        &self.numbers
    }

    /// What a row stands for.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Columns that count people.
    #[must_use]
    pub fn counts(&self) -> &[String] {
        match &self.shape {
            Shape::Table(table) => &table.counts,
            Shape::Survival(survival) => &survival.counts,
            Shape::Microdata { .. } | Shape::Estimates(_) | Shape::Figure(_) | Shape::Text => &[],
        }
    }

    /// Columns with what the checks need to know and nobody else: read, never written.
    #[must_use]
    pub fn evidence(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = match &self.shape {
            Shape::Table(table) => {
                table.statistics.values().flat_map(Statistic::evidence).collect()
            }
            Shape::Estimates(estimates) => vec![&estimates.degrees_of_freedom],
            Shape::Microdata { .. } | Shape::Survival(_) | Shape::Figure(_) | Shape::Text => vec![],
        };
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// What leaves, in the order of the canonical form: categories, counts, numbers.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().chain(self.counts()).chain(&self.numbers).map(String::as_str)
    }

    /// What it holds, by the ontology's names, ascending.
    #[must_use]
    pub fn analyses(&self) -> Vec<&'static str> {
        let names: BTreeSet<&str> = match &self.shape {
            Shape::Table(table) => {
                let statistics = table.statistics.values().map(|statistic| statistic.analysis);
                statistics.chain([table.analysis]).map(Analysis::name).collect()
            }
            Shape::Survival(_) => BTreeSet::from(["SurvivalTables"]),
            Shape::Estimates(estimates) => BTreeSet::from([estimates.analysis.name()]),
            Shape::Microdata { .. } | Shape::Figure(_) | Shape::Text => BTreeSet::new(),
        };
        names.into_iter().collect()
    }

    /// Whom the rows are about, if the rules say it.
    #[must_use]
    pub(crate) const fn records(&self) -> Option<&RecordsRule> {
        match &self.shape {
            Shape::Table(CountTable { records, .. }) | Shape::Microdata { records, .. } => {
                records.as_ref()
            }
            Shape::Survival(_) | Shape::Estimates(_) | Shape::Figure(_) | Shape::Text => None,
        }
    }

    pub(super) fn parse(section: OutputSection) -> Result<Self, RulesError> {
        let output = match section {
            OutputSection::Table(table) => Self::table(table, "FrequencyTable")?,
            OutputSection::Histogram(table) if table.categories.len() == 1 => {
                Self::table(table, "Histogram")?
            }
            OutputSection::Histogram(table) => return Err(RulesError::Figure(table.name)),
            OutputSection::Microdata(people) => Self::microdata(people)?,
            OutputSection::Survival(survival) => Self::survival(survival),
            OutputSection::Estimates(estimates) => Self::estimates(estimates)?,
            OutputSection::Model(model) => Self::model(model)?,
            OutputSection::Figure(figure) => Self::figure(figure),
            OutputSection::Text { name } => Self::bare(name, Shape::Text),
        };
        output.validate()?;
        Ok(output)
    }

    const fn bare(name: String, shape: Shape) -> Self {
        Self { name, categories: Vec::new(), numbers: Vec::new(), shape }
    }

    fn table(section: CountsSection, analysis: &str) -> Result<Self, RulesError> {
        let CountsSection { name, categories, counts, numbers, .. } = section;
        let Some(first) = counts.first() else { return Err(RulesError::NoCounts(name)) };
        let mut statistics = BTreeMap::new();
        for (column, statistic) in section.statistics {
            let parsed = Statistic::parse(&column, statistic, first)?;
            if !numbers.contains(&column) {
                return Err(RulesError::NotAColumn(column));
            }
            if !counts.contains(&parsed.count) {
                return Err(RulesError::NotAColumn(parsed.count));
            }
            statistics.insert(column, parsed);
        }
        if let Some(absent) = section.parents.keys().find(|name| !categories.contains(name)) {
            return Err(RulesError::NotAColumn(absent.clone()));
        }
        let records = section.records.map(|rule| RecordsRule::parse(&name, rule, &categories));
        let shape = Shape::Table(CountTable {
            analysis: named(analysis)?,
            counts,
            total: section.total,
            parents: section.parents,
            hidden: section.hidden,
            rounding: section.rounding,
            statistics,
            records: records.transpose()?,
        });
        Ok(Self { name, categories, numbers, shape })
    }

    fn microdata(section: PeopleSection) -> Result<Self, RulesError> {
        let PeopleSection { name, categories, numbers, quasi_identifiers, records } = section;
        let columns = || categories.iter().chain(&numbers);
        if columns().next().is_none() {
            return Err(RulesError::NoColumns(name));
        }
        if let Some(absent) = quasi_identifiers.iter().find(|name| !columns().any(|c| c == *name)) {
            return Err(RulesError::NotAColumn(absent.clone()));
        }
        let records = records.map(|rule| RecordsRule::parse(&name, rule, &categories));
        let shape = Shape::Microdata { quasi_identifiers, records: records.transpose()? };
        Ok(Self { name, categories, numbers, shape })
    }

    fn survival(section: SurvivalSection) -> Self {
        let SurvivalSection { name, categories, time, at_risk, events, mut numbers } = section;
        numbers.insert(0, time.clone());
        let shape = Shape::Survival(SurvivalTable { time, counts: [at_risk, events] });
        Self { name, categories, numbers, shape }
    }

    fn estimates(section: EstimateSection) -> Result<Self, RulesError> {
        let EstimateSection { name, analysis, categories, numbers, degrees_of_freedom } = section;
        let shape = Shape::Estimates(Estimates {
            analysis: named(&analysis)?,
            model: None,
            allow_instance_based: false,
            degrees_of_freedom,
        });
        Ok(Self { name, categories, numbers, shape })
    }

    fn model(section: ModelSection) -> Result<Self, RulesError> {
        let ModelSection { name, model, categories, numbers, degrees_of_freedom, .. } = section;
        let shape = Shape::Estimates(Estimates {
            analysis: named("GeneralLinearModel")?,
            model: Some(model),
            allow_instance_based: section.allow_instance_based,
            degrees_of_freedom,
        });
        Ok(Self { name, categories, numbers, shape })
    }

    fn figure(section: FigureSection) -> Self {
        let FigureSection { name, source, x, y, style } = section;
        Self::bare(name, Shape::Figure(Figure { source, x, y, style }))
    }

    fn validate(&self) -> Result<(), RulesError> {
        let mut seen = BTreeSet::new();
        for column in self.columns().chain(self.evidence()) {
            if !is_column_name(column) {
                return Err(RulesError::ColumnName(column.to_owned()));
            }
            if !seen.insert(column) {
                return Err(RulesError::ColumnTwice(column.to_owned()));
            }
        }
        Ok(())
    }
}

impl Statistic {
    fn parse(column: &str, section: StatisticSection, first: &str) -> Result<Self, RulesError> {
        let statistic = Self {
            analysis: named(&section.analysis)?,
            count: section.count.unwrap_or_else(|| first.to_owned()),
            contributions: section.evidence,
            degrees_of_freedom: section.degrees_of_freedom,
        };
        let needs = |risk, key, absent: bool| {
            (absent && statistic.analysis.statbarn().has(risk)).then_some(key)
        };
        let lacks = needs(DisclosureRisk::Dominance, "evidence", statistic.contributions.is_none())
            .or(needs(
                DisclosureRisk::LowDOF,
                "degrees_of_freedom",
                statistic.degrees_of_freedom.is_none(),
            ));
        match lacks {
            Some(needs) => {
                let (column, analysis) = (column.to_owned(), statistic.analysis.name());
                Err(RulesError::NoEvidence { column, analysis, needs })
            }
            None => Ok(statistic),
        }
    }

    fn evidence(&self) -> impl Iterator<Item = &str> {
        let contributions = self.contributions.iter().flat_map(|columns| {
            let ContributionsSection { sum, largest, largest_two, largest_n, negative } = columns;
            [sum, largest, largest_two, largest_n, negative]
        });
        contributions.chain(&self.degrees_of_freedom).map(String::as_str)
    }
}

impl ModelType {
    /// Whether a model of this type is made of the people it was trained on.
    #[must_use]
    pub const fn is_instance_based(self) -> bool {
        match self {
            Self::NearestNeighbours
            | Self::SupportVectorMachine
            | Self::GaussianProcess
            | Self::KernelDensity => true,
            Self::LinearRegression
            | Self::LogisticRegression
            | Self::CoxRegression
            | Self::NaiveBayes
            | Self::DecisionTree
            | Self::RandomForest
            | Self::NeuralNetwork => false,
        }
    }

    /// Whether degrees of freedom say all that there is to say; a person looks at the others.
    #[must_use]
    pub const fn is_parametric(self) -> bool {
        matches!(self, Self::LinearRegression | Self::LogisticRegression | Self::CoxRegression)
    }
}

fn named(name: &str) -> Result<Analysis, RulesError> {
    Analysis::named(name).ok_or_else(|| RulesError::Analysis(name.to_owned()))
}
