"""SAML 2.0 sign-in as the service provider: the request, and what a response must prove (Core, Profiles 4.1).

Only what the signature covers is read: the assertion is taken out of the response, opened where it is encrypted,
verified, and parsed anew from the very bytes that were signed. So wrapping a signed assertion into another document
gains nobody anything.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from chassis_platform import clock
from chassis_platform.auth.federation.identity import LONGEST_SUBJECT, Identity, read_identity
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.saml_encryption import Opener, opened
from chassis_platform.auth.federation.saml_redirect import REQUEST, redirect_address
from chassis_platform.auth.federation.saml_xml import (
    ASSERTION,
    NAMES,
    POST_BINDING,
    PROTOCOL,
    SUCCESS,
    decoded,
    moment_of,
    parsed,
    said_moment,
    signed_by,
    text_at,
)

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
SKEW = timedelta(seconds=60)
_NO_KEYS = Opener(())
_ENCRYPTED = (f"{{{ASSERTION}}}EncryptedAssertion", f"{{{ASSERTION}}}EncryptedID")


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """We, towards one provider."""

    entity_id: str
    reply_to: str  # the assertion consumer service
    sign_out_at: str  # the single logout service
    provider_id: str  # its entity id
    certificates: Sequence[str]  # PEM
    opener: Opener = _NO_KEYS


@dataclass(frozen=True, slots=True)
class NameId:
    """As whom the provider knows somebody, for the length of a session there: all of it, as it was said."""

    value: str
    format: str | None = None
    qualifier: str | None = None
    sp_qualifier: str | None = None
    session_index: str | None = None

    def document(self) -> dict[str, str | None]:
        """As it is kept."""
        return asdict(self)

    @staticmethod
    def of(document: Mapping[str, str | None]) -> NameId:
        """As it was kept."""
        return NameId(**{**document, "value": document["value"] or ""})  # type: ignore[arg-type]  # keys of `document`


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed assertion that holds: who it is about, and until when it must not come again."""

    id: str
    expires_at: datetime
    name: NameId
    attributes: Mapping[str, Sequence[str]]

    def identity(self, attributes: Mapping[str, str], groups_name: str, subject_name: str) -> Identity:
        """In our words; the subject is the name identifier, or an attribute where the set-up says so."""
        own = "" if self.name.format == TRANSIENT else self.name.value
        subject = own if not subject_name else next(iter(self.attributes.get(subject_name, ())), "")
        if not 0 < len(subject) <= LONGEST_SUBJECT:
            raise NotBelievedError("the assertion has no usable subject")
        return read_identity(subject, self.attributes, attributes, groups_name)


def new_request_id() -> str:
    """An id that nobody guesses; ids of XML begin with a letter or an underscore."""
    return f"_{secrets.token_hex(20)}"


def begun(us: ServiceProvider, tag: str, destination: str, message_id: str) -> etree._Element:
    """A message of ours, as all begin."""
    message = etree.Element(f"{{{PROTOCOL}}}{tag}", nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
    message.set("ID", message_id)
    message.set("Version", "2.0")
    message.set("IssueInstant", said_moment(clock.now()))
    message.set("Destination", destination)
    etree.SubElement(message, f"{{{ASSERTION}}}Issuer").text = us.entity_id
    return message


def request_address(
    us: ServiceProvider, sign_in_url: str, request_id: str, state: str, key: RSAPrivateKey | None = None
) -> str:
    """Where the browser goes with our request (HTTP redirect binding); signed where there is a key."""
    request = begun(us, "AuthnRequest", sign_in_url, request_id)
    request.set("AssertionConsumerServiceURL", us.reply_to)
    request.set("ProtocolBinding", POST_BINDING)
    return redirect_address(sign_in_url, REQUEST, request, state, key)


def read_response(us: ServiceProvider, encoded: str, request_id: str) -> Assertion:
    """The assertion of a response to our request; raises NotBelievedError for anything else."""
    response = parsed(decoded(encoded))
    _check_response(us, response, request_id)
    assertion = signed_by(us.certificates, _only_assertion(us, response), "assertion")
    return _checked(us, assertion, request_id)


def holds_encrypted(encoded: str) -> bool:
    """Whether our keys are needed to read a response. It says nothing yet of whether it is believed."""
    return next(parsed(decoded(encoded)).iter(*_ENCRYPTED), None) is not None


def _check_response(us: ServiceProvider, response: etree._Element, request_id: str) -> None:
    """What is around the assertion; none of it is signed, so it can only refuse."""
    if response.tag != f"{{{PROTOCOL}}}Response":
        raise NotBelievedError("this is no SAML response")
    status = response.find("p:Status/p:StatusCode", NAMES)
    if status is None or status.get("Value") != SUCCESS:
        raise NotBelievedError("the provider reports no success")
    if response.get("InResponseTo", request_id) != request_id:
        raise NotBelievedError("the response answers another request")
    if response.get("Destination", us.reply_to) != us.reply_to:
        raise NotBelievedError("the response was meant for another address")


def _only_assertion(us: ServiceProvider, response: etree._Element) -> etree._Element:
    """The one assertion of a response, in clear."""
    found = list(response.iter(f"{{{ASSERTION}}}Assertion", f"{{{ASSERTION}}}EncryptedAssertion"))
    if len(found) != 1 or found[0].getparent() is not response:
        raise NotBelievedError("the response must hold one assertion")
    assertion = found[0] if found[0].tag == f"{{{ASSERTION}}}Assertion" else opened(found[0], us.opener)
    if assertion.tag != f"{{{ASSERTION}}}Assertion" or len(list(assertion.iter(assertion.tag))) != 1:
        raise NotBelievedError("the response must hold one assertion")
    return assertion


def _checked(us: ServiceProvider, assertion: etree._Element, request_id: str) -> Assertion:
    """What the provider signed: its name, our name, this request, now."""
    now = clock.now()
    if text_at(assertion, "a:Issuer") != us.provider_id:
        raise NotBelievedError("the assertion is another provider's")
    _check_conditions(us, assertion, now)
    expires_at = _check_subject(us, assertion, request_id, now)
    statement = assertion.find("a:AuthnStatement", NAMES)
    if statement is None:
        raise NotBelievedError("the assertion tells of no sign-in")
    subject = assertion.find("a:Subject", NAMES)
    name = NameId("") if subject is None else name_in(us, subject, statement.get("SessionIndex"))
    return Assertion(str(assertion.get("ID")), expires_at, name, _attributes(assertion))


def name_in(us: ServiceProvider, holder: etree._Element, session_index: str | None = None) -> NameId:
    """The name identifier of a subject or a logout request, opened where it is encrypted; empty where there is none."""
    encrypted = holder.find("a:EncryptedID", NAMES)
    found = opened(encrypted, us.opener) if encrypted is not None else holder.find("a:NameID", NAMES)
    if found is None or found.tag != f"{{{ASSERTION}}}NameID" or len(found):
        return NameId("")
    value = (found.text or "").strip()
    return NameId(value, found.get("Format"), found.get("NameQualifier"), found.get("SPNameQualifier"), session_index)


def _check_conditions(us: ServiceProvider, assertion: etree._Element, now: datetime) -> None:
    conditions = assertion.find("a:Conditions", NAMES)
    if conditions is None:
        raise NotBelievedError("the assertion has no conditions")
    starts, ends = moment_of(conditions, "NotBefore"), moment_of(conditions, "NotOnOrAfter")
    if (starts is not None and now < starts - SKEW) or (ends is not None and now >= ends + SKEW):
        raise NotBelievedError("the assertion holds not yet or no longer")
    restrictions = conditions.findall("a:AudienceRestriction", NAMES)
    for each in restrictions:
        if us.entity_id not in {(found.text or "").strip() for found in each.findall("a:Audience", NAMES)}:
            raise NotBelievedError("the assertion is for another audience")
    if not restrictions:
        raise NotBelievedError("the assertion names no audience")


def _check_subject(us: ServiceProvider, assertion: etree._Element, request_id: str, now: datetime) -> datetime:
    """The end of the confirmation that is for us, for this request, and holds."""
    for each in assertion.findall("a:Subject/a:SubjectConfirmation", NAMES):
        data = each.find("a:SubjectConfirmationData", NAMES)
        if each.get("Method") != BEARER or data is None or data.get("NotBefore") is not None:
            continue
        ends = moment_of(data, "NotOnOrAfter")
        is_ours = data.get("Recipient") == us.reply_to and data.get("InResponseTo") == request_id
        if is_ours and ends is not None and now < ends + SKEW:
            return ends + SKEW
    raise NotBelievedError("the assertion is not confirmed for this sign-in, here and now")


def _attributes(assertion: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in assertion.findall("a:AttributeStatement/a:Attribute", NAMES):
        values = [(value.text or "").strip() for value in each.findall("a:AttributeValue", NAMES) if not len(value)]
        found.setdefault(str(each.get("Name")), []).extend(value for value in values if value)
    return found
