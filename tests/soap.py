"""SOAP login() for tests: the administrator's switch, and messages."""

from __future__ import annotations

from xml.sax.saxutils import escape

import httpx

from serving import Site

_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:p="urn:partner.soap.sforce.com"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'
)


def switch_soap(site: Site, *, on: bool) -> None:
    """The administrator's act."""
    with site.browser("admin") as browser:
        changed = browser.patch("/setup/security-policy", json={"programs": {"soap_login": on}})
    assert changed.status_code == 200, changed.text


def call_soap(site: Site, body: str, header: str = "", *, version: str = "60.0") -> httpx.Response:
    content = _ENVELOPE.format(header=header, body=body).encode()
    headers = {"content-type": "text/xml", "soapaction": '""'}
    return httpx.post(f"{site.url}/services/Soap/u/{version}", content=content, headers=headers, timeout=30)


def login(site: Site, username: str, password: str) -> httpx.Response:
    inner = f"<p:username>{escape(username)}</p:username><p:password>{escape(password)}</p:password>"
    return call_soap(site, f"<p:login>{inner}</p:login>")
