//! The one alphabet of file names that may leave, so that a name carries nothing but itself.

/// Why a raw path is not the name of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    Absolute,
    Alphabet,
    ClimbsOut,
    Component,
    Deep,
}

impl NameError {
    /// What is wrong, for a reader who knows the rules.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Absolute => "path is absolute",
            Self::Alphabet => "path holds characters other than a-z, 0-9, `.`, `_`, `-` and `/`",
            Self::ClimbsOut => "path climbs out through `..`",
            Self::Component => "path has a part that is empty, too long or begins with a sign",
            Self::Deep => "path is nested too deeply",
        }
    }
}

/// Reads the raw bytes of a relative path as a name of at most `max_depth` parts.
pub(crate) fn parse(path: &[u8], max_depth: u64) -> Result<&str, NameError> {
    if path.first() == Some(&b'/') {
        return Err(NameError::Absolute);
    }
    let mut depth = 0_u64;
    for part in path.split(|&byte| byte == b'/') {
        component(part)?;
        depth = depth.saturating_add(1);
    }
    if depth > max_depth {
        return Err(NameError::Deep);
    }
    std::str::from_utf8(path).map_err(|_| NameError::Alphabet)
}

fn component(part: &[u8]) -> Result<(), NameError> {
    let inner = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if part == b".." {
        return Err(NameError::ClimbsOut);
    }
    if !part.iter().all(inner) {
        return Err(NameError::Alphabet);
    }
    let begins = part.first().is_some_and(u8::is_ascii_alphanumeric);
    if begins && part.len() <= MAX_COMPONENT { Ok(()) } else { Err(NameError::Component) }
}

/// A raw path as it may be printed: ASCII, escaped, of bounded length.
pub(crate) fn printable(path: &[u8]) -> String {
    let mut text = path.escape_ascii().to_string();
    if text.len() > MAX_PRINTED {
        text.truncate(MAX_PRINTED);
        text.push_str("...");
    }
    text
}

const MAX_COMPONENT: usize = 64;
const MAX_PRINTED: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_for_each_reason() {
        let long = "a".repeat(65);
        for (path, expected) in [
            ("visits.csv", Ok(())),
            ("2026/visits-by_site.csv", Ok(())),
            ("/etc/passwd", Err(NameError::Absolute)),
            ("a/../../b.csv", Err(NameError::ClimbsOut)),
            ("..", Err(NameError::ClimbsOut)),
            ("Visits.csv", Err(NameError::Alphabet)),
            ("a\u{202e}.csv", Err(NameError::Alphabet)),
            ("a\0.csv", Err(NameError::Alphabet)),
            ("a\\b.csv", Err(NameError::Alphabet)),
            ("", Err(NameError::Component)),
            ("a//b.csv", Err(NameError::Component)),
            ("./a.csv", Err(NameError::Component)),
            (".hidden.csv", Err(NameError::Component)),
            ("-rf.csv", Err(NameError::Component)),
            (long.as_str(), Err(NameError::Component)),
            ("a/b/c.csv", Err(NameError::Deep)),
        ] {
            assert_eq!(parse(path.as_bytes(), 2).map(|_| ()), expected, "{path:?}");
        }
    }

    #[test]
    fn what_is_printed_is_bounded_ascii() {
        assert_eq!(printable(b"a\xff\n"), "a\\xff\\n");
        assert_eq!(printable(&[b'a'; 4096]).len(), 131);
    }
}
