//! What stands after the options in `--help`.

/// Of `evidence fetch`.
pub(super) const FETCH: &str = "Examples:
  cloister evidence fetch --kind snp --input report.bin --cache cache
  cloister evidence fetch --kind tdx --input quote.dat --cache cache --pcs https://pccs.example.org:8081
  cloister evidence fetch --lists milan,genoa,turin,intel --cache cache --json

Then, without a network:
  cloister evidence inspect --kind snp --input report.bin --cache cache";

/// Of `evidence inspect`.
pub(super) const INSPECT: &str = "Examples:
  cloister evidence inspect --kind snp --input report.bin --certs vcek.der --at 2026-11-20T12:00:00Z
  cloister evidence inspect --kind snp --input evidence.json --crl milan.crl --profile archive --json
  cloister evidence inspect --kind tdx --input quote.dat --collateral tcbInfo.json \\
      --collateral qeIdentity.json --crl root.crl --crl pck.crl --at 2026-11-20T12:00:00Z
  cloister evidence inspect --kind tdx --input quote.dat --cache cache
  cloister evidence inspect --kind nvidia-gpu --input report.txt --certs chain.pem --collateral vbios.xml";

/// Of `evidence verify`: docs/cli.md has the same, and a test compares them.
pub(super) const VERIFY: &str = "Example:
  cloister evidence verify --kind snp --input evidence.json --crl milan.crl --expect expect.toml

What is expected:
  measurements = [\"…\"]     # 96 hexadecimal digits each, as printed by `measure snp`
  host_data = \"sha256:…\"   # digest of the launch manifest
  report_data = \"…\"        # 128 hexadecimal digits
  chips = \"any\"            # or a list of chip ids
  floors = \"minimum-tcb.toml\" # optional: stricter or newer than the built-in ones
  [rules.guest]              # optional: all of [rules] as [platform] in docs/cloister.toml

What is expected of a TDX guest; identities in hexadecimal, attributes as 0x…:
  measurements = [\"…\"]     # MRTD
  rtmrs = [\"…\", \"…\", \"…\", \"…\"]
  mrconfigid, mrowner, mrownerconfig, report_data, td_attributes, xfam
  modules = \"any\"          # or a list of MRSEAM
  families = \"any\"         # or a list of FMSPC
  platforms = \"any\"        # or a list of PPID
  tcb = \"minimum-tcb-intel.toml\" # optional: stricter or newer than the built-in one

What is expected of a machine on Azure (az-snp-vtpm), whose processor binds the claims of the TPM:
  measurements, host_data, chips, floors as above, and instead of report_data
  nonce = \"…\"              # hexadecimal: what the TPM's quote was asked for with
  pcrs = [[\"…\", …]]        # sets of 24 SHA-256 values, PCR 0 to 23; one set must match
For az-tdx-vtpm nonce and pcrs stand beside what a TDX guest has, again instead of report_data

What is expected of an SGX enclave; identities in hexadecimal as `evidence inspect` prints them:
  mrenclaves = \"any\"       # or a list of MRENCLAVE
  mrsigners = [\"…\"]        # MRSIGNER, at least one
  isv_prod_id = 1          # exactly
  isv_svn = 3              # at least, as config_svn = 0
  attributes = \"…\", attributes_mask = \"…\" # compared where the mask is 1
  isv_ext_prod_id, isv_family_id, config_id, misc_select, report_data # exactly
  families, platforms, tcb # as for a TDX guest

What is expected of GPUs; both reference manifests are given as --collateral:
  nonce = \"…\"              # 64 hexadecimal digits that the report was asked for with
  architecture = \"hopper\"  # or \"blackwell\"
  devices = \"any\"          # or a list of device numbers
  protected_pcie = \"disabled\" # or \"enabled\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_help_say_the_same() {
        let page = include_str!("../../../../../docs/cli.md");
        let (_, expected) = VERIFY.split_once("\n\n").unwrap();
        assert!(page.contains(expected), "docs/cli.md must hold:\n{expected}");
    }
}
