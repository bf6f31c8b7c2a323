//! The views of one output.

use super::ReleaseLimits;
use super::exposure::{Cells, Earlier, Exposure, ExposureRule};
use super::footprints::{Footprint, Footprints};
use super::views::View;

/// One view of one file of an output.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) file: String,
    pub(crate) microdata: bool,
    pub(crate) view: View,
}

impl Shown {
    /// The views of all files, by file name.
    pub(crate) fn of(footprints: &Footprints) -> Vec<Self> {
        let of_file = |(file, footprint): (&String, &Footprint)| -> Vec<Self> {
            let shown = |view| Self {
                file: file.clone(),
                microdata: matches!(footprint, Footprint::Microdata { .. }),
                view,
            };
            View::of(footprint, footprints.population()).into_iter().map(shown).collect()
        };
        footprints.files().iter().flat_map(of_file).collect()
    }

    /// Blocks that are too small by themselves.
    pub(crate) fn alone(&self, limits: &ReleaseLimits) -> Vec<Exposure> {
        let least = if self.microdata { limits.k } else { limits.threshold };
        let blocks = self.view.labels.iter().zip(&self.view.sizes);
        let exposure = |(&label, &records): (&Option<u32>, &u64)| {
            let within: Vec<u32> =
                label.into_iter().flat_map(|cell| self.view.within(cell)).collect();
            let rule = match label {
                None => ExposureRule::Complement,
                Some(_) if self.microdata => ExposureRule::Class,
                Some(_) if within.is_empty() => ExposureRule::Cell,
                Some(_) => ExposureRule::Difference,
            };
            // What no cell has is left out by all of them.
            let named: Vec<Option<u32>> = match label {
                None => self.view.labels.iter().copied().filter(Option::is_some).collect(),
                Some(_) => vec![label],
            };
            let inner = Earlier {
                package: None,
                file: self.file.clone(),
                cells: Cells::of(within.iter().copied().map(Some)),
            };
            let earlier = if within.is_empty() { Vec::new() } else { vec![inner] };
            let (file, cells) = (self.file.clone(), Cells::of(named.into_iter()));
            Exposure { rule, file, cells, earlier, records }
        };
        blocks.filter(|&(_, &records)| records < least).map(exposure).collect()
    }
}
