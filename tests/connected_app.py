"""What a connected app does, for tests: asks the user in the browser, exchanges codes, refreshes."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from serving import Site

CALLBACK = "https://app.example/callback"


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class App:
    """An app that was set up, with what it knows of itself."""

    site: Site
    client_id: str
    client_secret: str | None
    verifier: str = field(default_factory=new_verifier)

    def query(self, **more: str | None) -> dict[str, str]:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "state": "xyz",
            **more,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def post(self, path: str, **form: str) -> httpx.Response:
        who = {"client_id": self.client_id}
        if self.client_secret:
            who["client_secret"] = self.client_secret
        return httpx.post(f"{self.site.url}/services/oauth2/{path}", data=who | form)

    def code(self, user: str, **more: str) -> str:
        """The code that comes back when the user agrees."""
        with self.site.browser(user) as browser:
            answer = browser.post("/ui/oauth/authorization", json={"query": self.query(**more), "allow": True})
        assert answer.status_code == 200, answer.text
        address = str(answer.json()["redirect"])
        return parse_qs(urlsplit(address).query)["code"][0]

    def exchange(self, code: str, **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return self.post("token", **(form | {"code_verifier": self.verifier} | more))

    def tokens(self, user: str, **more: str) -> dict[str, Any]:
        answer = self.exchange(self.code(user, **more))
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.post("token", grant_type="refresh_token", refresh_token=token, **more)


def make_app(site: Site, **document: Any) -> App:
    """An app set up by the administrator."""
    values = {"label": "Calendar", "redirect_uris": [CALLBACK], **document}
    with site.browser("admin") as browser:
        answer = browser.post("/setup/connected-apps", json=values)
    assert answer.status_code == 201, answer.text
    return App(site, answer.json()["client_id"], answer.json()["client_secret"])


def call(site: Site, token: str, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
    return httpx.request(method, f"{site.url}{path}", headers=headers, **more)


def codes_of(answer: httpx.Response) -> list[str]:
    return [each["errorCode"] for each in answer.json()]


def error_of(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])
