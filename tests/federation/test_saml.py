"""Sign-in at a SAML provider: what a response must prove, and every way round it that is known."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from lxml import etree

from saml_provider import (
    ENTITY,
    NAMES,
    SIGN_IN,
    SIGN_OUT,
    A,
    Asked,
    SamlProvider,
    encoded,
    moment,
    read_request,
    response,
)
from serving import Site

#: Closed after each test.
OPENED: list[httpx.Client] = []
ANN = {"username": ["ann@corp.example"], "email": ["ann@corp.example"], "last_name": ["Lee"], "groups": ["bosses", "x"]}


@pytest.fixture(scope="module")
def idp() -> SamlProvider:
    return SamlProvider()


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def set_up(site: Site, idp: SamlProvider) -> None:
    document = {
        "name": "corp",
        "label": "Corporate",
        "kind": "saml",
        "entity_id": ENTITY,
        "sign_in_url": SIGN_IN,
        "sign_out_url": SIGN_OUT,
        "certificates": [SamlProvider().certificate, idp.certificate],
        "provision": True,
        "groups": "groups",
        "mappings": [{"group": "bosses", "permission_sets": ["CrmUser"]}],
    }
    with site.browser("admin") as browser:
        answer = browser.post("/setup/identity-providers", json=document)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module", autouse=True)
def provider(site: Site, idp: SamlProvider) -> None:
    set_up(site, idp)


class Browser:
    """A browser that signs in at the provider."""

    def __init__(self, site: Site) -> None:
        self.door = f"/ui/sso/{site.organization_id}/corp"
        self.client = httpx.Client(base_url=site.url, timeout=30)
        OPENED.append(self.client)

    def start(self, return_to: str = "/o/Lead") -> Asked:
        answer = self.client.get(f"{self.door}/start", params={"return": return_to})
        assert answer.headers["location"].startswith(SIGN_IN)
        return read_request(answer.headers["location"])

    def post(self, asked: Asked, root: etree._Element | bytes, relay: str | None = None) -> httpx.Response:
        """The provider's page posts from another site: no cookie comes with it. Then the browser goes on itself."""
        form = {"SAMLResponse": encoded(root), "RelayState": asked.relay if relay is None else relay}
        answer = httpx.post(f"{self.client.base_url}{self.door}/acs", data=form, timeout=30)
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        return self.client.get(address) if "/finish?" in address else answer

    def is_in(self) -> bool:
        return self.client.get("/ui/bootstrap").status_code == 200


def assert_refused(answer: httpx.Response, browser: Browser, code: str = "refused") -> None:
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?sso_problem={code}")
    assert not browser.is_in()


def test_somebody_new_becomes_a_user_with_what_the_groups_mean(site: Site, idp: SamlProvider) -> None:
    browser = Browser(site)
    asked = browser.start()
    answer = browser.post(asked, response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN))))
    assert answer.headers["location"] == "/o/Lead"
    assert browser.client.get("/ui/bootstrap").json()["user"]["username"] == "ann@corp.example"
    with site.browser("admin") as admin:
        [user] = admin.get("/setup/users", params={"q": "ann@corp"}).json()["users"]
    assert set(user["permission_sets"]) == {"StandardUser", "CrmUser"}


def test_our_metadata_says_where_and_as_whom_to_answer(site: Site) -> None:
    browser = Browser(site)
    root = etree.fromstring(browser.client.get(f"{browser.door}/metadata").content)
    asked = browser.start()
    assert root.get("entityID") == asked.issuer
    assert asked.reply_to in etree.tostring(root).decode()


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://another.example"},
        {"audience": "https://another.example"},
        {"recipient": "https://another.example/acs"},
        {"request": "_another"},
        {"ends": moment(minutes=-3)},
        {"starts": moment(days=1)},
        {"ends": "whenever"},
        {"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
    ],
)
def test_an_assertion_that_is_not_for_us_here_and_now(site: Site, idp: SamlProvider, lie: dict[str, str]) -> None:
    browser = Browser(site)
    asked = browser.start()
    assert_refused(browser.post(asked, response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN, **lie)))), browser)


def unsigned(idp: SamlProvider, asked: Asked) -> etree._Element:
    return response(asked, idp.assertion(asked, "ann-1", ANN))


def signed_by_another(idp: SamlProvider, asked: Asked) -> etree._Element:
    return response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN), weak=True))


def only_the_response_signed(idp: SamlProvider, asked: Asked) -> etree._Element:
    return idp.signed(response(asked, idp.assertion(asked, "ann-1", ANN)))


def changed_after_signing(idp: SamlProvider, asked: Asked) -> etree._Element:
    signed = idp.signed(idp.assertion(asked, "ann-1", ANN))
    name = signed.find(".//saml:NameID", NAMES)
    assert name is not None
    name.text = "admin"
    return response(asked, signed)


def _forged(idp: SamlProvider, asked: Asked) -> tuple[etree._Element, etree._Element]:
    """A signed assertion, and one about somebody else."""
    signed = idp.signed(idp.assertion(asked, "ann-1", ANN))
    return signed, idp.assertion(asked, "mallory", {**ANN, "username": ["mallory@corp.example"]})


def wrapped_beside(idp: SamlProvider, asked: Asked) -> etree._Element:
    signed, forged = _forged(idp, asked)
    return response(asked, forged, signed)


def wrapped_inside(idp: SamlProvider, asked: Asked) -> etree._Element:
    """The signed assertion inside of the forged one (XSW3)."""
    signed, forged = _forged(idp, asked)
    forged.append(signed)
    return response(asked, forged)


def wrapped_with_the_signature_moved(idp: SamlProvider, asked: Asked) -> etree._Element:
    """The forged one carries the signature, whose reference is the original inside of it (XSW4, XSW8)."""
    signed, forged = _forged(idp, asked)
    signature = signed.find("ds:Signature", NAMES)
    assert signature is not None
    signed.remove(signature)
    holder = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
    holder.append(signed)
    forged.insert(1, signature)
    return response(asked, forged)


def wrapped_with_the_same_id(idp: SamlProvider, asked: Asked) -> etree._Element:
    signed, forged = _forged(idp, asked)
    forged.set("ID", str(signed.get("ID")))
    signature = signed.find("ds:Signature", NAMES)
    assert signature is not None
    forged.insert(1, copy.deepcopy(signature))
    return response(asked, forged)


def wrapped_in_an_extension(idp: SamlProvider, asked: Asked) -> etree._Element:
    signed, forged = _forged(idp, asked)
    root = response(asked, forged)
    extensions = etree.SubElement(root, "{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
    extensions.append(signed)
    return root


def encrypted_only(idp: SamlProvider, asked: Asked) -> etree._Element:
    del idp
    return response(asked, etree.Element(f"{{{A}}}EncryptedAssertion"))


def twice(idp: SamlProvider, asked: Asked) -> etree._Element:
    signed = idp.signed(idp.assertion(asked, "ann-1", ANN))
    return response(asked, signed, copy.deepcopy(signed))


def answering_another_request(idp: SamlProvider, asked: Asked) -> etree._Element:
    return response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)), InResponseTo="_another")


def sent_elsewhere(idp: SamlProvider, asked: Asked) -> etree._Element:
    return response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)), Destination="https://another.example")


def failed(idp: SamlProvider, asked: Asked) -> etree._Element:
    root = response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))
    code = root.find(".//samlp:StatusCode", NAMES)
    assert code is not None
    code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    return root


def the_assertion_alone(idp: SamlProvider, asked: Asked) -> etree._Element:
    return idp.signed(idp.assertion(asked, "ann-1", ANN))


def with_entities(idp: SamlProvider, asked: Asked) -> bytes:
    text = etree.tostring(response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN))))
    return b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + text


def with_a_bomb(idp: SamlProvider, asked: Asked) -> bytes:
    del idp, asked
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    return b'<!DOCTYPE r [<!ENTITY a0 "ha">' + entities + b"]><r>&a9;</r>"


def in_utf16_with_a_type(idp: SamlProvider, asked: Asked) -> bytes:
    text = etree.tostring(response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))).decode()
    return f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r SYSTEM "http://127.0.0.1/x">{text}'.encode("utf-16")


def with_a_comment_in_the_name(idp: SamlProvider, asked: Asked) -> etree._Element:
    assertion = idp.assertion(asked, "admin<!---->.evil", ANN)
    return response(asked, idp.signed(assertion))


def no_xml(idp: SamlProvider, asked: Asked) -> bytes:
    del idp, asked
    return b"<<<"


@pytest.mark.parametrize(
    "attack",
    [
        unsigned,
        signed_by_another,
        only_the_response_signed,
        changed_after_signing,
        wrapped_beside,
        wrapped_inside,
        wrapped_with_the_signature_moved,
        wrapped_with_the_same_id,
        wrapped_in_an_extension,
        encrypted_only,
        twice,
        answering_another_request,
        sent_elsewhere,
        failed,
        the_assertion_alone,
        with_entities,
        with_a_bomb,
        in_utf16_with_a_type,
        with_a_comment_in_the_name,
        no_xml,
    ],
)
def test_what_is_not_believed(site: Site, idp: SamlProvider, attack: Callable[..., Any]) -> None:
    browser = Browser(site)
    asked = browser.start()
    assert_refused(browser.post(asked, attack(idp, asked)), browser)


def test_a_response_is_good_once(site: Site, idp: SamlProvider) -> None:
    browser = Browser(site)
    asked = browser.start()
    root = response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))
    assert browser.post(asked, root).headers["location"] == "/o/Lead"
    again = Browser(site)
    assert_refused(again.post(asked, root), again)


def test_an_assertion_is_good_for_one_sign_in(site: Site, idp: SamlProvider) -> None:
    first, second = Browser(site), Browser(site)
    asked, other = first.start(), second.start()
    assertion = idp.signed(idp.assertion(asked, "ann-1", ANN))
    assert_refused(second.post(other, response(other, assertion)), second)


def test_nobody_is_signed_in_as_the_attacker_by_a_post(site: Site, idp: SamlProvider) -> None:
    """Login CSRF: the attacker's own response, posted by the victim's browser."""
    attacker, victim = Browser(site), Browser(site)
    asked = attacker.start()
    root = response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))
    assert_refused(victim.post(asked, root), victim)


def test_without_a_request_there_is_no_sign_in(site: Site, idp: SamlProvider) -> None:
    browser = Browser(site)
    asked = browser.start()
    root = response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))
    for relay in ("", "0" * 64, "https://evil.example/"):
        assert_refused(browser.post(asked, root, relay), browser)


def test_another_tenants_response_is_not_ours(site: Site, other_site: Site, idp: SamlProvider) -> None:
    set_up(other_site, idp)
    ours, theirs = Browser(site), Browser(other_site)
    asked, foreign = ours.start(), theirs.start()
    signed = idp.signed(idp.assertion(foreign, "ann-1", ANN))
    assert_refused(ours.post(asked, response(asked, signed)), ours)


def test_the_way_back_stays_on_this_server(site: Site, idp: SamlProvider) -> None:
    browser = Browser(site)
    asked = browser.start("//evil.example/")
    answer = browser.post(asked, response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN))))
    assert answer.headers["location"] == "/"
