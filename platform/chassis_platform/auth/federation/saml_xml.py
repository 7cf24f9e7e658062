"""XML of SAML 2.0, read without what makes XML dangerous, and signatures on it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from chassis_platform.auth.federation.oidc import NotBelievedError

PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA, SIGNATURE = "urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION, ENCRYPTION_11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
LARGEST_MESSAGE = 256 * 1024
NAMES = {"p": PROTOCOL, "a": ASSERTION, "ds": SIGNATURE, "xenc": ENCRYPTION, "xenc11": ENCRYPTION_11}

_HOW = SignatureConfiguration(
    location="./",
    signature_methods=frozenset(
        {
            SignatureMethod.RSA_SHA256,
            SignatureMethod.RSA_SHA384,
            SignatureMethod.RSA_SHA512,
            SignatureMethod.ECDSA_SHA256,
            SignatureMethod.ECDSA_SHA384,
        }
    ),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
    expect_references=1,
)


def decoded(encoded: str) -> bytes:
    """What came as base64."""
    if len(encoded) > LARGEST_MESSAGE:
        raise NotBelievedError("the message is too large")
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error as error:
        raise NotBelievedError("the message is no base64") from error


def parsed(text: bytes) -> etree._Element:
    """XML without what makes XML dangerous: no document type, no entities, no comments that split a text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotBelievedError("the message is no XML") from error
    if b"<!DOCTYPE" in text or root.getroottree().docinfo.internalDTD is not None:
        raise NotBelievedError("the message has a document type")
    if any(not isinstance(each.tag, str) for each in root.iter()):
        raise NotBelievedError("the message has comments or instructions in it")
    return root


def signed_by(certificates: Sequence[str], element: etree._Element, what: str) -> etree._Element:
    """The element as the bytes that were signed say it: by one of the certificates, itself, once."""
    signatures = list(element.iter(f"{{{SIGNATURE}}}Signature"))
    if len(element.findall("ds:Signature", NAMES)) != 1 or len(signatures) != 1:
        raise NotBelievedError(f"the {what} must be signed itself, once")
    alone = etree.tostring(element, with_tail=False)
    for certificate in certificates:
        signed = _verified(alone, certificate)
        if signed is None:
            continue
        if signed.tag != element.tag or signed.get("ID") != element.get("ID"):
            raise NotBelievedError(f"the signature covers something else than the {what}")
        return signed
    raise NotBelievedError(f"the {what}'s signature is not the provider's")


def _verified(text: bytes, certificate: str) -> etree._Element | None:
    try:
        result: Any = XMLVerifier().verify(text, x509_cert=certificate, expect_config=_HOW, id_attribute="ID")
    except (SignXMLException, InvalidInput, ValueError, etree.LxmlError):
        return None
    found = result[0] if isinstance(result, list) else result
    return None if found.signed_data is None else parsed(found.signed_data)


def text_at(element: etree._Element, path: str) -> str:
    """The text of the element at a path; empty where there is none, or more than text."""
    found = element.find(path, NAMES)
    return "" if found is None or len(found) else (found.text or "").strip()


def moment_of(element: etree._Element, name: str) -> datetime | None:
    """The time in an attribute."""
    text = element.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotBelievedError(f"{name} is no time") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def said_moment(moment: datetime) -> str:
    """A time as SAML writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
