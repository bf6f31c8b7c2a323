"""Judges responses with PyPI's rfc3161-client.

In a folder: for each case N.tsr, N.root.pem and N.beside.pem; digest (hex), nonce (hex) and policy are arguments. Prints a line
for each: N, a tab, `accepted` or the error.
"""

import pathlib
import re
import sys

import cryptography.x509 as x509
import rfc3161_client as client


def certificates(path):
    text = path.read_bytes()
    return x509.load_pem_x509_certificates(text) if text else []


def judge(folder, case):
    response = client.decode_timestamp_response((folder / f"{case}.tsr").read_bytes())
    digest, nonce, policy = sys.argv[2:5]
    beside = certificates(folder / f"{case}.beside.pem")
    # The signer's certificate comes last, and is to be named apart.
    verifier = client.VerifierBuilder(
        policy_id=x509.ObjectIdentifier(policy),
        nonce=int(nonce, 16),
        roots=certificates(folder / f"{case}.root.pem"),
        intermediates=beside[:-1],
        tsa_certificate=beside[-1] if beside else None,
    ).build()
    verifier.verify(response, bytes.fromhex(digest))


folder = pathlib.Path(sys.argv[1])
for case in sorted(int(path.stem) for path in folder.glob("*.tsr")):
    try:
        judge(folder, case)
        said = "accepted"
    except BaseException as error:  # a panic of its Rust part is no Exception
        said = f"{type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")
        # Of OpenSSL's errors the reasons, not the lines of its source.
        reasons = re.findall(r'reason: "([^"]*)"(?:[^{}]*data: "([^"]*)")?', said)
        if reasons:
            said = said.split("ErrorStack")[0] + "; ".join(": ".join(filter(None, one)) for one in reasons)
    print(case, said, sep="\t")
