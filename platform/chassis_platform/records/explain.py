"""Why a user sees or changes a record, or does not: every grant by name, and the first refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import sqlalchemy as sa

from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.sql.formula_context import asking
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.sharing import Way, named_ways
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view

NONE, READ, EDIT = "none", "read", "edit"


class Grant(TypedDict):
    """What grants access: `name` says which, `access` is `read` or `edit`.

    `kind`: object_permission, org_wide_default, owner, group_of_owner, role_hierarchy, record_share, sharing_rule,
    parent or approval.
    """

    kind: str
    name: str | None
    access: str


class Refusal(TypedDict):
    """`kind`: object_permission, no_record, deleted, no_grant or restriction_rule."""

    kind: str
    name: str | None


class Explanation(TypedDict):
    """`access` is `none`, `read` or `edit`; `refusal` is the first thing that stands in the way of reading."""

    access: str
    grants: list[Grant]
    refusal: Refusal | None


async def why(database: Database, context: Context, obj: Object, record_id: str) -> Explanation:
    """What lets the context's user see and change the record. The context is that user's, whoever asks."""
    if not context.policy.on(obj.name).read:
        return _refused("object_permission", "read")
    statement, names = _question(context, obj)
    parameters = {"tenant_id": context.tenant.id, "record_id": record_id, **asking(context)}
    [rows] = await database.read(context.unversioned.binding, statement.bind(**parameters))
    if not rows:
        return _refused("no_record")
    is_deleted, *answers = rows[0]
    return _explained(context, obj, _by_part(names, answers), is_deleted=is_deleted)


Parts = Mapping[str, Sequence[tuple[Way, bool]]]


def _question(context: Context, obj: Object) -> tuple[Statement, list[tuple[str, Way]]]:
    """What to ask of a record, and what each answer is about. Users with the same grants share the statement."""
    source = tenant_view(obj).alias("t")
    names = list(_parts(context, obj, source))

    def make() -> Statement:
        columns = [
            sa.func.coalesce(way.condition, sa.false()).label(f"way_{place}") for place, (_, way) in enumerate(names)
        ]
        key = source.c.id == sa.bindparam("record_id", type_=sa.Text())
        return compile_statement(sa.select(source.c.is_deleted, *columns).where(*of_this_object(obj, source), key))

    return kept(obj, ("why", context.snapshot.identity, context.policy.grants.identity), make), names


def _parts(context: Context, obj: Object, source: sa.FromClause) -> Iterator[tuple[str, Way]]:
    readable, restrictions = named_ways("visible", obj, source, context.policy, context.snapshot)
    writable, _ = named_ways("writable", obj, source, context.policy, context.snapshot)
    yield from ((READ, each) for each in readable)
    yield from ((EDIT, each) for each in writable)
    yield from (("restrictions", each) for each in restrictions)


def _by_part(names: Sequence[tuple[str, Way]], answers: Sequence[bool]) -> Parts:
    found: dict[str, list[tuple[Way, bool]]] = {READ: [], EDIT: [], "restrictions": []}
    for (part, way), answer in zip(names, answers, strict=True):
        found[part].append((way, answer))
    return found


def _explained(context: Context, obj: Object, parts: Parts, *, is_deleted: bool) -> Explanation:
    may_edit = context.policy.on(obj.name).update
    grants: dict[tuple[str, str | None], str] = {}
    for access in (READ, EDIT) if may_edit else (READ,):
        grants |= {(way.kind, way.name): access for way, holds in parts[access] if holds}
    listed: list[Grant] = [{"kind": kind, "name": name, "access": access} for (kind, name), access in grants.items()]
    narrowed = next((way.name for way, holds in parts["restrictions"] if not holds), None)
    refusal: Refusal | None = None
    if not grants:
        refusal = {"kind": "no_grant", "name": None}
    elif narrowed is not None:
        refusal = {"kind": "restriction_rule", "name": narrowed}
    elif is_deleted:
        refusal = {"kind": "deleted", "name": None}
    access = NONE if refusal else EDIT if EDIT in grants.values() else READ
    return {"access": access, "grants": listed, "refusal": refusal}


def _refused(kind: str, name: str | None = None) -> Explanation:
    return {"access": NONE, "grants": [], "refusal": {"kind": kind, "name": name}}
