//! Texts whose characters are masked one by one.

use crate::hierarchy::{HierarchyError, per_value};
use crate::table::Column;

/// Masks one character more on each level, until the longest text has one left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masking {
    /// The end at which masking begins.
    pub from: End,
    /// What stands for a masked character.
    pub mask: char,
    /// What shorter texts are filled up with to the length of the longest, and at which end; if
    /// absent, they are masked whole sooner.
    pub pad: Option<(char, End)>,
}

/// An end of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its first character.
    Left,
    /// Its last.
    Right,
}

impl Masking {
    pub(crate) fn rows(self, column: &Column) -> Result<Vec<Vec<String>>, HierarchyError> {
        let lengths = column.dictionary().iter().map(|value| value.chars().count());
        let longest = lengths.max().unwrap_or_default();
        // The level on which all are masked is that of any value.
        per_value(column, longest.saturating_sub(1), |value| {
            let padded = self.padded(value, longest);
            Ok((1..longest).map(|masked| self.masked(&padded, masked)).collect())
        })
    }

    fn padded(self, value: &str, length: usize) -> Vec<char> {
        let chars = || value.chars();
        let Some((pad, end)) = self.pad else { return chars().collect() };
        let fill = std::iter::repeat_n(pad, length.saturating_sub(chars().count()));
        match end {
            End::Left => fill.chain(chars()).collect(),
            End::Right => chars().chain(fill).collect(),
        }
    }

    fn masked(self, text: &[char], masked: usize) -> String {
        let length = text.len();
        let is_masked = |place: usize| match self.from {
            End::Left => place < masked,
            End::Right => place >= length.saturating_sub(masked),
        };
        let chars = text.iter().zip(0..);
        chars.map(|(&char, place)| if is_masked(place) { self.mask } else { char }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Builder;
    use crate::hierarchy::tests::built;

    fn masking(from: End, pad: Option<(char, End)>) -> Builder {
        Builder::Masking(Masking { from, mask: '*', pad })
    }

    #[test]
    fn from_the_right_prefixes_stay() {
        let expected = ["81667|8166*|816**|81***|8****|*", "81671|8167*|816**|81***|8****|*"];
        assert_eq!(built(&masking(End::Right, None), &["81667", "81671"]), expected);
    }

    #[test]
    fn from_the_left_suffixes_stay() {
        assert_eq!(built(&masking(End::Left, None), &["åbc", "d"]), ["d|*|*|*", "åbc|*bc|**c|*"]);
    }

    #[test]
    fn padding_lines_texts_up() {
        let codes = masking(End::Right, Some(('_', End::Right)));
        let expected = ["E11|E11_*|E11**|E1***|E****|*", "E11.9|E11.*|E11**|E1***|E****|*"];
        assert_eq!(built(&codes, &["E11", "E11.9"]), expected);
        let numbers = masking(End::Right, Some(('0', End::Left)));
        assert_eq!(built(&numbers, &["7", "123"]), ["123|12*|1**|*", "7|00*|0**|*"]);
    }

    #[test]
    fn one_character_has_no_level_between() {
        assert_eq!(built(&masking(End::Right, None), &["m", "f"]), ["f|*", "m|*"]);
    }
}
