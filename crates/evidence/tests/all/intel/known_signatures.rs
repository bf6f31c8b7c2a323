//! What signatures are known changes no verdict on a quote.

use domain::Timestamp;
use evidence::KnownSignatures;
use evidence::intel::{
    Body, Collateral, Profile, Quote, Root, TcbPolicy, Tee, inspect_knowing, read_quote,
    verify_knowing,
};
use testkit::intel::{Evidence, Fake};

use super::support::{created, expected_of, policy};
use super::vectors::{path, rows};
use crate::known_signatures::{same, times};
use crate::mutations::Random;
use crate::support::{time, vector};

/// All verdicts on one quote with its collateral.
fn judge(known: &mut KnownSignatures, evidence: &Evidence, at: Timestamp) -> Vec<String> {
    let json = evidence.collateral.to_json();
    let root = Root::emulated(&evidence.root).unwrap();
    let read = Quote::parse(&evidence.quote).and_then(|quote| {
        Collateral::read([json.as_slice()]).map(|collateral| (quote, collateral))
    });
    let (quote, collateral) = match read {
        Ok(read) => read,
        Err(error) => return vec![format!("{error:?}")],
    };
    let policy = policy();
    let mut verdicts: Vec<_> = [Profile::Production, Profile::Archive]
        .map(|profile| {
            same(known, |known| {
                let tee = Tee::Tdx;
                inspect_knowing(known, &quote, tee, &collateral, &policy, profile, &root, at)
            })
        })
        .into();
    if let Body::Tdx(report) = quote.body() {
        let expected = expected_of(report);
        verdicts.push(same(known, |known| {
            verify_knowing(known, &quote, &collateral, &expected, &root, at)
        }));
    }
    verdicts
}

#[test]
fn verdicts_on_quotes_are_the_same() {
    let fake = Fake::tdx(4, created());
    let mut one_signer = fake.clone();
    one_signer.qe_signer = fake.tcb_signer.clone();
    let mut revoked = fake.clone();
    revoked.pck_list.serials.push(3);
    let mut known = KnownSignatures::new(64);
    let all = [fake, one_signer, revoked].map(|fake| fake.sign().unwrap());
    let mut verdicts = Vec::new();
    for at in times(created()) {
        verdicts.extend(all.iter().flat_map(|evidence| judge(&mut known, evidence, at)));
    }
    for reason in ["Err(NotYetValid)", "Err(Expired)", "Err(Revoked)", "Err(CollateralStale("] {
        assert!(verdicts.iter().any(|verdict| verdict.starts_with(reason)), "{verdicts:?}");
    }
    assert!(verdicts.iter().any(|verdict| verdict.starts_with("Ok(Verified")), "{verdicts:?}");
    // Nine of each with its two signers, eight where they are one.
    assert_eq!(known.len(), 8 + 7 + 8);
}

#[test]
fn mutated_collateral_gets_the_same_verdict() {
    let right = Fake::tdx(4, created()).sign().unwrap();
    let at = created().plus_seconds(60);
    let mut known = KnownSignatures::new(64);
    judge(&mut known, &right, at);
    let remembered = known.len();
    let mut random = Random(0x5eed_5eed_5eed_5eed);
    for _ in 0..1000 {
        let mut changed = right.clone();
        let Evidence { quote, collateral, .. } = &mut changed;
        let part = match random.below(8) {
            0 => {
                random.mutate(quote);
                judge(&mut known, &changed, at);
                continue;
            }
            1 => &mut collateral.root_ca_crl,
            2 => &mut collateral.pck_crl,
            3 => &mut collateral.tcb_info,
            4 => &mut collateral.tcb_info_signature,
            5 => &mut collateral.tcb_info_issuer_chain,
            6 => &mut collateral.qe_identity,
            _ => &mut collateral.qe_identity_issuer_chain,
        };
        let mut bytes = part.clone().into_bytes();
        random.mutate(&mut bytes);
        *part = String::from_utf8_lossy(&bytes).into_owned();
        judge(&mut known, &changed, at);
    }
    assert_eq!(known.len(), remembered);
}

#[test]
fn published_quotes_get_the_same_verdict() {
    if vector("MANIFEST.md").is_none() {
        return;
    }
    let (policy, root) = (TcbPolicy::published().unwrap(), Root::intel().unwrap());
    // Too few for all, so that some are forgotten and verified again.
    let mut known = KnownSignatures::new(12);
    for row in rows() {
        let Ok(quote) = read_quote(&vector(&path(row.quote)).unwrap()) else { continue };
        let files: Vec<_> = row.collateral.iter().filter_map(|one| vector(&path(one))).collect();
        let Ok(collateral) = Collateral::read(files.iter().map(Vec::as_slice)) else {
            continue;
        };
        for at in ["2020-01-01T00:00:00Z", row.at, "2055-01-01T00:00:00Z"].map(time) {
            for profile in [Profile::Production, Profile::Archive] {
                let (tee, policy, root) = (row.tee, &policy, &root);
                same(&mut known, |known| {
                    inspect_knowing(known, &quote, tee, &collateral, policy, profile, root, at)
                });
            }
        }
    }
}
