//! One cell: bytes from a workload become a text, a count or a number with one spelling each.

/// Why a cell is not of its column's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellError {
    Control,
    Formula,
    Long,
    NotCount,
    NotNumber,
    Range,
    Space,
    Symbol,
}

impl CellError {
    /// What is wrong, without the cell's content.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Control => "cell holds a control character",
            Self::Formula => "text cell begins with `=`, `+`, `-` or `@`",
            Self::Long => "cell is too long",
            Self::NotCount => "count is not a plain non-negative integer",
            Self::NotNumber => "cell of a number column is not a decimal number",
            Self::Range => "number is out of range",
            Self::Space => "text cell begins or ends with a space",
            Self::Symbol => "text cell holds a character outside the allowed set",
        }
    }
}

/// A category label: letters and digits of any script, single spaces and a few signs, so that
/// nothing invisible, no formula and no second spelling of the file's syntax fits in. Empty is
/// the missing value.
pub(crate) fn text(cell: &str, max_chars: u64) -> Result<(), CellError> {
    if cell.chars().any(char::is_control) {
        return Err(CellError::Control);
    }
    if cell.starts_with(['=', '+', '-', '@']) {
        return Err(CellError::Formula);
    }
    if cell.chars().zip(0_u64..).any(|(_, at)| at >= max_chars) {
        return Err(CellError::Long);
    }
    if !cell.chars().all(|c| c.is_alphanumeric() || SIGNS.contains(c)) {
        return Err(CellError::Symbol);
    }
    if cell.starts_with(' ') || cell.ends_with(' ') || cell.contains("  ") {
        return Err(CellError::Space);
    }
    Ok(())
}

/// A count of people: decimal digits without sign, leading zero or fraction, below 10^15 (so
/// that it is also exact as a JSON number).
pub(crate) fn count(cell: &str) -> Result<u64, CellError> {
    if cell.is_empty() || !cell.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CellError::NotCount);
    }
    if cell.len() > 1 && cell.starts_with('0') {
        return Err(CellError::NotCount);
    }
    if cell.len() > MAX_COUNT_DIGITS {
        return Err(CellError::Range);
    }
    cell.parse().map_err(|_| CellError::NotCount)
}

/// The one spelling of a decimal number, rounded half to even at `significant` digits: no
/// exponent, no trailing zero, no negative zero. Empty stays empty: the missing value.
pub(crate) fn number(cell: &str, significant: u32) -> Result<String, CellError> {
    if cell.is_empty() {
        return Ok(String::new());
    }
    let (negative, unsigned) = match cell.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, cell.strip_prefix('+').unwrap_or(cell)),
    };
    let (mantissa, exponent) = parse_decimal(unsigned)?;
    let (mantissa, exponent) = round(mantissa, exponent, significant);
    let plain = spell(mantissa, exponent)?;
    Ok(if negative && mantissa != 0 { format!("-{plain}") } else { plain })
}

/// Reads `digits[.digits][e[sign]digits]` as mantissa × 10^exponent.
fn parse_decimal(text: &str) -> Result<(u128, i32), CellError> {
    let (decimal, exponent) = match text.split_once(['e', 'E']) {
        Some((decimal, exponent)) => (decimal, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) {
        return Err(CellError::NotNumber);
    }
    let shift = i32::try_from(fraction.len()).map_err(|_| CellError::Range)?;
    let mantissa = digits().try_fold(0_u128, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u128::from(digit.wrapping_sub(b'0')))
    });
    Ok((mantissa.ok_or(CellError::Range)?, exponent.saturating_sub(shift)))
}

fn parse_exponent(text: &str) -> Result<i32, CellError> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CellError::NotNumber);
    }
    let size: i32 = digits.parse().map_err(|_| CellError::Range)?;
    if size > MAX_EXPONENT { Err(CellError::Range) } else { Ok(sign * size) }
}

/// The nearest number of at most `significant` digits, half to even, without trailing zeros.
fn round(mantissa: u128, exponent: i32, significant: u32) -> (u128, i32) {
    if mantissa == 0 {
        return (0, 0);
    }
    let drop = (mantissa.ilog10() + 1).saturating_sub(significant);
    let unit = 10_u128.pow(drop);
    let (mut kept, rest) = (mantissa / unit, mantissa % unit);
    let twice = rest.saturating_mul(2);
    if drop > 0 && (twice > unit || (twice == unit && kept % 2 == 1)) {
        kept += 1;
    }
    let mut exponent = exponent.saturating_add_unsigned(drop);
    while kept % 10 == 0 {
        kept /= 10;
        exponent = exponent.saturating_add(1);
    }
    (kept, exponent)
}

/// Plain digits, with a point where one is needed.
fn spell(mantissa: u128, exponent: i32) -> Result<String, CellError> {
    let digits = mantissa.to_string();
    let size = usize::try_from(exponent.unsigned_abs()).map_err(|_| CellError::Range)?;
    if exponent >= 0 {
        let zeros = "0".repeat(size.min(MAX_PLAIN_DIGITS));
        let fits = digits.len().saturating_add(size) <= MAX_PLAIN_DIGITS;
        return if fits { Ok(digits + &zeros) } else { Err(CellError::Range) };
    }
    if size > MAX_PLAIN_DIGITS {
        return Err(CellError::Range);
    }
    let padded = format!("{digits:0>width$}", width = size + 1);
    let (whole, fraction) = padded.split_at_checked(padded.len() - size).ok_or(CellError::Range)?;
    Ok(format!("{whole}.{fraction}"))
}

/// Signs that a label may hold, those of generalised values among them. No quotation mark and no backslash: those are syntax elsewhere.
const SIGNS: &str = " .,()[]*/%<>:&_+-";
const MAX_COUNT_DIGITS: usize = 15;
const MAX_EXPONENT: i32 = 40;
/// Digits before or after the point. An `f64` as Python prints it has at most 17.
const MAX_PLAIN_DIGITS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (cell, expected) in [
            ("", Ok("")),
            ("0", Ok("0")),
            ("-0.000", Ok("0")),
            ("007", Ok("7")),
            (".5", Ok("0.5")),
            ("5.", Ok("5")),
            ("+1.50", Ok("1.5")),
            ("-12.25", Ok("-12.25")),
            ("3.14159265358979", Ok("3.14159")),
            ("123456789", Ok("123457000")),
            ("1000005", Ok("1000000")),
            ("1000015", Ok("1000020")),
            ("10000050000000001", Ok("10000100000000000")),
            ("999999.5", Ok("1000000")),
            ("1e3", Ok("1000")),
            ("1.5E-3", Ok("0.0015")),
            ("1e-24", Ok("0.000000000000000000000001")),
            ("1e-25", Err(CellError::Range)),
            ("1e24", Err(CellError::Range)),
            ("0e41", Err(CellError::Range)),
            ("1e99999999999", Err(CellError::Range)),
            ("nan", Err(CellError::NotNumber)),
            ("inf", Err(CellError::NotNumber)),
            (".", Err(CellError::NotNumber)),
            ("-", Err(CellError::NotNumber)),
            ("--1", Err(CellError::NotNumber)),
            ("1e", Err(CellError::NotNumber)),
            ("1.2.3", Err(CellError::NotNumber)),
            ("1 000", Err(CellError::NotNumber)),
            ("\u{661}", Err(CellError::NotNumber)),
        ] {
            assert_eq!(number(cell, 6), expected.map(str::to_owned), "{cell:?}");
        }
    }

    #[test]
    fn counts_are_plain_integers() {
        for (cell, expected) in [
            ("0", Ok(0)),
            ("12", Ok(12)),
            ("999999999999999", Ok(999_999_999_999_999)),
            ("1000000000000000", Err(CellError::Range)),
            ("", Err(CellError::NotCount)),
            ("+5", Err(CellError::NotCount)),
            ("-5", Err(CellError::NotCount)),
            ("05", Err(CellError::NotCount)),
            ("5.0", Err(CellError::NotCount)),
        ] {
            assert_eq!(count(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn labels_hold_no_formula_and_nothing_invisible() {
        for (cell, expected) in [
            ("", Ok(())),
            ("18-34", Ok(())),
            ("Göteborg, väst (65+)", Ok(())),
            ("[20, 25)", Ok(())),
            ("123**", Ok(())),
            ("=1+1", Err(CellError::Formula)),
            ("+1", Err(CellError::Formula)),
            ("-1", Err(CellError::Formula)),
            ("@SUM(A1)", Err(CellError::Formula)),
            ("a\nb", Err(CellError::Control)),
            ("a\0b", Err(CellError::Control)),
            ("a\u{200b}b", Err(CellError::Symbol)),
            ("a\u{202e}b", Err(CellError::Symbol)),
            ("a\"b", Err(CellError::Symbol)),
            ("a\u{a0}b", Err(CellError::Symbol)),
            (" a", Err(CellError::Space)),
            ("a  b", Err(CellError::Space)),
            ("abcdefghijklmnopqrstu", Err(CellError::Long)),
        ] {
            assert_eq!(text(cell, 20), expected, "{cell:?}");
        }
    }
}
