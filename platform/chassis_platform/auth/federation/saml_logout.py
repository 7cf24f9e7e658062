"""Single logout: what we ask a provider, what it asks us, and the answers. Everything is signed (Profiles 4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from chassis_platform import clock
from chassis_platform.auth.federation.oidc import NotBelievedError
from chassis_platform.auth.federation.saml import SKEW, NameId, ServiceProvider, begun, name_in, new_request_id
from chassis_platform.auth.federation.saml_redirect import REQUEST, RESPONSE, Message, redirect_address
from chassis_platform.auth.federation.saml_xml import (
    ASSERTION,
    NAMES,
    PROTOCOL,
    SUCCESS,
    decoded,
    moment_of,
    parsed,
    said_moment,
    signed_by,
    text_at,
)

#: A request is for now. It is remembered for longer, so that it is good once.
GOOD_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Somebody is to be signed out: of the sessions named, or of all."""

    id: str
    name: NameId
    session_indexes: Sequence[str]
    expires_at: datetime


def logout_address(us: ServiceProvider, url: str, message_id: str, name: NameId, state: str, key: RSAPrivateKey) -> str:
    """Where the browser goes to be signed out at the provider, too."""
    request = begun(us, "LogoutRequest", url, message_id)
    request.set("NotOnOrAfter", said_moment(clock.now() + GOOD_FOR))
    found = etree.SubElement(request, f"{{{ASSERTION}}}NameID")
    found.text = name.value
    named = {"Format": name.format, "NameQualifier": name.qualifier, "SPNameQualifier": name.sp_qualifier}
    for attribute, value in named.items():
        if value is not None:
            found.set(attribute, value)
    if name.session_index is not None:
        etree.SubElement(request, f"{{{PROTOCOL}}}SessionIndex").text = name.session_index
    return redirect_address(url, REQUEST, request, state, key)


def answer_address(us: ServiceProvider, url: str, request_id: str, relay: str, key: RSAPrivateKey) -> str:
    """Where the browser goes with our answer to a provider's request."""
    response = begun(us, "LogoutResponse", url, new_request_id())
    response.set("InResponseTo", request_id)
    status = etree.SubElement(response, f"{{{PROTOCOL}}}Status")
    etree.SubElement(status, f"{{{PROTOCOL}}}StatusCode").set("Value", SUCCESS)
    return redirect_address(url, RESPONSE, response, relay, key)


def read_posted(us: ServiceProvider, kind: str, encoded: str, relay: str) -> Message:
    """A message that came in a form: signed inside."""
    return Message(kind, signed_by(us.certificates, parsed(decoded(encoded)), "message"), relay)


def read_logout_request(us: ServiceProvider, message: Message) -> LogoutRequest:
    """What a provider asks for; its signature was checked when the message was read."""
    root, now = message.root, clock.now()
    _check_message(us, root, "LogoutRequest", now)
    ends = moment_of(root, "NotOnOrAfter")
    if ends is not None and now >= ends + SKEW:
        raise NotBelievedError("the request holds no longer")
    name = name_in(us, root)
    if not name.value:
        raise NotBelievedError("the request names nobody")
    indexes = [(each.text or "").strip() for each in root.findall("p:SessionIndex", NAMES)]
    return LogoutRequest(str(root.get("ID")), replace(name, session_index=None), indexes, now + 2 * (GOOD_FOR + SKEW))


def check_logout_response(us: ServiceProvider, message: Message, request_id: str) -> None:
    """A provider's answer to our request."""
    _check_message(us, message.root, "LogoutResponse", clock.now())
    if message.root.get("InResponseTo") != request_id:
        raise NotBelievedError("the answer is to another request")
    status = message.root.find("p:Status/p:StatusCode", NAMES)
    if status is None or status.get("Value") != SUCCESS:
        raise NotBelievedError("the provider could not sign out everywhere")


def _check_message(us: ServiceProvider, root: etree._Element, tag: str, now: datetime) -> None:
    if root.tag != f"{{{PROTOCOL}}}{tag}" or root.get("Version") != "2.0" or not root.get("ID"):
        raise NotBelievedError(f"this is no {tag}")
    if text_at(root, "a:Issuer") != us.provider_id:
        raise NotBelievedError("the message is another provider's")
    if root.get("Destination") != us.sign_out_at:
        raise NotBelievedError("the message was meant for another address")
    issued = moment_of(root, "IssueInstant")
    if issued is None or not now - GOOD_FOR - SKEW <= issued <= now + SKEW:
        raise NotBelievedError("the message is not of now")
