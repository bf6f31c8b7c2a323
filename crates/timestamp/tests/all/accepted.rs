//! What is right in another way, and what real authorities answer.

use std::time::Duration;

use domain::{Digest, Reason as _};
use testkit::der;
use testkit::stamps::{Attribute, KeyKind, OpensslAuthority, Plan, extension, name};
use timestamp::{Authorities, Request, Token};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::cases::{Case, DATA, NONCE, P256, forge, forged, openssl, plan, request};

/// Right answers: name, key, what is different, whether certificates stand beside the token.
type Row = (&'static str, KeyKind, fn(&mut Plan), bool);

pub(crate) fn cases() -> Vec<Case> {
    let of = |(name, key, alter, beside): &Row| {
        let mut plan = plan(*key);
        alter(&mut plan);
        Case::new(name, &forged(&plan), *beside)
    };
    ROWS.iter().map(of).collect()
}

const ROWS: &[Row] = &[
    ("as it should be", KeyKind::P256, |_| {}, false),
    ("P-384", KeyKind::P384, |_| {}, false),
    ("RSA, PKCS #1 v1.5", KeyKind::Rsa, |_| {}, false),
    ("RSA-PSS", KeyKind::RsaPss, |_| {}, false),
    ("Ed25519", KeyKind::Ed25519, |_| {}, false),
    (
        "granted with modifications",
        KeyKind::P256,
        |plan| {
            let text = der::sequence(&[&der::utf8("as you wish")]);
            plan.status = der::sequence(&[&der::integer(&[1]), &text]);
        },
        false,
    ),
    (
        "certificates in another order, and the root",
        KeyKind::P256,
        |plan| {
            plan.embedded = vec![2, 1, 0];
            plan.sorted_certificates = false;
        },
        false,
    ),
    ("certificates beside", KeyKind::P256, |plan| plan.embedded.clear(), true),
    ("bound by SHA-1", KeyKind::P256, |plan| plan.attributes[2] = Attribute::BindSha1, false),
    ("bound twice", KeyKind::P256, |plan| plan.attributes.push(Attribute::BindSha1), false),
    (
        "issuer bound, too",
        KeyKind::P256,
        |plan| {
            plan.attributes[2] = Attribute::BindIssuer;
        },
        false,
    ),
    (
        "an unknown signed attribute",
        KeyKind::P256,
        |plan| {
            plan.attributes.push(Attribute::of("1.3.6.1.4.1.99999.7", &der::null()));
        },
        false,
    ),
    (
        "unsigned attributes",
        KeyKind::P256,
        |plan| {
            let oid = der::oid(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.7"));
            plan.unsigned = der::context(1, &[&der::sequence(&[&oid, &der::set(&[&der::null()])])]);
        },
        false,
    ),
    (
        "the authority's own name",
        KeyKind::P256,
        |plan| {
            let name = der::context(0, &[&der::context(4, &[&name("test stamp authority")])]);
            plan.info[5].extend(name);
        },
        false,
    ),
    (
        "an extension that is not critical",
        KeyKind::P256,
        |plan| {
            let unknown = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.7");
            plan.info[5].extend(der::context(1, &[&extension(unknown, false, &der::null())]));
        },
        false,
    ),
    (
        "a fraction of a second",
        KeyKind::P256,
        |plan| {
            plan.info[4] = der::element(0x18, &[b"20261120130000.25Z"]);
        },
        false,
    ),
    (
        "accuracy and ordering",
        KeyKind::P256,
        |plan| {
            let accuracy = der::sequence(&[&der::integer(&[2])]);
            plan.info[5] = [accuracy, der::yes(), plan.info[5].clone()].concat();
        },
        false,
    ),
    (
        "no key usage",
        KeyKind::P256,
        |plan| {
            plan.signer_certificate.extensions.remove(0);
        },
        false,
    ),
    (
        "the last second of the certificates",
        KeyKind::P256,
        |plan| {
            let end = forge().time();
            for one in [&mut plan.root, &mut plan.middle, &mut plan.signer_certificate] {
                one.validity.1 = end;
            }
        },
        false,
    ),
];

#[test]
fn right_answers_are_accepted() {
    for case in cases() {
        let stamped = case.verdict().unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(stamped.time(), forge().time(), "{}", case.name);
        assert_eq!(stamped.authority(), "CN=test stamp authority");
        assert_eq!((stamped.serial(), stamped.policy()), ("07", "1.3.6.1.4.1.13762.3"));
    }
}

#[test]
fn openssl_answers_our_requests() {
    let folder = tempfile::tempdir().unwrap();
    let (response, authority) = openssl(folder.path());
    let roots = Authorities::from_pem(&authority.root().unwrap(), &[]).unwrap();
    let at_the_end = "9999-01-01T00:00:00Z".parse().unwrap();
    let token = Token::from_response(&response).unwrap();
    let stamped = token.answers(&request(), &roots, at_the_end).unwrap();
    assert_eq!(stamped.accuracy(), Some(Duration::from_micros(1_500_100)));
    assert_eq!(stamped.authority(), "CN=openssl test authority");

    let other = Request::new(&Digest::of(DATA), &[9; 16], None).unwrap();
    let refused = token.answers(&other, &roots, at_the_end).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.nonce");
    let policy = |text: &str| Some(text.parse().unwrap());
    let other = Request::new(&Digest::of(DATA), &NONCE, policy("1.3.6.1.4.1.13762.4")).unwrap();
    let refused = token.answers(&other, &roots, at_the_end).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.policy");
    let under = Token::from_response(&authority.reply(other.as_der()).unwrap()).unwrap();
    assert_eq!(under.answers(&other, &roots, at_the_end).unwrap().policy(), "1.3.6.1.4.1.13762.4");
    // A policy that the authority does not have.
    let unknown = Request::new(&Digest::of(DATA), &NONCE, policy("1.3.6.1.4.1.13762.5")).unwrap();
    let refused = Token::from_response(&authority.reply(unknown.as_der()).unwrap()).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.rejected-policy");
}

/// Keys, digests and kinds of binding, as openssl writes them.
#[test]
fn openssl_answers_in_several_ways() {
    let rsa = |bits: &'static str| vec!["-algorithm", "RSA", "-pkeyopt", bits];
    let p384 = vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    let edit = |from: &'static str, to: &'static str| vec![(from, to)];
    let rows = [
        (rsa("rsa_keygen_bits:2048"), vec![], Ok(())),
        (
            rsa("rsa_keygen_bits:3072"),
            edit("signer_digest = sha256", "signer_digest = sha512"),
            Ok(()),
        ),
        (p384.clone(), edit("signer_digest = sha256", "signer_digest = sha384"), Ok(())),
        (p384, edit("ess_cert_id_alg = sha256", "ess_cert_id_alg = sha512"), Ok(())),
        (P256.to_vec(), edit("ess_cert_id_alg = sha256", "ess_cert_id_alg = sha1"), Ok(())),
        (
            P256.to_vec(),
            vec![
                ("crypto_device", "certs = root.pem\n#"),
                ("ess_cert_id_chain = no", "ess_cert_id_chain = yes"),
            ],
            Ok(()),
        ),
        (
            P256.to_vec(),
            edit("signer_digest = sha256", "signer_digest = sha1"),
            Err("timestamp.algorithm"),
        ),
        (rsa("rsa_keygen_bits:1024"), vec![], Err("timestamp.weak-key")),
    ];
    for (key, edits, expected) in rows {
        let folder = tempfile::tempdir().unwrap();
        let authority = OpensslAuthority::create(folder.path(), &key).unwrap();
        let file = authority.path("openssl.cnf");
        let mut text = std::fs::read_to_string(&file).unwrap();
        for (from, to) in &edits {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        std::fs::write(file, text).unwrap();
        let response = authority.reply(request().as_der()).unwrap();
        let roots = Authorities::from_pem(&authority.root().unwrap(), &[]).unwrap();
        let verdict = Token::from_response(&response).and_then(|token| {
            token.answers(&request(), &roots, "9999-01-01T00:00:00Z".parse().unwrap())
        });
        if let Ok(stamped) = &verdict {
            assert_eq!(stamped.path(), [der(&authority, "signer"), der(&authority, "root")]);
        }
        let verdict = verdict.map(|_| ()).map_err(|error| error.reason());
        assert_eq!(verdict, expected, "{key:?} {edits:?}");
    }
}

fn der(authority: &OpensslAuthority, name: &str) -> Vec<u8> {
    let (pem, der) = (format!("{name}.pem"), format!("{name}.der"));
    authority.openssl(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]).unwrap();
    std::fs::read(authority.path(&der)).unwrap()
}

#[test]
fn a_stamp_is_compared_with_a_cosignature() {
    let stamped = cases()[0].verdict().unwrap();
    let at = |seconds| forge().time().plus_seconds(seconds);
    for apart in [0, 1, -1, 60, -60] {
        stamped.is_within(60, at(apart)).unwrap();
    }
    for apart in [61, -61, i64::MAX] {
        assert_eq!(stamped.is_within(60, at(apart)).unwrap_err().reason(), "timestamp.drift");
    }
    stamped.is_within(0, at(0)).unwrap();
}

#[test]
fn without_roots_nothing_is_believed() {
    for (roots, beside, reason) in [
        ("", "", "timestamp.roots"),
        ("\n", "", "timestamp.roots"),
        ("roots", "", "timestamp.malformed"),
        (&*cases()[0].root, "x", "timestamp.malformed"),
    ] {
        let refused = Authorities::from_pem(roots.as_bytes(), beside.as_bytes()).unwrap_err();
        assert_eq!(refused.reason(), reason, "{roots:?}");
    }
}
