//! How long a proof may take, counted and not timed, so that the same table has the same verdict.

/// How much work one call may do, in elementary steps: a cell looked at in an equation, or an entry
/// of a tableau rewritten. A machine does some 10^8 to 10^9 of them in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The number of steps.
    pub steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 300_000_000 }
    }
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    left: u64,
}

/// The budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

impl Work {
    pub(super) const fn new(budget: Budget) -> Self {
        Self { left: budget.steps }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let enough = steps <= self.left;
        self.left = self.left.saturating_sub(steps);
        if enough { Ok(()) } else { Err(Spent) }
    }

    /// Runs `task` with at most `most` of the steps, and counts what it took.
    pub(super) fn at_most<T>(&mut self, most: u64, task: impl FnOnce(&mut Self) -> T) -> T {
        let mut part = Self { left: self.left.min(most) };
        let given = part.left;
        let result = task(&mut part);
        self.left -= given - part.left;
        result
    }

    /// The steps left.
    pub(super) const fn budget(self) -> Budget {
        Budget { steps: self.left }
    }
}
