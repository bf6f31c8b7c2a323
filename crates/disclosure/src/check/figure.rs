//! Figures: drawn by the gate from a table that passed, so that a picture holds nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::cell;
use crate::decimal::Decimal;
use crate::rules::{Figure, FigureStyle, Output, Shape};
use crate::table::Table;

/// One value that is drawn, and what is written below it.
struct Point<'a> {
    label: &'a str,
    /// The x of a step, where it is a number.
    at: Option<Decimal>,
    value: Option<Decimal>,
}

/// The drawing as SVG; none if the numbers are too large to be drawn exactly.
pub(super) fn draw(
    name: &str,
    figure: &Figure,
    table: &Table,
    hidden: &BTreeSet<usize>,
    source: &Output,
) -> Option<Vec<u8>> {
    let points = points(figure, table, hidden, source)?;
    let values = points.iter().filter_map(|point| point.value).chain([Decimal::ZERO]);
    let vertical = Scale::over(values, HEIGHT)?;
    let base = vertical.place(Decimal::ZERO)?;
    let across = across(figure, &points)?;
    let step = WIDTH.checked_div(i128::try_from(points.len().max(1)).ok()?)?;
    let mut svg = opening(name, figure);
    let mut previous: Option<(i128, i128)> = None;
    for (point, x) in points.iter().zip(across) {
        let Some(value) = point.value else {
            previous = None;
            continue;
        };
        let y = vertical.place(value)?;
        let (low, high) = (base.min(y), base.max(y));
        let (top, tall) = (TOP + HEIGHT - high, (high - low).max(1));
        // Writing to a string does not fail.
        let _ = match figure.style {
            FigureStyle::Bars => {
                let wide = (step * 4 / 5).max(1);
                writeln!(
                    svg,
                    r#"<rect x="{}" y="{top}" width="{wide}" height="{tall}"/>"#,
                    LEFT + x
                )
            }
            FigureStyle::Steps => {
                let (from_x, from_y) = previous.unwrap_or((x, y));
                let (a, b, c) = (LEFT + from_x, TOP + HEIGHT - from_y, TOP + HEIGHT - y);
                writeln!(svg, r#"<path d="M{a} {b}H{}V{c}"/>"#, LEFT + x)
            }
        };
        previous = Some((x, y));
        let _ = writeln!(
            svg,
            r#"<text transform="translate({},{}) rotate(45)">{}</text>"#,
            LEFT + x,
            TOP + HEIGHT + 14,
            escaped(point.label),
        );
    }
    let (most, least) = (escaped(&vertical.most), escaped(&vertical.least));
    let _ = writeln!(svg, r#"<text x="4" y="{}">{most}</text>"#, TOP + 4);
    let _ = writeln!(svg, r#"<text x="4" y="{}">{least}</text>"#, TOP + HEIGHT);
    svg.push_str("</svg>\n");
    Some(svg.into_bytes())
}

/// The rows in an order that says nothing about how they came in: by x where it is a number, else
/// by their texts.
fn points<'a>(
    figure: &Figure,
    table: &'a Table,
    hidden: &BTreeSet<usize>,
    source: &Output,
) -> Option<Vec<Point<'a>>> {
    let rounding = match source.shape() {
        Shape::Table(counts) => counts.rounding,
        _ => None,
    };
    let (x, y) = (table.column(&figure.x)?, table.column(&figure.y)?);
    let is_count = source.counts().contains(&figure.y);
    let is_number = source.numbers().contains(&figure.x);
    let shown = |text: &str| match cell::count(text) {
        Ok(count) if is_count => {
            let count = rounding.map_or(count, |rounding| rounding.released(count));
            Decimal::parse(&count.to_string())
        }
        _ => Decimal::parse(text),
    };
    let point = |row| {
        let label = x.cell(row)?;
        let at = if is_number { Decimal::parse(label) } else { None };
        let value = if hidden.contains(&row) { None } else { shown(y.cell(row)?) };
        Some(Point { label, at, value })
    };
    let mut points: Vec<_> = table.sorted_rows().into_iter().filter_map(point).collect();
    if is_number {
        points.sort_by(|a, b| match (a.at, b.at) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
    }
    Some(points)
}

/// Where each point is: by its number for steps, else side by side.
fn across(figure: &Figure, points: &[Point<'_>]) -> Option<Vec<i128>> {
    let numbers: Option<Vec<Decimal>> = points.iter().map(|point| point.at).collect();
    match numbers.filter(|_| figure.style == FigureStyle::Steps) {
        Some(numbers) => {
            let scale = Scale::over(numbers.iter().copied(), WIDTH)?;
            numbers.into_iter().map(|number| scale.place(number)).collect()
        }
        None => {
            let count = i128::try_from(points.len().max(1)).ok()?;
            (0..count).take(points.len()).map(|at| (at * WIDTH).checked_div(count)).collect()
        }
    }
}

/// A line of `length` from the least to the greatest of some numbers.
struct Scale {
    from: Decimal,
    to: Decimal,
    length: i128,
    least: String,
    most: String,
}

impl Scale {
    fn over(numbers: impl Iterator<Item = Decimal> + Clone, length: i128) -> Option<Self> {
        let from = numbers.clone().min_by(|a, b| a.order(*b))?;
        let to = numbers.max_by(|a, b| a.order(*b))?;
        Some(Self { from, to, length, least: from.to_string(), most: to.to_string() })
    }

    fn place(&self, number: Decimal) -> Option<i128> {
        let part = number.minus(self.from)?;
        part.share_of(self.to.minus(self.from)?, self.length)
    }
}

fn opening(name: &str, figure: &Figure) -> String {
    let (line, fill) = match figure.style {
        FigureStyle::Bars => ("none", "#1f5f8b"),
        FigureStyle::Steps => ("#1f5f8b", "none"),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<title>{}: {} by {}</title>\n\
         <style>rect{{fill:{fill}}}path{{stroke:{line};fill:none;stroke-width:2}}</style>\n",
        LEFT + WIDTH + 60,
        TOP + HEIGHT + 100,
        escaped(name),
        escaped(&figure.y),
        escaped(&figure.x),
    )
}

/// Labels hold `<`, `>` and `&`, no quotation mark and nothing invisible.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const LEFT: i128 = 80;
const TOP: i128 = 20;
const WIDTH: i128 = 600;
const HEIGHT: i128 = 300;
