//! `cloister evidence fetch`: what vendors publish, into a cache. It is the one command on evidence
//! that uses a network; what it stores was checked as a verification checks it.

mod error;
mod http;
mod plan;
mod schedule;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use airlock::export::Trust as TrustFile;
use clap::{ArgGroup, Args};
use domain::Timestamp;
use evidence::intel::{Root, pcs};
use evidence::snp::{Roots, kds};
use evidence::{EvidenceError, Fetched};
use serde_json::{Value, json};

use super::cache::Cache;
use super::{Kind, refused};
use crate::Edition;
use crate::cli::files::{now, read_json};
use crate::cli::{Answer, Failure, Outcome};
use error::FetchError;
use http::{Fetcher, Machine, Reply};
use plan::{Addresses, Item, ListName, ProductName, plan};
use schedule::Schedule;

/// What to fetch, from where, into which folder.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["input", "lists"]).required(true).multiple(true)))]
pub struct FetchOptions {
    /// Which kind of hardware made the evidence
    #[arg(long, requires = "input")]
    kind: Option<Kind>,
    /// Evidence whose certificates, lists and collateral are wanted, as for `inspect`
    #[arg(long, requires = "kind")]
    input: Option<PathBuf>,
    /// The platform's certificates, where an Intel quote does not hold them
    #[arg(long, requires = "input")]
    certs: Vec<PathBuf>,
    /// The generation, where an old SEV-SNP report does not name it
    #[arg(long, requires = "input")]
    product: Option<ProductName>,
    /// Revocation lists without any evidence, for a job that runs every day
    #[arg(long, value_delimiter = ',')]
    lists: Vec<ListName>,
    /// The folder to fill (docs/evidence-cache.md)
    #[arg(long)]
    cache: PathBuf,
    /// AMD's key distribution service, or a copy of it
    #[arg(long, default_value = kds::URL)]
    kds: String,
    /// Intel's certification service, or a cache of it (PCCS): what stands before `/sgx/…`
    #[arg(long, default_value = pcs::URL)]
    pcs: String,
    /// The list of Intel's root; a cache (PCCS) is asked for it if this is not given
    #[arg(long)]
    root_crl: Option<String>,
    /// Fetch also what is there and still valid
    #[arg(long)]
    refresh: bool,
    /// A deployment's trust file; only a laboratory's program reads a root from it
    #[arg(long)]
    trust: Option<PathBuf>,
    /// The time at which everything must be valid, RFC 3339; the machine's time if absent
    #[arg(long)]
    at: Option<Timestamp>,
}

pub(super) fn run(options: &FetchOptions, edition: &Edition) -> Outcome {
    fetch(options, edition, Schedule::POLITE, Machine::real())
}

fn fetch(
    options: &FetchOptions,
    edition: &Edition,
    schedule: Schedule,
    machine: Machine,
) -> Outcome {
    let judge = Judge::new(options, edition)?;
    let addresses = Addresses::new(options)?;
    let cache = Cache::new(&options.cache);
    let mut fetcher = Fetcher::new(schedule, machine)?;
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    for item in plan(options, &judge.intel)? {
        let url = addresses.url(&item);
        let kept = if options.refresh { None } else { judge.kept(&cache, &item)? };
        let (state, until) = match kept {
            Some(until) => ("cached", until),
            None => match obtain(&mut fetcher, &url, &item, &judge, &cache) {
                Ok(until) => ("fetched", until),
                // The others may be there: one service that is down keeps no list from coming.
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            },
        };
        let file = item.file();
        files.push(json!({ "file": file, "source": url, "until": until, "state": state }));
    }
    answer(files, failures)
}

/// Asks for an item, checks the answer, keeps it.
fn obtain(
    fetcher: &mut Fetcher,
    url: &str,
    item: &Item,
    judge: &Judge,
    cache: &Cache,
) -> Result<Timestamp, Failure> {
    eprintln!("fetching {url}");
    let reply = fetcher.get(url)?;
    let refuse = |source| FetchError::Content { url: url.to_owned(), source };
    let chain = issuer_chain(item, &reply, &judge.intel).map_err(refuse)?;
    let mut certificates = cache_certificates(cache, item)?;
    certificates.splice(0..0, chain.clone());
    let Fetched { content, until } =
        judge.check(item, &reply.body, &certificates).map_err(refuse)?;
    // CRASH: a chain without its document is only a chain more; the document comes last.
    if let Some(chain) = chain {
        cache.write_chain(&chain)?;
    }
    cache.write(&item.file(), &content)?;
    Ok(until)
}

/// The certificates in the answer's header, where the item has one.
fn issuer_chain(item: &Item, reply: &Reply, root: &Root) -> Result<Option<Vec<u8>>, EvidenceError> {
    const MALFORMED: EvidenceError = EvidenceError::CollateralMalformed("issuer chain");
    let Some(value) = item.chain_headers().iter().find_map(|name| reply.headers.get(*name)) else {
        return Ok(None);
    };
    pcs::issuer_chain(value.to_str().map_err(|_| MALFORMED)?, root).map(Some)
}

/// The certificates in the cache that may vouch for an item.
fn cache_certificates(cache: &Cache, item: &Item) -> Result<Vec<Vec<u8>>, Failure> {
    match item.chain_file() {
        Some(chain) => Ok(cache.read(&chain)?.into_iter().collect()),
        None if item.chain_headers().is_empty() => Ok(Vec::new()),
        None => cache.chains(),
    }
}

/// The roots, and the time.
struct Judge {
    amd: Roots,
    intel: Root,
    at: Timestamp,
}

impl Judge {
    fn new(options: &FetchOptions, edition: &Edition) -> Result<Self, Failure> {
        let trust = options.trust.as_deref().map(read_json::<TrustFile>).transpose()?;
        Ok(Self {
            amd: (edition.roots)(trust.as_ref()).map_err(|error| refused(&error))?,
            intel: Root::intel().map_err(|error| refused(&error))?,
            at: options.at.map_or_else(now, Ok)?,
        })
    }

    fn check(
        &self,
        item: &Item,
        content: &[u8],
        certificates: &[Vec<u8>],
    ) -> Result<Fetched, EvidenceError> {
        let certificates = super::slices(certificates);
        match item {
            Item::Amd(item) => item.check(content, &certificates, &self.amd, self.at),
            Item::Intel(item) => item.check(content, &certificates, &self.intel, self.at),
        }
    }

    /// Until when what is in the cache is good; `None` if it is to be fetched.
    fn kept(&self, cache: &Cache, item: &Item) -> Result<Option<Timestamp>, Failure> {
        let Some(content) = cache.read(&item.file())? else { return Ok(None) };
        let certificates = cache_certificates(cache, item)?;
        Ok(self.check(item, &content, &certificates).ok().map(|kept| kept.until))
    }
}

/// Everything that is there now; or the first failure, with the reasons of all.
fn answer(files: Vec<Value>, failures: Vec<Failure>) -> Outcome {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else {
        let text = |name: &str, file: &Value| {
            file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let lines = files.iter().map(|file| {
            format!(
                "{:7} until {}  {}",
                text("state", file),
                text("until", file),
                text("file", file)
            )
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let json = json!({ "verdict": "fetched", "reason": null, "files": files });
        return Ok(Answer::new(json, text));
    };
    Err(failures.fold(first, Failure::and))
}
