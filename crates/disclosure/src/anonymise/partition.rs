//! The classes of one node, and those of every node above it without looking at rows again.

use std::borrow::Cow;

use crate::anonymise::levels::Levels;
use crate::classes::Grouping;
use crate::hierarchy::Level;
use crate::measures::Counts;
use crate::table::TableError;

/// The classes at one node of the lattice.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) levels: Levels,
    /// For each quasi-identifier the code of each class on the node's level.
    pub(crate) codes: Vec<Vec<u32>>,
    /// The rows of each class.
    pub(crate) sizes: Vec<u64>,
    /// For each sensitive attribute how often its values occur in each class.
    pub(crate) counts: Vec<Counts>,
}

/// For each quasi-identifier and pair of its levels: the code on the higher one for each on the lower.
#[derive(Clone, Debug)]
pub(crate) struct Steps(Vec<Vec<Vec<Step>>>);

#[derive(Clone, Debug)]
struct Step {
    to: Vec<u32>,
    /// How many codes the higher level has.
    distinct: usize,
}

impl Steps {
    pub(crate) fn new(hierarchies: &[Vec<Level>]) -> Self {
        let from = |levels: &[Level], low: &Level| -> Vec<Step> {
            levels.iter().map(|high| Step::new(low, high)).collect()
        };
        let of = |levels: &Vec<Level>| levels.iter().map(|low| from(levels, low)).collect();
        Self(hierarchies.iter().map(of).collect())
    }

    fn get(&self, quasi_identifier: usize, low: u8, high: u8) -> Option<&Step> {
        self.0.get(quasi_identifier)?.get(usize::from(low))?.get(usize::from(high))
    }
}

impl Step {
    /// Meaningful only where `high` generalises `low`; then every code of `low` has one image.
    fn new(low: &Level, high: &Level) -> Self {
        let mut to = vec![0; low.texts.len()];
        for (&from, &into) in low.codes.iter().zip(&high.codes) {
            if let Some(place) = usize::try_from(from).ok().and_then(|at| to.get_mut(at)) {
                *place = into;
            }
        }
        Self { to, distinct: high.texts.len() }
    }

    fn apply(&self, codes: &[u32]) -> Vec<u32> {
        let image = |code: &u32| self.to.get(usize::try_from(*code).ok()?).copied();
        codes.iter().map(|code| image(code).unwrap_or_default()).collect()
    }
}

impl Partition {
    /// The classes of rows by the codes of their quasi-identifiers, each with the number of codes;
    /// the class of each row beside it.
    pub(crate) fn of_rows(
        rows: usize,
        columns: &[(&[u32], usize)],
    ) -> Result<(Self, Vec<u32>), TableError> {
        let grouping = Grouping::of(rows, columns)?;
        let codes = shared_codes(&grouping, columns);
        let partition =
            Self { levels: Levels::new(&[]), codes, sizes: grouping.sizes, counts: Vec::new() };
        Ok((partition, grouping.of_row))
    }

    /// The classes at `levels`, a node above this one: each is a union of classes of this one.
    pub(crate) fn roll_up(&self, levels: Levels, steps: &Steps) -> Result<Self, TableError> {
        self.rolled_up_to(levels, steps).map(|(partition, _)| partition)
    }

    /// [`Self::roll_up`], and for each class of this node the class that it goes into.
    pub(crate) fn rolled_up_to(
        &self,
        levels: Levels,
        steps: &Steps,
    ) -> Result<(Self, Vec<u32>), TableError> {
        let moves = self.levels.bytes().into_iter().zip(levels.bytes());
        let columns: Vec<(Cow<'_, [u32]>, usize)> = moves
            .zip(&self.codes)
            .enumerate()
            .filter_map(|(at, ((low, high), codes))| {
                let step = steps.get(at, low, high)?;
                let codes =
                    if low == high { Cow::from(codes) } else { Cow::from(step.apply(codes)) };
                Some((codes, step.distinct))
            })
            .collect();
        let keys: Vec<(&[u32], usize)> =
            columns.iter().map(|(codes, distinct)| (codes.as_ref(), *distinct)).collect();
        let grouping = Grouping::of(self.sizes.len(), &keys)?;
        let mut sizes = vec![0; grouping.sizes.len()];
        for (&class, &size) in grouping.of_row.iter().zip(&self.sizes) {
            if let Some(sum) = usize::try_from(class).ok().and_then(|at| sizes.get_mut(at)) {
                *sum += size;
            }
        }
        let counts = self.counts.iter().map(|counts| counts.merged(&grouping.of_row, sizes.len()));
        let partition =
            Self { levels, codes: shared_codes(&grouping, &keys), counts: counts.collect(), sizes };
        Ok((partition, grouping.of_row))
    }
}

/// For each column the code that the members of each group share.
fn shared_codes(grouping: &Grouping, columns: &[(&[u32], usize)]) -> Vec<Vec<u32>> {
    let mut firsts = Vec::with_capacity(grouping.sizes.len());
    // Groups are numbered by first appearance.
    for (&group, member) in grouping.of_row.iter().zip(0_usize..) {
        if usize::try_from(group).is_ok_and(|group| group == firsts.len()) {
            firsts.push(member);
        }
    }
    let of = |codes: &[u32]| firsts.iter().filter_map(|&at| codes.get(at).copied()).collect();
    columns.iter().map(|(codes, _)| of(codes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Hierarchy;
    use crate::table::Column;

    fn levels(text: &str, cells: &[&str]) -> (Vec<Level>, Column) {
        let rows: Vec<Vec<String>> =
            text.split('/').map(|row| row.split(';').map(str::to_owned).collect()).collect();
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        let column = Column::encode("x", &cells).unwrap();
        (Hierarchy::new(&rows).unwrap().over(&column).unwrap(), column)
    }

    #[test]
    fn classes_above_are_unions_of_classes_below() {
        let (ages, age) = levels("1;a;*/2;a;*/3;b;*", &["1", "2", "3", "1", "3"]);
        let (sexes, sex) = levels("f;*/m;*", &["f", "f", "m", "m", "m"]);
        let steps = Steps::new(&[ages, sexes]);
        let columns = [(age.codes(), 3), (sex.codes(), 2)];
        let (base, of_row) = Partition::of_rows(5, &columns).unwrap();
        assert_eq!(
            (base.sizes.as_slice(), of_row.as_slice()),
            ([1, 1, 2, 1].as_slice(), [0, 1, 2, 3, 2].as_slice())
        );
        let grouped = base.roll_up(Levels::new(&[1, 0]), &steps).unwrap();
        assert_eq!(grouped.sizes, [2, 2, 1]);
        assert_eq!(grouped.codes, [[0, 1, 0], [0, 1, 1]]);
        // From any node below the answer is the same.
        let top = Levels::new(&[2, 1]);
        for below in [&base, &grouped] {
            assert_eq!(below.roll_up(top, &steps).unwrap().sizes, [5]);
        }
    }
}
