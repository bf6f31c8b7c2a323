//! What is not a report is refused as such.

use domain::Reason as _;
use evidence::EvidenceError;
use evidence::snp::Report;

#[test]
fn malformed_reports_are_named() {
    let valid = {
        let processor = crate::support::authority().processor(&crate::support::endorsement());
        crate::emulated::report(&processor.unwrap())
    };
    let reason =
        |bytes: &[u8]| Report::parse(bytes).map(|_| "parsed").unwrap_or_else(|e| e.reason());
    let with = |position: usize, value: u8| {
        let mut report = valid.clone();
        report[position] = value;
        report
    };
    assert_eq!(reason(&valid), "parsed");
    assert_eq!(reason(&valid[..1183]), "evidence.malformed");
    assert_eq!(reason(&[valid.as_slice(), &[0]].concat()), "evidence.malformed");
    for version in [0, 1, 6] {
        assert_eq!(
            Report::parse(&with(0, version)),
            Err(EvidenceError::ReportVersion(version.into()))
        );
    }
    // Reserved: policy bits 17 and 26, key information, and the gaps up to the end.
    let reserved = [0x0a, 0x0b, 0x49, 0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x208, 0x29f];
    for position in reserved.into_iter().chain([0x2d0, 0x318, 0x330, 0x49f]) {
        let value = if position == 0x0a { 1 } else { 4 };
        let report = with(position, value);
        assert_eq!(reason(&report), "evidence.malformed", "{position:#x}");
    }
    // Version 2 has no processor.
    assert_eq!(reason(&with(0, 2)), "evidence.malformed");
}
