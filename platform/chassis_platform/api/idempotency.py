"""`Idempotency-Key`: a create that is sent again, because its answer was lost, is answered again and not done again.

The answer is kept in the transaction of what was done: there are both, or neither.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from chassis_metadata.errors import Conflict, Invalid
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import JSON, body_bytes
from chassis_platform.api.deps import Handler
from chassis_platform.api.one_transaction import in_one_transaction
from chassis_platform.automation.encryption.rotation import kept_document
from chassis_tenants.database import Row, Transaction
from chassis_tenants.seal_marks import document_in_sql
from chassis_tenants.statement import Statement

KEY_HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
_REPEATED = "idempotent-replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PLACE = "Idempotency.Answer"
_LOCK = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended(%(key_hash)s, %(tenant_id)s))")
_FIND = Statement(
    "SELECT digest, status, location, "  # noqa: S608  the expression is of this process
    + document_in_sql(_PLACE, "key_hash", "answer")
    + " FROM chassis.idempotency"
    " WHERE tenant_id = %(tenant_id)s AND key_hash = %(key_hash)s AND created_at > %(since)s",
    sealed=True,
)
_KEEP = Statement(
    "INSERT INTO chassis.idempotency (tenant_id, key_hash, digest, status, location, answer, created_at)"
    " VALUES (%(tenant_id)s, %(key_hash)s, %(digest)s, %(status)s, %(location)s, %(answer)s, %(now)s)"
    " ON CONFLICT (tenant_id, key_hash) DO UPDATE SET digest = excluded.digest, status = excluded.status,"
    " location = excluded.location, answer = excluded.answer, created_at = excluded.created_at",
    sealed=True,
)


@dataclass(frozen=True, slots=True)
class _Keyed:
    """A request with a key, as it is kept: nobody who reads the table learns the key, or can guess at the body."""

    tenant_id: int
    key_hash: str
    digest: bytes


def is_keyed(request: Request) -> bool:
    """Whether the request's answer is kept."""
    return KEY_HEADER in request.headers


def idempotent(handler: Handler) -> Handler:
    """The handler of a create, with its answer kept where the request has a key. Only successes are kept.

    The handler runs in one transaction with the key and finds its database by `server_of(request)`, as ever.
    """

    @wraps(handler)
    async def keyed(context: Context, request: Request) -> Response:
        if not is_keyed(request):
            return await handler(context, request)
        known = await _keyed(context, request)

        async def work(joined: Request, transaction: Transaction) -> Response:
            answer = await _kept_answer(transaction, known)
            if answer is None:
                answer = await handler(context, joined)
                await _keep(context, transaction, known, answer)
            return answer

        return await in_one_transaction(context, request, work)

    return keyed


async def _keyed(context: Context, request: Request) -> _Keyed:
    key = request.headers[KEY_HEADER]
    if not _KEY.fullmatch(key):
        raise Invalid.of("invalid_header", f"{KEY_HEADER} must be 1 to 255 visible ASCII characters, such as a UUID.")
    principal = context.principal
    owner = "\0".join([principal.user_id, principal.client_id or principal.client_name or "", key])
    secret = hashlib.sha256(key.encode()).digest()
    digest = hashlib.blake2b(key=secret, digest_size=32)
    for part in (request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(await body_bytes(request))
    return _Keyed(context.tenant.id, hashlib.sha256(owner.encode()).hexdigest(), digest.digest())


async def _kept_answer(transaction: Transaction, known: _Keyed) -> Response | None:
    """What was answered before; raises where the key is of something else, or of a request that is still running."""
    asked = {"tenant_id": known.tenant_id, "key_hash": known.key_hash, "since": clock.now() - KEPT}
    [[(is_mine,)], rows] = await transaction.fetch_each([_LOCK.bind(**asked), _FIND.bind(**asked)])
    if rows:
        return _again(rows[0], known)
    if not is_mine:
        message = f"A request with this {KEY_HEADER} is being answered: ask again in a moment."
        raise Conflict.of("idempotency_key_in_use", message)
    return None


def _again(row: Row, known: _Keyed) -> Response:
    digest, status, location, body = row
    if bytes(digest) != known.digest:
        message = f"This {KEY_HEADER} was used for another request: a new request needs a new key."
        raise Conflict.of("idempotency_key_reused", message)
    if not body:
        raise Conflict.of("idempotency_key_reused", f"The request of this {KEY_HEADER} was carried out before.")
    headers = {_REPEATED: "true"} | ({"location": location} if location else {})
    return Response(bytes(body), status, headers=headers, media_type=JSON)


async def _keep(context: Context, transaction: Transaction, known: _Keyed, answer: Response) -> None:
    if answer.status_code >= 400:  # noqa: PLR2004  nothing was done, so it may be tried again
        return
    kept = kept_document(context.snapshot, _PLACE, known.key_hash, bytes(answer.body))
    row = {
        "tenant_id": known.tenant_id,
        "key_hash": known.key_hash,
        "digest": known.digest,
        "status": answer.status_code,
        "location": answer.headers.get("location"),
        "answer": kept,
        "now": clock.now(),
    }
    await transaction.fetch(_KEEP.bind(**row))
