"""What users and groups have in common: lists, external names, versions, the parts that a request wants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    Literal,
    Operator,
    Ordering,
    Path,
    Query,
    SelectedField,
)
from chassis_platform.access.context import Context
from chassis_platform.auth.federation.scim.problems import ScimError
from chassis_platform.auth.federation.scim.schema import LIST, ResourceType
from chassis_platform.auth.federation.scim.tokens import Directory
from chassis_platform.plan.query import plan_query
from chassis_platform.records.pages import Wanted, count_all, read_page
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import Actor, SetupChange, setup_entry
from chassis_tenants.statement import Statement

MOST = 200
DOOR = "scim"
Document = dict[str, Any]

_EXTERNAL = Statement(
    "SELECT external_id, id FROM chassis.scim_name WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s"
    " AND external_id = ANY(%(names)s)"
)
_NAMES = Statement(
    "SELECT id, external_id FROM chassis.scim_name WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s"
    " AND id = ANY(%(ids)s)"
)
_KEEP = Statement(
    "INSERT INTO chassis.scim_name (tenant_id, kind, id, external_id)"
    " VALUES (%(tenant_id)s, %(kind)s, %(id)s, %(external_id)s)"
    " ON CONFLICT (tenant_id, kind, id) DO UPDATE SET external_id = excluded.external_id"
)
_FORGET = Statement("DELETE FROM chassis.scim_name WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND id = %(id)s")
_ALL_OF_KIND = Statement("SELECT id FROM chassis.scim_name WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a request is worked on: the database, the directory's context, and the address of its resources."""

    database: Database
    context: Context
    directory: Directory
    url: str

    @property
    def tenant_id(self) -> int:
        """The tenant's number."""
        return self.context.tenant.id


@dataclass(frozen=True, slots=True)
class Listing:
    """A page that is asked for; `start` counts from 1."""

    condition: Condition | None
    start: int = 1
    count: int = 100


async def note(desk: Desk, action: str, target: str, display: str, *changes: Any) -> None:
    """The setup trail's entry of what the directory did; `changes` are what was before and what is after."""
    principal = desk.context.principal
    before, after = (*changes, None, None)[:2]
    change = SetupChange(action, "Provisioning", target, f"{desk.directory.label} {display}", before, after)
    entry = setup_entry(desk.tenant_id, Actor(None, principal.username, principal.source_ip), change)
    await desk.database.read(Binding(desk.tenant_id), entry)


async def read_records(
    desk: Desk, object_name: str, fields: Sequence[str], listing: Listing
) -> tuple[int, list[dict[str, Any]]]:
    """How many records there are, and those of the page: an ordinary query with the directory's rights."""
    query = Query(
        selected=tuple(SelectedField(Path((name,))) for name in fields),
        source=object_name,
        where=listing.condition,
        order_by=(Ordering(Path(("Id",))),),
        offset=listing.start - 1 or None,
        limit=listing.count,
    )
    total = await count_all(desk.database, desk.context, plan_query(query, desk.context))
    if listing.count == 0 or total < listing.start:
        return total, []
    page = await read_page(desk.database, desk.context, plan_query(query, desk.context), Wanted(DOOR, MOST))
    return total, orjson.loads(page.records)


def joined(*conditions: Condition | None) -> Condition | None:
    """All of the conditions that there are."""
    found = tuple(each for each in conditions if each is not None)
    return found[0] if len(found) == 1 else And(found) if found else None


def among(field: str, values: Iterable[str], *, negated: bool = False) -> Condition:
    """The field's value is one of these, or none of them."""
    operator = Operator.NOT_IN if negated else Operator.IN
    return Comparison(Path((field,)), operator, tuple(Literal(each) for each in values))


def is_equal(field: str, value: str) -> Condition:
    """The field has this value."""
    return Comparison(Path((field,)), Operator.EQUALS, Literal(value))


async def ids_of_external(desk: Desk, kind: str, names: Sequence[str]) -> dict[str, list[str]]:
    """External id to ids."""
    if not names:
        return {}
    asked = _EXTERNAL.bind(tenant_id=desk.tenant_id, kind=kind, names=list(names))
    [rows] = await desk.database.read(Binding(desk.tenant_id), asked)
    found: dict[str, list[str]] = {}
    for external_id, record_id in rows:
        found.setdefault(external_id, []).append(record_id)
    return found


async def external_names(desk: Desk, kind: str, ids: Sequence[str]) -> dict[str, str]:
    """Id to external id."""
    if not ids:
        return {}
    asked = _NAMES.bind(tenant_id=desk.tenant_id, kind=kind, ids=list(ids))
    [rows] = await desk.database.read(Binding(desk.tenant_id), asked)
    return dict(rows)


async def ids_of_kind(desk: Desk, kind: str) -> list[str]:
    """All ids that are kept under a kind."""
    [rows] = await desk.database.read(Binding(desk.tenant_id), _ALL_OF_KIND.bind(tenant_id=desk.tenant_id, kind=kind))
    return [each for (each,) in rows]


async def keep_name(desk: Desk, kind: str, record_id: str, external_id: str | None) -> None:
    """Keep what the directory calls a record, or forget it."""
    key = {"tenant_id": desk.tenant_id, "kind": kind, "id": record_id}
    statement = _KEEP.bind(**key, external_id=external_id) if external_id is not None else _FORGET.bind(**key)
    await desk.database.read(Binding(desk.tenant_id), statement)


def finished(kind: ResourceType, desk: Desk, document: Document, *, created: str, modified: str) -> Document:
    """The resource with its meta data; the version is a digest of what it says."""
    left = {name: value for name, value in document.items() if value not in (None, [], {})}
    location = f"{desk.url}/{kind.endpoint}/{left['id']}"
    digest = hashlib.sha256(orjson.dumps(left, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
    meta = {"resourceType": kind.name, "created": created, "lastModified": modified, "location": location}
    return {**left, "meta": {**meta, "version": f'W/"{digest}"'}}


def demand_version(document: Mapping[str, Any], wanted: str | None) -> None:
    """Refuse a change of what has changed since the directory read it."""
    if wanted is None or wanted.strip() == "*":
        return
    if document["meta"]["version"] not in {each.strip() for each in wanted.split(",")}:
        raise ScimError(412, "The resource has changed since it was read.")


def shown(document: Document, attributes: str | None, excluded: str | None) -> Document:
    """The attributes that a request wants; what identifies the resource is always there."""
    if attributes:
        wanted = _top_names(attributes) | {"schemas", "id", "meta"}
        return {name: value for name, value in document.items() if name.lower() in wanted}
    gone = _top_names(excluded or "") - {"schemas", "id"}
    return {name: value for name, value in document.items() if name.lower() not in gone}


def _top_names(text: str) -> set[str]:
    return {each.strip().lower().rpartition(":")[2].partition(".")[0] for each in text.split(",") if each.strip()}


def list_document(total: int, start: int, resources: Sequence[Document]) -> Document:
    """A page of resources."""
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }
