#!/usr/bin/env python3
"""A second opinion on SEV-SNP reports, written from AMD 56860 and AMD 57230 and nothing else.

Reads a JSON list of cases on standard input and prints a JSON list of verdicts, each
{"refused": code} or {"findings": [code, ...]}. A case has "report", "vek", "ask", "ark" (base64;
the root is the caller's choice, never the evidence's), "at" (RFC 3339) and, for a decision,
"expected" with "measurement", "host_data", "report_data" (hexadecimal) and "providers". Codes are those of
docs/evidence-snp.md, without "evidence.". Revocation lists are not looked at.

    python3 snp.py minimum-tcb.toml < cases.json
"""

import base64
import datetime
import json
import struct
import sys
import tomllib
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

EMULATED = "emulated, not confidential"
PSS = "1.2.840.113549.1.1.10"
AMD = "1.3.6.1.4.1.3704.1"
COMPONENTS = {"bootloader": 1, "tee": 2, "snp": 3, "microcode": 8, "fmc": 9}


class Refused(Exception):
    """The one check that failed."""


def need(right, code):
    if not right:
        raise Refused(code)


# Reports: AMD 56860, table "ATTESTATION_REPORT Structure".

LAYOUT = [
    ("version", "<I"), ("guest_svn", "<I"), ("policy", "<Q"), ("family_id", "16s"),
    ("image_id", "16s"), ("vmpl", "<I"), ("signature_algo", "<I"), ("current_tcb", "8s"),
    ("platform_info", "<Q"), ("key_info", "<I"), ("reserved", "4s"), ("report_data", "64s"),
    ("measurement", "48s"), ("host_data", "32s"), ("id_key_digest", "48s"),
    ("author_key_digest", "48s"), ("report_id", "32s"), ("report_id_ma", "32s"),
    ("reported_tcb", "8s"), ("cpuid", "3s"), ("reserved", "21s"), ("chip_id", "64s"),
    ("committed_tcb", "8s"), ("current_version", "3s"), ("reserved", "1s"),
    ("committed_version", "3s"), ("reserved", "1s"), ("launch_tcb", "8s"),
    ("mitigations", "16s"), ("reserved", "152s"), ("r", "48s"), ("reserved", "24s"),
    ("s", "48s"), ("reserved", "24s"), ("reserved", "368s"),
]


def parse_report(data):
    need(len(data) == sum(struct.calcsize(form) for _, form in LAYOUT) == 1184, "malformed")
    need(2 <= struct.unpack_from("<I", data)[0] <= 5, "report-version")
    report, offset = {"signed": data[:0x2A0]}, 0
    for name, form in LAYOUT:
        (value,) = struct.unpack_from(form, data, offset)
        offset += struct.calcsize(form)
        if name == "reserved":
            need(not any(value), "malformed")
        report[name] = value
    need(report["policy"] >> 17 & 1 and not report["policy"] >> 26, "malformed")
    need(not report["key_info"] >> 5, "malformed")
    need(report["version"] >= 5 or not any(report["mitigations"]), "malformed")
    need(report["version"] >= 3 or not any(report["cpuid"]), "malformed")
    return report


def tcb(raw, generation):
    """TCB_VERSION, whose layout Turin changed."""
    if generation == "Turin":
        names, used = ["fmc", "bootloader", "tee", "snp", "microcode"], [0, 1, 2, 3, 7]
    else:
        names, used = ["bootloader", "tee", "snp", "microcode"], [0, 1, 6, 7]
    need(not any(byte for at, byte in enumerate(raw) if at not in used), "malformed")
    return {name: raw[at] for name, at in zip(names, used)}


def generation_of(cpuid):
    family, model, _ = cpuid
    if family == 0x19:
        if model <= 0x0F:
            return "Milan"
        if 0x10 <= model <= 0x1F or 0xA0 <= model <= 0xAF:
            return "Genoa"
    if family == 0x1A and model <= 0x11:
        return "Turin"
    return None


# Certificates: RFC 5280 and AMD 57230.


def parse_certificate(der):
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Each of these is decoded when it is first asked for.
        _ = certificate.extensions, certificate.issuer, certificate.subject
        _ = valid(certificate), certificate.public_key(), certificate.signature
    except Exception:  # the library raises many kinds, all of which mean the same
        raise Refused("malformed") from None
    need(certificate.version is x509.Version.v3, "malformed")
    # RFC 5280 §4.1.1.2: the algorithm is the same inside and outside of what is signed.
    content = certificate.tbs_certificate_bytes
    algorithm = der[der.index(content) + len(content):]
    need(algorithm[: 2 + algorithm[1]] in content, "malformed")
    return certificate


def valid(certificate):
    try:
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except AttributeError:  # before version 42
        utc = datetime.timezone.utc
        pair = certificate.not_valid_before, certificate.not_valid_after
        return tuple(moment.replace(tzinfo=utc) for moment in pair)


def issued(issuer, certificate):
    """By name, and by RSASSA-PSS with SHA-384."""
    if certificate.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    if certificate.signature_algorithm_oid.dotted_string != PSS:
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    signature, content = certificate.signature, certificate.tbs_certificate_bytes
    # Whole bytes: the BIT STRING's first byte counts unused bits, which the library does not tell.
    der = certificate.public_bytes(serialization.Encoding.DER)
    if der[-len(signature) - 1] != 0:
        return False
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    try:
        key.verify(signature, content, scheme, hashes.SHA384())
    except InvalidSignature:
        return False
    return True


def known_critical(certificate):
    known = [x509.BasicConstraints.oid, x509.KeyUsage.oid]
    return all(e.oid in known for e in certificate.extensions if e.critical)


def authority(certificate):
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def common_name(certificate):
    """Without what marks every certificate under an emulated root."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return names[0].value.removesuffix(" " + EMULATED) if len(names) == 1 else None


def says_emulated(certificate):
    attributes = [*certificate.subject, *certificate.issuer]
    return any(EMULATED in attribute.value for attribute in attributes)


def extension(certificate, arc):
    """The DER of AMD's extension; None if it is not there."""
    oid = x509.ObjectIdentifier(f"{AMD}.{arc}")
    try:
        return certificate.extensions.get_extension_for_oid(oid).value.value
    except x509.ExtensionNotFound:
        return None


def integer(der):
    """A DER integer from 0 to 255."""
    if der is None:
        return None
    need(len(der) >= 3 and der[0] == 2 and der[1] == len(der) - 2, "malformed")
    number = int.from_bytes(der[2:], "big", signed=True)
    shortest = len(der) == 3 or (len(der) == 4 and der[2] == 0 and der[3] >= 0x80)
    need(shortest and 0 <= number <= 255, "malformed")
    return number


def chain(case):
    """Root, kind of key and the key's certificate, if one leads to the other."""
    vek, ask = parse_certificate(case["vek"]), parse_certificate(case["ask"])
    ark = x509.load_der_x509_certificate(case["ark"])
    if ask.issuer != ark.subject:
        raise Refused("emulated-platform" if says_emulated(vek) or says_emulated(ask) else "unknown-root")
    need(issued(ark, ask) and authority(ask) and known_critical(ask), "chain")
    need(issued(ask, vek) and known_critical(vek), "chain")
    generation = common_name(ark).removeprefix("ARK-")
    names = {f"SEV-{generation}": "SEV-VCEK", f"SEV-VLEK-{generation}": "SEV-VLEK"}
    kind = common_name(vek)
    need(kind is not None and names.get(common_name(ask)) == kind, "chain")
    provider = provider_of(vek) if kind == "SEV-VLEK" else None
    return generation, kind, provider, vek, [ark, ask, vek]


def provider_of(vek):
    """To whom AMD lent the key."""
    der = extension(vek, 5)
    need(der is not None and der[:1] == b"\x16" and der[1] == len(der) - 2, "malformed")
    need(0 < len(der) - 2 <= 128 and all(32 <= byte < 127 for byte in der[2:]), "malformed")
    return der[2:].decode()


def endorses(vek, kind, generation, report):
    key_info = report["key_info"]
    named = {0: "SEV-VCEK", 1: "SEV-VLEK"}.get(key_info >> 2)
    need(not key_info & 2 and named == kind, "signing-key")
    # A chip's certificate names no provider and a provider's no chip.
    need(extension(vek, 5 if kind == "SEV-VCEK" else 4) is None, "signing-key")
    product = extension(vek, 2)
    need(product is not None and product[0] == 0x16 and product[1] == len(product) - 2, "malformed")
    need(product[2:].split(b"-")[0] == generation.encode(), "product")
    if report["version"] >= 3:
        need(generation_of(report["cpuid"]) == generation, "product")
    value = extension(vek, 4)
    need(kind == "SEV-VLEK" or value is not None, "malformed")
    if kind == "SEV-VCEK" and any(report["chip_id"]):
        length = 8 if generation == "Turin" else 64
        if len(value) != length:
            need(value[:1] == b"\x04" and value[1] == len(value) - 2, "malformed")
            value = value[2:]
        need(value == report["chip_id"][:length] and not any(report["chip_id"][length:]), "chip-id")
    reported = tcb(report["reported_tcb"], generation)
    for name, arc in COMPONENTS.items():
        need(integer(extension(vek, f"3.{arc}")) == reported.get(name), "tcb-mismatch")
    for arc in range(4, 8):
        need(integer(extension(vek, f"3.{arc}")) in (None, 0), "tcb-mismatch")


def signed(vek, report):
    need(report["signature_algo"] == 1, "signature-algorithm")
    key = vek.public_key()
    need(isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1", "signature")
    numbers = (int.from_bytes(report[name], "little") for name in "rs")
    try:
        signature = utils.encode_dss_signature(*numbers)
        key.verify(signature, report["signed"], ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        raise Refused("signature") from None


# What is asked of authentic evidence.


def at_least(one, other):
    return all(one[name] >= other[name] for name in other)


def findings(report, generation, kind, certificates, at, floors):
    versions = {
        name: tcb(report[f"{name}_tcb"], generation)
        for name in ("reported", "committed", "current", "launch")
    }
    for certificate in certificates:
        first, last = valid(certificate)
        if at < first:
            yield "not-yet-valid"
            break
        if at > last:
            yield "expired"
            break
    if report["policy"] >> 19 & 1:
        yield "debug-enabled"
    if report["policy"] >> 18 & 1:
        yield "migration-agent"
    if report["vmpl"] != 0:
        yield "vmpl"
    in_order = at_least(versions["committed"], versions["reported"])
    if not in_order or not at_least(versions["current"], versions["committed"]):
        yield "rollback"
    if not report["platform_info"] >> 5 & 1:
        yield "alias-check"
    if kind == "SEV-VCEK" and not any(report["chip_id"]):
        yield "chip-id-masked"
    floor = floors.get(report["cpuid"]) if report["version"] >= 3 else None
    current = floor and all(at_least(versions[name], floor) for name in ("reported", "launch"))
    if not current:
        yield "tcb-floor"


def decide(case, floors):
    report = parse_report(case["report"])
    generation, kind, provider, vek, certificates = chain(case)
    endorses(vek, kind, generation, report)
    signed(vek, report)
    found = list(findings(report, generation, kind, certificates, case["at"], floors))
    expected = case.get("expected")
    if expected is not None:
        need(report["version"] >= 3, "report-version")
        for code in found:
            raise Refused(code)
        for name in ("measurement", "host_data", "report_data"):
            need(report[name].hex() == expected[name], name.replace("_", "-"))
        need(provider is None or provider in expected["providers"], "provider-not-allowed")
    return found


def opinion(case, floors):
    for name in ("report", "vek", "ask", "ark"):
        case[name] = base64.b64decode(case[name])
    case["at"] = datetime.datetime.fromisoformat(case["at"])
    try:
        return {"findings": decide(case, floors)}
    except Refused as refused:
        return {"refused": refused.args[0]}


def read_floors(path):
    with open(path, "rb") as file:
        rows = tomllib.load(file)["processor"]
    cpuid = ("family", "model", "stepping")
    return {bytes(row["cpuid"][name] for name in cpuid): row["minimum"] for row in rows}


def main():
    warnings.simplefilter("ignore")  # AMD's serial numbers are 0
    floors = read_floors(sys.argv[1])
    json.dump([opinion(case, floors) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
