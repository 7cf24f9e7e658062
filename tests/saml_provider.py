"""A small SAML provider for tests: real keys and signatures, and whatever lies a test wants it to tell."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner

ENTITY = "https://idp.example/saml"
SIGN_IN = "https://idp.example/sso"
SIGN_OUT = "https://idp.example/slo"
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
            f'<saml:AuthnStatement AuthnInstant="{moment()}" SessionIndex="s-1"><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>"
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


XENC, XENC11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
GCM, CBC = f"{XENC11}aes256-gcm", f"{XENC}aes256-cbc"


def encrypted(
    inside: etree._Element, certificate: str, tag: str = "EncryptedAssertion", how: str = GCM
) -> etree._Element:
    """The element, sealed for whoever has the certificate's key."""
    text, key, start = etree.tostring(inside), secrets.token_bytes(32), secrets.token_bytes(16)
    if how == GCM:
        sealed = start[:12] + AESGCM(key).encrypt(start[:12], text, None)
    else:
        padding = 16 - len(text) % 16
        encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
        sealed = start + encryptor.update(text + bytes(padding - 1) + bytes([padding])) + encryptor.finalize()
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    sealed_key = public.encrypt(key, OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303  as most providers
    return etree.fromstring(
        f'<saml:{tag} xmlns:saml="{A}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{how}"/><ds:KeyInfo xmlns:ds="{NAMES["ds"]}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/><xenc:CipherData><xenc:CipherValue>'
        f"{base64.b64encode(sealed_key).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedData></saml:{tag}>"
    )


def logout_request(at: str, name: str, index: str | None = "s-1", **attributes: str) -> etree._Element:
    """The provider asks us to sign somebody out."""
    indexes = "" if index is None else f"<samlp:SessionIndex>{index}</samlp:SessionIndex>"
    root = etree.fromstring(
        f'<samlp:LogoutRequest xmlns:samlp="{P}" xmlns:saml="{A}" ID="_{secrets.token_hex(8)}" Version="2.0"'
        f' IssueInstant="{moment()}" Destination="{at}" NotOnOrAfter="{moment(minutes=5)}">'
        f"<saml:Issuer>{ENTITY}</saml:Issuer><saml:NameID>{name}</saml:NameID>{indexes}</samlp:LogoutRequest>"
    )
    for each, value in attributes.items():
        root.set(each, value)
    return root


def logout_response(at: str, request_id: str, status: str = "Success") -> etree._Element:
    """The provider's answer to our request."""
    return etree.fromstring(
        f'<samlp:LogoutResponse xmlns:samlp="{P}" xmlns:saml="{A}" ID="_{secrets.token_hex(8)}" Version="2.0"'
        f' IssueInstant="{moment()}" Destination="{at}" InResponseTo="{request_id}"><saml:Issuer>{ENTITY}</saml:Issuer>'
        f'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>'
        "</samlp:LogoutResponse>"
    )


def in_address(kind: str, root: etree._Element, relay: str, key: RSAPrivateKey) -> str:
    """The query of a message that is signed in its address."""
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(etree.tostring(root)) + packer.flush()).decode()
    algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    query = urlencode({kind: packed, "RelayState": relay, "SigAlg": algorithm})
    signature = key.sign(query.encode(), PKCS1v15(), hashes.SHA256())
    return f"{query}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"


def read_address(address: str, kind: str, certificate: str) -> etree._Element:
    """A message of ours, once its signature is seen to be by our certificate's key."""
    query = urlsplit(address).query
    signed, _, signature = query.partition("&Signature=")
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(base64.b64decode(unquote(signature)), signed.encode(), PKCS1v15(), hashes.SHA256())
    return etree.fromstring(zlib.decompress(base64.b64decode(parse_qs(query)[kind][0]), -15))


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
