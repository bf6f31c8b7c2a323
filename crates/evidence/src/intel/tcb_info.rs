//! TCB info: which firmware of a processor family is how good (Intel SGX and TDX Provisioning
//! Certification Service API, "Get TCB Info", versions 2 and 3 of the structure).

use domain::Timestamp;
use serde::Deserialize;

use super::json::{Hex, RawIsvSvn, RawLevel, Verdict, Window};
use crate::EvidenceError;
use crate::error::refuse_if;

/// A parsed TCB info. Its content is authentic only after its signature was verified.
#[derive(Clone, Debug)]
pub(super) struct TcbInfo {
    pub(super) tee: Tee,
    pub(super) window: Window,
    pub(super) fmspc: [u8; 6],
    pub(super) pce_id: [u8; 2],
    pub(super) evaluation_data_number: u32,
    /// Highest first: by SGX components, then PCESVN, then TDX components.
    pub(super) levels: Vec<Level>,
    /// Empty for SGX. First the module of version 0, then those that have an identity.
    pub(super) modules: Vec<Module>,
}

/// Kinds of enclaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Tee {
    /// SGX.
    #[serde(rename = "SGX")]
    Sgx,
    /// TDX.
    #[serde(rename = "TDX")]
    Tdx,
}

/// What a platform must have for a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) sgx: [u16; 16],
    pub(super) pce_svn: u16,
    /// Zeros for SGX.
    pub(super) tdx: [u16; 16],
    pub(super) verdict: Verdict,
}

/// A TDX module: who signs it, and which versions of it are how good.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// Major version: TEE_TCB_SVN\[1\].
    pub(super) version: u8,
    pub(super) signer: [u8; 48],
    pub(super) attributes: u64,
    pub(super) mask: u64,
    /// Lowest ISVSVN (TEE_TCB_SVN\[0\]) and verdict, highest first; empty for version 0, which the
    /// platform's levels judge.
    pub(super) levels: Vec<(u8, Verdict)>,
}

impl TcbInfo {
    pub(super) fn parse(json: &str) -> Result<Self, EvidenceError> {
        // The versions differ in their levels. Version 2 is for SGX alone, and rare by now.
        if let Ok(raw) = serde_json::from_str::<RawTcbInfo<RawTcb3>>(json) {
            return match (raw.version, raw.id) {
                (3, Some(tee)) => Self::of(tee, raw),
                _ => Err(MALFORMED),
            };
        }
        let raw: RawTcbInfo<RawTcb2> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
        match (raw.version, raw.id) {
            (2, None) => Self::of(Tee::Sgx, raw),
            _ => Err(MALFORMED),
        }
    }

    fn of<T: RawTcb>(tee: Tee, raw: RawTcbInfo<T>) -> Result<Self, EvidenceError> {
        refuse_if(raw.tcb_type != 0, MALFORMED)?;
        let mut levels = raw
            .tcb_levels
            .into_iter()
            .map(|level| level.split().and_then(|(tcb, verdict)| tcb.level(tee, verdict)))
            .map(|level| level.ok_or(MALFORMED))
            .collect::<Result<Vec<_>, _>>()?;
        levels.sort_by(|one, other| other.order().cmp(&one.order()));
        let repeated = levels.windows(2).any(|pair| match pair {
            [one, other] => one.order() == other.order(),
            _ => false,
        });
        refuse_if(levels.is_empty() || repeated, MALFORMED)?;
        Ok(Self {
            tee,
            window: Window { issue_date: raw.issue_date, next_update: raw.next_update },
            fmspc: raw.fmspc.0,
            pce_id: raw.pce_id.0,
            evaluation_data_number: raw.tcb_evaluation_data_number,
            levels,
            modules: modules(tee, raw.tdx_module, raw.tdx_module_identities)?,
        })
    }
}

impl Level {
    const fn order(&self) -> (&[u16; 16], u16, &[u16; 16]) {
        (&self.sgx, self.pce_svn, &self.tdx)
    }
}

fn modules(
    tee: Tee,
    base: Option<RawModule>,
    identities: Option<Vec<RawIdentity>>,
) -> Result<Vec<Module>, EvidenceError> {
    let mut modules = match (tee, base) {
        (Tee::Tdx, Some(base)) => vec![base.module(0, Vec::new())],
        (Tee::Sgx, None) if identities.is_none() => Vec::new(),
        _ => return Err(MALFORMED),
    };
    for identity in identities.into_iter().flatten() {
        let version = identity
            .id
            .get(..4)
            .filter(|prefix| prefix.eq_ignore_ascii_case("TDX_"))
            .and_then(|_| identity.id.get(4..))
            .filter(|digits| digits.len() == 2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or(MALFORMED)?;
        refuse_if(modules.iter().any(|module| module.version == version), MALFORMED)?;
        let mut levels: Vec<(u8, Verdict)> = identity
            .tcb_levels
            .into_iter()
            .map(|level| level.split().map(|(tcb, verdict)| (tcb.isvsvn, verdict)))
            .collect::<Option<_>>()
            .ok_or(MALFORMED)?;
        levels.sort_by(|(one, _), (other, _)| other.cmp(one));
        refuse_if(levels.is_empty(), MALFORMED)?;
        let module = RawModule {
            mrsigner: identity.mrsigner,
            attributes: identity.attributes,
            attributes_mask: identity.attributes_mask,
        };
        modules.push(module.module(version, levels));
    }
    Ok(modules)
}

// Fields that are not here make the structure unreadable: a field that Intel adds may change what
// the others mean.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawTcbInfo<T> {
    id: Option<Tee>,
    version: u32,
    issue_date: Timestamp,
    next_update: Timestamp,
    fmspc: Hex<6>,
    pce_id: Hex<2>,
    tcb_type: u32,
    tcb_evaluation_data_number: u32,
    tdx_module: Option<RawModule>,
    tdx_module_identities: Option<Vec<RawIdentity>>,
    tcb_levels: Vec<RawLevel<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawModule {
    mrsigner: Hex<48>,
    attributes: Hex<8>,
    attributes_mask: Hex<8>,
}

impl RawModule {
    fn module(self, version: u8, levels: Vec<(u8, Verdict)>) -> Module {
        Module {
            version,
            signer: self.mrsigner.0,
            attributes: u64::from_le_bytes(self.attributes.0),
            mask: u64::from_le_bytes(self.attributes_mask.0),
            levels,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawIdentity {
    id: String,
    mrsigner: Hex<48>,
    attributes: Hex<8>,
    attributes_mask: Hex<8>,
    tcb_levels: Vec<RawLevel<RawIsvSvn<u8>>>,
}

/// What a level demands, in one version of the structure.
trait RawTcb {
    /// `None` if there are not components of each kind that `tee` has, and of no other.
    fn level(self, tee: Tee, verdict: Verdict) -> Option<Level>;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTcb3 {
    sgxtcbcomponents: [RawComponent; 16],
    pcesvn: u16,
    tdxtcbcomponents: Option<[RawComponent; 16]>,
}

impl RawTcb for RawTcb3 {
    fn level(self, tee: Tee, verdict: Verdict) -> Option<Level> {
        let tdx = match (tee, self.tdxtcbcomponents) {
            (Tee::Sgx, None) => [0; 16],
            (Tee::Tdx, Some(tdx)) => tdx.map(|component| component.svn),
            _ => return None,
        };
        let sgx = self.sgxtcbcomponents.map(|component| component.svn);
        Some(Level { sgx, pce_svn: self.pcesvn, tdx, verdict })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawComponent {
    svn: u16,
    /// For people: which firmware it is.
    #[serde(rename = "category")]
    _category: Option<String>,
    /// For people: what the firmware does.
    #[serde(rename = "type")]
    _type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTcb2 {
    sgxtcbcomp01svn: u16,
    sgxtcbcomp02svn: u16,
    sgxtcbcomp03svn: u16,
    sgxtcbcomp04svn: u16,
    sgxtcbcomp05svn: u16,
    sgxtcbcomp06svn: u16,
    sgxtcbcomp07svn: u16,
    sgxtcbcomp08svn: u16,
    sgxtcbcomp09svn: u16,
    sgxtcbcomp10svn: u16,
    sgxtcbcomp11svn: u16,
    sgxtcbcomp12svn: u16,
    sgxtcbcomp13svn: u16,
    sgxtcbcomp14svn: u16,
    sgxtcbcomp15svn: u16,
    sgxtcbcomp16svn: u16,
    pcesvn: u16,
}

impl RawTcb for RawTcb2 {
    fn level(self, tee: Tee, verdict: Verdict) -> Option<Level> {
        let level = Level { sgx: self.components(), pce_svn: self.pcesvn, tdx: [0; 16], verdict };
        (tee == Tee::Sgx).then_some(level)
    }
}

impl RawTcb2 {
    const fn components(&self) -> [u16; 16] {
        [
            self.sgxtcbcomp01svn,
            self.sgxtcbcomp02svn,
            self.sgxtcbcomp03svn,
            self.sgxtcbcomp04svn,
            self.sgxtcbcomp05svn,
            self.sgxtcbcomp06svn,
            self.sgxtcbcomp07svn,
            self.sgxtcbcomp08svn,
            self.sgxtcbcomp09svn,
            self.sgxtcbcomp10svn,
            self.sgxtcbcomp11svn,
            self.sgxtcbcomp12svn,
            self.sgxtcbcomp13svn,
            self.sgxtcbcomp14svn,
            self.sgxtcbcomp15svn,
            self.sgxtcbcomp16svn,
        ]
    }
}

const MALFORMED: EvidenceError = EvidenceError::CollateralMalformed("TCB info");
