"""XML Encryption as SAML uses it: what a provider sealed with our certificate's key (xmlenc-core1).

Whatever is wrong with what is sealed, the answer is one and the same: nobody learns of it what stands inside.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.saml_xml import ENCRYPTION, ENCRYPTION_11, NAMES, SIGNATURE, parsed

OAEP_11, OAEP_MGF1P = f"{ENCRYPTION_11}rsa-oaep", f"{ENCRYPTION}rsa-oaep-mgf1p"
AES_256_GCM = f"{ENCRYPTION_11}aes256-gcm"
#: Bytes of the key. GCM proves that nothing was changed.
_GCM = {f"{ENCRYPTION_11}aes128-gcm": 16, f"{ENCRYPTION_11}aes192-gcm": 24, AES_256_GCM: 32}
#: CBC does not: who may send what they like, often, could learn of the answers what stands inside. By consent only.
_CBC = {f"{ENCRYPTION}aes128-cbc": 16, f"{ENCRYPTION}aes192-cbc": 24, f"{ENCRYPTION}aes256-cbc": 32}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    f"{SIGNATURE}sha1": hashes.SHA1(),  # noqa: S303  of OAEP, where collisions do no harm; RFC 8017 and most providers
    f"{ENCRYPTION}sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    f"{ENCRYPTION}sha512": hashes.SHA512(),
}
_MASKS: dict[str, hashes.HashAlgorithm] = {
    f"{ENCRYPTION_11}mgf1sha1": hashes.SHA1(),  # noqa: S303  as above
    f"{ENCRYPTION_11}mgf1sha256": hashes.SHA256(),
    f"{ENCRYPTION_11}mgf1sha384": hashes.SHA384(),
    f"{ENCRYPTION_11}mgf1sha512": hashes.SHA512(),
}
_NONCE, _BLOCK, _MOST_KEYS = 12, 16, 8


@dataclass(frozen=True, slots=True)
class Opener:
    """What we open with: our keys, the newest first; `takes_cbc` where the tenant allows it for an older provider."""

    keys: Sequence[RSAPrivateKey]
    takes_cbc: bool = False


def opened(holder: etree._Element, opener: Opener) -> etree._Element:
    """The element that an EncryptedAssertion or EncryptedID holds."""
    data = holder.find("xenc:EncryptedData", NAMES)
    if data is not None:
        ciphers = _GCM | _CBC if opener.takes_cbc else _GCM
        algorithm = _algorithm(data)
        for key in _content_keys(holder, opener.keys):
            text = _content(data, algorithm, key) if len(key) == ciphers.get(algorithm) else None
            if text is not None:
                return parsed(text)
    raise NotBelievedError("what is encrypted cannot be opened with our keys, or by an algorithm that is taken")


def _algorithm(element: etree._Element) -> str:
    method = element.find("xenc:EncryptionMethod", NAMES)
    return "" if method is None else str(method.get("Algorithm"))


def _content_keys(holder: etree._Element, keys: Sequence[RSAPrivateKey]) -> Iterator[bytes]:
    """The key of the content, as each of ours opens it."""
    for each in list(holder.iter(f"{{{ENCRYPTION}}}EncryptedKey"))[:_MOST_KEYS]:
        padding, sealed = _padding(each), _cipher_value(each)
        if padding is None:
            continue
        for key in keys:
            try:
                yield key.decrypt(sealed, padding)
            except ValueError:
                continue


def _padding(sealed_key: etree._Element) -> OAEP | None:
    method = sealed_key.find("xenc:EncryptionMethod", NAMES)
    if method is None or method.get("Algorithm") not in (OAEP_11, OAEP_MGF1P):
        return None
    digest = method.find("ds:DigestMethod", NAMES)
    mask = method.find("xenc11:MGF", NAMES) if method.get("Algorithm") == OAEP_11 else None
    hashed = hashes.SHA1() if digest is None else _DIGESTS.get(str(digest.get("Algorithm")))  # noqa: S303  as above
    masked = hashes.SHA1() if mask is None else _MASKS.get(str(mask.get("Algorithm")))  # noqa: S303  as above
    if hashed is None or masked is None or method.find("xenc:OAEPparams", NAMES) is not None:
        return None
    return OAEP(mgf=MGF1(masked), algorithm=hashed, label=None)


def _cipher_value(element: etree._Element) -> bytes:
    value = element.find("xenc:CipherData/xenc:CipherValue", NAMES)
    try:
        return base64.b64decode("".join((value.text or "").split()), validate=True) if value is not None else b""
    except binascii.Error:
        return b""


def _content(data: etree._Element, algorithm: str, key: bytes) -> bytes | None:
    sealed = _cipher_value(data)
    try:
        if algorithm in _GCM:
            return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        return _unpadded(key, sealed[:_BLOCK], sealed[_BLOCK:])
    except (InvalidTag, ValueError):
        return None


def _unpadded(key: bytes, start: bytes, sealed: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    text = decryptor.update(sealed) + decryptor.finalize()
    padding = text[-1] if text else 0
    if not 1 <= padding <= _BLOCK:
        raise ValueError(padding)
    return text[:-padding]
