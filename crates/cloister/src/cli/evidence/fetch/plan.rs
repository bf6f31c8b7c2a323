//! What to fetch, and from where.

use std::path::Path;

use clap::ValueEnum;
use domain::claims::intel::PckAuthority;
use domain::claims::{Generation, SigningKey};
use evidence::EvidenceError;
use evidence::azure::{snp_vtpm, tdx_vtpm};
use evidence::intel::{Collateral, Quote, Root, pcs, read_quote};
use evidence::snp::{Report, kds, read_report};

use super::super::{Kind, files, refused, slices};
use super::FetchOptions;
use super::error::FetchError;
use super::http::Address;
use crate::cli::Failure;
use crate::cli::files::read;

/// One thing that a service has.
pub(super) enum Item {
    Amd(kds::Item),
    Intel(pcs::Item),
}

impl Item {
    pub(super) fn file(&self) -> String {
        match self {
            Self::Amd(item) => item.file(),
            Self::Intel(item) => item.file(),
        }
    }

    pub(super) const fn chain_headers(&self) -> &'static [&'static str] {
        match self {
            Self::Amd(_) => &[],
            Self::Intel(item) => item.chain_headers(),
        }
    }

    /// The file in the cache that may vouch for the item.
    pub(super) fn chain_file(&self) -> Option<String> {
        match self {
            Self::Amd(kds::Item::Vcek(generation, ..)) => {
                Some(kds::Item::Chain(*generation, SigningKey::Vcek).file())
            }
            Self::Amd(_) | Self::Intel(_) => None,
        }
    }
}

/// Lists by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli::evidence) enum ListName {
    /// AMD's for Milan
    Milan,
    /// AMD's for Genoa
    Genoa,
    /// AMD's for Turin
    Turin,
    /// Intel's: of the root and of both authorities of platforms
    Intel,
}

impl ListName {
    fn items(self) -> Vec<Item> {
        let amd = |generation| {
            [SigningKey::Vcek, SigningKey::Vlek]
                .map(|kind| Item::Amd(kds::Item::Crl(generation, kind)))
                .into()
        };
        match self {
            Self::Milan => amd(Generation::Milan),
            Self::Genoa => amd(Generation::Genoa),
            Self::Turin => amd(Generation::Turin),
            Self::Intel => [
                pcs::Item::RootCrl,
                pcs::Item::PckCrl(PckAuthority::Platform),
                pcs::Item::PckCrl(PckAuthority::Processor),
            ]
            .map(Item::Intel)
            .into(),
        }
    }
}

/// Generations by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli::evidence) enum ProductName {
    /// EPYC 7003
    Milan,
    /// EPYC 9004
    Genoa,
    /// EPYC 9005
    Turin,
}

impl From<ProductName> for Generation {
    fn from(name: ProductName) -> Self {
        match name {
            ProductName::Milan => Self::Milan,
            ProductName::Genoa => Self::Genoa,
            ProductName::Turin => Self::Turin,
        }
    }
}

/// Where the services are.
pub(super) struct Addresses {
    kds: Address,
    pcs: Address,
    root_crl: String,
}

impl Addresses {
    pub(super) fn new(options: &FetchOptions) -> Result<Self, FetchError> {
        let pcs = Address::parse(&options.pcs)?;
        let root_crl = match &options.root_crl {
            Some(url) => Address::parse(url).map(|url| url.at(""))?,
            None if pcs == Address::parse(pcs::URL)? => pcs::ROOT_CRL_URL.to_owned(),
            None => pcs.at(&pcs::Item::RootCrl.path()),
        };
        Ok(Self { kds: Address::parse(&options.kds)?, pcs, root_crl })
    }

    pub(super) fn url(&self, item: &Item) -> String {
        match item {
            Item::Amd(item) => self.kds.at(&item.path()),
            Item::Intel(pcs::Item::RootCrl) => self.root_crl.clone(),
            Item::Intel(item) => self.pcs.at(&item.path()),
        }
    }
}

/// Everything that is wanted.
pub(super) fn plan(options: &FetchOptions, root: &Root) -> Result<Vec<Item>, Failure> {
    let mut items = match (options.kind, &options.input) {
        (Some(kind), Some(input)) => of_evidence(options, kind, input, root)?,
        _ => Vec::new(),
    };
    items.extend(options.lists.iter().flat_map(|name| name.items()));
    Ok(items)
}

fn of_evidence(
    options: &FetchOptions,
    kind: Kind,
    input: &Path,
    root: &Root,
) -> Result<Vec<Item>, Failure> {
    let input = read(input)?;
    let no = |error: EvidenceError| refused(&error);
    match kind {
        Kind::Snp => of_report(options, &read_report(&input).map_err(no)?),
        Kind::AzSnpVtpm => of_report(options, &snp_vtpm::read_report(&input).map_err(no)?),
        Kind::Tdx | Kind::Sgx => of_quote(options, &read_quote(&input).map_err(no)?, root),
        Kind::AzTdxVtpm => {
            let (evidence, _) = tdx_vtpm::read_evidence(&input, &[]).map_err(no)?;
            of_quote(options, evidence.quote(), root)
        }
        Kind::NvidiaGpu => Err(Failure::unusable_because(
            "evidence.unsupported-kind",
            "NVIDIA's reference manifests are not fetched; give them as `--collateral`",
        )),
    }
}

fn of_report(options: &FetchOptions, report: &Report) -> Result<Vec<Item>, Failure> {
    let named = report.generation().map_err(|error| refused(&error))?;
    let generation = named.or(options.product.map(Generation::from)).ok_or_else(|| {
        Failure::unusable_because(
            "fetch.product",
            "a report of version 2 does not name its processor; give `--product`",
        )
    })?;
    let items = kds::needs(report, generation).map_err(|error| refused(&error))?;
    Ok(items.into_iter().map(Item::Amd).collect())
}

fn of_quote(options: &FetchOptions, quote: &Quote, root: &Root) -> Result<Vec<Item>, Failure> {
    let certificates = files(&options.certs)?;
    let items = Collateral::read(slices(&certificates))
        .and_then(|collateral| pcs::needs(quote, &collateral, root))
        .map_err(|error| refused(&error))?;
    Ok(items.into_iter().map(Item::Intel).collect())
}
