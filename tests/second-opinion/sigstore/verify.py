"""What PyPI's sigstore says of the log entries and time stamps of bundles that the tests made.

verify.py FILE: the same FILE and the same answer as verify.cjs. sigstore for Python verifies bundles that
are signed with certificates only, so of ours it judges what does not depend on the signer: the form, each
log entry (inclusion, checkpoint, promise) and each time stamp, by the parts that its verifier is made of.
"""

import json
import pathlib
import platform
import sys
import tempfile
import types

import sigstore
from rfc3161_client import decode_timestamp_response
from sigstore._internal.trust import KeyringPurpose
from sigstore.models import TransparencyLogEntry, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.bundle.v1 import Bundle


def trusted_root(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trusted_root.json"
        path.write_text(text)
        return TrustedRoot.from_file(str(path))


def signature(bundle):
    if bundle.message_signature is not None:
        return bundle.message_signature.signature
    return bundle.dsse_envelope.signatures[0].sig


def verify(case):
    root = trusted_root(case["root"])
    bundle = Bundle.from_json(case["bundle"])
    material = bundle.verification_material
    for entry in material.tlog_entries or []:
        TransparencyLogEntry(entry)._verify(root.rekor_keyring(KeyringPurpose.VERIFY))
    if not material.tlog_entries:
        raise ValueError("no log entry")
    data = material.timestamp_verification_data
    stamps = (data.rfc3161_timestamps if data else None) or []
    for stamp in stamps:
        response = decode_timestamp_response(stamp.signed_timestamp)
        # A whole verifier asks for certificate authorities, which a log of our own does not have.
        verifier = types.SimpleNamespace(_trusted_root=root)
        if Verifier._verify_signed_timestamp(verifier, response, signature(bundle)) is None:
            raise ValueError("time stamp not verified")
    if not stamps:
        raise ValueError("no time stamp")


def judge(case):
    try:
        verify(case)
    except Exception as error:  # noqa: BLE001: whatever it throws is its refusal
        return [case["name"], type(error).__name__, str(error)[:300]]
    return [case["name"], "accepted", ""]


def main():
    cases = json.loads(pathlib.Path(sys.argv[1]).read_text())["cases"]
    answer = {"version": sigstore.__version__, "runtime": platform.python_version()}
    print(json.dumps(answer | {"verdicts": [judge(case) for case in cases]}))


main()
