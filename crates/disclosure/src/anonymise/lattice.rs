//! All nodes: one level for each quasi-identifier.

use crate::anonymise::AnonymiseError;
use crate::anonymise::levels::Levels;

/// The number of levels of each quasi-identifier.
#[derive(Clone, Debug)]
pub(crate) struct Lattice(Vec<u8>);

impl Lattice {
    /// Each below 128.
    pub(crate) fn new(levels: impl Iterator<Item = usize>) -> Self {
        Self(levels.map(|count| u8::try_from(count).unwrap_or(u8::MAX)).collect())
    }

    pub(crate) fn size(&self) -> u128 {
        // 16 numbers of 7 bits.
        self.0.iter().map(|&count| u128::from(count)).product()
    }

    /// Every node, the list's order.
    pub(crate) fn nodes(&self) -> Result<impl Iterator<Item = Levels>, AnonymiseError> {
        let nodes = self.size();
        if nodes > MAX_NODES {
            return Err(AnonymiseError::Lattice { nodes, most: MAX_NODES });
        }
        Ok((0..nodes).map(|number| self.numbered(number)))
    }

    /// The node where nothing can be generalised further.
    pub(crate) fn top(&self) -> Levels {
        let top: Vec<u8> = self.0.iter().map(|count| count.saturating_sub(1)).collect();
        Levels::new(&top)
    }

    /// The nodes one level below `levels`.
    pub(crate) fn below(&self, levels: Levels) -> Vec<Levels> {
        let bytes = levels.bytes();
        let lower = |at: usize| {
            let mut bytes = bytes;
            let level = bytes.get_mut(at)?;
            *level = level.checked_sub(1)?;
            Some(Levels::new(&bytes))
        };
        (0..self.0.len()).filter_map(lower).collect()
    }

    /// The levels as a list of the quasi-identifiers' length.
    pub(crate) fn levels(&self, node: Levels) -> Vec<usize> {
        node.bytes().into_iter().take(self.0.len()).map(usize::from).collect()
    }

    fn numbered(&self, mut number: u128) -> Levels {
        let mut levels = vec![0; self.0.len()];
        for (level, &count) in levels.iter_mut().zip(&self.0).rev() {
            let count = u128::from(count.max(1));
            *level = u8::try_from(number % count).unwrap_or_default();
            number /= count;
        }
        Levels::new(&levels)
    }
}

/// Each takes 32 bytes while it is a candidate.
const MAX_NODES: u128 = 1 << 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_all_combinations() {
        let lattice = Lattice::new([2, 1, 3].into_iter());
        let nodes: Vec<Vec<usize>> =
            lattice.nodes().unwrap().map(|node| lattice.levels(node)).collect();
        let expected =
            [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], [1, 0, 1], [1, 0, 2]].map(Vec::from);
        assert_eq!(nodes, expected);
        assert_eq!(lattice.levels(lattice.top()), [1, 0, 2]);
        assert_eq!(lattice.below(lattice.top()).len(), 2);
        let large = Lattice::new([127; 16].into_iter());
        assert!(matches!(large.nodes().err(), Some(AnonymiseError::Lattice { .. })));
    }
}
