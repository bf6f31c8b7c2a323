//! Horizontal bars of shares, in groups.

use askama::Template;

use super::words::{percent, shortened};

/// A drawing of shares.
#[derive(Template)]
#[template(path = "bars.svg")]
pub(super) struct Bars {
    id: &'static str,
    title: &'static str,
    description: String,
    height: usize,
    groups: Vec<Drawn>,
}

/// Bars under one label.
pub(super) struct Group {
    pub(super) label: String,
    /// What each bar is, which is its class in the style, and its share from 0 to 1.
    pub(super) bars: Vec<(&'static str, f64)>,
}

struct Drawn {
    label: String,
    label_y: usize,
    bars: Vec<Bar>,
}

struct Bar {
    class: &'static str,
    y: usize,
    text_y: usize,
    width: String,
    value_x: String,
    value: String,
}

impl Bars {
    pub(super) fn new(id: &'static str, title: &'static str, groups: Vec<Group>) -> Self {
        let described = groups.iter().map(|group| {
            let bars =
                group.bars.iter().map(|(class, share)| format!("{} {class}", percent(*share)));
            format!("{}: {}", group.label, bars.collect::<Vec<_>>().join(", "))
        });
        let description = described.collect::<Vec<_>>().join("; ");
        let mut y = 0;
        let mut drawn = Vec::with_capacity(groups.len());
        for group in groups {
            let label_y = y + LABEL / 2 + 4;
            y += LABEL;
            let bars = group.bars.into_iter().map(|(class, share)| {
                let bar = Bar::new(class, share, y);
                y += BAR + 3;
                bar
            });
            let bars = bars.collect();
            drawn.push(Drawn { label: shortened(&group.label, LABEL_CHARACTERS), label_y, bars });
            y += GAP;
        }
        Self { id, title, description, height: y, groups: drawn }
    }
}

impl Bar {
    fn new(class: &'static str, share: f64, y: usize) -> Self {
        let width = share.clamp(0.0, 1.0) * FULL;
        // What is not nothing can be seen.
        let width = if share > 0.0 { width.max(1.5) } else { 0.0 };
        Self {
            class,
            y,
            text_y: y + BAR - 4,
            width: format!("{width:.1}"),
            value_x: format!("{:.1}", START + width + 6.0),
            value: percent(share),
        }
    }
}

const LABEL: usize = 22;
const LABEL_CHARACTERS: usize = 80;
const BAR: usize = 16;
const GAP: usize = 8;
/// Where bars begin, and how long one of 100 % is.
const START: f64 = 60.0;
const FULL: f64 = 560.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_shares() {
        let group = Group {
            label: "a <b>".into(),
            bars: vec![("before", 1.0), ("after", 0.000_01), ("after", 0.0)],
        };
        let drawn = Bars::new("x", "X", vec![group]).render().unwrap();
        for expected in [
            "width=\"560.0\"",
            "width=\"1.5\"",
            "width=\"0.0\"",
            ">100 %<",
            ">0.001 %<",
            "a &#60;b&#62;: 100 % before, 0.001 % after, 0 % after",
        ] {
            assert!(drawn.contains(expected), "{expected} {drawn}");
        }
        assert!(!drawn.contains("<b>"));
    }
}
