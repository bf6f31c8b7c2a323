//! AMD's service, played with the emulated platform's authority, which keeps its keys here.

use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::claims::{Generation, GuestPolicy, HostData, Measurement, ReportData, SigningKey, Tcb};
use evidence::snp::Roots;
use testkit::emulated::{Authority, Endorsement, Launch, SecurityProcessor};

use super::service::{Service, answer, ok};
use super::{Bench, released, vector};
use crate::Edition;

const AT: &str = "2026-11-20T12:00:00Z";

fn at(days: i64) -> Timestamp {
    AT.parse::<Timestamp>().unwrap().plus_seconds(days * 24 * 60 * 60)
}

struct Platform {
    authority: Authority,
    processor: SecurityProcessor,
}

/// One for the whole process: its keys take seconds to make.
fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let authority = Authority::create(Generation::Genoa, at(-1)).unwrap();
        let processor = authority.processor(&endorsement(7)).unwrap();
        Platform { authority, processor }
    })
}

fn endorsement(chip: u8) -> Endorsement {
    let tcb = Tcb { fmc: None, bootloader: 10, tee: 0, snp: 0x1b, microcode: 0x58 };
    let chip = domain::claims::ChipId::from_bytes([chip; 64]);
    Endorsement::new(Generation::Genoa, chip, tcb, at(-1))
}

/// An edition that judges under the emulated root, as a laboratory's does.
const EMULATED: Edition =
    Edition { program: "test", roots: |_| Roots::emulated(platform().processor.ark_der()) };

fn launch() -> Launch {
    Launch {
        measurement: Measurement::from_bytes([1; 48]),
        host_data: HostData::from_bytes([2; 32]),
        policy: GuestPolicy::new(0x3_0000),
    }
}

fn pem(certificates: &[&[u8]]) -> Vec<u8> {
    let block = |der: &&[u8]| {
        let text: Vec<_> = STANDARD.encode(der).into_bytes();
        let lines: Vec<_> =
            text.chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    certificates.iter().map(block).collect::<String>().into_bytes()
}

/// What the service has, which tests change.
#[derive(Clone)]
struct Shelf {
    chain: Vec<u8>,
    list: Vec<u8>,
    vcek: Vec<u8>,
}

impl Shelf {
    fn right() -> Self {
        let Platform { authority, processor } = platform();
        Self {
            chain: pem(&[processor.ask_der(), processor.ark_der()]),
            list: authority.revocation_list(None, at(-1), at(30)).unwrap(),
            vcek: processor.vcek_der().to_vec(),
        }
    }

    fn serve(shelf: &Arc<Mutex<Self>>) -> Service {
        let shelf = Arc::clone(shelf);
        Service::start(move |path, before| {
            let shelf = shelf.lock().unwrap();
            match path {
                // The very first request is one too many.
                _ if before == 0 => answer(429, "Retry-After: 3\r\n", b""),
                "/vcek/v1/Genoa/cert_chain" => ok(&shelf.chain),
                "/vcek/v1/Genoa/crl" => ok(&shelf.list),
                _ if path.starts_with("/vcek/v1/Genoa/0707") => ok(&shelf.vcek),
                _ => answer(404, "", b""),
            }
        })
    }
}

#[test]
fn what_is_fetched_is_enough_for_a_decision() {
    let bench = Bench::new(EMULATED);
    let shelf = Arc::new(Mutex::new(Shelf::right()));
    let service = Shelf::serve(&shelf);
    let report_data = ReportData::from_bytes([3; 64]);
    bench.write("report", platform().processor.report(&launch(), report_data, 0).unwrap());
    let kind = format!("--kind snp --input @report --cache @cache --at {AT}");
    let fetch = format!("fetch {kind} --kds {}", service.url());
    let inspect = format!("inspect {kind}");

    assert_eq!(bench.run(&inspect).verdict(), "input.unreadable");
    // Nothing is there: the report alone has no certificates.
    std::fs::create_dir(bench.path("cache")).unwrap();
    assert_eq!(bench.run(&inspect).verdict(), "evidence.malformed");
    let ran = bench.run(&fetch);
    assert_eq!(ran.verdict(), "fetched", "{ran:?}");
    let vcek = format!("amd/vcek-genoa-{}-10-0-27-88.der", "07".repeat(64));
    let files = ["amd/chain-vcek-genoa.pem", "amd/crl-vcek-genoa.der", &vcek];
    assert_eq!(ran.files(), files.map(|file| ("fetched".to_owned(), file.to_owned())));
    assert_eq!(ran.json()["files"][1]["until"], at(30).to_string());
    assert_eq!(service.asked().len(), 4);
    assert_eq!(bench.waits(), [3000]);

    // Fetched once, used without the service.
    let again = bench.run(&fetch);
    assert_eq!(again.states(), ["cached"; 3]);
    assert!(service.asked().is_empty());
    assert_eq!(bench.run(&inspect).verdict(), "authentic");
    let expect = format!(
        "measurements = [\"{}\"]\nhost_data = \"sha256:{}\"\nreport_data = \"{report_data}\"\n\
         chips = \"any\"\n",
        launch().measurement,
        launch().host_data
    );
    bench.write("expect.toml", expect);
    assert_eq!(bench.run(&format!("verify {kind} --expect @expect.toml")).verdict(), "verified");
    let refreshed = bench.run(&format!("{fetch} --refresh"));
    assert_eq!(refreshed.states(), ["fetched"; 3]);
    assert_eq!(service.asked().len(), 3);

    answers_that_are_refused_change_nothing(&bench, &shelf, &fetch);
    a_list_is_fetched_when_it_is_due_and_used(&bench, &shelf, &service);
}

fn answers_that_are_refused_change_nothing(bench: &Bench, shelf: &Arc<Mutex<Shelf>>, fetch: &str) {
    let Platform { authority, .. } = platform();
    let other = SecurityProcessor::create(Generation::Genoa, at(-1)).unwrap();
    let foreign = Authority::create(Generation::Genoa, at(-1)).unwrap();
    let chip = authority.processor(&endorsement(8)).unwrap();
    let right = Shelf::right();
    shelf.lock().unwrap().clone_from(&right);
    assert_eq!(bench.run(&format!("{fetch} --refresh")).verdict(), "fetched");
    let rows = [
        (Shelf { vcek: chip.vcek_der().to_vec(), ..right.clone() }, "evidence.chip-id"),
        (Shelf { vcek: other.vcek_der().to_vec(), ..right.clone() }, "evidence.chain"),
        (Shelf { vcek: b"<html>".to_vec(), ..right.clone() }, "evidence.malformed"),
        (
            Shelf { chain: pem(&[other.ask_der(), other.ark_der()]), ..right.clone() },
            "evidence.chain",
        ),
        (Shelf { chain: b"<html>".to_vec(), ..right.clone() }, "evidence.malformed"),
        (
            Shelf { list: foreign.revocation_list(None, at(-1), at(30)).unwrap(), ..right.clone() },
            "evidence.crl",
        ),
        (
            Shelf { list: authority.revocation_list(None, at(-9), at(-1)).unwrap(), ..right },
            "evidence.crl-stale",
        ),
    ];
    for (index, (wrong, reason)) in rows.into_iter().enumerate() {
        *shelf.lock().unwrap() = wrong;
        let before = bench.read("cache/amd/crl-vcek-genoa.der");
        assert_eq!(bench.run(&format!("{fetch} --refresh")).verdict(), reason, "row {index}");
        assert_eq!(bench.read("cache/amd/crl-vcek-genoa.der"), before);
        assert_eq!(bench.run(fetch).states(), ["cached"; 3], "row {index}");
    }
    *shelf.lock().unwrap() = Shelf::right();
}

fn a_list_is_fetched_when_it_is_due_and_used(
    bench: &Bench,
    shelf: &Arc<Mutex<Shelf>>,
    service: &Service,
) {
    let later = at(31);
    let kind = format!("--kind snp --input @report --cache @cache --at {later}");
    assert_eq!(bench.run(&format!("inspect {kind}")).verdict(), "evidence.crl-stale");
    let revoked =
        platform().authority.revocation_list(Some(SigningKey::Vcek), at(30), at(60)).unwrap();
    shelf.lock().unwrap().list = revoked;
    service.asked();
    let ran = bench.run(&format!("fetch {kind} --kds {}", service.url()));
    assert_eq!(ran.states(), ["cached", "fetched", "cached"]);
    assert_eq!(service.asked(), ["/vcek/v1/Genoa/crl"]);
    assert_eq!(bench.run(&format!("inspect {kind}")).verdict(), "evidence.revoked");
    // A damaged file is as good as none.
    bench.write("cache/amd/crl-vcek-genoa.der", "damaged");
    let ran = bench.run(&format!("fetch {kind} --kds {}", service.url()));
    assert_eq!(ran.states(), ["cached", "fetched", "cached"]);
}

/// AMD's own certificates in the released program; the list is one that only AMD could sign.
#[test]
fn a_real_chip_is_fetched_by_the_released_program() {
    let folder = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp";
    let Some(report) = vector(&format!("{folder}/live-report-v5-genoa.bin")) else { return };
    let vcek = vector(&format!("{folder}/live-vcek-genoa.der")).unwrap();
    let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/../../attestation/roots/amd/genoa");
    let certificate = |name: &str| std::fs::read(format!("{roots}/{name}.pem")).unwrap();
    let chain = [certificate("ask"), certificate("ark")].concat();
    let service = Service::start(move |path, _| match path {
        "/vcek/v1/Genoa/cert_chain" => ok(&chain),
        "/vcek/v1/Genoa/crl" => answer(404, "", b""),
        _ => ok(&vcek),
    });
    let bench = released();
    bench.write("report", report);
    let kind = "--kind snp --input @report --cache @cache --at 2026-06-01T00:00:00Z";
    let ran = bench.run(&format!("fetch {kind} --kds {}", service.url()));
    assert_eq!(ran.verdict(), "fetch.not-found");
    let asked = service.asked();
    assert!(asked[2].contains("?blSPL=") && asked[2].contains("&ucodeSPL="), "{asked:?}");
    // What did come is kept and used.
    let inspected = bench.run(&format!("inspect {kind} --profile archive"));
    assert_eq!(inspected.verdict(), "authentic");
    assert!(inspected.warnings().contains(&"evidence.crl-not-checked"));
}
