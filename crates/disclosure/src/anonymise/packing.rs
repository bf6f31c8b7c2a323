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
}
