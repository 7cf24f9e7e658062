"""A small OpenID provider for tests: real keys, real HTTP, and whatever lies a test wants it to tell."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from chassis_platform.auth.federation.signing import half_hash
from connected_app import challenge_of

CLIENT_ID, CLIENT_SECRET = "chassis", "the secret that only two know"

Sign = Callable[["OpenIdProvider", dict[str, Any]], str]


def new_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def honest(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, provider.key, "RS256", {"kid": provider.key_id})


@dataclass
class OpenIdProvider:
    """Its state; tests change what it says between one step and the next."""

    url: str = ""
    key: RSAPrivateKey = field(default_factory=new_key)
    key_id: str = "first"
    sign: Sign = honest
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def claims(self, asked: dict[str, str], person: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **person,
        }

    def approve(self, address: str, **person: Any) -> str:
        """What the browser is sent back to once the person has signed in here."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {"asked": asked, "claims": self.claims(asked, person)}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }

    def keys(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}".encode()).decode()
        found = self.codes.pop(form.get("code", ""), None)
        if found is None or authorization != f"Basic {pair}":
            return 400, {"error": "invalid_grant"}
        if challenge_of(form.get("code_verifier", "")) != found["asked"]["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access_token = secrets.token_urlsafe(16)
        claims = {"at_hash": half_hash(access_token), **found["claims"]}
        return 200, {"access_token": access_token, "token_type": "Bearer", "id_token": self.sign(self, claims)}


@contextmanager
def running_provider() -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.told.append(self.path)
            documents = {"/.well-known/openid-configuration": provider.configuration, "/jwks": provider.keys}
            make = documents.get(self.path)
            self._answer(200 if make else 404, make() if make else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("authorization", "")))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(timeout=5)
