//! The page of `anonymise --html`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::run::{Bench, Ran};

const TABLE: &str = "\
name,age,<i>town</i>,disease,ward
Ann,21,Lund,flu,a
Bea,22,Lund,burn,b
Cid,28,Lund & Dalby,flu,a
Dan,29,Lund & Dalby,cold,b
Eve,61,Kiruna,flu,a
";

const CONFIG: &str = r#"
[columns.age]
role = "quasi-identifier"
hierarchy = { build = "intervals", widths = [5, 10] }
[columns."<i>town</i>"]
role = "quasi-identifier"
hierarchy = { build = "priority" }
[columns.disease]
role = "sensitive"
[columns.ward]
role = "public"
[[models]]
name = "k-anonymity"
k = 2
[[models]]
name = "t-closeness"
t = 0.9
[search]
suppression_limit = 0.2
"#;

fn anonymised(config: &str) -> (Bench, Ran) {
    let bench = Bench::with(TABLE);
    bench.write("plan.toml", config);
    let files = ["--input", "table.csv", "--config", "plan.toml", "--output", "out.csv"];
    let page = ["--html", "out.html"];
    let ran = bench.run(&[&["anonymise", "--json"], &files[..], &page].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    (bench, ran)
}

/// What is between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

#[test]
fn nothing_is_loaded_or_run() {
    let page = anonymised(CONFIG).0.read("out.html");
    let styles = between(&page, "<style>", "</style>");
    let [style] = styles.as_slice() else { panic!("{styles:?}") };
    let digest = STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    );
    assert!(page.contains(&policy), "{page}");
    for forbidden in ["<script", " style=", " src=", " href=", "url(", "@import", " onload"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let elsewhere = page.matches("http").count();
    assert_eq!(elsewhere, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count() + 1);
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
}

#[test]
fn names_and_values_of_the_table_are_texts() {
    let page = anonymised(CONFIG).0.read("out.html");
    assert!(!page.contains("<i>") && !page.contains("Lund & Dalby"));
    assert!(page.contains("&#60;i&#62;town&#60;/i&#62;"), "{page}");
}

#[test]
fn drawings_have_a_name_a_text_and_a_table() {
    let page = anonymised(CONFIG).0.read("out.html");
    let drawings = between(&page, "<svg", "</svg>");
    assert!(drawings.len() >= 3, "{}", drawings.len());
    for drawing in drawings {
        assert!(drawing.contains("role=\"img\""));
        let [named] = between(drawing, "aria-labelledby=\"", "\"")[..] else { panic!("{drawing}") };
        for id in named.split(' ') {
            assert!(drawing.contains(&format!("id=\"{id}\"")), "{id}");
        }
        let text = between(drawing, "<desc", "</desc>");
        assert!(text.iter().all(|text| text.len() > 20), "{text:?}");
    }
    assert_eq!(
        page.matches("</figure>\n<div class=\"wide\"><table>").count(),
        page.matches("<svg").count()
    );
}

#[test]
fn it_says_what_the_report_says() {
    let (bench, ran) = anonymised(CONFIG);
    let (page, report) = (bench.read("out.html"), ran.json());
    assert_eq!((&report["suppressed"], &report["before"]["k"]), (&1.into(), &1.into()));
    let losses = report["loss"].as_object().unwrap().values().map(|loss| loss.as_f64().unwrap());
    // The cost is the loss, averaged over the columns.
    assert!((losses.sum::<f64>() / 2.0 - report["score"].as_f64().unwrap()).abs() < 1e-12);
    for said in [
        "1 of 5 rows are suppressed (20 %)",
        "Left out, being identifiers or without a role: name.",
        "counted in no risk: ward.",
        "<th scope=\"row\">t-closeness</th><td>disease</td><td>t ≤ 0.9</td>",
        "<th scope=\"row\">Prosecutor, largest</th><td class=\"number\">100 %</td><td class=\"number\">50 %</td>",
        "<strong>20-24</strong>",
        "<li><span>21</span></li>",
    ] {
        assert!(page.contains(said), "{said} {page}");
    }
    assert!(!page.contains("heuristic"));
}

#[test]
fn a_heuristic_and_an_empty_result_say_so() {
    let config = CONFIG.replace("0.2", "0.2\nmethod = \"heuristic\"\nnodes = 3");
    let page = anonymised(&config).0.read("out.html");
    assert!(page.contains("The search was heuristic") && page.contains("None costs less than"));
    let config = CONFIG.replace("k = 2", "k = 6").replace("0.2", "1.0");
    let page = anonymised(&config).0.read("out.html");
    assert!(page.contains("Every row is suppressed"), "{page}");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn what_was_done_beside_the_search_is_told() {
    let steps =
        "[[transformations]]\nkind = \"micro-aggregation\"\ncolumns = [\"visits\"]\ngroup = 2\n";
    let bench = Bench::with("age,visits\n21,1\n22,3\n61,8\n62,10\n");
    bench.write(
        "plan.toml",
        &format!(
            "[columns.age]\nrole = \"quasi-identifier\"\nhierarchy = {{ build = \"intervals\", widths = [10] \
             }}\n[columns.visits]\nrole = \"public\"\n[[models]]\nname = \"k-anonymity\"\nk = 2\n{steps}"
        ),
    );
    let files = ["--input", "table.csv", "--config", "plan.toml", "--output", "out.csv"];
    let ran = bench.run(&[&["anonymise"], &files[..], &["--html", "out.html"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = "micro-aggregation: `visits` (4 of 4 cells changed)";
    assert!(bench.read("out.html").contains(&format!("<li>{told}</li>")));
    assert!(ran.output.contains(told), "{ran:?}");
    assert_eq!(
        bench.read("out.csv"),
        "age,visits,suppressed\n20-29,2,0\n20-29,2,0\n60-69,9,0\n60-69,9,0\n"
    );
}
