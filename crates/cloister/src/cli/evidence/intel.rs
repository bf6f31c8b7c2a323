//! What TDX and SGX quotes have in common.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use evidence::intel::{
    Allowed, Collateral, Inspected, Profile, Quote, Root, TcbPolicy, Tee, read_quote,
};
use serde::Deserialize;
use serde_json::Value;

use super::cache::for_quote;
use super::{EvidenceOptions, files, refused, slices};
use crate::cli::Failure;
use crate::cli::files::{malformed, read, read_text};

/// What a quote is judged by.
pub(super) struct Input {
    pub(super) quote: Quote,
    pub(super) collateral: Collateral,
    pub(super) root: Root,
    pub(super) at: Timestamp,
}

impl Input {
    pub(super) fn read(options: &EvidenceOptions) -> Result<Self, Failure> {
        no_trust_file(options)?;
        let input = read(&options.input)?;
        let paths = [&options.certs, &options.crl, &options.collateral];
        let files = paths.into_iter().map(|paths| files(paths)).collect::<Result<Vec<_>, _>>()?;
        let quote = read_quote(&input).map_err(|error| refused(&error))?;
        let root = Root::intel().map_err(|error| refused(&error))?;
        let files = files.concat();
        let collateral = with_cache(options, &quote, &slices(&files), &root)?;
        Ok(Self { quote, collateral, root, at: options.at()? })
    }

    pub(super) fn inspect(&self, tee: Tee, profile: Profile) -> Result<Inspected, Failure> {
        let Self { quote, collateral, root, at } = self;
        TcbPolicy::published()
            .and_then(|policy| {
                evidence::intel::inspect(quote, tee, collateral, &policy, profile, root, *at)
            })
            .map_err(|error| refused(&error))
    }
}

/// Collateral from files that were given and from the cache.
pub(super) fn with_cache(
    options: &EvidenceOptions,
    quote: &Quote,
    files: &[&[u8]],
    root: &Root,
) -> Result<Collateral, Failure> {
    let read =
        |files: &[&[u8]]| Collateral::read(files.iter().copied()).map_err(|error| refused(&error));
    let given = read(files)?;
    let cached = for_quote(options.cache.as_deref(), quote, &given, root)?;
    read(&[files, &slices(&cached)].concat())
}

/// Refuses a trust file, which could name no root for Intel's evidence.
pub(super) fn no_trust_file(options: &EvidenceOptions) -> Result<(), Failure> {
    match options.trust {
        None => Ok(()),
        Some(_) => Err(Failure::unusable_because(
            "evidence.trust",
            "Intel's evidence is judged under Intel's root only; leave `--trust` out",
        )),
    }
}

/// The body's members, with the platform and the status beside them.
pub(super) fn claims(mut report: Value, platform: Value, tcb: Value) -> Value {
    if let Value::Object(members) = &mut report {
        members.insert("platform".to_owned(), platform);
        members.insert("tcb".to_owned(), tcb);
    }
    report
}

/// The policy that the file `expect` names, beside it, or the built-in one.
pub(super) fn tcb_policy(expect: &Path, named: Option<PathBuf>) -> Result<TcbPolicy, Failure> {
    let folder = expect.parent().unwrap_or(Path::new("."));
    let policy = match named {
        Some(policy) => TcbPolicy::from_toml(&read_text(&folder.join(policy))?),
        None => TcbPolicy::published(),
    };
    policy.map_err(|error| malformed(expect, &error))
}

#[derive(Deserialize)]
#[serde(untagged, bound = "T: Deserialize<'de> + Ord")]
pub(super) enum RawAllowed<T> {
    Word(AnyValue),
    Listed(BTreeSet<T>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnyValue {
    Any,
}

impl<T> From<RawAllowed<T>> for Allowed<T> {
    fn from(raw: RawAllowed<T>) -> Self {
        match raw {
            RawAllowed::Word(AnyValue::Any) => Self::Any,
            RawAllowed::Listed(listed) => Self::Listed(listed),
        }
    }
}
