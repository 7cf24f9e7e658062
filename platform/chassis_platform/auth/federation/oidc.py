"""OpenID Connect as the relying party: discovery, the way to the provider, and what its identity tokens must prove."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import orjson

from chassis_platform.auth.federation.authorize import challenge_of
from chassis_platform.auth.federation.identity import LONGEST_SUBJECT, Identity, read_identity
from chassis_platform.auth.federation.redirects import with_parameters
from chassis_platform.auth.federation.signing import half_hash
from chassis_platform.outbound import Answer, Destinations, NotAllowedError, send

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
LEEWAY_SECONDS = 60
DISCOVERY_SECONDS = 3600.0
#: Keys that are not known are asked for again this often at most: nobody makes us call the provider at will.
REFETCH_SECONDS = 30.0
_OK = 200


class NotBelievedError(Exception):
    """What the provider sent proves nothing; the text is for the login history."""


@dataclass(slots=True)
class _Known:
    document: Mapping[str, Any]
    fetched: float
    keys: Mapping[str, Any] | None = None
    keys_fetched: float = 0.0


_known: dict[tuple[str, str], _Known] = {}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """We, at one provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scopes: str
    destinations: Destinations

    async def fetch(self, url: str) -> Mapping[str, Any]:
        """A JSON document of the provider."""
        return _document(await self._send("GET", url, None, {"accept": "application/json"}))

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer to a form."""
        body = urlencode(form).encode()
        sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers}
        return _document(await self._send("POST", url, body, sent))

    async def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if urlsplit(url).scheme != "https" and not self.destinations.private:
            raise NotBelievedError(f"{url} is not https")
        try:
            return await asyncio.to_thread(send, self.destinations, method, url, body, headers)
        except (NotAllowedError, OSError, ValueError) as error:
            raise NotBelievedError(f"the provider could not be asked: {error}") from error

    async def configuration(self) -> _Known:
        """The provider's discovery document, kept for an hour; it must be the issuer's own."""
        key = (self.issuer, self.destinations.hosts)
        known = _known.get(key)
        if known is None or time.monotonic() - known.fetched > DISCOVERY_SECONDS:
            document = await self.fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != self.issuer:
                raise NotBelievedError("the discovery document is another issuer's")
            known = _known[key] = _Known(document, time.monotonic())
        return known


def _document(answer: Answer) -> Mapping[str, Any]:
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if answer.status != _OK or not isinstance(document, dict):
        raise NotBelievedError(f"the provider answered {answer.status}")
    return document


def _endpoint(known: _Known, name: str) -> str:
    url = known.document.get(name)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("https", "http"):
        raise NotBelievedError(f"the discovery document has no {name}")
    return url


async def authorization_address(party: RelyingParty, state: str, nonce: str, verifier: str) -> str:
    """Where the browser goes to be asked who it is."""
    url = _endpoint(await party.configuration(), "authorization_endpoint")
    if not party.destinations.private and not url.startswith("https://"):
        raise NotBelievedError("the provider's page is not https")
    return with_parameters(
        url,
        {
            "response_type": "code",
            "client_id": party.client_id,
            "redirect_uri": party.redirect_uri,
            "scope": party.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        },
    )


async def exchange_code(party: RelyingParty, code: str, verifier: str) -> Mapping[str, Any]:
    """The provider's tokens for a code."""
    known = await party.configuration()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": party.redirect_uri,
        "code_verifier": verifier,
        "client_id": party.client_id,
    }
    headers: dict[str, str] = {}
    methods = known.document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if party.client_secret and "client_secret_basic" in methods:
        pair = f"{quote(party.client_id, safe='')}:{quote(party.client_secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif party.client_secret:
        form["client_secret"] = party.client_secret
    return await party.post(_endpoint(known, "token_endpoint"), form, headers)


async def verified_claims(party: RelyingParty, tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
    """The claims of an identity token that is signed by the provider, for us, now, for this sign-in."""
    token = str(tokens.get("id_token") or "")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in ALGORITHMS:
            raise NotBelievedError(f"the identity token is signed with {algorithm}")
        key = await _key(party, header.get("kid"), algorithm)
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=party.client_id,
            issuer=party.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise NotBelievedError(f"the identity token is not valid: {error}") from error
    if "at_hash" in claims and not _goes_with(str(claims["at_hash"]), str(tokens.get("access_token")), algorithm):
        raise NotBelievedError("the access token is not the identity token's (at_hash)")
    _check_claims(party, claims, nonce)
    return claims


def _goes_with(at_hash: str, access_token: str, algorithm: str) -> bool:
    """Whether an access token is the one that the identity token was made with."""
    digest = {"384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}.get(algorithm[-3:], hashlib.sha256)
    return hmac.compare_digest(at_hash.encode(), half_hash(access_token, digest).encode())


def _check_claims(party: RelyingParty, claims: Mapping[str, Any], nonce: str) -> None:
    """What the signature does not say: whose sign-in it is, and for whom."""
    if not hmac.compare_digest(str(claims.get("nonce") or "").encode(), nonce.encode()):
        raise NotBelievedError("the identity token is of another sign-in (nonce)")
    audience = claims["aud"]
    if claims.get("azp", party.client_id) != party.client_id:
        raise NotBelievedError("the identity token was made for another party (azp)")
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise NotBelievedError("the identity token has several audiences and no azp")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise NotBelievedError("the identity token has no usable subject")


async def _key(party: RelyingParty, key_id: object, algorithm: str) -> Any:
    """The provider's key of that id; asked for again where it is not known, for providers change their keys."""
    known = await party.configuration()
    for fresh in (False, True):
        if fresh or known.keys is None:
            if known.keys is not None and time.monotonic() - known.keys_fetched < REFETCH_SECONDS:
                break
            known.keys = await party.fetch(_endpoint(known, "jwks_uri"))
            known.keys_fetched = time.monotonic()
        found = _find_key(known.keys, key_id, algorithm)
        if found is not None:
            return found
    raise NotBelievedError("the identity token is signed with a key that the provider does not publish")


def _find_key(keys: Mapping[str, Any], key_id: object, algorithm: str) -> Any:
    listed = [each for each in keys.get("keys", ()) if isinstance(each, dict) and each.get("use", "sig") == "sig"]
    named = [each for each in listed if each.get("kid") == key_id] if key_id is not None else listed
    if len(named) != 1 or named[0].get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if named[0].get("alg", algorithm) != algorithm:
        return None
    return jwt.PyJWK(named[0], algorithm=algorithm).key


def identity_from(claims: Mapping[str, Any], attributes: Mapping[str, str], groups_name: str) -> Identity:
    """The identity that claims tell."""
    said: dict[str, Sequence[str]] = {}
    for name, value in claims.items():
        values = value if isinstance(value, list) else [value]
        said[name] = [str(each) for each in values if isinstance(each, str | int | float)]
    return read_identity(str(claims["sub"]), said, attributes, groups_name)
