//! Unions of blocks of two views that differ by few records: small cuts of their overlap.

use std::collections::{BTreeMap, VecDeque};

use super::overlap::{Overlap, Sets};

/// Blocks on the left and blocks on the right whose unions differ by `records` records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    pub(crate) left: Vec<u32>,
    pub(crate) right: Vec<u32>,
    pub(crate) records: u64,
}

/// Which blocks a cut must keep apart: those of the other view may be small by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poles {
    Left,
    Right,
}

impl Overlap {
    /// Cuts of 1 to `limit` - 1 records that keep two poles apart, each with its other side.
    /// Empty exactly if there is none, as long as every pole has at least `limit` records.
    ///
    /// The records of the blocks chosen on the left, less those chosen on the right and the other
    /// way round, are the edges that leave the choice: a cut. What is held together by `limit`
    /// records or more is on one side of every such cut, so that it is one vertex; usually one
    /// vertex remains and there is nothing to search. What remains is searched by the flow between
    /// poles (Ford, Fulkerson 1956), given up at `limit`.
    pub(crate) fn cuts(&self, poles: Poles, limit: u64) -> Vec<(Cut, Cut)> {
        let mut merged = Merged::of(self, limit);
        let (first, last) = match poles {
            Poles::Left => (0, self.left),
            Poles::Right => (self.left, self.left + self.right),
        };
        let mut of_component: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for vertex in first..last {
            let component = of_component.entry(merged.whole.find(vertex)).or_default();
            let vertex = merged.sets.find(vertex);
            if !component.contains(&vertex) {
                component.push(vertex);
            }
        }
        let mut cuts: Vec<(Cut, Cut)> = Vec::new();
        for component in of_component.into_values() {
            let Some((&root, others)) = component.split_first() else { continue };
            for &other in others {
                if let Some((reached, records)) = merged.flow(root, other, limit) {
                    let cut = self.sides(&mut merged, root, &reached, records);
                    if !cuts.contains(&cut) {
                        cuts.push(cut);
                    }
                }
            }
        }
        cuts
    }

    /// The side of `root`, and the rest of what hangs together with it.
    fn sides(
        &self,
        merged: &mut Merged,
        root: usize,
        reached: &[bool],
        records: u64,
    ) -> (Cut, Cut) {
        let empty = Cut { left: Vec::new(), right: Vec::new(), records };
        let (mut near, mut far) = (empty.clone(), empty);
        let whole = merged.whole.find(root);
        for vertex in 0..self.left + self.right {
            if merged.whole.find(vertex) != whole {
                continue;
            }
            let is_near = reached.get(merged.sets.find(vertex)) == Some(&true);
            let side = if is_near { &mut near } else { &mut far };
            let block = vertex.checked_sub(self.left);
            let blocks = if block.is_some() { &mut side.right } else { &mut side.left };
            blocks.push(super::views::number(block.unwrap_or(vertex)));
        }
        (near, far)
    }
}

/// An overlap whose vertices are merged where `limit` records or more hold them together.
struct Merged {
    sets: Sets,
    /// Everything that hangs together.
    whole: Sets,
    /// Neighbours of each merged vertex: vertex and place of the edge.
    neighbours: Vec<Vec<(usize, usize)>>,
    weights: Vec<u64>,
}

impl Merged {
    fn of(overlap: &Overlap, limit: u64) -> Self {
        let vertices = overlap.left + overlap.right;
        let (mut sets, mut whole) = (Sets::new(vertices), Sets::new(vertices));
        let mut edges: Vec<(usize, usize, u64)> = Vec::with_capacity(overlap.edges.len());
        for edge in &overlap.edges {
            let (left, right) = overlap.vertices(edge);
            whole.join(left, right);
            edges.push((left, right, edge.weight));
        }
        loop {
            let mut again = false;
            for &(a, b, weight) in &edges {
                if weight >= limit {
                    again |= sets.join(a, b);
                }
            }
            if !again {
                break;
            }
            edges = parallel_as_one(&edges, &mut sets);
        }
        let mut merged = Self {
            sets,
            whole,
            neighbours: vec![Vec::new(); vertices],
            weights: Vec::with_capacity(edges.len()),
        };
        for (place, (a, b, weight)) in edges.into_iter().enumerate() {
            for (from, to) in [(a, b), (b, a)] {
                if let Some(neighbours) = merged.neighbours.get_mut(from) {
                    neighbours.push((to, place));
                }
            }
            merged.weights.push(weight);
        }
        merged
    }

    /// The vertices on the side of `from` in a least cut between `from` and `to`, and its weight;
    /// none if that is `limit` or more.
    fn flow(&self, from: usize, to: usize, limit: u64) -> Option<(Vec<bool>, u64)> {
        // What may still flow along each edge: from its lesser vertex to the greater, and back.
        let mut room: Vec<[u64; 2]> = self.weights.iter().map(|&weight| [weight; 2]).collect();
        let mut flow = 0;
        while flow < limit {
            let came = self.paths(from, &room);
            let Some(path) = trace(&came, from, to) else {
                return Some((came.iter().map(Option::is_some).collect(), flow));
            };
            let rooms = path.iter().filter_map(|&(place, way)| room.get(place)?.get(way).copied());
            let step = rooms.min().unwrap_or(limit);
            for (place, way) in path {
                if let Some([forth, back]) = room.get_mut(place) {
                    let (used, freed) = if way == 0 { (forth, back) } else { (back, forth) };
                    *used -= step;
                    *freed += step;
                }
            }
            flow += step;
        }
        None
    }

    /// For each vertex that can be reached, from where: vertex, edge and way.
    fn paths(&self, from: usize, room: &[[u64; 2]]) -> Vec<Option<(usize, usize, usize)>> {
        let mut came = vec![None; self.neighbours.len()];
        if let Some(start) = came.get_mut(from) {
            *start = Some((from, 0, 0));
        }
        let mut queue = VecDeque::from([from]);
        while let Some(vertex) = queue.pop_front() {
            for &(next, place) in self.neighbours.get(vertex).into_iter().flatten() {
                let way = usize::from(vertex > next);
                let open = room.get(place).and_then(|room| room.get(way)).is_some_and(|&r| r > 0);
                if let Some(slot @ None) = came.get_mut(next)
                    && open
                {
                    *slot = Some((vertex, place, way));
                    queue.push_back(next);
                }
            }
        }
        came
    }
}

/// The edges from `from` to `to`, with their ways, if `to` was reached.
fn trace(
    came: &[Option<(usize, usize, usize)>],
    from: usize,
    to: usize,
) -> Option<Vec<(usize, usize)>> {
    let (mut vertex, mut path) = (to, Vec::new());
    while vertex != from {
        let &(before, place, way) = came.get(vertex)?.as_ref()?;
        path.push((place, way));
        vertex = before;
    }
    Some(path)
}

/// Edges between merged vertices, several between two as one.
fn parallel_as_one(edges: &[(usize, usize, u64)], sets: &mut Sets) -> Vec<(usize, usize, u64)> {
    let mut sums: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for &(a, b, weight) in edges {
        let (a, b) = (sets.find(a), sets.find(b));
        if a != b {
            *sums.entry((a.min(b), a.max(b))).or_default() += weight;
        }
    }
    sums.into_iter().map(|((a, b), weight)| (a, b, weight)).collect()
}
