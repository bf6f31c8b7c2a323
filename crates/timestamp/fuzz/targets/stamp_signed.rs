//! An answer with changes to one of its parts, signed again: what is believed answers the request.
#![no_main]

use domain::Reason as _;
use testkit::stamps::{Attribute, Plan};
use timestamp::{Authorities, Token};
use timestamp_fuzz::{FORGE, REQUEST, edited, forged, plan};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((part, edits)) = data.split_first() else { return };
    let mut plan = plan();
    change(&mut plan, *part, edits);
    let forged = forged(&plan);
    let authorities = Authorities::from_pem(forged.root().as_bytes(), &[]).expect("a root");
    let verdict = Token::from_response(&forged.response)
        .and_then(|token| token.answers(&REQUEST, &authorities, FORGE.time().plus_seconds(600)));
    match verdict {
        Ok(stamped) => {
            assert!(stamped.time() <= FORGE.time().plus_seconds(600));
            assert_eq!(stamped.policy(), "1.3.6.1.4.1.13762.3");
            assert!(stamped.authority().starts_with("CN="));
        }
        Err(error) => assert!(error.reason().starts_with("timestamp.")),
    }
});

fn change(plan: &mut Plan, part: u8, edits: &[u8]) {
    let extension = usize::from(part / 16) % 2;
    match part % 12 {
        0 => plan.status = edited(&plan.status, edits),
        1 => plan.announced = edited(&plan.announced, edits),
        2 => plan.digest = edited(&plan.digest, edits),
        3 => plan.algorithm = edited(&plan.algorithm, edits),
        4 => plan.more_certificates = edits.to_vec(),
        5 => plan.unsigned = edits.to_vec(),
        6 => plan.attributes.push(Attribute::Given(edits.to_vec())),
        7 => plan.attributes[2] = Attribute::Bind(edits.to_vec()),
        8 => edit(&mut plan.signer_certificate.extensions[extension], edits),
        9 => edit(&mut plan.middle.extensions[extension], edits),
        _ => {
            let whole = edited(&plan.info.concat(), edits);
            plan.info = std::array::from_fn(|at| if at == 0 { whole.clone() } else { Vec::new() });
        }
    }
}

fn edit(bytes: &mut Vec<u8>, edits: &[u8]) {
    *bytes = edited(bytes, edits);
}
