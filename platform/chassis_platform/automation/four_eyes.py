"""Dangerous acts of administration that a second administrator has to approve before the first can do them.

The tenant's policy names the acts. Whoever does one without approval leaves a request and is refused; once another has
approved it, the very same act (address and content) is let through, once, within a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import orjson

from chassis_metadata.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from chassis_metadata.snapshot import Snapshot
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.keeping import inserted, updated, with_ids
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import SetupChange, setup_entry
from chassis_tenants.statement import Statement

OBJECT, SECTION = "AdministrationRequest", "Four eyes"
PERMISSION_SET, SECURITY_POLICY, PACKAGE = "permission_set", "security_policy", "package"
KEY_DESTRUCTION, FIELD_DECRYPTION = "key_destruction", "field_decryption"
JOURNAL_EXPORT, LOGIN_AS = "journal_export", "login_as"
WAITING, APPROVED, REFUSED, DONE = "Waiting", "Approved", "Refused", "Done"
APPROVE = "ApproveAdministration"
VALID_FOR = timedelta(days=1)
FEWEST_APPROVERS = 2
HIDDEN = "••••••"
#: scrypt's N (RFC 7914): a digest takes about 50 ms and 16 MB.
_GUESS_COST = 2**14


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do: which of the acts, in words, and exactly what, as it was sent.

    `hidden` are keys of the body that are kept nowhere and shown to nobody: secrets. They count for the digest.
    """

    kind: str
    summary: str
    method: str
    path: str
    body: bytes = b""
    hidden: frozenset[str] = frozenset()

    def digest(self, salt: str) -> str:
        """The same for the same act only. Where the content has secrets, guesses at them are slow to check."""
        content = f"{self.kind}\n{self.method}\n{self.path}".encode() + b"\n" + self.body
        if self.hidden:
            return hashlib.scrypt(content, salt=salt.encode(), n=_GUESS_COST, r=8, p=1, dklen=32).hex()
        return hashlib.sha256(content).hexdigest()

    @property
    def shown(self) -> str:
        """The body as it is kept and shown to who decides. Raises Invalid where it is no text."""
        try:
            body = self.body.decode()
            document = orjson.loads(body) if self.hidden and body else None
        except ValueError:
            raise Invalid.of("json_parser_error", "The content is no text, or no JSON.") from None
        if not isinstance(document, dict):
            return "" if self.hidden else body
        return orjson.dumps({name: HIDDEN if name in self.hidden else each for name, each in document.items()}).decode()


def is_guarded(context: Context, kind: str) -> bool:
    """Whether the policy asks for a second administrator; where it does for any act, its own change is one."""
    listed = context.security.four_eyes
    return kind in listed or (kind == SECURITY_POLICY and bool(listed))


@asynccontextmanager
async def guarded(database: Database, context: Context, act: Act, *, always: bool = False) -> AsyncIterator[None]:
    """Do the act inside. Raises Forbidden (`approval_required`) where it waits for approval; a request is left then.

    `always`: whatever the policy says, for what can't be undone.
    """
    if not always and not is_guarded(context, act.kind):
        yield
        return
    request_id = await _take(database, context, act)
    if request_id is None:
        raise await _ask(database, context, act)
    try:
        yield
    except BaseException:
        await _set_status(database, context, request_id, APPROVED)  # it was not done: it may be tried again
        raise


_TAKE = Statement(
    "UPDATE data.administration_request SET status = 'Done' WHERE tenant_id = %(tenant_id)s AND id = ("
    "SELECT id FROM data.administration_request WHERE tenant_id = %(tenant_id)s AND requester_id = %(user_id)s"
    " AND digest = %(digest)s AND status = 'Approved' AND expires_at > %(now)s AND NOT is_deleted"
    " ORDER BY id LIMIT 1 FOR UPDATE) RETURNING id"
)
_WAITING = Statement(
    "SELECT id FROM tenant.administration_request WHERE tenant_id = %(tenant_id)s AND requester_id = %(user_id)s"
    " AND digest = %(digest)s AND status = 'Waiting' AND expires_at > %(now)s AND NOT is_deleted"
)


def _named(context: Context, act: Act) -> dict[str, object]:
    principal = context.principal
    return {
        "tenant_id": context.tenant.id,
        "user_id": principal.acting_user_id or principal.user_id,
        "digest": act.digest(context.tenant.organization_id),
        "now": clock.now(),
    }


async def _take(database: Database, context: Context, act: Act) -> str | None:
    """The approved request of this act, which is used up by it."""
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(_TAKE.bind(**_named(context, act)))
    return str(rows[0][0]) if rows else None


async def _set_status(database: Database, context: Context, request_id: str, status: str) -> None:
    async with database.transaction(context.unversioned.binding) as transaction:
        await transaction.fetch_each([*updated(context, OBJECT, [{"Id": request_id, "Status": status}])])


async def _ask(database: Database, context: Context, act: Act) -> Forbidden:
    """Leave a request, unless the same one waits already; answers what to raise."""
    async with database.transaction(context.binding) as transaction:
        named = _named(context, act)
        waiting = await transaction.fetch(_WAITING.bind(**named))
        request_id = str(waiting[0][0]) if waiting else await _leave(transaction, context, act, named)
    message = "A second administrator has to approve this first. The request is under Setup, Four eyes."
    return Forbidden(Problem("", "approval_required", message, details={"request": request_id}))


async def _leave(transaction: Transaction, context: Context, act: Act, named: Mapping[str, object]) -> str:
    body = act.shown
    [row] = with_ids(
        context.snapshot.objects[OBJECT],
        [
            {
                "Act": act.kind,
                "Summary": act.summary[:255],
                "OwnerId": named["user_id"],
                "RequesterId": named["user_id"],
                "Status": WAITING,
                "ExpiresAt": clock.now() + VALID_FOR,
                "Method": act.method,
                "Path": act.path,
                "Body": body or None,
                "Digest": named["digest"],
            }
        ],
    )
    change = SetupChange("askedForApproval", SECTION, act.summary, f"Asked for approval: {act.summary}", after=body)
    await transaction.fetch_each(
        [*inserted(context, OBJECT, [row]), setup_entry(context.tenant.id, context.actor, change)]
    )
    return str(row["Id"])


_FIND = Statement(
    "SELECT requester_id, summary, status, expires_at FROM data.administration_request"
    " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND NOT is_deleted FOR UPDATE"
)


async def decide(
    database: Database, context: Context, request_id: str, *, approved: bool, comments: str | None
) -> None:
    """Approve or refuse a request: never one's own, never in another's name."""
    context.policy.demand(APPROVE)
    principal = context.principal
    async with database.transaction(context.binding) as transaction:
        rows = await transaction.fetch(_FIND.bind(tenant_id=context.tenant.id, id=request_id))
        if not rows:
            raise NotFound.of("not_found", "There is no such request.")
        requester_id, summary, status, expires_at = rows[0]
        if requester_id == principal.user_id or principal.acting_user_id is not None:
            raise Forbidden.of("insufficient_access", "Somebody else has to decide on a request of one's own.")
        if status != WAITING or expires_at <= clock.now():
            raise Conflict.of("already_decided", "The request was decided on, or its time is over.")
        values = {
            "Id": request_id,
            "Status": APPROVED if approved else REFUSED,
            "DeciderId": principal.user_id,
            "DecidedAt": clock.now(),
            "Comments": comments and comments[:255],
        }
        action = "approvedAct" if approved else "refusedAct"
        change = SetupChange(action, SECTION, summary, f"{'Approved' if approved else 'Refused'}: {summary}")
        entry = setup_entry(context.tenant.id, context.actor, change)
        await transaction.fetch_each([*updated(context, OBJECT, [values]), entry])


_LIST = Statement(
    "SELECT json_build_object('id', r.id, 'act', r.act, 'summary', r.summary, 'status', CASE"
    " WHEN r.status IN ('Waiting', 'Approved') AND r.expires_at <= %(now)s THEN 'Expired' ELSE r.status END,"
    " 'created', r.created_date, 'expires', r.expires_at, 'comments', r.comments, 'decided', r.decided_at,"
    " 'requester', json_build_object('id', u.id, 'name', u.name),"
    " 'decider', CASE WHEN d.id IS NULL THEN NULL ELSE json_build_object('id', d.id, 'name', d.name) END,"
    " 'method', r.method, 'path', r.path, 'body', r.body, 'own', r.requester_id = %(user_id)s)"
    " FROM tenant.administration_request r"
    ' JOIN tenant."user" u ON u.tenant_id = r.tenant_id AND u.id = r.requester_id'
    ' LEFT JOIN tenant."user" d ON d.tenant_id = r.tenant_id AND d.id = r.decider_id'
    " WHERE r.tenant_id = %(tenant_id)s AND NOT r.is_deleted AND (%(all)s OR r.requester_id = %(user_id)s)"
    " ORDER BY r.created_date DESC, r.id DESC LIMIT 200"
)


def list_requests(context: Context) -> Statement:
    """A JSON document of each recent request: one's own, and everybody's for who may approve."""
    return _LIST.bind(
        tenant_id=context.tenant.id,
        user_id=context.principal.user_id,
        now=clock.now(),
        all=context.policy.may(APPROVE),
    )


def approvers(tenant_id: int, snapshot: Snapshot) -> Statement:
    """How many active users may approve."""
    sets = [each.name for each in snapshot.permission_sets.values() if APPROVE in each.system]
    return Statement(
        "SELECT count(DISTINCT u.id) FROM tenant.permission_set_assignment a"
        " JOIN tenant.permission_set p ON p.tenant_id = a.tenant_id AND p.id = a.permission_set_id"
        ' JOIN tenant."user" u ON u.tenant_id = a.tenant_id AND u.id = a.assignee_id'
        " WHERE a.tenant_id = %(tenant_id)s AND NOT a.is_deleted AND p.name = ANY (%(sets)s)"
        " AND u.is_active AND NOT u.is_deleted",
        {"tenant_id": tenant_id, "sets": sets},
    )
