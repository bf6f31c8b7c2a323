//! Hierarchies written down as lines, builders written down as a letter and numbers, and what holds of
//! every hierarchy.

use std::collections::BTreeMap;

use disclosure::{
    Builder, Column, Dates, Decimal, End, Groups, Hierarchy, Intervals, Masking, Period, Priority,
};

/// The builder that `spec` describes: a letter for its kind, then words.
#[must_use]
pub fn builder(spec: &str) -> Option<Builder> {
    let mut words = spec.split(' ');
    let kind = words.next()?;
    let words: Vec<&str> = words.collect();
    Some(match kind {
        "w" => Builder::Intervals(widths(&words)?),
        "c" => {
            let levels = spec.get(2..)?.split(';').map(|level| decimals(level.split(' ')));
            Builder::Intervals(Intervals::at_cuts(levels.collect::<Option<_>>()?).ok()?)
        }
        "m" => Builder::Masking(masking(words.first()?)?),
        "d" => Builder::Dates(Dates::new(words.iter().copied().map(period).collect()).ok()?),
        "g" => {
            let (fan_outs, order) = words.split_first()?;
            let fan_outs: Vec<usize> = numbers(fan_outs)?;
            let order = order.iter().map(|&value| value.to_owned()).collect();
            Builder::Groups(Groups::new(order, &fan_outs).ok()?)
        }
        "p" => Builder::Priority(Priority::new(words.first()?.parse().ok()?).ok()?),
        _ => return None,
    })
}

/// Start, bottom, top and widths; an end that is no number is none.
fn widths(words: &[&str]) -> Option<Intervals> {
    let [start, bottom, top, widths @ ..] = words else { return None };
    let [bottom, top] = [bottom, top].map(|end| Decimal::parse(end).ok());
    let widths = decimals(widths.iter().copied())?;
    Intervals::of_widths(Decimal::parse(start).ok()?, &widths, bottom, top).ok()
}

/// The mask, where it begins, and what pads at which end.
fn masking(word: &str) -> Option<Masking> {
    let mut chars = word.chars();
    let mask = chars.next()?;
    let mut end = || chars.next().map(|end| if end == 'l' { End::Left } else { End::Right });
    let from = end()?;
    let padded = end();
    Some(Masking { from, mask, pad: chars.next().zip(padded) })
}

fn period(word: &str) -> Period {
    match word {
        "m" => Period::Month,
        "q" => Period::Quarter,
        "y" => Period::Year,
        _ => Period::Decade,
    }
}

fn decimals<'a>(words: impl Iterator<Item = &'a str>) -> Option<Vec<Decimal>> {
    words.map(|word| Decimal::parse(word).ok()).collect()
}

fn numbers(words: &str) -> Option<Vec<usize>> {
    words.split(',').map(|word| word.parse().ok()).collect()
}

/// What is one text on a level is one on the next, and every cell of `column` has a row.
pub fn assert_nests_and_covers(hierarchy: &Hierarchy, column: &Column) {
    let mut above: Vec<BTreeMap<&str, &str>> = vec![BTreeMap::new(); hierarchy.levels()];
    let mut values = Vec::new();
    for row in hierarchy.rows() {
        assert_eq!(row.len(), hierarchy.levels());
        values.extend(row.first());
        for (pair, above) in row.windows(2).zip(&mut above) {
            let [low, high] = pair else { continue };
            assert_eq!(above.entry(low).or_insert(high), high);
        }
    }
    assert!(column.dictionary().iter().all(|value| values.binary_search(&value).is_ok()));
}
