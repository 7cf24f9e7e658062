"""What is asked for a person's sake: previewed, asked for, agreed to by somebody else, done by a job, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, Invalid, NotFound
from chassis_metadata.ids import new_id
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.audit.keys import Signer
from chassis_platform.automation.encryption.rotation import kept_document
from chassis_platform.automation.identity import acting_as, context_of_job
from chassis_platform.automation.person_acts import PREFIX, NewAct, asked_change, put_down, queued
from chassis_platform.privacy.answers import DONE, FAILED, answer_request
from chassis_platform.privacy.archive import build_archive
from chassis_platform.privacy.erasure import erase_person, legal_holds, plan_of
from chassis_platform.privacy.graph import checked_subjects, collect, others_alike
from chassis_platform.privacy.mentions import find_mentions, told
from chassis_platform.privacy.treatment import Eraser
from chassis_tenants.database import Database, Transaction
from chassis_tenants.journal import Access, Actor, SetupChange, access_entry, setup_entry
from chassis_tenants.seal_marks import document_in_sql
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement

ERASED = "erased_person"
PART_BYTES = 1024 * 1024
MOST_LISTED = 200
_COLUMNS = (
    "id, kind, subjects, request_id, reason, language, requested_by, requested_at, decided_by, decided_at, ended_at,"
    " status, result, size, digest"
)
_OF = "tenant_id = %(tenant_id)s AND id = %(id)s"
_READ = Statement(f"SELECT {_COLUMNS} FROM chassis.privacy_act WHERE {_OF}")  # noqa: S608  names of this file
_PLACE = "PrivacyPart.Content"
_CONTENT = document_in_sql(_PLACE, "act_id || '.' || number", "content")
_LOCKED = Statement(f"{_READ.text} FOR UPDATE")
_LIST = Statement(
    f"SELECT {_COLUMNS} FROM chassis.privacy_act WHERE tenant_id = %(tenant_id)s"  # noqa: S608  as above
    f" ORDER BY requested_at DESC, id DESC LIMIT {MOST_LISTED}"
)
_DECIDE = Statement(
    f"UPDATE chassis.privacy_act SET status = %(status)s, decided_by = %(by)s, decided_at = %(at)s WHERE {_OF}"  # noqa: S608
)
_BEGIN = Statement(f"UPDATE chassis.privacy_act SET status = 'running' WHERE {_OF}")  # noqa: S608  as above
_END = Statement(
    "UPDATE chassis.privacy_act SET status = %(status)s, result = %(result)s::jsonb, ended_at = %(at)s,"  # noqa: S608
    f" size = %(size)s, digest = %(digest)s WHERE {_OF}"
)
#: Archives go after a week; they can be made again.
EXPIRED = (
    """
    DELETE FROM chassis.privacy_part p USING chassis.privacy_act a
    WHERE a.tenant_id = %(tenant_id)s AND p.tenant_id = %(tenant_id)s AND p.act_id = a.id
      AND a.ended_at < now() - interval '7 days'
    """,
    """
    UPDATE chassis.privacy_act SET status = 'expired'
    WHERE tenant_id = %(tenant_id)s AND kind = 'export' AND status = 'done' AND ended_at < now() - interval '7 days'
    """,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: of which records, why, in answer to which request, in which language."""

    kind: str
    subjects: Sequence[str]
    reason: str | None = None
    request_id: str | None = None
    language: str | None = None
    with_mentions: bool = False  # of an erasure: empty also other texts that name the person


async def preview(database: Database, context: Context, subjects: object) -> dict[str, Any]:
    """What an erasure would do, other texts that name the person, what stands in its way, who may be the same."""
    wanted = checked_subjects(context, subjects)
    async with database.transaction(context.binding) as transaction:
        data = await collect(transaction, context, wanted)
        holds = await legal_holds(transaction, context, data.all_ids)
        alike = await others_alike(transaction, context, wanted)
        mentions = told(await find_mentions(transaction, context, data))
    said = [{"scope": scope, "record": subject, "reason": reason} for scope, subject, reason in holds]
    plan = {"objects": plan_of(context, data), "mentions": mentions}
    return {"subjects": wanted, **plan, "legal_holds": said, "alike": alike}


async def ask(database: Database, context: Context, actor: Actor, wish: Wish) -> str:
    """Keep what is asked for; an export is queued at once, an erasure waits for somebody else. Answers its id."""
    found = await preview(database, context, list(wish.subjects))
    is_erasure = wish.kind == "erasure"
    if is_erasure and not (wish.reason or "").strip():
        raise Invalid.of("required_field_missing", "Say why the person is erased: `reason`.", path="reason")
    act, tenant_id = _begun(context, wish, found), context.tenant.id
    statements = [put_down(tenant_id, [act]), setup_entry(tenant_id, actor, asked_change(act, _told(wish)))]
    statements += [] if is_erasure else [queued(tenant_id, [act.id])]
    async with database.transaction(context.binding) as transaction:
        await transaction.fetch_each(statements)
    return act.id


def _begun(context: Context, wish: Wish, found: Mapping[str, Any]) -> NewAct:
    is_erasure = wish.kind == "erasure"
    return NewAct(
        id=new_id(PREFIX),
        kind=wish.kind,
        status="waiting" if is_erasure else "queued",
        requested_by=context.principal.user_id,
        subjects=found["subjects"],
        request_id=wish.request_id,
        reason=wish.reason,
        language=wish.language or context.principal.language,
        result=_planned(wish, found) if is_erasure else None,
    )


def _planned(wish: Wish, found: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever agrees to it agrees to."""
    return {"planned": found["objects"], "mentions": found["mentions"], "with_mentions": wish.with_mentions}


def _told(wish: Wish) -> dict[str, Any]:
    asked = {"subjects": list(wish.subjects), "reason": wish.reason, "request": wish.request_id}
    return {**asked, "with_mentions": True} if wish.with_mentions else asked


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def decide(database: Database, context: Context, actor: Actor, act_id: str, *, agree: bool) -> None:
    """Agree to an erasure that somebody else asked for, or refuse it."""
    by = {"id": act_id, "tenant_id": context.tenant.id, "by": context.principal.user_id, "at": clock.now()}
    async with database.transaction(context.binding) as transaction:
        act = await _act(transaction, context.tenant.id, act_id)
        if act["status"] != "waiting":
            raise Conflict.of("already_decided", f"The act is {act['status']}: there is nothing to decide.")
        if agree and act["requested_by"] == context.principal.user_id:
            raise Forbidden.of("own_request", "Somebody else has to agree to an erasure that you asked for.")
        word = "agreed" if agree else "refused"
        change = SetupChange(f"{word}_erasure", "Privacy", act_id, f"{word.capitalize()}: the erasure of a person")
        await transaction.fetch(_DECIDE.bind(status="queued" if agree else "refused", **by))
        await transaction.fetch(setup_entry(context.tenant.id, actor, change))
        if agree:
            await transaction.fetch(queued(context.tenant.id, [act_id]))
        else:
            await answer_request(transaction, context, act, FAILED)


async def _act(transaction: Transaction, tenant_id: int, act_id: str) -> dict[str, Any]:
    rows = await transaction.fetch(_LOCKED.bind(tenant_id=tenant_id, id=act_id))
    if not rows:
        raise NotFound.of("not_found", "There is no such act.")
    return dict(zip(_COLUMNS.split(", "), rows[0], strict=True))


async def list_acts(database: Database, context: Context) -> list[dict[str, Any]]:
    """The newest acts of all kinds."""
    [rows] = await database.read(context.binding, _LIST.bind(tenant_id=context.tenant.id))
    return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]


async def read_act(database: Database, context: Context, act_id: str) -> dict[str, Any]:
    """One act with what came of it."""
    [rows] = await database.read(context.binding, _READ.bind(tenant_id=context.tenant.id, id=act_id))
    if not rows:
        raise NotFound.of("not_found", "There is no such act.")
    return dict(zip(_COLUMNS.split(", "), rows[0], strict=True))


async def run_act(database: Database, snapshots: SnapshotStore, signer: Signer, tenant_id: int, act_id: str) -> None:
    """Do a queued act in one transaction. What can't be done is kept as failed, with the reason."""
    context = await context_of_job(database, snapshots, tenant_id)
    if context is None:
        return
    try:
        async with database.transaction(context.binding) as transaction:
            await _run(transaction, context, signer, act_id)
    except ChassisError as error:
        await _fail(database, context, act_id, error)


async def _fail(database: Database, context: Context, act_id: str, error: ChassisError) -> None:
    async with database.transaction(context.binding) as transaction:
        act = await _act(transaction, context.tenant.id, act_id)
        said = {"error": error.problems[0].message}
        await transaction.fetch(_ended(context.tenant.id, act_id, "failed", said))
        acting = await acting_as(transaction, context, act["decided_by"] or act["requested_by"])
        await answer_request(transaction, acting, act, FAILED)


async def _run(transaction: Transaction, context: Context, signer: Signer, act_id: str) -> None:
    act = await _act(transaction, context.tenant.id, act_id)
    if act["status"] != "queued":
        return
    acting = await acting_as(transaction, context, act["decided_by"] or act["requested_by"])
    await transaction.fetch(_BEGIN.bind(tenant_id=context.tenant.id, id=act_id))
    if act["kind"] == "export":
        await _export(transaction, acting, act)
    else:
        await _erase(transaction, acting, signer, act)
    await answer_request(transaction, acting, act, DONE)


async def _erase(transaction: Transaction, acting: Context, signer: Signer, act: Mapping[str, Any]) -> None:
    act_id = act["id"]
    with_mentions = bool((act["result"] or {}).get("with_mentions"))
    eraser = Eraser(transaction, acting, signer, act_id)
    result = await erase_person(eraser, act["subjects"], with_mentions=with_mentions)
    whose = {name: act[name] for name in ("subjects", "reason", "requested_by", "decided_by")}
    whose["with_mentions"] = with_mentions
    # All that it takes to do it again, should a backup bring the person back: see `replay.py`.
    done = SetupChange(ERASED, "Privacy", act_id, "Erased a person", after={**whose, **result})
    ended = _ended(acting.tenant.id, act_id, "done", result)
    await transaction.fetch_each([setup_entry(acting.tenant.id, acting.actor, done), ended])


async def _export(transaction: Transaction, context: Context, act: Mapping[str, Any]) -> None:
    """Make the archive, store it in parts, and log it as one read of all that it holds."""
    data = await collect(transaction, context, act["subjects"])
    made = await build_archive(transaction, context, data, act["language"] or context.tenant.language)
    tenant_id, act_id = context.tenant.id, act["id"]
    obj = context.snapshot.objects_by_prefix[act["subjects"][0][:3]]
    read = Access(obj.name, data.all_ids, made.fields, "subject_access", reason=act["reason"], purpose=act_id)
    counts = {name: len(ids) for name, ids in sorted(data.ids.items())}
    result = {"objects": counts}
    await transaction.fetch_each(
        [
            *_parts(context, act_id, made.content),
            access_entry(tenant_id, context.actor, read),
            _ended(tenant_id, act_id, "done", result, made.content),
        ]
    )


def _parts(context: Context, act_id: str, content: bytes) -> list[Statement]:
    text = (
        "INSERT INTO chassis.privacy_part (tenant_id, act_id, number, content)"
        " VALUES (%(tenant_id)s, %(id)s, %(number)s, %(content)s)"
    )
    parts = (content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES))
    named = {"tenant_id": context.tenant.id, "id": act_id}
    return [
        Statement(
            text,
            {**named, "number": number, "content": kept_document(context.snapshot, _PLACE, f"{act_id}.{number}", part)},
            sealed=True,
        )
        for number, part in enumerate(parts)
    ]


def _ended(tenant_id: int, act_id: str, status: str, result: object, content: bytes | None = None) -> Statement:
    return _END.bind(
        tenant_id=tenant_id,
        id=act_id,
        status=status,
        result=_json(result),
        at=clock.now(),
        size=None if content is None else len(content),
        digest=None if content is None else hashlib.sha256(content).hexdigest(),
    )


async def read_archive(database: Database, context: Context, actor: Actor, act_id: str) -> bytes:
    """The archive that an act made; the setup trail says who took it. NotFound where there is none any more."""
    tenant_id = context.tenant.id
    parts = Statement(
        f"SELECT {_CONTENT} FROM chassis.privacy_part"  # noqa: S608  the place is this file's
        " WHERE tenant_id = %(tenant_id)s AND act_id = %(id)s ORDER BY number",
        {"tenant_id": tenant_id, "id": act_id},
        sealed=True,
    )
    [rows] = await database.read(context.binding, parts)
    if not rows:
        raise NotFound.of("not_found", "There is no such archive, or it is not made yet, or it was a week old.")
    change = SetupChange("downloaded_export", "Privacy", act_id, "Downloaded a person's data")
    await database.read(context.binding, setup_entry(tenant_id, actor, change))
    return b"".join(bytes(row[0]) for row in rows)


async def keep_run(database: Database, context: Context, act_id: str) -> None:
    """Note that a run of the retention rules has begun."""
    begun = NewAct(act_id, "retention", "running", context.principal.user_id)
    await database.read(context.binding, put_down(context.tenant.id, [begun]))


async def end_run(database: Database, context: Context, act_id: str, result: object) -> None:
    """Keep what a run of the retention rules did."""
    await database.read(context.binding, _ended(context.tenant.id, act_id, "done", result))
