//! How the blocks of two views overlap.

use std::collections::BTreeMap;

use super::atoms::{Blocks, Part};
use super::footprints::index;

/// The bipartite graph of two views: an edge for each two blocks with records in common.
#[derive(Clone, Debug)]
pub(crate) struct Overlap {
    /// The numbers of blocks on the left and on the right.
    pub(crate) left: usize,
    pub(crate) right: usize,
    /// Ascending by left block; each pair once.
    pub(crate) edges: Vec<Edge>,
}

/// Two blocks and the number of records that they have in common, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) weight: u64,
}

impl Overlap {
    /// The overlap of a view with `left` blocks, split into `parts`, and one with `right` blocks.
    /// None as soon as there are more than `most` edges.
    pub(crate) fn of(
        parts: &[Part],
        left: usize,
        blocks: &Blocks,
        right: usize,
        most: usize,
    ) -> Option<Self> {
        // One loop for each width: this runs over all atoms, for every view of the ledger.
        match blocks {
            Blocks::Narrow(blocks) => {
                let block = |atom: u32| blocks.get(index(atom)).copied().unwrap_or_default().into();
                Self::count(parts, block, left, right, most)
            }
            Blocks::Wide(blocks) => {
                let block = |atom: u32| blocks.get(index(atom)).copied().unwrap_or_default();
                Self::count(parts, block, left, right, most)
            }
        }
    }

    fn count(
        parts: &[Part],
        block: impl Fn(u32) -> u32,
        left: usize,
        right: usize,
        most: usize,
    ) -> Option<Self> {
        let mut overlap = Self { left, right, edges: Vec::new() };
        let (mut weights, mut met) = (vec![0_u64; right], Vec::new());
        for of_block in parts.chunk_by(|a, b| a.block == b.block) {
            for part in of_block {
                let right = block(part.atom);
                let Some(weight) = weights.get_mut(index(right)) else { continue };
                if *weight == 0 {
                    met.push(right);
                    if overlap.edges.len() + met.len() > most {
                        return None;
                    }
                }
                *weight += u64::from(part.size);
            }
            let left = of_block.first().map_or(0, |part| part.block);
            for right in met.drain(..) {
                let weight = weights.get_mut(index(right)).map(std::mem::take).unwrap_or_default();
                overlap.edges.push(Edge { left, right, weight });
            }
        }
        Some(overlap)
    }

    /// Whether both views have the same blocks.
    pub(crate) fn is_same(&self) -> bool {
        self.edges.len() == self.left && self.edges.len() == self.right
    }

    /// Whether every block on the right is within one on the left.
    pub(crate) fn right_is_finer(&self) -> bool {
        self.edges.len() == self.right
    }

    /// Whether the graph has no cycle. Then each overlap can be computed from the blocks' sizes, by
    /// taking leaves away, so that the joint partition of both views is known as well as they are.
    pub(crate) fn is_forest(&self) -> bool {
        let mut sets = Sets::new(self.left + self.right);
        self.edges.iter().all(|edge| {
            let (left, right) = self.vertices(edge);
            sets.join(left, right)
        })
    }

    /// The vertices of an edge: left blocks first, then those on the right.
    pub(crate) fn vertices(&self, edge: &Edge) -> (usize, usize) {
        (index(edge.left), self.left + index(edge.right))
    }

    /// The most edges that a forest over such views may have.
    pub(crate) const fn forest_edges(left: usize, right: usize) -> usize {
        left + right - 1
    }

    /// For each two overlapping blocks the place of their edge.
    pub(crate) fn places(&self) -> BTreeMap<(u32, u32), u32> {
        self.edges.iter().map(|edge| (edge.left, edge.right)).zip(0..).collect()
    }
}

/// Disjoint sets of vertices (Tarjan 1975), by path halving; the least vertex stands for its set.
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    pub(crate) fn new(vertices: usize) -> Self {
        Self((0..vertices).collect())
    }

    pub(crate) fn find(&mut self, mut vertex: usize) -> usize {
        loop {
            let above = self.0.get(vertex).copied().unwrap_or(vertex);
            if above == vertex {
                return vertex;
            }
            let beyond = self.0.get(above).copied().unwrap_or(above);
            if let Some(slot) = self.0.get_mut(vertex) {
                *slot = beyond;
            }
            vertex = beyond;
        }
    }

    /// Whether the two were in different sets before.
    pub(crate) fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
        a != b
    }
}
