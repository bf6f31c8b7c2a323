//! What a table is printed with never changes what is measured: row labels, the order of rows and
//! columns, rows that another program filtered away.

use std::collections::BTreeSet;

use disclosure::{
    Kind, PopulationRisk, Question, SamplingFraction, Sensitive, Suda, Table, measure,
};
use proptest::prelude::*;
use serde_json::Value;
use tables::report::{Risks, to_json_with};
use tables::{Dialect, read_csv};

/// Two quasi-identifiers, of which `0` is missing, and a sensitive number.
type Row = [u8; 3];

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..4_u8, 0..3_u8, 0..4_u8).prop_map(|(x, y, s)| [x, y, s]);
    prop::collection::vec(row, 0..30)
}

fn cell(value: u8) -> String {
    if value == 0 { "\"\"".to_owned() } else { value.to_string() }
}

fn plain(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{},{},{}\n", cell(row[0]), cell(row[1]), row[2]);
    format!("x,y,s\n{}", rows.iter().map(line).collect::<String>())
}

/// As pandas writes a frame: labels first, in a column without a name.
fn labelled(rows: &[Row], labels: &[u32]) -> String {
    let line = |(row, label): (&Row, &u32)| {
        format!("{label},{},{},note {label},{}\n", row[2], cell(row[1]), cell(row[0]))
    };
    format!(",s,y,note,x\n{}", rows.iter().zip(labels).map(line).collect::<String>())
}

fn read(text: &str) -> Table {
    read_csv(text.as_bytes(), &Dialect::default(), &["x", "y", "s"]).unwrap()
}

/// All that can be asked.
fn measured(table: &Table, population: &Table) -> Value {
    let columns: Vec<String> = ["x", "y"].map(str::to_owned).into();
    let question = Question {
        quasi_identifiers: columns.clone(),
        sensitive: vec![Sensitive { name: "s".into(), kind: Kind::Numeric }],
        ..Question::default()
    };
    let risks = Risks {
        population: PopulationRisk::of(table, population, &columns).unwrap(),
        suda: Some(Suda::of(table, &columns, 2, &mut |_, _| ()).unwrap()),
        sampling_fraction: SamplingFraction::default(),
    };
    to_json_with(&measure(table, &question).unwrap(), &risks)
}

proptest! {
    #[test]
    fn labels_and_the_order_of_rows_say_nothing(
        (rows, turned) in rows().prop_flat_map(|rows| {
            let numbered: Vec<(Row, u32)> = rows.iter().copied().zip(0..).collect();
            (Just(rows), Just(numbered).prop_shuffle())
        }),
    ) {
        let (turned, labels): (Vec<Row>, Vec<u32>) = turned.into_iter().unzip();
        let (plain, labelled) = (read(&plain(&rows)), read(&labelled(&turned, &labels)));
        prop_assert_eq!(measured(&labelled, &plain), measured(&plain, &labelled));
    }

    #[test]
    fn what_was_filtered_away_leaves_no_trace(
        rows in rows(),
        gone in prop::collection::btree_set(0..4_u8, 0..4),
    ) {
        let stays = |row: &Row| !gone.contains(&row[2]);
        let kept: Vec<Row> = rows.iter().copied().filter(stays).collect();
        // Labels keep their gaps.
        let labels: Vec<u32> =
            (0..).zip(&rows).filter(|(_, row)| stays(row)).map(|(label, _)| label).collect();
        let all = read(&plain(&rows));
        let filtered = all.filtered(&rows.iter().map(stays).collect::<Vec<_>>()).unwrap();
        let expected = measured(&read(&plain(&kept)), &all);
        prop_assert_eq!(measured(&read(&labelled(&kept, &labels)), &all), expected.clone());
        prop_assert_eq!(measured(&filtered, &all), expected);
    }

    #[test]
    fn all_rows_several_times_scale_the_classes_and_no_share(rows in rows(), times in 2..4_u64) {
        let table = read(&plain(&rows));
        let repeated = read(&plain(&rows.repeat(usize::try_from(times).unwrap())));
        let (one, many) = (measured(&table, &table), measured(&repeated, &repeated));
        prop_assert_eq!(many["k"].as_u64(), one["k"].as_u64().map(|k| k * times));
        let ratios = ["alpha", "l", "recursive_c_l", "t", "beta", "enhanced_beta", "delta", "minority"];
        let of = |found: &Value| ratios.map(|name| found[name].clone());
        prop_assert_eq!(of(&many), of(&one));
        let keys = |found: &Value| -> BTreeSet<String> {
            found.as_object().unwrap().keys().cloned().collect()
        };
        prop_assert_eq!(keys(&many), keys(&one));
    }
}
