"""Webhooks as they are kept: with their secrets sealed, how far each has come, and how it goes."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from chassis_metadata.errors import LimitExceeded, NotFound
from chassis_metadata.ids import new_id
from chassis_metadata.logic.webhook import Watched, watched_of, webhooks_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.auth.tenant_secrets import WEBHOOK, DestroyedSecretError
from chassis_platform.automation.events.subscription import starting_point
from chassis_platform.automation.webhook_subscriptions.definition import Definition
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

PREFIX, SECRET_PREFIX = "0Wh", "whsec_"
#: How long calls are signed with the secret of before, too.
OVERLAP = timedelta(days=1)
MOST_WEBHOOKS = 100
_SECTION = "Webhooks"

_SHOWN = (
    "json_build_object('id', w.id, 'label', w.label, 'url', w.url, 'objects', w.objects, 'declared', w.declared,"
    " 'batch_size', w.batch_size,"
    " 'is_active', w.is_active, 'stopped_because', w.stopped_because, 'missed', w.missed, 'failures', w.failures,"
    " 'failing_since', w.failing_since, 'resume_at', w.resume_at, 'last_success_at', w.last_success_at,"
    " 'last_error', w.last_error, 'created_at', w.created_at, 'old_secret_until', w.old_secret_until,"
    " 'behind', greatest(0, coalesce(s.last_position, 0) - w.position),"
    " 'waiting', (SELECT count(*) FROM chassis.webhook_delivery d WHERE d.tenant_id = w.tenant_id"
    " AND d.webhook_id = w.id AND d.status = 'waiting'),"
    " 'dead', (SELECT count(*) FROM chassis.webhook_delivery d WHERE d.tenant_id = w.tenant_id"
    " AND d.webhook_id = w.id AND d.status = 'dead'),"
    " 'run_as', (SELECT json_build_object('id', u.id, 'name', u.name, 'username', u.username, 'is_active', u.is_active)"
    ' FROM tenant."user" u WHERE u.tenant_id = w.tenant_id AND u.id = w.run_as_user_id))'
)
_LIST = Statement(
    f"SELECT {_SHOWN} FROM chassis.webhook w LEFT JOIN chassis.change_stream s ON s.tenant_id = w.tenant_id"  # noqa: S608
    " WHERE w.tenant_id = %(tenant_id)s AND (%(id)s::text IS NULL OR w.id = %(id)s::text) ORDER BY lower(w.label), w.id"
)
_INSERT = Statement(
    "INSERT INTO chassis.webhook (tenant_id, id, label, url, objects, declared, run_as_user_id, batch_size, is_active,"
    " secret, position, created_by_id) SELECT %(tenant_id)s, %(id)s, %(label)s, %(url)s, %(objects)s::jsonb,"
    " %(declared)s, %(run_as)s, %(batch_size)s, %(is_active)s, %(secret)s, %(position)s, %(actor)s"
    " WHERE (SELECT count(*) FROM chassis.webhook WHERE tenant_id = %(tenant_id)s) < %(most)s RETURNING id",
    sealed=True,
)
#: Switched on again, or led elsewhere, it is tried afresh.
_UPDATE = Statement(
    "UPDATE chassis.webhook SET label = %(label)s, url = %(url)s, objects = %(objects)s::jsonb,"
    " declared = %(declared)s, run_as_user_id = %(run_as)s, batch_size = %(batch_size)s, is_active = %(is_active)s,"
    " stopped_because = NULL, failures = 0, failing_since = NULL, resume_at = NULL"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING id"
)
_ROTATE = Statement(
    "UPDATE chassis.webhook SET old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING label",
    sealed=True,
)
_DELETE = Statement(
    "WITH gone AS (DELETE FROM chassis.webhook WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING id, label),"
    " deliveries AS (DELETE FROM chassis.webhook_delivery WHERE tenant_id = %(tenant_id)s AND webhook_id = %(id)s)"
    " SELECT label FROM gone"
)
_LOADED = (
    "id",
    "label",
    "url",
    "objects",
    "run_as_user_id",
    "batch_size",
    "is_active",
    "position",
    "failures",
    "declared",
)
_LOAD = Statement(
    f"SELECT {', '.join(_LOADED)}, {WEBHOOK.in_sql('secret')},"  # noqa: S608  names of this file
    f" CASE WHEN old_secret_until > %(now)s THEN {WEBHOOK.in_sql('old_secret')} END FROM chassis.webhook"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
    sealed=True,
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as the worker needs it; `secrets` sign, the newest first: none where its key was destroyed."""

    id: str
    label: str
    url: str
    watched: Mapping[str, Watched]
    run_as_user_id: str
    batch_size: int
    is_active: bool
    position: int
    failures: int
    secrets: tuple[str, ...] = field(repr=False)
    declared: str | None = None

    def as_declared(self, snapshot: Snapshot) -> Webhook | None:
        """With what the component says by now, if one says it; None where that is switched off or gone."""
        if self.declared is None:
            return self
        found = webhooks_of(snapshot).get(self.declared)
        return None if found is None else replace(self, watched=found.watched)


async def list_webhooks(database: Database, context: Context, webhook_id: str | None = None) -> list[Any]:
    """A document of each, or of that one: without its secret."""
    [rows] = await database.read(context.binding, _LIST.bind(tenant_id=context.tenant.id, id=webhook_id))
    found = [orjson.loads(row[0]) for row in rows]
    known = webhooks_of(context.snapshot)
    for each in found:
        if each["declared"] in known:
            each["objects"] = known[each["declared"]].documents
    return found


def declared_webhooks(context: Context, taken: Collection[str]) -> list[dict[str, Any]]:
    """Those that packages declare, but for the ones that lead somewhere already."""
    language = context.principal.language
    return [
        {
            "name": each.name,
            "label": each.label_in(context.snapshot, language),
            "objects": each.documents,
        }
        for each in webhooks_of(context.snapshot).values()
        if each.name not in taken
    ]


async def show_webhook(database: Database, context: Context, webhook_id: str) -> Any:
    """The document of one; NotFound without it."""
    found = await list_webhooks(database, context, webhook_id)
    if not found:
        raise no_webhook()
    return found[0]


def no_webhook() -> NotFound:
    """There is none of that id."""
    return NotFound.of("not_found", "There is no such webhook.")


async def create_webhook(database: Database, context: Context, definition: Definition) -> tuple[str, str]:
    """Make one; answers its id and its secret, which can be read this once. It tells of what changes from now on."""
    webhook_id, secret = new_id(PREFIX), new_secret()
    start = await starting_point(database, context, "-1")
    made = _INSERT.bind(
        **_values(context, definition),
        id=webhook_id,
        secret=WEBHOOK.to_seal(webhook_id, secret.encode()),
        position=int(start),
        actor=context.principal.user_id,
        most=MOST_WEBHOOKS,
    )
    async with database.transaction(context.binding) as transaction:
        if not await transaction.fetch(made):
            raise LimitExceeded.of("limit_exceeded", f"An organization has {MOST_WEBHOOKS} webhooks at most.")
        entry = _entry(context, "createdWebhook", definition, f"Created the webhook {definition.label}")
        await transaction.fetch(entry)
    return webhook_id, secret


async def update_webhook(
    database: Database, context: Context, webhook_id: str, definition: Definition, before: Mapping[str, Any]
) -> None:
    """Set all of it anew; what it has told of already stays told."""
    entry = _entry(context, "changedWebhook", definition, f"Changed the webhook {definition.label}", before=before)
    async with database.transaction(context.binding) as transaction:
        if not await transaction.fetch(_UPDATE.bind(**_values(context, definition), id=webhook_id)):
            raise no_webhook()
        await transaction.fetch(entry)


def _values(context: Context, definition: Definition) -> dict[str, Any]:
    return {
        "tenant_id": context.tenant.id,
        "label": definition.label,
        "url": definition.url,
        "objects": orjson.dumps(definition.objects).decode(),
        "declared": definition.declared,
        "run_as": definition.run_as_user_id,
        "batch_size": definition.batch_size,
        "is_active": definition.is_active,
    }


def _entry(
    context: Context, action: str, definition: Definition, display: str, before: Mapping[str, Any] | None = None
) -> Statement:
    values = _values(context, definition) | {"objects": definition.objects}
    del values["tenant_id"]
    known = None if before is None else {name: before.get(name) for name in values}
    return setup_entry(
        context.tenant.id, context.actor, SetupChange(action, _SECTION, definition.label, display, known, values)
    )


async def rotate_secret(database: Database, context: Context, webhook_id: str) -> tuple[str, datetime]:
    """A new secret, which can be read this once; for a day, calls are signed with the one before as well."""
    secret, until = new_secret(), clock.now() + OVERLAP
    sealed = WEBHOOK.to_seal(webhook_id, secret.encode())
    await _act(
        database,
        context,
        _ROTATE.bind(tenant_id=context.tenant.id, id=webhook_id, secret=sealed, until=until),
        ("rotatedWebhookSecret", "Made a new secret for the webhook"),
    )
    return secret, until


async def delete_webhook(database: Database, context: Context, webhook_id: str) -> None:
    """Send nothing more, and forget what was sent."""
    deleted = _DELETE.bind(tenant_id=context.tenant.id, id=webhook_id)
    await _act(database, context, deleted, ("deletedWebhook", "Deleted the webhook"))


async def _act(database: Database, context: Context, statement: Statement, told: tuple[str, str]) -> None:
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(statement)
        if not rows:
            raise no_webhook()
        [[label]] = rows
        change = SetupChange(told[0], _SECTION, label, f"{told[1]} {label}")
        await transaction.fetch(setup_entry(context.tenant.id, context.actor, change))


def new_secret() -> str:
    """A secret to sign with."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


async def load_webhook(database: Database, home: Path, tenant_id: int, webhook_id: str) -> Webhook | None:
    """A webhook with its secrets; None where it was deleted."""
    asked = _LOAD.bind(tenant_id=tenant_id, id=webhook_id, now=clock.now())
    [rows] = await database.read(Binding(tenant_id), asked)
    if not rows:
        return None
    [(*values, secret, old)] = rows
    kept = dict(zip(_LOADED, values, strict=True))
    opened = _opened(home, tenant_id, webhook_id, secret, old)
    return Webhook(watched=watched_of(kept.pop("objects")), secrets=tuple(opened), **kept)


def _opened(home: Path, tenant_id: int, webhook_id: str, *found: bytes | None) -> Iterator[str]:
    """Those whose key is there."""
    for each in found:
        with suppress(DestroyedSecretError):
            secret = WEBHOOK.opened(home, tenant_id, webhook_id, each)
            if secret is not None:
                yield secret.decode()
