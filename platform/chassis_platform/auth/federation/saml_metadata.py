"""What a SAML provider's administrator loads to know us: our addresses, and our keys (Metadata 2.4)."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from chassis_platform.auth.federation.saml import ServiceProvider
from chassis_platform.auth.federation.saml_encryption import AES_256_GCM, OAEP_MGF1P
from chassis_platform.auth.federation.saml_xml import METADATA, POST_BINDING, PROTOCOL, REDIRECT_BINDING, SIGNATURE


def metadata_document(us: ServiceProvider, certificates: Sequence[str], *, signs_requests: bool) -> bytes:
    """Our metadata: messages are signed, and assertions to be encrypted, by the newest of our certificates."""
    root = etree.Element(f"{{{METADATA}}}EntityDescriptor", nsmap={"md": METADATA, "ds": SIGNATURE})
    root.set("entityID", us.entity_id)
    descriptor = etree.SubElement(root, f"{{{METADATA}}}SPSSODescriptor")
    descriptor.set("protocolSupportEnumeration", PROTOCOL)
    descriptor.set("AuthnRequestsSigned", "true" if signs_requests else "false")
    descriptor.set("WantAssertionsSigned", "true")
    for use in ("signing", "encryption"):
        _add_key(descriptor, use, certificates[0])
    for binding in (REDIRECT_BINDING, POST_BINDING):
        _add_service(descriptor, "SingleLogoutService", binding, us.sign_out_at)
    consumer = _add_service(descriptor, "AssertionConsumerService", POST_BINDING, us.reply_to)
    consumer.set("index", "0")
    consumer.set("isDefault", "true")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_key(descriptor: etree._Element, use: str, certificate: str) -> None:
    found = etree.SubElement(descriptor, f"{{{METADATA}}}KeyDescriptor", use=use)
    info = etree.SubElement(found, f"{{{SIGNATURE}}}KeyInfo")
    data = etree.SubElement(info, f"{{{SIGNATURE}}}X509Data")
    lines = [line for line in certificate.splitlines() if line and not line.startswith("-----")]
    etree.SubElement(data, f"{{{SIGNATURE}}}X509Certificate").text = "".join(lines)
    for algorithm in (AES_256_GCM, OAEP_MGF1P) if use == "encryption" else ():
        etree.SubElement(found, f"{{{METADATA}}}EncryptionMethod", Algorithm=algorithm)


def _add_service(descriptor: etree._Element, tag: str, binding: str, location: str) -> etree._Element:
    service = etree.SubElement(descriptor, f"{{{METADATA}}}{tag}")
    service.set("Binding", binding)
    service.set("Location", location)
    return service
