//! Responses that are wrong in one way and signed as they then are, with the one check that refuses them.

use testkit::der;
use testkit::stamps::{Attribute, KeyKind, Plan, extension, name};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::cases::{Case, forge, forged, plan};

/// Name, expected reason, what is altered.
type Row = (&'static str, &'static str, fn(&mut Plan));

/// All of them.
pub(crate) fn cases() -> Vec<(Case, &'static str)> {
    let of = |(name, reason, alter): &Row| {
        let mut plan = plan(KeyKind::P256);
        alter(&mut plan);
        (Case::new(name, &forged(&plan), false), *reason)
    };
    [STATUS, ENVELOPE, SIGNER, INFO, CERTIFICATES].concat().iter().map(of).collect()
}

/// PKIStatusInfo without a token.
fn rejected(plan: &mut Plan, status: u8, bits: &[u8]) {
    let failure = if bits.is_empty() { Vec::new() } else { der::element(3, &[bits]) };
    plan.status = der::sequence(&[&der::integer(&[status]), &failure]);
    plan.granted = false;
}

const STATUS: &[Row] = &[
    ("rejected", "timestamp.rejected", |plan| rejected(plan, 2, &[])),
    ("rejected: unknown reason", "timestamp.rejected", |plan| rejected(plan, 2, &[6, 0x40])),
    ("rejected: algorithm", "timestamp.rejected-bad-algorithm", |plan| {
        rejected(plan, 2, &[7, 0x80]);
    }),
    ("rejected: request", "timestamp.rejected-bad-request", |plan| rejected(plan, 2, &[5, 0x20])),
    ("rejected: format", "timestamp.rejected-bad-data-format", |plan| {
        rejected(plan, 2, &[2, 0x04]);
    }),
    ("rejected: clock", "timestamp.rejected-time-not-available", |plan| {
        rejected(plan, 2, &[1, 0, 2]);
    }),
    ("rejected: policy", "timestamp.rejected-policy", |plan| rejected(plan, 2, &[0, 0, 1])),
    ("rejected: extension", "timestamp.rejected-extension", |plan| {
        rejected(plan, 2, &[7, 0, 0, 0x80]);
    }),
    ("rejected: information", "timestamp.rejected-no-additional-information", |plan| {
        rejected(plan, 2, &[6, 0, 0, 0x40]);
    }),
    ("rejected: failure", "timestamp.rejected-system-failure", |plan| {
        rejected(plan, 2, &[6, 0, 0, 0, 0x40]);
    }),
    ("waiting", "timestamp.waiting", |plan| rejected(plan, 3, &[])),
    ("about to be revoked", "timestamp.revocation-warning", |plan| rejected(plan, 4, &[])),
    ("revoked", "timestamp.revocation-notification", |plan| rejected(plan, 5, &[])),
    ("unknown status", "timestamp.malformed", |plan| rejected(plan, 6, &[])),
    ("granted without a token", "timestamp.malformed", |plan| plan.granted = false),
    ("rejected with a token", "timestamp.malformed", |plan| {
        rejected(plan, 2, &[]);
        plan.granted = true;
    }),
    ("granted with a failure", "timestamp.malformed", |plan| {
        rejected(plan, 0, &[7, 0x80]);
        plan.granted = true;
    }),
];

const ENVELOPE: &[Row] = &[
    ("token of another type", "timestamp.content-type", |plan| {
        plan.token_type = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
    }),
    ("content of another type", "timestamp.content-type", |plan| {
        plan.content_type = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
    }),
    ("attribute of another content type", "timestamp.content-type", |plan| {
        let data = der::oid(ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"));
        plan.attributes[0] = Attribute::of("1.2.840.113549.1.9.3", &data);
    }),
    ("version of SignedData", "timestamp.malformed", |plan| plan.version = 1),
    ("digest not announced", "timestamp.malformed", |plan| {
        plan.announced = der::set(&[&KeyKind::P384.hash_identifier()]);
    }),
    ("no signer", "timestamp.signers", |plan| plan.signers = 0),
    ("two signers", "timestamp.signers", |plan| plan.signers = 2),
    ("attribute certificate among the certificates", "timestamp.malformed", |plan| {
        plan.more_certificates = der::context(2, &[&der::null()]);
    }),
    ("noise among the certificates", "timestamp.malformed", |plan| {
        plan.more_certificates = der::sequence(&[&der::null()]);
    }),
];

const SIGNER: &[Row] = &[
    ("SHA-1", "timestamp.algorithm", |plan| {
        let sha1 = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
        plan.digest = der::sequence(&[&der::oid(sha1), &der::null()]);
        plan.announced = der::set(&[&plan.digest]);
    }),
    ("digest of another signature scheme", "timestamp.algorithm", |plan| {
        plan.algorithm = KeyKind::P384.signature_identifier();
    }),
    ("signature scheme of another kind of key", "timestamp.algorithm", |plan| {
        plan.algorithm = KeyKind::Rsa.signature_identifier();
    }),
    ("signed with another key", "timestamp.signature", |plan| plan.stranger = true),
    ("attributes out of order", "timestamp.malformed", |plan| {
        plan.sorted = false;
        plan.attributes =
            vec![Attribute::Bind(Vec::new()), Attribute::MessageDigest, Attribute::ContentType];
    }),
    ("no content type", "timestamp.signed-attributes", |plan| {
        plan.attributes.remove(0);
    }),
    ("no message digest", "timestamp.signed-attributes", |plan| {
        plan.attributes.remove(1);
    }),
    ("no signing certificate", "timestamp.signed-attributes", |plan| {
        plan.attributes.remove(2);
    }),
    ("two message digests", "timestamp.signed-attributes", |plan| {
        plan.attributes.push(Attribute::of("1.2.840.113549.1.9.4", &der::octets(&[0; 32])));
    }),
    ("message digest of other content", "timestamp.message-digest", |plan| {
        plan.attributes[1] = Attribute::of("1.2.840.113549.1.9.4", &der::octets(&[0; 32]));
    }),
    ("two values of the message digest", "timestamp.signed-attributes", |plan| {
        let two = [der::octets(&[0; 32]), der::octets(&[1; 32])].concat();
        plan.attributes[1] = Attribute::of("1.2.840.113549.1.9.4", &two);
    }),
    ("bound to another certificate", "timestamp.signing-certificate", |plan| {
        plan.attributes[2] = bind(&[&der::octets(&[0; 32])]);
    }),
    ("bound by SHA-1 to another certificate", "timestamp.signing-certificate", |plan| {
        let id = der::sequence(&[&der::octets(&[0; 20])]);
        let list = der::sequence(&[&der::sequence(&[&id])]);
        plan.attributes[2] = Attribute::of("1.2.840.113549.1.9.16.2.12", &list);
    }),
    ("bound to nothing", "timestamp.signing-certificate", |plan| {
        let list = der::sequence(&[&der::sequence(&[])]);
        plan.attributes[2] = Attribute::of(BIND, &list);
    }),
    ("bound with an unknown digest", "timestamp.malformed", |plan| {
        let md5 = der::oid(ObjectIdentifier::new_unwrap("1.2.840.113549.2.5"));
        plan.attributes[2] = bind(&[&der::sequence(&[&md5]), &der::octets(&[0; 16])]);
    }),
    ("named by another serial number", "timestamp.certificate-missing", |plan| {
        plan.signer = Some((1, der::sequence(&[&name("test stamp issuer"), &der::integer(&[9])])));
    }),
    ("named by another issuer", "timestamp.certificate-missing", |plan| {
        plan.signer = Some((1, der::sequence(&[&name("somebody"), &der::integer(&[3])])));
    }),
    (
        "named by a key identifier that no certificate has",
        "timestamp.certificate-missing",
        |plan| {
            plan.signer = Some((3, der::element(0x80, &[&[1; 20]])));
        },
    ),
    ("version of the signer", "timestamp.malformed", |plan| {
        plan.signer = Some((2, der::sequence(&[&name("test stamp issuer"), &der::integer(&[3])])));
    }),
];

const BIND: &str = "1.2.840.113549.1.9.16.2.47";

/// A signing certificate attribute with one ESSCertIDv2 of these parts.
fn bind(parts: &[&[u8]]) -> Attribute {
    Attribute::of(BIND, &der::sequence(&[&der::sequence(&[&der::sequence(parts)])]))
}

const INFO: &[Row] = &[
    ("version of the time stamp", "timestamp.version", |plan| plan.info[0] = der::integer(&[2])),
    ("another policy", "timestamp.policy", |plan| {
        plan.info[1] = der::oid(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.13762.4"));
    }),
    ("imprint of other data", "timestamp.imprint", |plan| {
        let hash = KeyKind::P256.hash_identifier();
        plan.info[2] = der::sequence(&[&hash, &der::octets(&[0; 32])]);
    }),
    ("imprint by SHA-384", "timestamp.imprint-algorithm", |plan| {
        let hash = KeyKind::P384.hash_identifier();
        plan.info[2] = der::sequence(&[&hash, &der::octets(&[0; 48])]);
    }),
    ("imprint cut short", "timestamp.imprint", |plan| {
        let hash = KeyKind::P256.hash_identifier();
        plan.info[2] = der::sequence(&[&hash, &der::octets(&[0; 20])]);
    }),
    ("time that is none", "timestamp.malformed", |plan| {
        plan.info[4] = der::element(0x18, &[b"20261131130000Z"]);
    }),
    ("local time", "timestamp.malformed", |plan| {
        plan.info[4] = der::element(0x18, &[b"20261120130000+0100"]);
    }),
    ("time of the future", "timestamp.future", |plan| {
        plan.info[4] = der::element(0x18, &[b"20261120131001Z"]);
    }),
    ("another nonce", "timestamp.nonce", |plan| plan.info[5] = der::integer(&[0x12; 16])),
    ("no nonce", "timestamp.nonce", |plan| plan.info[5].clear()),
    ("negative nonce", "timestamp.nonce", |plan| plan.info[5] = der::element(2, &[&[0x91; 16]])),
    ("nonce with a zero before it", "timestamp.malformed", |plan| {
        plan.info[5] = der::element(2, &[&[0], &[0x11; 16]]);
    }),
    ("accuracy of a thousand milliseconds", "timestamp.malformed", |plan| {
        let accuracy = der::sequence(&[&der::element(0x80, &[&[3, 0xe8]])]);
        plan.info[5] = [accuracy, plan.info[5].clone()].concat();
    }),
    ("ordering spelled out", "timestamp.malformed", |plan| {
        plan.info[5] = [der::no(), plan.info[5].clone()].concat();
    }),
    ("another authority's name", "timestamp.authority-name", |plan| {
        let name = der::context(0, &[&der::context(4, &[&name("somebody")])]);
        plan.info[5].extend(name);
    }),
    ("critical extension", "timestamp.critical-extension", |plan| {
        let unknown = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.7");
        plan.info[5].extend(der::context(1, &[&extension(unknown, true, &der::null())]));
    }),
    ("more after the time stamp's end", "timestamp.malformed", |plan| {
        plan.info[5].extend(der::null());
    }),
];

const CERTIFICATES: &[Row] = &[
    ("no certificate", "timestamp.certificate-missing", |plan| plan.embedded.clear()),
    ("no issuer's certificate", "timestamp.unknown-authority", |plan| plan.embedded = vec![2]),
    ("signer expired", "timestamp.certificate-expired", |plan| {
        plan.signer_certificate.validity.1 = forge().time().plus_seconds(-1);
    }),
    ("signer not yet valid", "timestamp.certificate-not-yet-valid", |plan| {
        plan.signer_certificate.validity.0 = forge().time().plus_seconds(1);
    }),
    ("issuer expired", "timestamp.certificate-expired", |plan| {
        plan.middle.validity.1 = forge().time().plus_seconds(-1);
    }),
    ("root expired", "timestamp.certificate-expired", |plan| {
        plan.root.validity.1 = forge().time().plus_seconds(-1);
    }),
    ("root not yet valid", "timestamp.certificate-not-yet-valid", |plan| {
        plan.root.validity.0 = forge().time().plus_seconds(1);
    }),
    ("no extended key usage", "timestamp.extended-key-usage", |plan| {
        plan.signer_certificate.extensions.truncate(1);
    }),
    ("for servers", "timestamp.extended-key-usage", |plan| purposes(plan, true, &[SERVERS])),
    ("for servers, too", "timestamp.extended-key-usage", |plan| {
        purposes(plan, true, &[STAMPS, SERVERS]);
    }),
    ("extended key usage not critical", "timestamp.extended-key-usage", |plan| {
        purposes(plan, false, &[STAMPS]);
    }),
    ("for any purpose", "timestamp.extended-key-usage", |plan| purposes(plan, true, &[ANY])),
    ("key to encipher keys", "timestamp.key-usage", |plan| usage(plan, &[3, 2, 5, 0x20])),
    ("key to sign and to encipher keys", "timestamp.key-usage", |plan| {
        usage(plan, &[3, 2, 5, 0xa0]);
    }),
    ("key to sign certificates", "timestamp.key-usage", |plan| usage(plan, &[3, 2, 2, 0x84])),
    ("signer's certificate forged", "timestamp.chain", |plan| {
        plan.signer_certificate.forged = true;
    }),
    ("issuer's certificate forged", "timestamp.chain", |plan| plan.middle.forged = true),
    ("signer of another issuer", "timestamp.unknown-authority", |plan| {
        plan.signer_certificate.issuer = "somebody";
    }),
    ("issuer of another root", "timestamp.unknown-authority", |plan| {
        plan.middle.issuer = "somebody"
    }),
    ("signer that may issue", "timestamp.chain", |plan| {
        let authority = der::sequence(&[&der::yes()]);
        plan.signer_certificate.extensions.push(extension(CONSTRAINTS, true, &authority));
    }),
    ("issuer that may not issue", "timestamp.chain", |plan| {
        plan.middle.extensions[0] = extension(CONSTRAINTS, true, &der::sequence(&[]));
    }),
    ("issuer whose key may not sign certificates", "timestamp.chain", |plan| {
        plan.middle.extensions[1] = extension(USAGE, true, &[3, 2, 7, 0x80]);
    }),
    ("root that may not issue", "timestamp.chain", |plan| {
        plan.root.extensions[0] = extension(CONSTRAINTS, true, &der::sequence(&[]));
    }),
    ("root above one issuer too many", "timestamp.chain", |plan| {
        let none = der::sequence(&[&der::yes(), &der::integer(&[0])]);
        plan.root.extensions[0] = extension(CONSTRAINTS, true, &none);
    }),
    ("unknown critical extension", "timestamp.chain", |plan| {
        let unknown = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.7");
        plan.signer_certificate.extensions.push(extension(unknown, true, &der::null()));
    }),
    ("issuer that the token does not permit", "timestamp.unknown-authority", |plan| {
        plan.attributes[2] = Attribute::Bind(der::sequence(&[&der::octets(&[0; 32])]));
    }),
];

fn purposes(plan: &mut Plan, critical: bool, purposes: &[&str]) {
    let list: Vec<u8> =
        purposes.iter().flat_map(|one| der::oid(ObjectIdentifier::new_unwrap(one))).collect();
    let purposes = ObjectIdentifier::new_unwrap("2.5.29.37");
    plan.signer_certificate.extensions[1] = extension(purposes, critical, &der::sequence(&[&list]));
}

fn usage(plan: &mut Plan, bits: &[u8]) {
    plan.signer_certificate.extensions[0] = extension(USAGE, true, bits);
}

const STAMPS: &str = "1.3.6.1.5.5.7.3.8";
const SERVERS: &str = "1.3.6.1.5.5.7.3.1";
const ANY: &str = "2.5.29.37.0";
const USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
