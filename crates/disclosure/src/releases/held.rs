//! Views that are remembered, and the comparison of two of them.

use std::collections::BTreeSet;

use domain::Digest;

use super::ReleaseLimits;
use super::atoms::{Blocks, Part, Split};
use super::cut::{Cut, Poles};
use super::exposure::{Cells, Earlier, Exposure, ExposureRule};
use super::footprints::index;
use super::overlap::{Edge, Overlap};
use super::sample::{Probe, Sample};
use super::shown::Shown;

/// A view over atoms, of one file or joined from several.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) microdata: bool,
    pub(crate) blocks: Blocks,
    pub(crate) sizes: Vec<u64>,
    pub(crate) sample: Sample,
    /// The files that it was computed from, the newest last.
    sources: Vec<Source>,
}

/// A file that a view was computed from.
#[derive(Clone, Debug)]
struct Source {
    package: Option<Digest>,
    file: String,
    /// For each block the cell that it lies in; none for the records in no cell.
    labels: Vec<Option<u32>>,
}

impl Held {
    /// `shown` over the atoms that it was split into.
    pub(crate) fn new(shown: &Shown, split: &Split, package: Option<Digest>) -> Self {
        let (file, labels) = (shown.file.clone(), shown.view.labels.clone());
        Self {
            microdata: shown.microdata,
            blocks: Blocks::new(split.by_atom(|part| part.block), shown.view.sizes.len()),
            sizes: shown.view.sizes.clone(),
            sample: Sample::of(&shown.view),
            sources: vec![Source { package, file, labels }],
        }
    }

    /// Its parts, ascending by block: what [`Self::compare`] is given. `split` has the atoms that it
    /// is over; `earlier` says whether the parts are to name the atoms before the split.
    pub(crate) fn parts(&self, split: &Split, earlier: bool) -> Vec<Part> {
        let part = |part: &Part| Part {
            atom: if earlier { part.atom } else { part.becomes },
            block: self.blocks.get(part.becomes),
            ..*part
        };
        let mut parts: Vec<Part> = split.parts.iter().map(part).collect();
        parts.sort_by_key(|part| part.block);
        parts
    }

    /// What this view, given with its parts, exposes together with another over the parts' atoms.
    pub(crate) fn compare(
        &self,
        parts: &[Part],
        other: &Self,
        limits: &ReleaseLimits,
    ) -> Vec<Exposure> {
        let overlap = self.overlap(parts, other, usize::MAX);
        let Some(overlap) = overlap.filter(|overlap| !overlap.is_same()) else { return Vec::new() };
        let pair = Pair { left: self, right: other };
        if self.microdata && other.microdata {
            let small = overlap.edges.iter().filter(|edge| edge.weight < limits.k);
            return small.map(|edge| pair.joint_classes(edge)).collect();
        }
        let (poles, limit) = self.poles(other, limits);
        let cuts = overlap.cuts(poles, limit).into_iter();
        cuts.map(|(near, far)| pair.exposure(&near, &far)).collect()
    }

    /// Whether `probe`, of this view, shows without a look at all records that [`Self::compare`]
    /// finds nothing. Joint classes of microdata are no cuts.
    pub(crate) fn is_safe_beside(
        &self,
        probe: &Probe<'_>,
        other: &Self,
        limits: &ReleaseLimits,
    ) -> bool {
        let joint_classes = self.microdata && other.microdata;
        !joint_classes && probe.holds_together(other, self.poles(other, limits).1)
    }

    /// Which blocks a cut keeps apart, and the records of the least cut that is no exposure. Blocks
    /// of a table are at or above the threshold, unless they were released under a lower one;
    /// classes of microdata need not be.
    fn poles(&self, other: &Self, limits: &ReleaseLimits) -> (Poles, u64) {
        let (poles, sizes) = match self.microdata {
            true => (Poles::Right, &other.sizes),
            false => (Poles::Left, &self.sizes),
        };
        (poles, sizes.iter().copied().fold(limits.threshold, u64::min))
    }

    /// The overlap with another; none as soon as there are more than `most` edges.
    pub(crate) fn overlap(&self, parts: &[Part], other: &Self, most: usize) -> Option<Overlap> {
        Overlap::of(parts, self.sizes.len(), &other.blocks, other.sizes.len(), most)
    }

    /// This view and `earlier`, which is over the atoms before `split`, as the one view that can be
    /// computed from both: `overlap`, of this with `earlier`, has no cycle.
    pub(crate) fn joined(&self, overlap: &Overlap, split: &Split, earlier: &Self) -> Self {
        let places = overlap.places();
        let place = |part: &Part| {
            let edge = (self.blocks.get(part.becomes), earlier.blocks.get(part.atom));
            places.get(&edge).copied().unwrap_or_default()
        };
        let edges = &overlap.edges;
        let blocks = Blocks::new(split.by_atom(place), edges.len());
        let block = |record| blocks.get(split.atoms.of(record));
        let sample = self.sample.joined(&earlier.sample, edges.len(), block);
        let left = self.sources.iter().map(|source| source.over(edges.iter().map(|e| e.left)));
        let right = earlier.sources.iter().map(|source| source.over(edges.iter().map(|e| e.right)));
        Self {
            microdata: false,
            blocks,
            sample,
            sizes: edges.iter().map(|edge| edge.weight).collect(),
            sources: right.chain(left).collect(),
        }
    }

    fn is_rest(&self, block: u32) -> bool {
        self.sources.iter().all(|source| source.labels.get(index(block)) == Some(&None))
    }

    fn chosen(&self, blocks: &[u32]) -> Vec<bool> {
        let mut chosen = vec![false; self.sizes.len()];
        for &block in blocks {
            if let Some(chosen) = chosen.get_mut(index(block)) {
                *chosen = true;
            }
        }
        chosen
    }
}

/// The files with cells that the `chosen` blocks are made of; where no file has one as a whole, all
/// that have a part in them.
fn named(sources: &[Source], chosen: &[bool]) -> Vec<Earlier> {
    let alone = sources.len() == 1;
    let wholly = sources.iter().filter(|source| alone || source.has_whole(chosen));
    let wholly: Vec<Earlier> = wholly.map(|source| source.named(chosen, alone)).collect();
    if wholly.is_empty() {
        return sources.iter().map(|source| source.named(chosen, alone)).collect();
    }
    wholly
}

/// Two views in which few records were found.
struct Pair<'a> {
    left: &'a Held,
    right: &'a Held,
}

impl Pair<'_> {
    fn joint_classes(&self, edge: &Edge) -> Exposure {
        let cut = Cut { left: vec![edge.left], right: vec![edge.right], records: edge.weight };
        self.named(&cut, ExposureRule::JointClasses)
    }

    /// Names the side of a cut that is told more plainly: without the records in no cell if that
    /// can be, with fewer cells.
    fn exposure(&self, near: &Cut, far: &Cut) -> Exposure {
        let plainness = |cut: &Cut| (self.has_rest(cut), cut.left.len() + cut.right.len());
        let cut = if plainness(far) < plainness(near) { far } else { near };
        let rule = match (self.has_rest(cut), cut.left.len(), cut.right.len()) {
            (true, ..) => ExposureRule::Complement,
            (false, 1, 1) => ExposureRule::Difference,
            _ => ExposureRule::Union,
        };
        self.named(cut, rule)
    }

    fn has_rest(&self, cut: &Cut) -> bool {
        cut.left.iter().any(|&block| self.left.is_rest(block))
            || cut.right.iter().any(|&block| self.right.is_rest(block))
    }

    fn named(&self, cut: &Cut, rule: ExposureRule) -> Exposure {
        let (left, right) = (self.left.chosen(&cut.left), self.right.chosen(&cut.right));
        let (new, joined) = match self.left.sources.split_last() {
            Some((new, joined)) => (Some(new.named(&left, joined.is_empty())), joined),
            None => (None, &[][..]),
        };
        let (file, cells) = new.map(|new| (new.file, new.cells)).unwrap_or_default();
        let mut earlier = if joined.is_empty() { Vec::new() } else { named(joined, &left) };
        earlier.extend(named(&self.right.sources, &right));
        Exposure { rule, file, cells, earlier, records: cut.records }
    }
}

impl Source {
    /// The same file over other blocks, each within the one of `blocks` at its place.
    fn over(&self, blocks: impl Iterator<Item = u32>) -> Self {
        let label = |block| self.labels.get(index(block)).copied().flatten();
        Self { package: self.package, file: self.file.clone(), labels: blocks.map(label).collect() }
    }

    fn labels(&self, chosen: &[bool], wanted: bool) -> impl Iterator<Item = Option<u32>> {
        let blocks = self.labels.iter().zip(chosen);
        blocks.filter(move |&(_, &chosen)| chosen == wanted).map(|(&label, _)| label)
    }

    /// Whether all blocks of a cell are `chosen`.
    fn has_whole(&self, chosen: &[bool]) -> bool {
        let outside: BTreeSet<Option<u32>> = self.labels(chosen, false).collect();
        self.labels(chosen, true).any(|label| label.is_some() && !outside.contains(&label))
    }

    /// Its cells that the `chosen` blocks lie in. Where the view is of several files, not `alone`,
    /// a record in no cell of this one is in a cell of another, unless all of them are.
    fn named(&self, chosen: &[bool], alone: bool) -> Earlier {
        let mut cells = Cells::of(self.labels(chosen, true));
        cells.rest &= alone || cells.numbers.is_empty();
        Earlier { package: self.package, file: self.file.clone(), cells }
    }
}
