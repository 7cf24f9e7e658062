"""SAML 2.0 as the service provider: the request, our metadata, and what a response must prove (Core, Profiles 4.1).

Only what the signature covers is read: the assertion is taken out of the response, verified, and parsed anew from the
very bytes that were signed. So wrapping a signed assertion into another document gains nobody anything.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from chassis_platform import clock
from chassis_platform.auth.federation.identity import LONGEST_SUBJECT, Identity, read_identity
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.redirects import with_parameters

PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA, SIGNATURE = "urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#"
POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
SKEW = timedelta(seconds=60)
LARGEST_RESPONSE = 256 * 1024

_NAMES = {"p": PROTOCOL, "a": ASSERTION, "ds": SIGNATURE}
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


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """We, towards one provider."""

    entity_id: str
    reply_to: str  # the assertion consumer service
    provider_id: str  # its entity id
    certificates: Sequence[str]  # PEM


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed assertion that holds: who it is about, and until when it must not come again."""

    id: str
    expires_at: datetime
    subject: str
    attributes: Mapping[str, Sequence[str]]

    def identity(self, attributes: Mapping[str, str], groups_name: str, subject_name: str) -> Identity:
        """In our words; the subject is the name identifier, or an attribute where the set-up says so."""
        subject = self.subject if not subject_name else next(iter(self.attributes.get(subject_name, ())), "")
        if not 0 < len(subject) <= LONGEST_SUBJECT:
            raise NotBelievedError("the assertion has no usable subject")
        return read_identity(subject, self.attributes, attributes, groups_name)


def new_request_id() -> str:
    """An id that nobody guesses; ids of XML begin with a letter or an underscore."""
    return f"_{secrets.token_hex(20)}"


def request_address(us: ServiceProvider, sign_in_url: str, request_id: str, state: str) -> str:
    """Where the browser goes with our request (HTTP redirect binding)."""
    request = etree.Element(f"{{{PROTOCOL}}}AuthnRequest", nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
    request.set("ID", request_id)
    request.set("Version", "2.0")
    request.set("IssueInstant", clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    request.set("Destination", sign_in_url)
    request.set("AssertionConsumerServiceURL", us.reply_to)
    request.set("ProtocolBinding", POST_BINDING)
    etree.SubElement(request, f"{{{ASSERTION}}}Issuer").text = us.entity_id
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(etree.tostring(request)) + packer.flush()
    return with_parameters(sign_in_url, {"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": state})


def metadata_document(us: ServiceProvider) -> bytes:
    """What the provider's administrator loads to know us."""
    root = etree.Element(f"{{{METADATA}}}EntityDescriptor", nsmap={"md": METADATA})
    root.set("entityID", us.entity_id)
    descriptor = etree.SubElement(root, f"{{{METADATA}}}SPSSODescriptor")
    descriptor.set("protocolSupportEnumeration", PROTOCOL)
    descriptor.set("AuthnRequestsSigned", "false")
    descriptor.set("WantAssertionsSigned", "true")
    service = etree.SubElement(descriptor, f"{{{METADATA}}}AssertionConsumerService")
    service.set("Binding", POST_BINDING)
    service.set("Location", us.reply_to)
    service.set("index", "0")
    service.set("isDefault", "true")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def read_response(us: ServiceProvider, encoded: str, request_id: str) -> Assertion:
    """The assertion of a response to our request; raises NotBelievedError for anything else."""
    response = _parse(_decode(encoded))
    _check_response(us, response, request_id)
    assertion = _signed_assertion(us, response)
    return _checked(us, assertion, request_id)


def _decode(encoded: str) -> bytes:
    if len(encoded) > LARGEST_RESPONSE:
        raise NotBelievedError("the response is too large")
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error as error:
        raise NotBelievedError("the response is no base64") from error


def _parse(text: bytes) -> etree._Element:
    """XML without what makes XML dangerous: no document type, no entities, no comments that split a text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise NotBelievedError("the response is no XML") from error
    if b"<!DOCTYPE" in text or root.getroottree().docinfo.internalDTD is not None:
        raise NotBelievedError("the response has a document type")
    if any(not isinstance(each.tag, str) for each in root.iter()):
        raise NotBelievedError("the response has comments or instructions in it")
    return root


def _check_response(us: ServiceProvider, response: etree._Element, request_id: str) -> None:
    """What is around the assertion; none of it is signed, so it can only refuse."""
    if response.tag != f"{{{PROTOCOL}}}Response":
        raise NotBelievedError("this is no SAML response")
    status = response.find("p:Status/p:StatusCode", _NAMES)
    if status is None or status.get("Value") != SUCCESS:
        raise NotBelievedError("the provider reports no success")
    if response.get("InResponseTo", request_id) != request_id:
        raise NotBelievedError("the response answers another request")
    if response.get("Destination", us.reply_to) != us.reply_to:
        raise NotBelievedError("the response was meant for another address")


def _signed_assertion(us: ServiceProvider, response: etree._Element) -> etree._Element:
    """The one assertion, as the bytes that were signed say it."""
    assertions = list(response.iter(f"{{{ASSERTION}}}Assertion"))
    if len(assertions) != 1 or assertions[0].getparent() is not response:
        raise NotBelievedError("the response must hold one assertion, in clear")
    found = assertions[0]
    if len(found.findall("ds:Signature", _NAMES)) != 1 or len(list(found.iter(f"{{{SIGNATURE}}}Signature"))) != 1:
        raise NotBelievedError("the assertion must be signed itself, once")
    alone = etree.tostring(found, with_tail=False)
    for certificate in us.certificates:
        signed = _verified(alone, certificate)
        if signed is None:
            continue
        if signed.tag != found.tag or signed.get("ID") != found.get("ID"):
            raise NotBelievedError("the signature covers something else than the assertion")
        return signed
    raise NotBelievedError("the assertion's signature is not the provider's")


def _verified(text: bytes, certificate: str) -> etree._Element | None:
    try:
        result: Any = XMLVerifier().verify(text, x509_cert=certificate, expect_config=_HOW, id_attribute="ID")
    except (SignXMLException, InvalidInput, ValueError, etree.LxmlError):
        return None
    found = result[0] if isinstance(result, list) else result
    return None if found.signed_data is None else _parse(found.signed_data)


def _checked(us: ServiceProvider, assertion: etree._Element, request_id: str) -> Assertion:
    """What the provider signed: its name, our name, this request, now."""
    now = clock.now()
    if _text(assertion, "a:Issuer") != us.provider_id:
        raise NotBelievedError("the assertion is another provider's")
    _check_conditions(us, assertion, now)
    expires_at = _check_subject(us, assertion, request_id, now)
    if assertion.find("a:AuthnStatement", _NAMES) is None:
        raise NotBelievedError("the assertion tells of no sign-in")
    name = assertion.find("a:Subject/a:NameID", _NAMES)
    subject = "" if name is None or name.get("Format") == TRANSIENT else _text(assertion, "a:Subject/a:NameID")
    return Assertion(str(assertion.get("ID")), expires_at, subject, _attributes(assertion))


def _check_conditions(us: ServiceProvider, assertion: etree._Element, now: datetime) -> None:
    conditions = assertion.find("a:Conditions", _NAMES)
    if conditions is None:
        raise NotBelievedError("the assertion has no conditions")
    starts, ends = _moment(conditions, "NotBefore"), _moment(conditions, "NotOnOrAfter")
    if (starts is not None and now < starts - SKEW) or (ends is not None and now >= ends + SKEW):
        raise NotBelievedError("the assertion holds not yet or no longer")
    restrictions = conditions.findall("a:AudienceRestriction", _NAMES)
    for each in restrictions:
        if us.entity_id not in {(found.text or "").strip() for found in each.findall("a:Audience", _NAMES)}:
            raise NotBelievedError("the assertion is for another audience")
    if not restrictions:
        raise NotBelievedError("the assertion names no audience")


def _check_subject(us: ServiceProvider, assertion: etree._Element, request_id: str, now: datetime) -> datetime:
    """The end of the confirmation that is for us, for this request, and holds."""
    for each in assertion.findall("a:Subject/a:SubjectConfirmation", _NAMES):
        data = each.find("a:SubjectConfirmationData", _NAMES)
        if each.get("Method") != BEARER or data is None or data.get("NotBefore") is not None:
            continue
        ends = _moment(data, "NotOnOrAfter")
        is_ours = data.get("Recipient") == us.reply_to and data.get("InResponseTo") == request_id
        if is_ours and ends is not None and now < ends + SKEW:
            return ends + SKEW
    raise NotBelievedError("the assertion is not confirmed for this sign-in, here and now")


def _text(element: etree._Element, path: str) -> str:
    found = element.find(path, _NAMES)
    return "" if found is None or len(found) else (found.text or "").strip()


def _moment(element: etree._Element, name: str) -> datetime | None:
    text = element.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotBelievedError(f"{name} is no time") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _attributes(assertion: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in assertion.findall("a:AttributeStatement/a:Attribute", _NAMES):
        values = [(value.text or "").strip() for value in each.findall("a:AttributeValue", _NAMES) if not len(value)]
        found.setdefault(str(each.get("Name")), []).extend(value for value in values if value)
    return found
