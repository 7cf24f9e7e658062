"""Calls to other systems after a commit: to allowed hosts only, never into the own network, signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from chassis_metadata.ids import new_id
from chassis_platform import clock, outbound
from chassis_platform.access.context import Context
from chassis_platform.outbound import Destinations, NotAllowedError, send
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database, Transaction
from chassis_tenants.journal import JOB_PREFIX, enqueue
from chassis_tenants.secret_settings import read_secret

JOB = "call_webhook"

SIGNATURE, DELIVERY = "X-Chassis-Signature", "X-Chassis-Delivery"
_FIRST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the address or the setting that holds it, the setting with the secret, what is said.

    `attempts` counts how often it is tried at most, and `answer` says which flow hears of each try; None: as jobs are.
    """

    url_setting: str | None
    secret_setting: str | None
    document: Mapping[str, Any] | str
    source: str
    address: str | None = None
    content_type: str = "application/json"
    attempts: int | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The flow that hears of what became of a call, and the record on which it runs."""

    flow: str
    about: str


async def queue_calls(transaction: Transaction, context: Context, calls: Sequence[Call]) -> None:
    """Make calls when the caller's transaction is committed; one that fails is made again for some hours."""
    jobs = [
        enqueue(
            context.tenant.id,
            JOB,
            {
                "url": each.url_setting,
                "address": each.address,
                "secret": each.secret_setting,
                "document": each.document,
                "type": each.content_type,
                "source": each.source,
                "delivery": new_id(JOB_PREFIX),
                "attempts": each.attempts,
                "answer": [each.answer.flow, each.answer.about] if each.answer else None,
                "user": context.principal.user_id,
            },
        )
        for each in calls
    ]
    if jobs:
        await transaction.fetch_each(jobs)


class AnsweredError(ConnectionError):
    """The other system answered that it did not take the call."""

    def __init__(self, host: str | None, status: int) -> None:
        self.status = status
        super().__init__(f"{host} answered {status}")


async def make_call(database: Database, context: Context, settings: Settings, payload: Mapping[str, Any]) -> int:
    """Make one call; answers the HTTP status. Raises where it was not taken, or may not be made."""
    url = payload.get("address") or _setting(context, payload["url"])
    if not url:
        raise NotAllowedError(f"The setting {payload['url']} holds no address.")
    said = payload["document"]
    body = said.encode() if isinstance(said, str) else orjson.dumps(said)
    secret = await _secret(database, context, payload["secret"]) if payload.get("secret") else None
    kind = payload.get("type") or "application/json"
    headers = {"content-type": kind, DELIVERY: payload["delivery"], "user-agent": "chassis"}
    if secret:
        headers[SIGNATURE] = signature(secret, body, int(clock.now().timestamp()))
    status = await asyncio.to_thread(_post, settings, url, body, headers)
    if status >= _FIRST_ERROR:
        raise AnsweredError(urlsplit(url).hostname, status)
    return status


def _setting(context: Context, name: str) -> str | None:
    setting = context.snapshot.settings.get(name)
    return None if setting is None or setting.value is None else str(setting.value)


async def _secret(database: Database, context: Context, name: str) -> str | None:
    """What signs, opened now; None where the tenant gave none. Raises where its key was destroyed."""
    setting = context.snapshot.settings.get(name)
    if setting is None or not setting.is_secret:  # of a package from before there were secrets
        return _setting(context, name)
    if not setting.is_set:
        return None
    [rows] = await database.read(Binding(context.tenant.id), read_secret(context.tenant.id, name))
    if rows and rows[0][0] is None:
        raise NotAllowedError(f"The secret {name} can't be read any more: its key was destroyed. Set it anew.")
    return str(rows[0][0]) if rows else None


def signature(secret: str, body: bytes, moment: int) -> str:
    """`t=<seconds>,v1=<HMAC-SHA256 of "seconds.body">`: a receiver also refuses what is old."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def _post(settings: Settings, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    return send(destinations_of(settings), "POST", url, body, headers).status


def destinations_of(settings: Settings) -> Destinations:
    """Where calls of a tenant's may go."""
    return Destinations(settings.webhook_hosts, settings.webhook_private, "CHASSIS_WEBHOOK_HOSTS")


def allowed_address(settings: Settings, parts: SplitResult) -> str:
    """The address to connect to. Raises NotAllowedError where scheme, host or address is none to call."""
    return outbound.allowed_address(destinations_of(settings), parts)
