//! `log rebuild`: the state database of a stopped node, from its log alone.

use std::fs;
use std::path::Path;

use control::{Decisions, JobDecision, JobEnd, Logged, ProjectDecision, Recovered};
use domain::claims::Trust;
use domain::event::{Action, Actor, Event};
use domain::launch::LaunchManifest;
use domain::project::Proposal;
use domain::{Digest, ReasonCode, canonical};
use serde_json::json;

use crate::history::{
    COMPONENT, History, ORIGIN, RULES, dataset, proposal, put_dataset, request, statement,
};
use crate::run::{Bench, Ran};

fn rebuild(bench: &Bench) -> Ran {
    bench.run(&format!("log rebuild --folder node --origin {ORIGIN}"))
}

fn compare(bench: &Bench, database: &str) -> Ran {
    bench.run(&format!("log rebuild --folder node --origin {ORIGIN} --compare {database}"))
}

/// What the program made.
fn decisions(bench: &Bench) -> Decisions {
    block_on(control::decisions(&bench.path("node/control.sqlite"))).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// A dataset, the project `study` on it, and their proposal.
fn begun(bench: &Bench) -> (History, Proposal) {
    let sealed = dataset("Health insurance");
    let mut history = History::open(bench);
    put_dataset(bench, "randhie", &sealed);
    history.seal(&sealed);
    let study = proposal("study", "A study", &sealed);
    history.approve(&study);
    (history, study)
}

/// The names in the program's answer, and why what is not there was left out.
fn listed(ran: &Ran) -> (usize, usize, usize, usize, Vec<String>) {
    let count = |member: &str| ran.json[member].as_array().unwrap().len();
    let left_out = ran.json["left_out"].as_array().unwrap().iter();
    let left_out = left_out.map(|one| format!("{} {}", one["index"], one["because"]));
    let left_out = left_out.map(|one| one.replace('"', "")).collect();
    (count("datasets"), count("projects"), count("jobs"), count("exports"), left_out)
}

#[test]
fn everything_that_was_decided_comes_back() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    history.deliver(&launched);
    let left = history.export(&launched, &study);
    let refused = history.launch(&study, "job-2");
    let broker = Actor::Broker;
    history.decide(&refused, broker, Action::EnclaveAttested, Some("evidence.measurement"));
    let lost = history.launch(&study, "job-3");
    history.decide(&lost, broker, Action::EnclaveAttested, None);
    let initdata = history.ledger.object(&launched.manifest).unwrap();
    drop(history);
    let workload = format!("node/workloads/{}", Digest::of(COMPONENT).hex());
    bench.write(&workload, COMPONENT);
    bench.write(&format!("{workload}.bundle.json"), "{}");
    bench.write(&format!("node/workloads/{}", Digest::of(b"another").hex()), "altered");

    let ran = rebuild(&bench);
    assert_eq!(ran.verdict(), (0, "rebuilt", None), "{ran:?}");
    assert_eq!(listed(&ran), (1, 1, 3, 1, vec![]));
    assert_eq!(ran.json["entries"], 11);
    assert_eq!(ran.json["workloads"], json!([Digest::of(COMPONENT)]));
    assert_eq!(ran.json["unusable_workloads"], json!([Digest::of(b"another")]));
    let decided = &ran.json["jobs"][1]["decided"]["attested"];
    assert_eq!(*decided, json!({ "index": 8, "refusal": "evidence.measurement" }));

    let found = decisions(&bench);
    let project = &found.projects[&study.project];
    let bytes = canonical::to_vec(&study).unwrap();
    let expected =
        ProjectDecision::of(study.clone(), bytes, RULES.to_vec(), vec![statement(&study)], 1);
    assert_eq!(*project, expected);
    let manifest = LaunchManifest::from_initdata(&initdata).unwrap();
    let expected = JobDecision {
        project: study.project.clone(),
        author: "alice".parse().unwrap(),
        workload: Digest::of(COMPONENT),
        request: String::from_utf8(canonical::to_vec(&request(&study, "job-1")).unwrap()).unwrap(),
        launch: manifest.launch,
        initdata,
        log_index: launched.place.index,
        platform: Some(Trust::Emulated),
        end: Some(JobEnd::Delivered),
    };
    assert_eq!(found.jobs[&manifest.job], expected);
    let end = |job: &str| found.jobs[&job.parse().unwrap()].end.clone();
    let reason = ReasonCode::try_from("evidence.measurement".to_owned()).unwrap();
    assert_eq!(end("job-2"), Some(JobEnd::Refused(reason)));
    assert_eq!(end("job-3"), None);
    let [export] = found.exports.values().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((export.log_index, export.platform), (left.index, Trust::Emulated));
    assert_eq!(export.output.as_str().replace("output", "export"), {
        found.exports.keys().next().unwrap().to_string()
    });
    assert_eq!(compare(&bench, "node/control.sqlite").verdict(), (0, "equal", None));
}

#[test]
fn a_database_that_is_there_is_never_replaced() {
    let bench = Bench::new();
    drop(begun(&bench));
    for part in ["", "-wal", "-shm", "-journal"] {
        let file = format!("node/control.sqlite{part}");
        bench.write(&file, "somebody's");
        let ran = rebuild(&bench);
        assert_eq!(ran.verdict(), (2, "unusable", Some("rebuild.database-exists")), "{part}");
        assert!(ran.text("detail").contains(&format!("control.sqlite{part}`")), "{ran:?}");
        assert_eq!(bench.read(&file), b"somebody's");
        fs::remove_file(bench.path(&file)).unwrap();
    }
    // What a former attempt left is no database.
    for part in ["", "-journal"] {
        bench.write(&format!("node/control.sqlite.new{part}"), "half");
    }
    assert_eq!(rebuild(&bench).verdict(), (0, "rebuilt", None));
    assert_eq!(databases(&bench.path("node")), ["control.sqlite"]);
    assert_eq!(rebuild(&bench).verdict(), (2, "unusable", Some("rebuild.database-exists")));
}

/// Killed while it writes, a page further each time: there is a whole database or none, and what the
/// attempt left is in nobody's way.
#[test]
fn a_killed_rebuild_leaves_a_whole_database_or_none() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    history.deliver(&launched);
    history.export(&launched, &study);
    drop(history);
    let whole = bench.path("node/control.sqlite");
    let unfinished = bench.path("node/control.sqlite.new");
    let length = || fs::metadata(&unfinished).map_or(0, |file| file.len());
    let mut halves = 0;
    for pages in 0..40 {
        // Or the next one would be killed because of what this one left; the journal stays.
        let _none = fs::remove_file(&unfinished);
        let is_time = || whole.exists() || length() >= pages * PAGE;
        bench.kill_when(&format!("log rebuild --folder node --origin {ORIGIN}"), is_time);
        if whole.exists() {
            assert_eq!(compare(&bench, "node/control.sqlite").verdict(), (0, "equal", None));
            fs::remove_file(&whole).unwrap();
        } else if unfinished.exists() {
            halves += 1;
        }
    }
    println!("killed 40 times, {halves} while it was writing");
    assert_ne!(halves, 0);
    assert_eq!(rebuild(&bench).verdict(), (0, "rebuilt", None));
    assert_eq!(compare(&bench, "node/control.sqlite").verdict(), (0, "equal", None));
    assert_eq!(databases(&bench.path("node")), ["control.sqlite"]);
}

/// Of SQLite, if nothing else is asked for.
const PAGE: u64 = 4096;

fn databases(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.starts_with("control.sqlite")).collect()
}

#[test]
fn nothing_is_written_while_a_node_has_the_log() {
    let bench = Bench::new();
    let (history, _) = begun(&bench);
    assert_eq!(rebuild(&bench).verdict(), (2, "unusable", Some("log.second-writer")));
    drop(history);
    let ran = bench.run(&format!("log rebuild --folder no --origin {ORIGIN}"));
    assert_eq!(ran.verdict(), (2, "unusable", Some("node.file")));
    assert_eq!(databases(&bench.path("node")), [""; 0]);
}

/// What entries rest on, each removed and each altered: the entry is named and nothing is written.
#[test]
fn an_object_that_cannot_be_read_stops_everything() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    history.deliver(&launched);
    let left = history.export(&launched, &study);
    let entries = history.ledger.entries().unwrap();
    drop(history);
    let evidence = |index: u64| {
        let (_, entry) = entries.iter().find(|(at, _)| *at == index).unwrap();
        entry.event.evidence[0]
    };
    for (index, part, object) in [
        (0, "objects", evidence(0)),
        (1, "sealed", canonical::digest(&study).unwrap()),
        (1, "sealed", evidence(1)),
        (1, "objects", Digest::of(RULES)),
        (2, "sealed", launched.manifest),
        (2, "sealed", evidence(2)),
        (left.index, "sealed", evidence(left.index)),
    ] {
        let file = format!("node/ledger/{part}/{}", object.hex());
        let good = bench.read(&file);
        let refused = |reason: &str| {
            let ran = rebuild(&bench);
            assert_eq!(ran.verdict(), (1, "refused", Some(reason)), "{file} {ran:?}");
            assert!(ran.text("detail").contains(&format!("entry {index} ")), "{ran:?}");
            assert_eq!(databases(&bench.path("node")), [""; 0]);
        };
        let mut altered = good.clone();
        altered[0] ^= 1;
        bench.write(&file, altered);
        refused("object.altered");
        fs::remove_file(bench.path(&file)).unwrap();
        refused("object.missing");
        bench.write(&file, good);
    }
    assert_eq!(rebuild(&bench).verdict(), (0, "rebuilt", None));
}

/// An entry for which no honest broker would have had these objects.
#[test]
fn an_entry_that_its_objects_contradict_stops_everything() {
    type Write = fn(&mut History, &Proposal) -> Event;
    let odd: [(&str, Write); 6] = [
        ("evidence", |_, study| Event::accepted(Action::DatasetSealed, study.dataset)),
        ("the dataset's digest", |history, _| {
            let bytes = canonical::to_vec(&dataset("Another")).unwrap();
            let evidence = vec![history.ledger.keep(&bytes).unwrap()];
            Event { evidence, ..Event::accepted(Action::DatasetSealed, Digest::of(b"other")) }
        }),
        ("the proposal", |history, study| {
            let object = history.ledger.keep_personal(b"{}").unwrap();
            let project = Some(study.project.clone());
            Event { project, ..Event::accepted(Action::ProjectApproved, object) }
        }),
        ("the project's name", |_, study| {
            let object = canonical::digest(study).unwrap();
            let project = Some("another".parse().unwrap());
            Event { project, ..Event::accepted(Action::ProjectApproved, object) }
        }),
        ("the project's dataset", |history, _| {
            let unknown = proposal("unknown", "A study", &dataset("Another"));
            let bytes = canonical::to_vec(&unknown).unwrap();
            let object = history.ledger.keep_personal(&bytes).unwrap();
            let project = Some(unknown.project);
            Event { project, ..Event::accepted(Action::ProjectApproved, object) }
        }),
        ("the job request", |history, study| {
            let other = canonical::to_vec(&request(study, "another-job")).unwrap();
            let evidence = vec![history.ledger.keep_personal(&other).unwrap()];
            let object = history.launch(study, "job-1").manifest;
            let project = Some(study.project.clone());
            Event { evidence, project, ..Event::accepted(Action::LaunchAuthorised, object) }
        }),
    ];
    for (what, event) in odd {
        let bench = Bench::new();
        let (mut history, study) = begun(&bench);
        let event = event(&mut history, &study);
        let index = history.record_raw(event).index;
        drop(history);
        let ran = rebuild(&bench);
        assert_eq!(ran.verdict(), (1, "refused", Some("log.inconsistent")), "{what} {ran:?}");
        let detail = ran.text("detail");
        assert!(detail.contains(&format!("entry {index} ")) && detail.ends_with(what), "{detail}");
    }
}

#[test]
fn a_delivery_without_a_key_stops_everything() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    history.decide(&launched, Actor::Broker, Action::EnclaveAttested, None);
    history.decide(&launched, Actor::Airlock, Action::JobFinished, None);
    drop(history);
    assert_eq!(rebuild(&bench).verdict(), (1, "refused", Some("log.inconsistent")));
}

#[test]
fn one_name_on_two_datasets_stops_everything_and_a_later_approval_does_not() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    let anew = Proposal { title: "Anew".to_owned(), ..study.clone() };
    history.approve(&anew);
    history.approve(&anew);
    drop(history);
    let ran = rebuild(&bench);
    assert_eq!(listed(&ran), (1, 1, 1, 0, vec!["1 superseded".into(), "4 repeated".into()]));
    let found = decisions(&bench);
    assert_eq!(found.projects[&study.project].title, "Anew");
    assert_eq!(found.jobs.values().next().unwrap().log_index, launched.place.index);

    let another = dataset("Another");
    let mut history = History::open(&bench);
    history.seal(&another);
    history.approve(&proposal("study", "A study", &another));
    drop(history);
    fs::remove_file(bench.path("node/control.sqlite")).unwrap();
    let ran = rebuild(&bench);
    assert_eq!(ran.verdict(), (1, "refused", Some("rebuild.project-twice")), "{ran:?}");
    assert!(ran.text("detail").contains("entry 3 and for another by 6"), "{ran:?}");
}

#[test]
fn what_was_decided_twice_is_there_once() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    history.seal(&dataset("Health insurance"));
    let first = history.launch(&study, "job-1");
    let again = history.launch(&study, "job-1");
    assert_ne!(first.manifest, again.manifest);
    drop(history);
    let ran = rebuild(&bench);
    assert_eq!(listed(&ran), (1, 1, 1, 0, vec!["2 repeated".into(), "4 repeated".into()]));
    let found = decisions(&bench);
    assert_eq!(found.datasets.values().next().unwrap().log_index, 0);
    assert_eq!(found.jobs.values().next().unwrap().log_index, 3);
}

#[test]
fn what_was_erased_stays_away() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let (first, second) = (history.launch(&study, "job-1"), history.launch(&study, "job-2"));
    history.deliver(&first);
    let left = history.export(&first, &study);
    history.erase(&second.place);
    history.erase(&left);
    drop(history);
    let ran = rebuild(&bench);
    let erased = vec![format!("{} erased", second.place.index), format!("{} erased", left.index)];
    assert_eq!(listed(&ran), (1, 1, 1, 0, erased));
    assert_eq!(ran.json["erased"], 2);

    // With the approval goes all that the project had; the name may be taken anew.
    let mut history = History::open(&bench);
    let (_, approval) = history.ledger.entries().unwrap().iter().nth(1).unwrap().clone();
    let place = domain::recorded::LogPlace { entry: approval.id, index: 1 };
    history.erase(&place);
    fs::remove_file(bench.path("node/control.sqlite")).unwrap();
    drop(history);
    let ran = rebuild(&bench);
    assert_eq!(ran.verdict(), (0, "rebuilt", None), "{ran:?}");
    let erased = [1, 2, 3, left.index].map(|index| format!("{index} erased")).to_vec();
    assert_eq!(listed(&ran), (1, 0, 0, 0, erased));
    let mut history = History::open(&bench);
    let anew = Proposal { title: "Anew".to_owned(), ..study.clone() };
    history.approve(&anew);
    history.launch(&anew, "job-3");
    drop(history);
    fs::remove_file(bench.path("node/control.sqlite")).unwrap();
    let ran = rebuild(&bench);
    let counted = listed(&ran);
    assert_eq!((counted.1, counted.2), (1, 1), "{ran:?}");
    assert_eq!(ran.json["jobs"][0]["job"], "job-3");
}

/// `log erase` leaves in the database what the log still says, and no more.
#[test]
fn an_erasure_leaves_database_and_log_equal() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let (first, second) = (history.launch(&study, "job-1"), history.launch(&study, "job-2"));
    history.deliver(&first);
    history.export(&first, &study);
    history.deliver(&second);
    let left = history.export(&second, &study);
    let (_, approval) = history.ledger.entries().unwrap().iter().nth(1).unwrap().clone();
    drop(history);
    assert_eq!(rebuild(&bench).code, 0);
    for (entry, jobs, exports) in
        [(second.place.entry, 1, 2), (left.entry, 1, 1), (approval.id, 0, 0)]
    {
        let erase = format!("log erase --folder node --origin {ORIGIN} --entry {entry} --by olga");
        assert_eq!(bench.run(&erase).code, 0);
        let ran = compare(&bench, "node/control.sqlite");
        assert_eq!(ran.verdict(), (0, "equal", None), "{ran:?}");
        assert_eq!((&ran.json["jobs"], &ran.json["exports"]), (&jobs.into(), &exports.into()));
    }
}

#[test]
fn a_dataset_without_its_folder_is_reported_and_not_invented() {
    let bench = Bench::new();
    let (history, study) = begun(&bench);
    drop(history);
    let moved = |from: &str, to: &str| fs::rename(bench.path(from), bench.path(to)).unwrap();
    moved("node/datasets/randhie", "elsewhere");
    put_dataset(&bench, "other", &dataset("Another"));
    bench.write("node/datasets/noise/manifest.dsse.json", "noise");
    let ran = rebuild(&bench);
    assert_eq!(ran.verdict(), (0, "rebuilt", None), "{ran:?}");
    assert_eq!(ran.json["without_folder"], json!([study.dataset]));
    let found = decisions(&bench);
    assert_eq!((found.datasets.len(), found.projects.len()), (0, 1));
    moved("elsewhere", "node/datasets/renamed");
    fs::remove_file(bench.path("node/control.sqlite")).unwrap();
    let ran = rebuild(&bench);
    assert_eq!(ran.json["datasets"], json!([study.dataset]));
}

#[test]
fn a_database_that_says_something_else_is_refused() {
    let bench = Bench::new();
    let (mut history, study) = begun(&bench);
    let launched = history.launch(&study, "job-1");
    history.deliver(&launched);
    let lost = history.launch(&study, "job-2");
    history.export(&launched, &study);
    drop((history, lost));
    assert_eq!(rebuild(&bench).code, 0);
    let before = decisions(&bench);
    let ran = with(&bench, &before, |decisions| decisions.exports.clear());
    assert_eq!(ran.verdict(), (1, "refused", Some("rebuild.differs")), "{ran:?}");
    let [difference] = differences(&ran, "differences").try_into().unwrap();
    assert_eq!(difference["kind"], "export");
    assert_eq!((&difference["database"], &difference["log"]), (&json!(null), &json!("present")));

    let study = study.project;
    type Change = fn(&mut JobDecision);
    let changed: [(&str, Change); 3] = [
        ("author", |job| job.author = "mallory".parse().unwrap()),
        ("end", |job| job.end = None),
        ("log_index", |job| job.log_index = 40),
    ];
    for (field, change) in changed {
        let job = "job-1".parse().unwrap();
        let ran = with(&bench, &before, |decisions| change(decisions.jobs.get_mut(&job).unwrap()));
        assert_eq!(ran.verdict(), (1, "refused", Some("rebuild.differs")), "{ran:?}");
        let [difference] = differences(&ran, "differences").try_into().unwrap();
        assert_eq!((&difference["id"], &difference["field"]), (&json!("job-1"), &json!(field)));
    }
    let ran = with(&bench, &before, |decisions| {
        decisions.projects.get_mut(&study).unwrap().members.clear();
    });
    let [difference] = differences(&ran, "differences").try_into().unwrap();
    assert_eq!(difference["field"], "members");

    // A guest's word, of which no service decided anything.
    let ran = with(&bench, &before, |decisions| {
        let job = decisions.jobs.get_mut(&"job-2".parse().unwrap()).unwrap();
        let reason = ReasonCode::try_from("guest.host-data".to_owned()).unwrap();
        job.end = Some(JobEnd::Refused(reason));
        job.platform = Some(Trust::Emulated);
    });
    assert_eq!(ran.verdict(), (0, "equal", None), "{ran:?}");
    let fields: Vec<_> =
        differences(&ran, "unlogged").iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, [json!("end"), json!("platform")]);
    assert_eq!(compare(&bench, "absent").verdict(), (2, "unusable", Some("system.database")));
    assert!(!bench.path("absent").exists());
}

fn differences(ran: &Ran, member: &str) -> Vec<serde_json::Value> {
    ran.json[member].as_array().unwrap().clone()
}

/// How a database with other decisions compares.
fn with(bench: &Bench, decisions: &Decisions, change: impl FnOnce(&mut Decisions)) -> Ran {
    let mut decisions = decisions.clone();
    change(&mut decisions);
    let file = bench.path("other.sqlite");
    let _none = fs::remove_file(&file);
    let recovered = recovered(decisions.clone());
    block_on(control::rebuild(&file, &recovered, &bench.path("none"))).unwrap();
    // Whatever is written is read again as it was.
    assert_eq!(block_on(control::decisions(&file)).unwrap(), decisions);
    compare(bench, "other.sqlite")
}

fn recovered(decisions: Decisions) -> Recovered {
    fn logged<T>(decision: T) -> Logged<T> {
        let at = "2026-11-26T12:00:00Z".parse().unwrap();
        Logged { decision, at, latest: at }
    }
    let Decisions { datasets, projects, jobs, exports } = decisions;
    let folder = |dataset| (logged(dataset), "folder".to_owned());
    Recovered {
        datasets: datasets.into_iter().map(|(id, dataset)| (id, folder(dataset))).collect(),
        projects: projects.into_iter().map(|(id, project)| (id, logged(project))).collect(),
        jobs: jobs.into_iter().map(|(id, job)| (id, logged(job))).collect(),
        exports,
    }
}
