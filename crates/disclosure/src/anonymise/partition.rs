//! The classes of one node, and those of every node above it without looking at rows again.

use std::rc::Rc;

use crate::anonymise::levels::Levels;
use crate::anonymise::packing::Packing;
use crate::classes::{Codes, Digit, Ranks};
use crate::hierarchy::Level;
use crate::measures::Counts;
use crate::table::TableError;

/// The classes at one node of the lattice, in the order of their codes.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) levels: Levels,
    packing: Rc<Packing>,
    /// The codes of some row of each class on level 0, by word, then by class. A class is made of
    /// rows whose codes on the node's levels are those of this one.
    words: Vec<Vec<u64>>,
    /// The rows of each class.
    pub(crate) sizes: Vec<u64>,
    /// For each sensitive attribute how often its values occur in each class.
    pub(crate) counts: Vec<Counts>,
}

impl Partition {
    /// The classes of rows by the codes of their quasi-identifiers, each with the number of codes;
    /// the class of each row beside it.
    pub(crate) fn of_rows(
        rows: usize,
        columns: &[(&[u32], usize)],
    ) -> Result<(Self, Vec<u32>), TableError> {
        let digit = |&(codes, distinct)| Digit { distinct, codes: Codes::Plain(codes) };
        let ranks = Ranks::of(rows, &columns.iter().map(digit).collect::<Vec<_>>())?;
        let packing = Rc::new(Packing::new(columns.iter().map(|(_, distinct)| *distinct)));
        let mut words = packing.zeros(ranks.distinct);
        let mut sizes = vec![0; ranks.distinct];
        for (row, &class) in ranks.of_row.iter().enumerate() {
            let class = usize::try_from(class).map_err(|_| TableError::TooLong)?;
            let size = sizes.get_mut(class).ok_or(TableError::TooLong)?;
            if *size == 0 {
                for (field, (codes, _)) in packing.fields().iter().zip(columns) {
                    field.put(&mut words, class, codes.get(row).copied().unwrap_or_default());
                }
            }
            *size += 1;
        }
        let levels = Levels::new(&[]);
        Ok((Self { levels, packing, words, sizes, counts: Vec::new() }, ranks.of_row))
    }

    /// The classes at `levels`, a node above this one: each is a union of classes of this one.
    /// Without counts; for each class of this node the class that it goes into beside it.
    pub(crate) fn roll_up(
        &self,
        levels: Levels,
        hierarchies: &[Vec<Level>],
    ) -> Result<(Self, Vec<u32>), TableError> {
        let target = hierarchies.iter().zip(levels.bytes());
        let target = target.filter_map(|(levels, level)| levels.get(usize::from(level)));
        let target = target.map(|level| (level.codes.as_slice(), level.texts.len()));
        let tables = self.packing.tables(target, self.sizes.len());
        let digits = tables.iter().map(|table| Digit {
            distinct: table.distinct,
            codes: Codes::Packed {
                words: self.words.get(table.word).map_or(&[], Vec::as_slice),
                bits: table.bits,
                to: &table.to,
            },
        });
        let ranks = Ranks::of(self.sizes.len(), &digits.collect::<Vec<_>>())?;
        let mut sizes = vec![0; ranks.distinct];
        for (&into, rows) in ranks.of_row.iter().zip(&self.sizes) {
            if let Some(size) = usize::try_from(into).ok().and_then(|into| sizes.get_mut(into)) {
                *size += rows;
            }
        }
        let mut words = self.packing.zeros(ranks.distinct);
        for (words, own) in words.iter_mut().zip(&self.words) {
            for (&into, &own) in ranks.of_row.iter().zip(own) {
                if let Some(word) = usize::try_from(into).ok().and_then(|into| words.get_mut(into))
                {
                    *word = own;
                }
            }
        }
        let packing = Rc::clone(&self.packing);
        Ok((Self { levels, packing, words, sizes, counts: Vec::new() }, ranks.of_row))
    }

    /// Counts the sensitive values, too: those of `below`, whose classes go `into` those here.
    pub(crate) fn count(&mut self, below: &Self, into: &[u32]) {
        let classes = self.sizes.len();
        self.counts = below.counts.iter().map(|counts| counts.merged(into, classes)).collect();
    }

    /// About how many words of memory it takes.
    pub(crate) fn words(&self) -> usize {
        let pairs: usize = self.counts.iter().map(Counts::pairs).sum();
        self.sizes.len() * (1 + self.words.len()) + 2 * pairs
    }

    /// For each quasi-identifier the codes on level 0 of some row of each of `classes`, with what
    /// stands beside the class.
    pub(crate) fn examples<T: Copy>(
        &self,
        classes: &[(usize, T)],
    ) -> impl Iterator<Item = impl Iterator<Item = (usize, T)>> {
        self.packing.fields().iter().map(|field| {
            let words = self.words.get(field.word).map_or(&[][..], Vec::as_slice);
            let code = |&(class, beside)| Some((field.bits.of(*words.get(class)?), beside));
            classes.iter().filter_map(code)
        })
    }
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
        let hierarchies = [ages, sexes];
        let columns = [(age.codes(), 3), (sex.codes(), 2)];
        let (base, of_row) = Partition::of_rows(5, &columns).unwrap();
        assert_eq!(
            (base.sizes.as_slice(), of_row.as_slice()),
            ([1, 1, 1, 2].as_slice(), [0, 2, 3, 1, 3].as_slice())
        );
        let (grouped, into) = base.roll_up(Levels::new(&[1, 0]), &hierarchies).unwrap();
        assert_eq!(
            (grouped.sizes.as_slice(), into.as_slice()),
            ([2, 1, 2].as_slice(), [0, 1, 0, 2].as_slice())
        );
        let classes = [(0, 'a'), (1, 'b'), (2, 'c')];
        let examples: Vec<Vec<(usize, char)>> =
            grouped.examples(&classes).map(Iterator::collect).collect();
        assert_eq!(examples, [[(1, 'a'), (0, 'b'), (2, 'c')], [(0, 'a'), (1, 'b'), (1, 'c')]]);
        // From any node below the answer is the same.
        let top = Levels::new(&[2, 1]);
        for below in [&base, &grouped] {
            assert_eq!(below.roll_up(top, &hierarchies).unwrap().0.sizes, [5]);
        }
    }
}
