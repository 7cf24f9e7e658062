"""What a SAML provider encrypts for us, and signing out: here and there, whoever begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from lxml import etree

from federation.test_saml import ANN, OPENED, Browser, assert_refused, set_up
from saml_provider import (
    CBC,
    NAMES,
    SIGN_IN,
    SIGN_OUT,
    A,
    Asked,
    P,
    SamlProvider,
    encoded,
    encrypted,
    in_address,
    logout_request,
    logout_response,
    moment,
    read_address,
    response,
)
from serving import Site

MD = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture(scope="module")
def idp() -> SamlProvider:
    return SamlProvider()


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module", autouse=True)
def provider(site: Site, idp: SamlProvider) -> None:
    set_up(site, idp)


@pytest.fixture
def certificate(site: Site) -> str:
    """Ours, as our metadata says it."""
    return published(site, "encryption")


def far(method: str, url: str, **more: Any) -> httpx.Response:
    """A request without the browser, on a machine that may be busy."""
    return httpx.request(method, url, timeout=30, **more)


def published(site: Site, use: str) -> str:
    root = etree.fromstring(far("GET", f"{site.url}{Browser(site).door}/metadata").content)
    [found] = [each for each in root.iter(f"{{{MD}}}KeyDescriptor") if each.get("use") == use]
    text = found.findtext(f".//{{{NAMES['ds']}}}X509Certificate")
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def change(site: Site, **values: object) -> None:
    with site.browser("admin") as admin:
        [found] = [
            each for each in admin.get("/setup/identity-providers").json()["providers"] if each["name"] == "corp"
        ]
        assert admin.patch(f"/setup/identity-providers/{found['id']}", json=values).status_code == 204


def signed_in(site: Site, idp: SamlProvider, name: str = "ann-1") -> Browser:
    browser = Browser(site)
    asked = browser.start()
    browser.post(
        asked, response(asked, idp.signed(idp.assertion(asked, name, {**ANN, "username": [f"{name}@x.example"]})))
    )
    assert browser.is_in()
    return browser


def test_an_encrypted_assertion_is_opened_with_the_key_that_we_published(
    site: Site, idp: SamlProvider, certificate: str
) -> None:
    browser = Browser(site)
    asked = browser.start()
    signed = idp.signed(idp.assertion(asked, "ann-1", ANN))
    browser.post(asked, response(asked, encrypted(signed, certificate)))
    assert browser.is_in()


def unsigned(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    return response(asked, encrypted(idp.assertion(asked, "ann-1", ANN), certificate))


def for_another(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    del certificate
    return response(asked, encrypted(idp.signed(idp.assertion(asked, "ann-1", ANN)), idp.certificate))


def beside_one_in_clear(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    signed = idp.signed(idp.assertion(asked, "ann-1", ANN))
    return response(asked, encrypted(signed, certificate), idp.assertion(asked, "mallory", ANN))


def two_inside(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    forged = idp.assertion(asked, "mallory", ANN)
    forged.append(idp.signed(idp.assertion(asked, "ann-1", ANN)))
    return response(asked, encrypted(forged, certificate))


def with_a_type_inside(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    del idp
    return response(asked, encrypted(etree.Element(f"{{{A}}}NameID"), certificate))


def changed(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    root = response(asked, encrypted(idp.signed(idp.assertion(asked, "ann-1", ANN)), certificate))
    value = list(root.iter("{http://www.w3.org/2001/04/xmlenc#}CipherValue"))[-1]
    value.text = "AAAA" + (value.text or "")[4:]
    return root


def by_cbc(idp: SamlProvider, asked: Asked, certificate: str) -> etree._Element:
    return response(asked, encrypted(idp.signed(idp.assertion(asked, "ann-1", ANN)), certificate, how=CBC))


@pytest.mark.parametrize(
    "attack", [unsigned, for_another, beside_one_in_clear, two_inside, with_a_type_inside, changed, by_cbc]
)
def test_what_is_encrypted_is_believed_no_sooner(
    site: Site, idp: SamlProvider, certificate: str, attack: Callable[..., etree._Element]
) -> None:
    browser = Browser(site)
    asked = browser.start()
    assert_refused(browser.post(asked, attack(idp, asked, certificate)), browser)


def test_older_encryption_is_taken_where_the_tenant_says_so(site: Site, idp: SamlProvider, certificate: str) -> None:
    change(site, older_encryption=True)
    browser = Browser(site)
    asked = browser.start()
    browser.post(asked, by_cbc(idp, asked, certificate))
    change(site, older_encryption=False)
    assert browser.is_in()


def test_the_key_before_the_newest_still_opens(site: Site, idp: SamlProvider, certificate: str) -> None:
    with site.browser("admin") as admin:
        [found] = [
            each for each in admin.get("/setup/identity-providers").json()["providers"] if each["name"] == "corp"
        ]
        answer = admin.post(f"/setup/identity-providers/{found['id']}/key")
        assert answer.status_code == 201
    assert "".join(published(site, "signing").split()) == "".join(answer.json()["certificate"].split()) != certificate
    browser = Browser(site)
    asked = browser.start()
    browser.post(asked, response(asked, encrypted(idp.signed(idp.assertion(asked, "ann-1", ANN)), certificate)))
    assert browser.is_in()


def test_requests_are_signed_where_the_provider_wants_that(site: Site, certificate: str) -> None:
    change(site, sign_requests=True)
    address = far("GET", f"{site.url}{Browser(site).door}/start").headers["location"]
    change(site, sign_requests=False)
    assert address.startswith(SIGN_IN)
    assert read_address(address, "SAMLRequest", certificate).tag == f"{{{P}}}AuthnRequest"


def signed_out_here(browser: Browser) -> str:
    """Sign out as the page does; answers where it goes on."""
    token = browser.client.get("/ui/bootstrap").json()["csrf_token"]
    answer = browser.client.delete("/ui/session", headers={"x-csrf-token": token})
    assert not browser.is_in()
    return str(answer.json()["redirect"]) if answer.content else ""


def test_who_signs_out_here_is_signed_out_at_the_provider(site: Site, idp: SamlProvider, certificate: str) -> None:
    browser = signed_in(site, idp)
    address = signed_out_here(browser)
    assert address.startswith(SIGN_OUT)
    asked = read_address(address, "SAMLRequest", certificate)
    assert asked.tag == f"{{{P}}}LogoutRequest"
    assert (asked.findtext(f"{{{A}}}NameID"), asked.findtext(f"{{{P}}}SessionIndex")) == ("ann-1", "s-1")
    relay = httpx.URL(address).params["RelayState"]
    at = f"{site.url}{browser.door}/slo"
    answer = logout_response(at, str(asked.get("ID")))
    done = [browser.client.get(f"{at}?{in_address('SAMLResponse', answer, relay, idp.key)}") for _ in range(2)]
    assert [each.headers["location"] for each in done] == ["/", "/?sso_problem=refused"], "the answer is good once"


def test_who_came_by_a_password_is_sent_nowhere(site: Site) -> None:
    with site.browser("admin") as admin:
        assert admin.delete("/ui/session").status_code == 204


def test_whom_the_provider_signs_out_is_signed_out_here(site: Site, idp: SamlProvider, certificate: str) -> None:
    first, second, other = signed_in(site, idp), signed_in(site, idp), signed_in(site, idp, "bob-1")
    at = f"{site.url}{first.door}/slo"
    asked = logout_request(at, "ann-1")
    sent = in_address("SAMLRequest", asked, "theirs", idp.key)
    answer = far("GET", f"{at}?{sent}")
    said = read_address(answer.headers["location"], "SAMLResponse", certificate)
    assert answer.headers["location"].startswith(SIGN_OUT)
    assert (said.get("InResponseTo"), httpx.URL(answer.headers["location"]).params["RelayState"]) == (
        asked.get("ID"),
        "theirs",
    )
    assert [each.is_in() for each in (first, second, other)] == [False, False, True]
    assert far("GET", f"{at}?{sent}").headers["location"] == "/?sso_problem=refused", "it is good once"


def test_a_request_may_be_posted_and_name_a_sealed_name(site: Site, idp: SamlProvider, certificate: str) -> None:
    browser = signed_in(site, idp)
    at = f"{site.url}{browser.door}/slo"
    asked = logout_request(at, "ann-1", index=None)
    name = asked.find("saml:NameID", NAMES)
    assert name is not None
    asked.replace(name, encrypted(name, certificate, "EncryptedID"))
    form = {"SAMLRequest": encoded(idp.signed(asked)), "RelayState": "x"}
    assert far("POST", at, data=form).headers["location"].startswith(SIGN_OUT)
    assert not browser.is_in()


LIES: dict[str, dict[str, str]] = {
    "elsewhere": {"Destination": "https://another.example/slo"},
    "old": {"IssueInstant": moment(minutes=-30)},
    "over": {"NotOnOrAfter": moment(minutes=-3)},
}


@pytest.mark.parametrize("lie", [*LIES, "unsigned", "another's key", "another session", "changed", "twice"])
def test_nobody_else_signs_people_out(site: Site, idp: SamlProvider, lie: str) -> None:
    browser = signed_in(site, idp)
    at = f"{site.url}{browser.door}/slo"
    asked = logout_request(at, "ann-1", index="s-2" if lie == "another session" else "s-1", **LIES.get(lie, {}))
    key = SamlProvider().key if lie == "another's key" else idp.key
    query = in_address("SAMLRequest", asked, "x", key)
    if lie == "unsigned":
        query = query.partition("&SigAlg=")[0]
    elif lie == "changed":
        query = query.replace("RelayState=x", "RelayState=y")
    elif lie == "twice":
        query += "&RelayState=y"
    answer = far("GET", f"{at}?{query}")
    assert browser.is_in()
    assert lie == "another session" or answer.headers["location"] == "/?sso_problem=refused"


def test_our_state_of_signing_out_signs_nobody_in(site: Site, idp: SamlProvider) -> None:
    browser = signed_in(site, idp)
    asked = browser.start()
    address = httpx.URL(signed_out_here(browser))
    ours = replace(asked, relay=address.params["RelayState"])
    assert_refused(browser.post(ours, response(asked, idp.signed(idp.assertion(asked, "ann-1", ANN)))), browser)
