//! What a table is to become.

use crate::anonymise::model::Model;
use crate::anonymise::utility::Metric;
use crate::hierarchy::Hierarchy;
use crate::measures::{Ratio, Sensitive};

/// Which columns are generalised how far at most, until which models hold, at which cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The columns that an attacker may know, each with what may stand for its values.
    pub quasi_identifiers: Vec<(String, Hierarchy)>,
    /// The columns that an attacker would like to know.
    pub sensitive: Vec<Sensitive>,
    /// What the result must satisfy, all of it.
    pub models: Vec<Model>,
    /// What is least in the result.
    pub metric: Metric,
    /// The largest share of rows that may be suppressed.
    pub suppression_limit: Ratio,
    /// How the result is found.
    pub method: Method,
}

impl Plan {
    /// The sensitive columns that a model speaks of.
    pub(crate) fn judged(&self) -> impl Iterator<Item = &Sensitive> {
        let named = |name: &str| self.models.iter().any(|model| model.attribute() == Some(name));
        self.sensitive.iter().filter(move |sensitive| named(&sensitive.name))
    }
}

/// How the result is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The best of all nodes, however long it takes.
    Optimal,
    /// The best of so many nodes.
    Heuristic {
        /// Nodes that are evaluated at most.
        nodes: u64,
    },
    /// The best of all where the lattice is not too large, else of so many.
    Auto {
        /// Nodes that are evaluated at most if it is too large.
        nodes: u64,
    },
}
