//! Evidence that no machine made and that has nothing wrong with it.

use domain::Timestamp;
use serde_json::{Value, json};

use super::{CertificateFields, Certification, Fake, PckFields, RevocationFields};

impl Fake {
    /// A guest of TDX in a quote of version 4 (TDX 1.0) or 5 (TDX 1.5). Certificates are valid for
    /// ten years from `created`, collateral and lists for thirty days.
    #[must_use]
    pub fn tdx(quote_version: u16, created: Timestamp) -> Self {
        let fields = Fields { id: "TDX", qe_id: "TD_QE", signer: TDX_SIGNER, product: 2 };
        let mut signed = header(quote_version, 0x81);
        if quote_version == 5 {
            signed.extend_from_slice(&[3, 0]);
            signed.extend_from_slice(&648_u32.to_le_bytes());
        }
        signed.extend_from_slice(&td_report());
        if quote_version == 5 {
            signed.extend_from_slice(&TEE_TCB_SVN);
            signed.extend_from_slice(&[0; 48]);
        }
        fields.fake(signed, created)
    }

    /// An SGX enclave in a quote of version 3.
    #[must_use]
    pub fn sgx(created: Timestamp) -> Self {
        let fields = Fields { id: "SGX", qe_id: "QE", signer: SGX_SIGNER, product: 1 };
        let mut signed = header(3, 0);
        signed.extend_from_slice(&enclave_report(&[0x77; 32], 9));
        fields.fake(signed, created)
    }
}

/// What differs between the two kinds of enclaves.
struct Fields {
    id: &'static str,
    qe_id: &'static str,
    signer: [u8; 32],
    product: u16,
}

impl Fields {
    fn fake(&self, signed: Vec<u8>, created: Timestamp) -> Fake {
        let decade = (created, created.plus_seconds(10 * 365 * 24 * 60 * 60));
        let month = (created, created.plus_seconds(30 * 24 * 60 * 60));
        let certificate = |common_name: &str, serial, authority| CertificateFields {
            common_name: common_name.to_owned(),
            serial,
            validity: decade,
            authority,
            critical_extension: None,
        };
        let list =
            RevocationFields { serials: vec![0x7f], this_update: month.0, next_update: month.1 };
        Fake {
            signed,
            qe_report: enclave_report(&self.signer, self.product),
            authentication_data: (0..32).collect(),
            certification: Certification::Chain,
            pck: PckFields {
                ppid: [0x50; 16],
                fmspc: FMSPC,
                pce_id: [0, 0],
                pce_svn: 13,
                components: CPU_SVN,
                cpu_svn: CPU_SVN,
            },
            tcb_info: self.tcb_info(month),
            qe_identity: self.qe_identity(month),
            root: certificate("Intel SGX Root CA", 1, true),
            authority: certificate("Intel SGX PCK Platform CA", 2, true),
            leaf: certificate("Intel SGX PCK Certificate", 3, false),
            tcb_signer: certificate("Intel SGX TCB Signing", 4, false),
            qe_signer: certificate("Intel SGX TCB Signing", 5, false),
            root_list: list.clone(),
            pck_list: list,
        }
    }

    fn tcb_info(&self, (issued, next): (Timestamp, Timestamp)) -> Value {
        let mut info = json!({
            "id": self.id,
            "version": 3,
            "issueDate": issued,
            "nextUpdate": next,
            "fmspc": "10a06f000000",
            "pceId": "0000",
            "tcbType": 0,
            "tcbEvaluationDataNumber": 18,
            "tcbLevels": [
                self.level(3, 13, "2025-05-14T00:00:00Z", "UpToDate", &[]),
                self.level(2, 13, "2024-03-13T00:00:00Z", "OutOfDate", &["INTEL-SA-00960"]),
            ],
        });
        if let (Some(members), "TDX") = (info.as_object_mut(), self.id) {
            members.insert("tdxModule".to_owned(), module());
            members.insert("tdxModuleIdentities".to_owned(), identities());
        }
        info
    }

    fn level(&self, svn: u8, pce_svn: u16, date: &str, status: &str, advisories: &[&str]) -> Value {
        let components = |first: u8| -> Vec<Value> {
            (0..16).map(|index| json!({ "svn": if index == 0 { first } else { 0 } })).collect()
        };
        let mut tcb = json!({ "sgxtcbcomponents": components(svn), "pcesvn": pce_svn });
        if let (Some(members), "TDX") = (tcb.as_object_mut(), self.id) {
            let mut tdx = components(0);
            if let Some(third) = tdx.get_mut(2) {
                *third = json!({ "svn": svn, "category": "OS/VMM", "type": "Microcode" });
            }
            members.insert("tdxtcbcomponents".to_owned(), tdx.into());
        }
        let mut level = json!({ "tcb": tcb, "tcbDate": date, "tcbStatus": status });
        if let (Some(members), false) = (level.as_object_mut(), advisories.is_empty()) {
            members.insert("advisoryIDs".to_owned(), json!(advisories));
        }
        level
    }

    fn qe_identity(&self, (issued, next): (Timestamp, Timestamp)) -> Value {
        let signer: String = self.signer.iter().map(|byte| format!("{byte:02X}")).collect();
        json!({
            "id": self.qe_id,
            "version": 2,
            "issueDate": issued,
            "nextUpdate": next,
            "tcbEvaluationDataNumber": 18,
            "miscselect": "00000000",
            "miscselectMask": "FFFFFFFF",
            "attributes": "11000000000000000000000000000000",
            "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
            "mrsigner": signer,
            "isvprodid": self.product,
            "tcbLevels": [
                { "tcb": { "isvsvn": 6 }, "tcbDate": "2025-05-14T00:00:00Z", "tcbStatus": "UpToDate" },
                { "tcb": { "isvsvn": 4 }, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": "OutOfDate",
                  "advisoryIDs": ["INTEL-SA-00615"] },
            ],
        })
    }
}

fn module() -> Value {
    json!({
        "mrsigner": "00".repeat(48),
        "attributes": "0000000000000000",
        "attributesMask": "FFFFFFFFFFFFFFFF",
    })
}

fn identities() -> Value {
    let mut identity = module();
    if let Some(members) = identity.as_object_mut() {
        members.insert("id".to_owned(), json!("TDX_01"));
        let levels = json!([
            { "tcb": { "isvsvn": 5 }, "tcbDate": "2025-05-14T00:00:00Z", "tcbStatus": "UpToDate" },
            { "tcb": { "isvsvn": 2 }, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": "OutOfDate",
              "advisoryIDs": ["INTEL-SA-01192"] },
        ]);
        members.insert("tcbLevels".to_owned(), levels);
    }
    json!([identity])
}

fn header(version: u16, tee: u32) -> Vec<u8> {
    [
        version.to_le_bytes().as_slice(),
        &2_u16.to_le_bytes(),
        &tee.to_le_bytes(),
        &[0; 4],
        &INTEL,
        &[0x20; 20],
    ]
    .concat()
}

/// 584 bytes: `sgx_report2_body_t`.
fn td_report() -> Vec<u8> {
    [
        TEE_TCB_SVN.as_slice(),
        &[0x11; 48],                    // MRSEAM
        &[0; 48],                       // MRSIGNERSEAM
        &[0; 8],                        // SEAMATTRIBUTES
        &0x1000_0000_u64.to_le_bytes(), // ATTRIBUTES: SEPT_VE_DISABLE
        &0x6_00e7_u64.to_le_bytes(),    // XFAM
        &[0x22; 48],                    // MRTD
        &[0x33; 48],                    // MRCONFIGID
        &[0x44; 48],                    // MROWNER
        &[0x55; 48],                    // MROWNERCONFIG
        &[0xa0; 48],
        &[0xa1; 48],
        &[0xa2; 48],
        &[0xa3; 48],
        &[0x66; 64], // REPORTDATA
    ]
    .concat()
}

/// 384 bytes: REPORTBODY of an enclave that cannot be debugged, of version 6.
fn enclave_report(signer: &[u8], product: u16) -> Vec<u8> {
    [
        CPU_SVN.as_slice(),
        &[0; 32], // MISCSELECT, ISVEXTPRODID
        &[0x11],  // ATTRIBUTES: INIT, PROVISIONKEY
        &[0; 15],
        &[0x88; 32], // MRENCLAVE
        &[0; 32],
        signer,
        &[0; 96],
        &product.to_le_bytes(),
        &6_u16.to_le_bytes(), // ISVSVN
        &[0; 60],
        &[0x66; 64], // REPORTDATA
    ]
    .concat()
}

const CPU_SVN: [u8; 16] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Module of version 1, ISVSVN 5.
const TEE_TCB_SVN: [u8; 16] = [5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const FMSPC: [u8; 6] = [0x10, 0xa0, 0x6f, 0, 0, 0];
const INTEL: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];
/// MRSIGNER of Intel's quoting enclaves.
const SGX_SIGNER: [u8; 32] = [
    0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a,
    0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff,
];
const TDX_SIGNER: [u8; 32] = [
    0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
    0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5,
];
