"""JWT bearer (RFC 7523): an app that signs for which user it asks."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connected_app import App, call, error_of, make_app, new_verifier
from serving import Site

DATA = "/services/data/v66.0"


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def app(site: Site, key: rsa.RSAPrivateKey) -> App:
    grants = ["authorization_code", "jwt_bearer"]
    return make_app(site, label="Nightly", grants=grants, certificate=pem_of(key), scopes=["api"])


def ask(app: App, key: Any, *, algorithm: str = "RS256", **claims: Any) -> httpx.Response:
    said = {
        "iss": app.client_id,
        "sub": app.site.username("seller"),
        "aud": app.site.url,
        "exp": int(time.time()) + 180,
        "jti": new_verifier(),
        **claims,
    }
    assertion = jwt.encode(said, key, algorithm)
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return httpx.post(f"{app.site.url}/services/oauth2/token", data={"grant_type": grant, "assertion": assertion})


def test_the_user_must_have_let_the_app_in_before(app: App, key: rsa.RSAPrivateKey) -> None:
    assert ask(app, key, sub=app.site.username("colleague")).json()["error"] == "invalid_grant"
    app.tokens("seller")
    answer = ask(app, key)
    assert answer.status_code == 200, answer.text
    assert call(app.site, answer.json()["access_token"], "GET", f"{DATA}/limits").status_code == 200


def test_no_request_is_good_twice(app: App, key: rsa.RSAPrivateKey) -> None:
    app.tokens("seller")
    assert ask(app, key, jti="once").status_code == 200
    assert error_of(ask(app, key, jti="once")) == "invalid_grant"


def test_what_is_forged_old_or_for_others_is_refused(app: App, key: rsa.RSAPrivateKey) -> None:
    app.tokens("seller")
    assert error_of(ask(app, rsa.generate_private_key(65537, 2048))) == "invalid_grant"
    assert error_of(ask(app, None, algorithm="none")) == "invalid_grant"
    # The public key as if it were a shared secret.
    assert error_of(ask(app, "x" * 40, algorithm="HS256")) == "invalid_grant"
    assert error_of(ask(app, key, aud="https://elsewhere.example")) == "invalid_grant"
    assert error_of(ask(app, key, exp=int(time.time()) - 120)) == "invalid_grant"
    assert error_of(ask(app, key, exp=int(time.time()) + 86_400)) == "invalid_grant"
    assert error_of(ask(app, key, sub="nobody@dealer.example")) == "invalid_grant"
    assert error_of(ask(app, key, iss=f"{app.site.organization_id}.nobody")) == "invalid_client"
