"""The HTTP redirect binding: messages in an address, signed over the very characters that are sent (Bindings 3.4)."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.saml_xml import LARGEST_MESSAGE, decoded, parsed

REQUEST, RESPONSE = "SAMLRequest", "SAMLResponse"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{_MORE}rsa-sha256"
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a provider signed: which of the two it is, what it says, and our state that came with it."""

    kind: str
    root: etree._Element
    relay: str


def packed(document: etree._Element) -> str:
    """A document, deflated and encoded."""
    packer = zlib.compressobj(wbits=-15)
    return base64.b64encode(packer.compress(etree.tostring(document)) + packer.flush()).decode()


def redirect_address(
    url: str, kind: str, document: etree._Element, relay: str, key: RSAPrivateKey | None = None
) -> str:
    """Where the browser goes with a message of ours; signed where there is a key."""
    query = urlencode({kind: packed(document), **({"RelayState": relay} if relay else {})})
    if key is not None:
        query = f"{query}&{urlencode({'SigAlg': RSA_SHA256})}"
        signature = key.sign(query.encode(), PKCS1v15(), hashes.SHA256())
        query = f"{query}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"
    return f"{url}{'&' if '?' in url else '?'}{query}"


def read_redirect(query: str, certificates: Sequence[str]) -> Message:
    """The message in an address's query; raises NotBelievedError unless one of the certificates signed it."""
    sent = _sent(query)
    [kind] = [each for each in (REQUEST, RESPONSE) if each in sent] or [""]
    if not kind or not {"SigAlg", "Signature"} <= sent.keys():
        raise NotBelievedError("there is no signed message in the address")
    signed = "&".join(f"{name}={sent[name]}" for name in (kind, "RelayState", "SigAlg") if name in sent)
    signature = decoded(unquote_plus(sent["Signature"]))
    algorithm = unquote_plus(sent["SigAlg"])
    if not any(_is_signed(each, algorithm, signature, signed.encode()) for each in certificates):
        raise NotBelievedError("the message's signature is not the provider's")
    return Message(kind, parsed(_unpacked(unquote_plus(sent[kind]))), unquote_plus(sent.get("RelayState", "")))


def _sent(query: str) -> Mapping[str, str]:
    """The parameters with their values as they were sent: the signature is over those."""
    pairs = [each.partition("=") for each in query.split("&")]
    found = {name: value for name, _, value in pairs}
    if len(found) != len(pairs) or (REQUEST in found and RESPONSE in found) or len(query) > LARGEST_MESSAGE:
        raise NotBelievedError("the address holds a parameter twice, or two messages, or too much")
    return found


def _unpacked(encoded: str) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        text = unpacker.decompress(decoded(encoded), LARGEST_MESSAGE)
    except (zlib.error, binascii.Error) as error:
        raise NotBelievedError("the message is not deflated") from error
    if not unpacker.eof:
        raise NotBelievedError("the message is too large")
    return text


def _is_signed(certificate: str, algorithm: str, signature: bytes, text: bytes) -> bool:
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    kind, _, name = algorithm.removeprefix(_MORE).partition("-")
    hashed = _HASHES.get(name) if algorithm.startswith(_MORE) else None
    try:
        if hashed is not None and kind == "rsa" and isinstance(key, RSAPublicKey):
            key.verify(signature, text, PKCS1v15(), hashed)
            return True
        if hashed is not None and kind == "ecdsa" and isinstance(key, EllipticCurvePublicKey):
            key.verify(_as_der(signature), text, ECDSA(hashed))
            return True
    except InvalidSignature:
        return False
    return False


def _as_der(signature: bytes) -> bytes:
    """XML signatures write both numbers side by side."""
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
