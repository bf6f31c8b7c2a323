//! How many people are in classes of which size.

use askama::Template;

use super::words::{count, percent};
use crate::outcome::Outcome;

/// Rows by the size of their class.
pub(super) struct Histogram {
    pub(super) bins: Vec<Bin>,
}

/// Classes of these sizes.
pub(super) struct Bin {
    pub(super) sizes: String,
    /// The least of them.
    first: u64,
    pub(super) before: Filled,
    pub(super) after: Filled,
}

/// What is in a bin.
#[derive(Default)]
pub(super) struct Filled {
    classes: u64,
    rows: u64,
    share: f64,
}

impl Filled {
    pub(super) fn classes(&self) -> String {
        count(self.classes)
    }

    pub(super) fn rows(&self) -> String {
        count(self.rows)
    }
}

impl Histogram {
    pub(super) fn of(outcome: &Outcome<'_>) -> Self {
        let (before, after) = (&outcome.sizes_before, &outcome.sizes_after);
        let sizes = || before.iter().chain(after);
        let (least, most) = (sizes().min().copied(), sizes().max().copied());
        let bins = starts().zip(starts().skip(1)).take_while(|&(first, _)| Some(first) <= most);
        let bins = bins.filter(|&(_, end)| Some(end) > least).map(|(first, end)| Bin {
            sizes: range(first, end),
            first,
            before: filled(before, first, end, outcome.table.rows()),
            after: filled(after, first, end, outcome.table.rows()),
        });
        Self { bins: bins.collect() }
    }

    pub(super) fn chart(&self) -> HistogramChart {
        let shares = self.bins.iter().flat_map(|bin| [bin.before.share, bin.after.share]);
        let most = shares.fold(0.0, f64::max);
        let described = self.bins.iter().map(|bin| {
            let (before, after) = (percent(bin.before.share), percent(bin.after.share));
            format!("classes of {}: {before} of the rows before, {after} after", bin.sizes)
        });
        let described = described.collect::<Vec<_>>().join("; ");
        let step = if self.bins.is_empty() { WIDTH } else { WIDTH / float(self.bins.len()) };
        let columns = self.bins.iter().zip(0..).map(|(bin, place)| {
            let left = LEFT + step * float(place);
            let bar = (step * 0.4).min(WIDEST);
            let middle = left + step / 2.0;
            Column {
                label: short_count(bin.first),
                middle: format!("{middle:.1}"),
                bars: [
                    Bar::new("before", middle - bar, bar, bin.before.share, most),
                    Bar::new("after", middle, bar, bin.after.share, most),
                ],
            }
        });
        HistogramChart { described, most: percent(most), columns: columns.collect() }
    }
}

/// A drawing of it.
#[derive(Template)]
#[template(path = "histogram.svg")]
pub(super) struct HistogramChart {
    described: String,
    most: String,
    columns: Vec<Column>,
}

struct Column {
    label: String,
    middle: String,
    bars: [Bar; 2],
}

struct Bar {
    class: &'static str,
    x: String,
    y: String,
    width: String,
    height: String,
}

impl Bar {
    fn new(class: &'static str, x: f64, width: f64, share: f64, most: f64) -> Self {
        let height = if share > 0.0 { (HEIGHT * share / most).max(1.5) } else { 0.0 };
        Self {
            class,
            x: format!("{x:.1}"),
            y: format!("{:.1}", TOP + HEIGHT - height),
            width: format!("{:.1}", (width - 1.0).max(1.0)),
            height: format!("{height:.1}"),
        }
    }
}

/// 1, 2, 5, 10, 20, 50 and so on.
fn starts() -> impl Iterator<Item = u64> {
    let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    powers.flat_map(|power| [1, 2, 5].into_iter().filter_map(move |first| power.checked_mul(first)))
}

fn range(first: u64, end: u64) -> String {
    if end - first == 1 { count(first) } else { format!("{} to {}", count(first), count(end - 1)) }
}

/// Rows and classes of `first` up to below `end`; the share is of all rows of the original.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows are below 2^32")]
fn filled(sizes: &[u64], first: u64, end: u64, all: usize) -> Filled {
    let inside = sizes.iter().filter(|&&size| (first..end).contains(&size));
    let (classes, rows) = inside.fold((0, 0), |(classes, rows), size| (classes + 1, rows + size));
    Filled { classes, rows, share: if all == 0 { 0.0 } else { rows as f64 / all as f64 } }
}

/// 20000 is `20k`.
fn short_count(number: u64) -> String {
    let thousands = [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)];
    let unit =
        thousands.into_iter().find(|(_, unit)| number >= *unit && number.is_multiple_of(*unit));
    unit.map_or_else(|| number.to_string(), |(name, unit)| format!("{}{name}", number / unit))
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 100 bins")]
const fn float(number: usize) -> f64 {
    number as f64
}

const LEFT: f64 = 56.0;
const TOP: f64 = 10.0;
const WIDTH: f64 = 650.0;
const HEIGHT: f64 = 200.0;
const WIDEST: f64 = 40.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_1_2_5_in_every_power_of_ten() {
        assert_eq!(starts().take(8).collect::<Vec<_>>(), [1, 2, 5, 10, 20, 50, 100, 200]);
        assert_eq!((range(1, 2), range(2, 5)), ("1".to_owned(), "2 to 4".to_owned()));
        assert_eq!(range(1000, 2000), "1,000 to 1,999");
        assert_eq!((short_count(500), short_count(20_000)), ("500".to_owned(), "20k".to_owned()));
        let found = filled(&[1, 2, 4, 5], 2, 5, 12);
        assert_eq!((found.classes, found.rows), (2, 6));
        assert!((found.share - 0.5).abs() < 1e-12);
    }
}
