"""Identity providers as administrators set them up; every change in the setup trail, no secret in any answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography import x509

from chassis_metadata.errors import Conflict, Forbidden, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.documents import Reading
from chassis_platform.auth.federation.identity import FIELDS
from chassis_platform.auth.federation.providers import (
    KINDS,
    OIDC,
    PROVIDER_PREFIX,
    IdentityProvider,
    find_provider,
)
from chassis_platform.auth.tenant_secrets import PROVIDER, can_be_opened
from chassis_tenants.database import Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

SECTION = "Identity providers"
LONGEST_SECRET, LONGEST_PEM, LONGEST_URL = 2000, 20_000, 1000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")

_COMMON: Mapping[str, Any] = {
    "provision": False,
    "update_users": True,
    "permission_sets": [],
    "groups": None,
    "mappings": [],
}
_ATTRIBUTES = {
    OIDC: {
        "username": "preferred_username",
        "email": "email",
        "first_name": "given_name",
        "last_name": "family_name",
    },
    "saml": {"username": "username", "email": "email", "first_name": "first_name", "last_name": "last_name"},
}
_OF_KIND: Mapping[str, Mapping[str, Any]] = {
    OIDC: {"issuer": None, "client_id": None, "scopes": "openid profile email"},
    "saml": {
        "entity_id": None,
        "sign_in_url": None,
        "sign_out_url": None,
        "sign_out_answer_url": None,
        "certificates": [],
        "subject_attribute": None,
        "sign_requests": False,
        "older_encryption": False,
    },
}

_LIST = Statement(
    f"SELECT p.id, p.name, p.kind, p.label, p.is_active, p.body, {can_be_opened('p.sealed_secret')},"  # noqa: S608
    " (SELECT count(*) FROM chassis.federated_identity f WHERE f.tenant_id = p.tenant_id AND f.provider_id = p.id)"
    " FROM chassis.identity_provider p WHERE p.tenant_id = %(tenant_id)s ORDER BY lower(p.label), p.id"
)
_INSERT = Statement(
    "INSERT INTO chassis.identity_provider (tenant_id, id, name, kind, label, is_active, body, sealed_secret,"
    " created_at, changed_at, changed_by) VALUES (%(tenant_id)s, %(id)s, %(name)s, %(kind)s, %(label)s,"
    " %(is_active)s, %(body)s::jsonb, %(sealed)s, %(now)s, %(now)s, %(user_id)s) ON CONFLICT DO NOTHING RETURNING 1",
    sealed=True,
)
_UPDATE = Statement(
    "UPDATE chassis.identity_provider SET label = %(label)s, is_active = %(is_active)s, body = %(body)s::jsonb,"
    " sealed_secret = coalesce(%(sealed)s, sealed_secret), changed_at = %(now)s, changed_by = %(user_id)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
    sealed=True,
)
_DELETE = (
    Statement("DELETE FROM chassis.federated_identity WHERE tenant_id = %(tenant_id)s AND provider_id = %(id)s"),
    Statement("DELETE FROM chassis.sso_attempt WHERE tenant_id = %(tenant_id)s AND provider_id = %(id)s"),
    Statement("DELETE FROM chassis.identity_provider WHERE tenant_id = %(tenant_id)s AND id = %(id)s"),
)


async def list_providers(database: Database, context: Context) -> list[dict[str, Any]]:
    """The providers, without secrets."""
    [rows] = await database.read(context.binding, _LIST.bind(tenant_id=context.tenant.id))
    names = ("id", "name", "kind", "label", "is_active", "has_secret", "identities")
    return [{**dict(zip(names, (*row[:5], *row[6:]), strict=True)), **row[5]} for row in rows]


async def create_provider(database: Database, context: Context, document: Mapping[str, Any]) -> str:
    """Set a provider up; answers its id."""
    kind = document.get("kind")
    if kind not in KINDS:
        raise Invalid.of("invalid_field", f"kind must be one of {', '.join(KINDS)}.", fields=["kind"])
    if not _NAME.fullmatch(str(document.get("name") or "")):
        message = "name has lower-case letters, digits and hyphens, a letter first; it stands in addresses."
        raise Invalid.of("invalid_field", message, fields=["name"])
    values = {**_fresh(kind), **{key: value for key, value in document.items() if key not in ("kind", "name")}}
    secret, values = _check(context, kind, values)
    provider_id, name = new_id(PROVIDER_PREFIX), str(document["name"])
    change = SetupChange(
        "createdIdentityProvider", SECTION, name, f"Set up the identity provider {values['label']}", after=values
    )
    inserted = _INSERT.bind(**_row(context, provider_id, values, secret), name=name, kind=kind)
    rows, _ = await database.read(context.binding, inserted, setup_entry(context.tenant.id, context.actor, change))
    if not rows:
        raise Conflict.of("duplicate_name", f"There is an identity provider {name!r} already.", path="name")
    return provider_id


def _fresh(kind: str) -> dict[str, Any]:
    base = {"label": None, "is_active": True, "attributes": _ATTRIBUTES[kind], "client_secret": None}
    return {**base, **_COMMON, **_OF_KIND[kind]}


def _row(context: Context, provider_id: str, values: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
    body = {key: value for key, value in values.items() if key not in ("label", "is_active")}
    return {
        "tenant_id": context.tenant.id,
        "id": provider_id,
        "label": values["label"],
        "is_active": values["is_active"],
        "body": orjson.dumps(body).decode(),
        "sealed": PROVIDER.to_seal(provider_id, secret.encode()) if secret else None,
        "now": clock.now(),
        "user_id": context.principal.user_id,
    }


async def provider_of(database: Database, context: Context, key: str) -> IdentityProvider:
    """The tenant's provider of that id."""
    provider = await find_provider(database, context.tenant.id, key)
    if provider is None:
        raise NotFound.of("not_found", "There is no such identity provider.")
    return provider


async def update_provider(database: Database, context: Context, provider_id: str, document: Mapping[str, Any]) -> None:
    """Change a provider; a secret that is not sent stays."""
    provider = await provider_of(database, context, provider_id)
    before = {"label": provider.label, "is_active": provider.is_active, **provider.body}
    known = {**_OF_KIND[provider.kind], **before}  # one that was set up earlier may lack a key
    secret, values = _check(context, provider.kind, {**known, "client_secret": None, **document})
    change = SetupChange(
        "changedIdentityProvider",
        SECTION,
        provider.name,
        f"Changed the identity provider {provider.label}",
        before,
        values,
    )
    row = _row(context, provider.id, values, secret)
    entry = setup_entry(context.tenant.id, context.actor, change)
    await database.read(context.binding, _UPDATE.bind(**row), entry)


async def delete_provider(database: Database, context: Context, provider_id: str) -> None:
    """Remove a provider with its links; its users stay, and sign in in other ways."""
    provider = await provider_of(database, context, provider_id)
    change = SetupChange(
        "deletedIdentityProvider", SECTION, provider.name, f"Removed the identity provider {provider.label}"
    )
    key = {"tenant_id": context.tenant.id, "id": provider.id}
    entry = setup_entry(context.tenant.id, context.actor, change)
    await database.read(context.binding, *(each.bind(**key) for each in _DELETE), entry)


def _check(context: Context, kind: str, values: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The secret, if one was sent, and the tidied rest; refuses all that is wrong at once."""
    reading = Reading(values)
    reading.refuse_unknown(_fresh(kind))
    reading.text("label", required=True)
    reading.text("client_secret", longest=LONGEST_SECRET)
    reading.text("groups", longest=200)
    for name in ("is_active", "provision", "update_users"):
        reading.flag(name)
    reading.names("permission_sets")
    _check_attributes(reading)
    _check_mappings(reading)
    if kind == OIDC:
        _check_oidc(reading)
    else:
        _check_saml(reading)
    reading.raise_problems()
    _check_given(context, reading)
    reading.raise_problems()
    return values.pop("client_secret"), values


def _check_attributes(reading: Reading) -> None:
    given = reading.values.get("attributes")
    if not isinstance(given, dict) or not all(isinstance(each, str) and each for each in given.values()):
        reading.refuse("attributes", f"attributes maps fields ({', '.join(FIELDS)}) to the provider's names.")
    elif not set(given) <= set(FIELDS):
        reading.refuse("attributes", f"attributes knows: {', '.join(FIELDS)}.")
    elif reading.values.get("provision") is True and "username" not in given:
        reading.refuse("attributes", "To make users it must be known what their username is.")


def _check_mappings(reading: Reading) -> None:
    given = reading.values.get("mappings")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        reading.refuse("mappings", "mappings must be an array of objects.")
        return
    tidy = []
    for each in given:
        inner = Reading({"group": None, "permission_sets": [], "public_groups": [], **each})
        inner.refuse_unknown(("group", "permission_sets", "public_groups"))
        inner.text("group", required=True, longest=255)
        inner.names("permission_sets")
        inner.names("public_groups")
        reading.problems += inner.problems
        tidy.append(inner.values)
    reading.values["mappings"] = tidy
    if tidy and not reading.values.get("groups"):
        reading.refuse("groups", "Say in which attribute the provider names its groups.")


def _check_oidc(reading: Reading) -> None:
    reading.text("issuer", required=True, longest=LONGEST_URL)
    reading.text("client_id", required=True, longest=255)
    reading.text("scopes", required=True, longest=500)
    _check_url(reading, "issuer")
    if "openid" not in str(reading.values.get("scopes")).split():
        reading.refuse("scopes", "scopes must hold openid.")


def _check_saml(reading: Reading) -> None:
    reading.text("entity_id", required=True, longest=LONGEST_URL)
    reading.text("sign_in_url", required=True, longest=LONGEST_URL)
    reading.text("subject_attribute", longest=255)
    reading.names("certificates")
    for name in ("sign_requests", "older_encryption"):
        reading.flag(name)
    for name in ("sign_out_url", "sign_out_answer_url"):
        reading.text(name, longest=LONGEST_URL)
    for name in ("sign_in_url", "sign_out_url", "sign_out_answer_url"):
        _check_url(reading, name)
    if reading.values.get("client_secret") is not None:
        reading.refuse("client_secret", "A SAML provider knows us by our certificate, not by a secret.")
    certificates = reading.values.get("certificates")
    if not certificates or not all(_is_certificate(each) for each in certificates):
        reading.refuse("certificates", "certificates must hold the provider's PEM certificates, one at least.")


def _is_certificate(pem: object) -> bool:
    if not isinstance(pem, str) or len(pem) > LONGEST_PEM:
        return False
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return True


def _check_url(reading: Reading, name: str) -> None:
    value = reading.values.get(name)
    if not isinstance(value, str):
        return
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        reading.refuse(name, f"{name} must be an https address without query.")


def _check_given(context: Context, reading: Reading) -> None:
    """What the provider gives away exists, and is no more than who sets it up may give."""
    mapped = [name for each in reading.values["mappings"] for name in each["permission_sets"]]
    names = [*reading.values["permission_sets"], *mapped]
    for each in dict.fromkeys(names):
        if each not in context.snapshot.permission_sets:
            reading.refuse("permission_sets", f"There is no permission set {each!r}.")
    demand_may_give(context, names)


def demand_may_give(context: Context, names: Iterable[str]) -> None:
    """Who may not manage permissions gives away only what they hold themselves."""
    beyond = sorted(set(names) - set(context.policy.permission_sets))
    if beyond and not context.policy.may("ManagePermissions"):
        message = f"Only who has ManagePermissions may give these away: {', '.join(beyond)}."
        raise Forbidden.of("insufficient_access", message)
