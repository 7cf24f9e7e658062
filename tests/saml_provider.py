"""A small SAML provider for tests: real keys and signatures, and whatever lies a test wants it to tell."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner

ENTITY = "https://idp.example/saml"
SIGN_IN = "https://idp.example/sso"
P, A = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
NAMES = {"samlp": P, "saml": A, "ds": "http://www.w3.org/2000/09/xmldsig#"}


def certificate_of(key: RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True)
class Asked:
    """Our request, as the provider reads it."""

    id: str
    reply_to: str
    issuer: str
    relay: str


def read_request(address: str) -> Asked:
    query = parse_qs(urlsplit(address).query)
    root = etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
    issuer = root.findtext(f"{{{A}}}Issuer") or ""
    return Asked(str(root.get("ID")), str(root.get("AssertionConsumerServiceURL")), issuer, query["RelayState"][0])


def moment(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class SamlProvider:
    """Its key; `assertion` takes what a test wants to be otherwise."""

    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))

    @property
    def certificate(self) -> str:
        return certificate_of(self.key)

    def assertion(self, asked: Asked, subject: str, attributes: dict[str, list[str]], **other: Any) -> etree._Element:
        said = {
            "issuer": ENTITY,
            "audience": asked.issuer,
            "recipient": asked.reply_to,
            "request": asked.id,
            "ends": moment(minutes=5),
            "starts": moment(minutes=-1),
            "id": f"_{secrets.token_hex(16)}",
            "format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            **other,
        }
        named = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{each}</saml:AttributeValue>" for each in values)
            + "</saml:Attribute>"
            for name, values in attributes.items()
        )
        return etree.fromstring(
            f'<saml:Assertion xmlns:saml="{A}" ID="{said["id"]}" Version="2.0" IssueInstant="{moment()}">'
            f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
            f'<saml:Subject><saml:NameID Format="{said["format"]}">{subject}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData'
            f' NotOnOrAfter="{said["ends"]}" Recipient="{said["recipient"]}" InResponseTo="{said["request"]}"/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{said["starts"]}" NotOnOrAfter="{said["ends"]}"><saml:AudienceRestriction>'
            f"<saml:Audience>{said['audience']}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{moment()}"><saml:AuthnContext><saml:AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
            f"</saml:AuthnStatement><saml:AttributeStatement>{named}</saml:AttributeStatement></saml:Assertion>"
        )

    def signed(self, element: etree._Element, *, weak: bool = False) -> etree._Element:
        how = {"signature_algorithm": "rsa-sha256", "digest_algorithm": "sha256"}
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
            **how,
        )
        key = generate_private_key(65537, 2048) if weak else self.key
        found: etree._Element = signer.sign(
            element, key=key, cert=certificate_of(key), reference_uri=str(element.get("ID"))
        )
        return found


def response(asked: Asked, *inside: etree._Element, **attributes: str) -> etree._Element:
    root = etree.fromstring(
        f'<samlp:Response xmlns:samlp="{P}" xmlns:saml="{A}" ID="_{secrets.token_hex(8)}" Version="2.0"'
        f' IssueInstant="{moment()}" Destination="{asked.reply_to}" InResponseTo="{asked.id}">'
        f"<saml:Issuer>{ENTITY}</saml:Issuer><samlp:Status><samlp:StatusCode"
        ' Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>'
    )
    for name, value in attributes.items():
        root.set(name, value)
    root.extend(inside)
    return root


def encoded(root: etree._Element | bytes) -> str:
    text = root if isinstance(root, bytes) else etree.tostring(root)
    return base64.b64encode(text).decode()
