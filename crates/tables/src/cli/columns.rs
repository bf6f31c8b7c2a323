//! Columns as they are named on the command line.

use disclosure::{Kind, Order, Sensitive};

use super::Unusable;

/// The names of a list with commas between them; a name that has a comma itself is quoted as in CSV.
pub(super) fn names(option: &str, lists: &[String]) -> Result<Vec<String>, Unusable> {
    let mut names = Vec::new();
    for list in lists {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(list.as_bytes());
        let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
        if record.is_empty() || record.iter().any(str::is_empty) {
            return Err(wrong(format!("`{option}` has an empty name; write `{option} a,b,c`")));
        }
        names.extend(record.iter().map(str::to_owned));
    }
    Ok(names)
}

/// Sensitive columns, `NAME` or `NAME:KIND`, and the orders given for some of them.
pub(super) fn sensitive(lists: &[String], orders: &[String]) -> Result<Vec<Sensitive>, Unusable> {
    let mut columns: Vec<Sensitive> = names("--sa", lists)?.into_iter().map(kinded).collect();
    for order in orders {
        let (name, values) = order.split_once('=').ok_or_else(|| {
            wrong(format!("`--order {order}` has no `=`; write `--order grade=low,middle,high`"))
        })?;
        let values = names("--order", &[values.to_owned()])?;
        let column = columns.iter_mut().find(|column| column.name == name);
        match column.map(|column| &mut column.kind) {
            Some(kind @ Kind::Ordered(_)) => *kind = Kind::Ordered(Order::Listed(values)),
            _ => {
                return Err(wrong(format!(
                    "`--order` is for a column of `--sa {name}:ordered`, which is not there"
                )));
            }
        }
    }
    Ok(columns)
}

/// A last `:` that no kind follows is part of the name.
fn kinded(argument: String) -> Sensitive {
    let kind = |word| match word {
        "categorical" => Some(Kind::Categorical),
        "ordered" => Some(Kind::Ordered(Order::ByText)),
        "numeric" => Some(Kind::Numeric),
        _ => None,
    };
    let split = argument.rsplit_once(':');
    match split.and_then(|(name, word)| Some((name.to_owned(), kind(word)?))) {
        Some((name, kind)) => Sensitive { name, kind },
        None => Sensitive { name: argument, kind: Kind::Categorical },
    }
}

fn wrong(detail: String) -> Unusable {
    Unusable { reason: "usage.columns", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn code<T>(read: Result<T, Unusable>) -> Option<&'static str> {
        read.err().map(|unusable| unusable.reason)
    }

    #[test]
    fn names_are_separated_as_in_csv() {
        let read = names("--qi", &owned(&["a,\"b,c\"", "d e"])).ok().unwrap();
        assert_eq!(read, ["a", "b,c", "d e"]);
        for list in ["", "a,,b", "a,"] {
            assert_eq!(code(names("--qi", &owned(&[list]))), Some("usage.columns"), "{list}");
        }
    }

    #[test]
    fn kinds_are_stated() {
        let read = sensitive(&owned(&["a,b:numeric,c:d,e:x:ordered"]), &[]).ok().unwrap();
        let expected = [
            ("a", Kind::Categorical),
            ("b", Kind::Numeric),
            ("c:d", Kind::Categorical),
            ("e:x", Kind::Ordered(Order::ByText)),
        ];
        let expected = expected.map(|(name, kind)| Sensitive { name: name.into(), kind });
        assert_eq!(read, expected);
    }

    #[test]
    fn an_order_belongs_to_an_ordered_column() {
        let grade = owned(&["grade:ordered"]);
        let read = sensitive(&grade, &owned(&["grade=low,high"])).ok().unwrap();
        assert_eq!(read[0].kind, Kind::Ordered(Order::Listed(owned(&["low", "high"]))));
        for order in ["low,high", "mark=low,high", "grade=low,,high"] {
            let refused = sensitive(&grade, &owned(&[order]));
            assert_eq!(code(refused), Some("usage.columns"), "{order}");
        }
        let unordered = sensitive(&owned(&["grade"]), &owned(&["grade=low,high"]));
        assert_eq!(code(unordered), Some("usage.columns"));
    }
}
