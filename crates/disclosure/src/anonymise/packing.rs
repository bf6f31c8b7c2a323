//! The codes of a row in as few words as hold them.

use crate::classes::Bits;

/// Where the code of each quasi-identifier is.
#[derive(Clone, Debug)]
pub(crate) struct Packing {
    fields: Vec<Field>,
    /// How many words a class has.
    words: usize,
}

/// Some bits of one of the words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) word: usize,
    pub(crate) bits: Bits,
}

impl Packing {
    /// For columns with so many codes each.
    pub(crate) fn new(distinct: impl Iterator<Item = usize>) -> Self {
        let (mut words, mut used) = (0, u64::BITS);
        let fields = distinct.map(|distinct| {
            let width = (usize::BITS - distinct.saturating_sub(1).leading_zeros()).clamp(1, 32);
            if used + width > u64::BITS {
                (words, used) = (words + 1, 0);
            }
            let bits = Bits { shift: used, mask: (1 << width) - 1 };
            used += width;
            Field { word: words - 1, bits }
        });
        Self { fields: fields.collect(), words }
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What stands for the codes on other levels: for each column the code of each code on level 0, and
    /// how many there are. Columns that are neighbours in a word are looked up together, columns
    /// with one code not at all. For `classes` classes: a table as long takes as long to make.
    pub(crate) fn tables<'a>(
        &self,
        to: impl Iterator<Item = (&'a [u32], usize)>,
        classes: usize,
    ) -> Vec<Lookup> {
        let mut tables: Vec<Lookup> = Vec::new();
        for (field, (to, distinct)) in self.fields.iter().zip(to) {
            if distinct < 2 {
                continue;
            }
            let most = (classes / CLASSES_PER_PLACE).min(MAX_PLACES);
            match tables.last_mut().filter(|last| last.may_append(*field, distinct, most)) {
                Some(last) => last.append(*field, to, distinct),
                None => tables.push(Lookup {
                    word: field.word,
                    bits: field.bits,
                    to: to.to_vec(),
                    distinct,
                }),
            }
        }
        tables
    }

    /// The words of no codes at all, for `classes` classes.
    pub(crate) fn zeros(&self, classes: usize) -> Vec<Vec<u64>> {
        vec![vec![0; classes]; self.words]
    }
}

impl Field {
    /// Adds `code` to the words of `class`, which has none yet.
    pub(crate) fn put(self, words: &mut [Vec<u64>], class: usize, code: u32) {
        if let Some(word) = words.get_mut(self.word).and_then(|words| words.get_mut(class)) {
            *word |= u64::from(code) << self.bits.shift;
        }
    }
}

/// What some bits of a word stand for: a number below `distinct` for the codes of one or more columns,
/// the first the most significant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub(crate) word: usize,
    pub(crate) bits: Bits,
    pub(crate) to: Vec<u32>,
    pub(crate) distinct: usize,
}

impl Lookup {
    /// Its bits, those of `field`, which is later in the same word, and what is between them.
    fn bits_with(&self, field: Field) -> Bits {
        let width = field.bits.shift + field.bits.width() - self.bits.shift;
        Bits { shift: self.bits.shift, mask: u64::MAX >> (u64::BITS - width) }
    }

    /// Whether a table of `most` places is enough for `field`, too.
    fn may_append(&self, field: Field, distinct: usize, most: usize) -> bool {
        let numbers = self.distinct.checked_mul(distinct);
        self.word == field.word
            && self.bits_with(field).places() <= most
            && numbers.is_some_and(|numbers| u32::try_from(numbers).is_ok())
    }

    fn append(&mut self, field: Field, to: &[u32], distinct: usize) {
        let bits = self.bits_with(field);
        let radix = u32::try_from(distinct).unwrap_or(u32::MAX);
        self.to.resize(self.bits.places(), 0);
        // Whatever the bits between the two are.
        let between = 1_usize << (field.bits.shift - self.bits.shift - self.bits.width());
        let mut both = Vec::with_capacity(bits.places());
        for code in 0..field.bits.places() {
            let code = to.get(code).copied().unwrap_or_default();
            for _ in 0..between {
                both.extend(self.to.iter().map(|&before| before * radix + code));
            }
        }
        *self = Self { word: self.word, bits, to: both, distinct: self.distinct * distinct };
    }
}

/// So many classes are looked up in the time that a place of a table takes to be made.
const CLASSES_PER_PLACE: usize = 2;
/// Tables of so many numbers stay in the first cache.
const MAX_PLACES: usize = 1 << 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_share_words_and_do_not_straddle_them() {
        let packing = Packing::new([1, 2, 3, 1 << 30, 1 << 32, 5].into_iter());
        let places: Vec<(usize, u32, u32)> = packing
            .fields()
            .iter()
            .map(|field| (field.word, field.bits.shift, field.bits.mask.count_ones()))
            .collect();
        let expected = [(0, 0, 1), (0, 1, 1), (0, 2, 2), (0, 4, 30), (1, 0, 32), (1, 32, 3)];
        assert_eq!(places, expected);
        let mut words = packing.zeros(2);
        for (field, code) in packing.fields().iter().zip([0, 1, 2, 77, u32::MAX, 4]) {
            field.put(&mut words, 1, code);
        }
        let read = |field: &Field| field.bits.of(words[field.word][1]);
        let codes: Vec<usize> = packing.fields().iter().map(read).collect();
        assert_eq!(codes, [0, 1, 2, 77, 0xFFFF_FFFF, 4]);
    }
    #[test]
    fn neighbours_are_looked_up_together() {
        let packing = Packing::new([2, 3, 5, 1 << 40, 4].into_iter());
        let to: [(&[u32], usize); 5] =
            [(&[1, 0], 2), (&[0, 0, 0], 1), (&[0, 0, 1, 1, 2], 3), (&[7], 8), (&[1, 0, 1, 0], 2)];
        let tables = packing.tables(to.into_iter(), 1_000);
        let lookup = |at: usize, word| tables[at].to[tables[at].bits.of(word)];
        assert_eq!(
            tables.iter().map(|table| (table.word, table.distinct)).collect::<Vec<_>>(),
            [(0, 6), (0, 8), (0, 2)]
        );
        let mut words = packing.zeros(1);
        for (field, code) in packing.fields().iter().zip([0, 2, 4, 0, 2]) {
            field.put(&mut words, 0, code);
        }
        assert_eq!([0, 1, 2].map(|at| lookup(at, words[0][0])), [5, 7, 1]);
        // For few classes each by itself, but for the one that needs no look.
        assert_eq!(packing.tables(to.into_iter(), 10).len(), 4);
    }
}
