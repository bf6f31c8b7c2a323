//! How large the classes are.

use crate::measures::Ratio;
use crate::measures::candidates::Candidates;

/// Statistics of the sizes of classes. Where a missing value is a wildcard, a class counts all
/// rows that its own may be taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSizes {
    /// How many classes there are.
    pub count: u64,
    /// The smallest: the k of k-anonymity.
    pub smallest: u64,
    /// The largest.
    pub largest: u64,
    /// The mean over the classes.
    pub mean: Ratio,
    /// The median over the classes: of an even number the mean of the two in the middle.
    pub median: Ratio,
}

impl ClassSizes {
    /// None without rows.
    pub(super) fn of(candidates: &Candidates) -> Option<Self> {
        let mut sizes = candidates.sizes();
        sizes.sort_unstable();
        let count = sizes.len();
        let low = sizes.get(count.saturating_sub(1) / 2)?;
        let high = sizes.get(count / 2)?;
        let count = u64::try_from(count).ok()?;
        Some(Self {
            count,
            smallest: *sizes.first()?,
            largest: *sizes.last()?,
            mean: Ratio::new(sizes.iter().map(|&size| u128::from(size)).sum(), count.into())?,
            median: Ratio::new(u128::from(*low) + u128::from(*high), 2)?,
        })
    }
}
