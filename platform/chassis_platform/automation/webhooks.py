"""Calls to other systems after a commit: to allowed hosts only, never into the own network, signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.identity import context_of_job
from chassis_platform.settings import Settings
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import JOB_PREFIX, enqueue
from chassis_tenants.snapshots import SnapshotStore

JOB = "call_webhook"
SIGNATURE, DELIVERY = "X-Chassis-Signature", "X-Chassis-Delivery"
TIMEOUT_SECONDS = 15.0
_FIRST_ERROR = 300


class NotAllowedError(Exception):
    """The address must not be called."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the setting with the address, the setting with the secret, what is said."""

    url_setting: str
    secret_setting: str | None
    document: Mapping[str, Any]
    source: str


async def queue_calls(transaction: Transaction, context: Context, calls: Sequence[Call]) -> None:
    """Make calls when the caller's transaction is committed; one that fails is made again for some hours."""
    jobs = [
        enqueue(
            context.tenant.id,
            JOB,
            {
                "url": each.url_setting,
                "secret": each.secret_setting,
                "document": each.document,
                "source": each.source,
                "delivery": new_id(JOB_PREFIX),
            },
        )
        for each in calls
    ]
    if jobs:
        await transaction.fetch_each(jobs)


async def call_webhook(
    database: Database, snapshots: SnapshotStore, settings: Settings, tenant_id: int, payload: Mapping[str, Any]
) -> None:
    """Make one call. Raises where it must be made again; the delivery's id stays, so that a receiver can tell."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    url = _setting(context, payload["url"])
    if not url:
        raise NotAllowedError(f"The setting {payload['url']} holds no address.")
    body = orjson.dumps(payload["document"])
    secret = _setting(context, payload["secret"]) if payload.get("secret") else None
    headers = {"content-type": "application/json", DELIVERY: payload["delivery"], "user-agent": "chassis"}
    if secret:
        headers[SIGNATURE] = signature(secret, body, int(clock.now().timestamp()))
    status = await asyncio.to_thread(_post, settings, url, body, headers)
    if status >= _FIRST_ERROR:
        raise ConnectionError(f"{urlsplit(url).hostname} answered {status}")


def _setting(context: Context, name: str) -> str | None:
    setting = context.snapshot.settings.get(name)
    return None if setting is None or setting.value is None else str(setting.value)


def signature(secret: str, body: bytes, moment: int) -> str:
    """`t=<seconds>,v1=<HMAC-SHA256 of "seconds.body">`: a receiver also refuses what is old."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def _post(settings: Settings, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post to the address that was checked, not to what its name means a moment later. Redirects are not followed."""
    parts = urlsplit(url)
    address = allowed_address(settings, parts)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(str(parts.hostname), port, timeout=TIMEOUT_SECONDS)
    connection.sock = socket.create_connection((address, port), TIMEOUT_SECONDS)
    if parts.scheme == "https":
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=parts.hostname)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def allowed_address(settings: Settings, parts: SplitResult) -> str:
    """The address to connect to. Raises NotAllowedError where scheme, host or address is none to call."""
    host = (parts.hostname or "").lower()
    allowed = [each.strip().lower() for each in settings.webhook_hosts.split(",") if each.strip()]
    if parts.scheme not in ("https", "http"):
        raise NotAllowedError(f"{parts.scheme!r} is no scheme to call: https, or http.")
    if not any(fnmatchcase(host, each) for each in allowed):
        raise NotAllowedError(f"{host} is not among the hosts that may be called (CHASSIS_WEBHOOK_HOSTS).")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for each in addresses:
        if not settings.webhook_private and not ipaddress.ip_address(each.partition("%")[0]).is_global:
            raise NotAllowedError(f"{host} leads into a private network.")
    return addresses[0]
