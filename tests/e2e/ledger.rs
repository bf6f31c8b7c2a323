//! The gate remembers: what left of a dataset is held against what another job would let leave, whatever
//! happened to the services in between.

use std::fs;

use domain::event::Action;
use wire::airlock::OutputState;

use crate::harness::{Scene, refusal};
use crate::outputs::python;

/// Women and men; and, in the other table, four women of the largest families among the men.
const RULES: &str = r#"
[[output]]
name = "by_sex.csv"
kind = "table"
categories = ["sex"]
counts = ["people"]
[output.records]
first = "year"
[output.records.categories]
sex = { cases = [{ when = { female = "1" }, is = "women" }, { is = "men" }] }

[[output]]
name = "by_group.csv"
kind = "table"
categories = ["group"]
counts = ["people"]
[output.records]
first = "year"
[output.records.categories.group]
cases = [
    { when = { female = "1", num = "13" }, is = "men" },
    { when = { female = "1" }, is = "women" },
    { is = "men" },
]
"#;

/// A program that writes one of the two, as the rules have it.
fn script(file: &str, column: &str, apart: &str) -> String {
    format!(
        "\
import csv
first = {{}}
for row in csv.DictReader(open('/data/randhie.csv')):
    known = first.setdefault(row['zper'], row)
    if int(row['year']) < int(known['year']):
        first[row['zper']] = row
counts = {{'women': 0, 'men': 0}}
for row in first.values():
    woman = row['female'] == '1' and not ({apart})
    counts['women' if woman else 'men'] += 1
with open('/out/{file}', 'w') as out:
    out.write('{column},people\\n')
    for name, count in counts.items():
        out.write(f'{{name}},{{count}}\\n')
"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_differs_by_four_people_from_one_that_left() {
    let scene = Scene::new();
    let (image, _) = scene.workloads();
    let programs = [
        script("by_sex.csv", "sex", "False"),
        script("by_group.csv", "group", "row['num'] == '13'"),
    ];
    let [first, second] = [0, 1].map(|at| {
        let folder = scene.folder.path().join(format!("program-{at}"));
        fs::create_dir(&folder).unwrap();
        python(&image, &folder, &programs[at])
    });
    let mut stage = scene.start();
    let demo = String::from_utf8(stage.workspace.rules.clone()).unwrap();
    let (head, _) = demo.split_once("# Written by the container").unwrap();
    stage.workspace.rules = format!("{head}{RULES}").into_bytes();
    let proposal = stage.workspace.approved(&[&first, &second]).await.unwrap();

    let job = stage.run_approved(&proposal, &first).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    let [output] = stage.workspace.outputs().await.unwrap().try_into().unwrap();
    assert_eq!(output.files, ["by_sex.csv"], "{output:?}");
    stage.workspace.accept(&output).await.unwrap();
    stage.workspace.export(&output).await.unwrap();

    let stage = stage.crash_and_restart();
    let job = stage.run_approved(&proposal, &second).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    let outputs = stage.workspace.outputs().await.unwrap();
    let refused = outputs.iter().find(|other| other.output != output.output).unwrap();
    assert_eq!(refused.state, OutputState::Refused, "{refused:?}");
    assert_eq!(stage.refusals(Action::OutputChecked), ["output.difference-isolates"]);
    assert_eq!(refusal(stage.workspace.export(refused).await), "output.refused");
    // The same table once more tells nobody anything new.
    let job = stage.run_approved(&proposal, &first).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    assert_eq!(stage.refusals(Action::OutputChecked).len(), 1);
}
