//! What is found about one file while it is judged.

use std::collections::BTreeSet;

use crate::finding::{Findings, Located};
use crate::vocabulary::{DisclosureRisk, OutputCheck};

/// Findings, and what each check came to.
#[derive(Default)]
pub(super) struct Judgement {
    findings: Findings,
    verdict: Settled,
}

/// What a file that passed is known by.
#[derive(Default)]
pub(super) struct Settled {
    /// The checks that were made; all of them held.
    pub(super) checks: BTreeSet<OutputCheck>,
    /// Risks that no check settles: people must.
    pub(super) risks: BTreeSet<DisclosureRisk>,
    /// The smallest count, class or number of degrees of freedom.
    pub(super) smallest: u64,
}

impl Judgement {
    /// Something is wrong.
    pub(super) fn note(&mut self, found: Located) {
        self.findings.push(found);
    }

    /// A check was made; what it found is noted.
    pub(super) fn made(&mut self, check: OutputCheck) {
        self.verdict.checks.insert(check);
    }

    /// A risk that people must judge.
    pub(super) fn left_to_people(&mut self, risk: DisclosureRisk) {
        self.verdict.risks.insert(risk);
    }

    /// The smallest of what was counted and is shown; 0 if nothing is.
    pub(super) fn smallest(&mut self, shown: impl Iterator<Item = u64>) {
        self.verdict.smallest = shown.min().unwrap_or(0);
    }

    pub(super) fn into_parts(self) -> (Findings, Settled) {
        (self.findings, self.verdict)
    }
}
