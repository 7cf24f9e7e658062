"""Lists, counts, related lists and record pages, as the web application asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from chassis_metadata.errors import NotFound
from chassis_metadata.snapshot import Field, Object
from chassis_metadata.soql.tree import Comparison, Literal, Operator, Path, Query, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.agreed import agreed_only
from chassis_platform.plan.listing import ListRequest, list_query, with_filter
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import plan_query
from chassis_platform.plan.read_plan import Column, PlannedField, ReadPlan
from chassis_platform.plan.single import labels_of, without_compounds
from chassis_platform.records.cursors import read_cursor, write_cursor
from chassis_platform.records.pages import Page, Wanted, count_all, planned_record, read_page
from chassis_platform.sql.paging import key_count
from chassis_platform.sql.read import Shape
from chassis_tenants.database import Database

_NO_RECORD = "There is no such record, or you may not see it."


async def list_records(
    database: Database, context: Context, object_name: str, request: ListRequest, *, door: str = "list"
) -> bytes:
    """A page of a list: its columns as the user may see them, its rows, and the cursor behind them."""
    plan = list_plan(context, object_name, request)
    page = await read_page(database, context, plan, list_wanted(context, plan, request, door))
    columns = orjson.dumps([describe_column(each, context) for each in plan.columns])
    return b'{"columns":%b,"records":%b,"next":%b}' % (columns, page.records, _cursor(page))


def list_plan(context: Context, object_name: str, request: ListRequest) -> ReadPlan:
    """The plan of a list request."""
    obj = Names(context.snapshot, context.policy).object(object_name)
    plan = plan_query(list_query(request, obj, context), context)
    return without_compounds(agreed_only(plan, request, context))


def list_wanted(context: Context, plan: ReadPlan, request: ListRequest, door: str) -> Wanted:
    """The page that a list request asks for."""
    after = None if request.after is None else read_cursor(request.after, key_count(plan.order_by))
    labels = labels_of(plan.columns, context)
    return Wanted(door, request.limit, shape=Shape.UI_ROW, labels=labels, after=after)


def _cursor(page: Page) -> bytes:
    return orjson.dumps(None if page.next_key is None else write_cursor(page.next_key))


async def count_records(database: Database, context: Context, object_name: str, request: ListRequest) -> int:
    """How many records the list has."""
    return await count_all(database, context, list_plan(context, object_name, request))


async def record_for_ui(
    database: Database, context: Context, object_name: str, record_id: str, *, door: str = "get"
) -> bytes:
    """A record with all fields that the user may read, from the recycle bin too."""
    obj = Names(context.snapshot, context.policy).object(object_name)
    plan = planned_record(context, obj, obj.fields["Id"], record_id, fields=None, include_deleted=True)
    plan = without_compounds(plan)
    wanted = Wanted(door, 1, shape=Shape.UI_RECORD, labels=labels_of(plan.columns, context))
    page = await read_page(database, context, plan, wanted)
    if not page.count:
        raise NotFound.of("not_found", _NO_RECORD)
    return page.records[1:-1]


async def related_list(  # noqa: PLR0913  what a request for a related list may say, by name
    database: Database,
    context: Context,
    object_name: str,
    record_id: str,
    relationship: str,
    *,
    columns: Sequence[str] | None = None,
    limit: int = 20,
    after: str | None = None,
) -> bytes:
    """The children of a record that the user may see, if the user may see the record."""
    names = Names(context.snapshot, context.policy)
    parent = names.object(object_name)
    child_relationship, child, reference = names.children(parent, relationship)
    layout_columns, order_by = _layout_of(parent, child_relationship.name, child)
    request = ListRequest(
        columns=tuple(columns) if columns else _readable(layout_columns, child, names),
        order_by=_sortable(order_by, child, names),
        limit=limit,
        after=after,
    )
    of_this = _children_of(parent, record_id, reference.name)
    return await list_records(database, context, child.name, with_filter(request, of_this), door="related")


def _children_of(parent: Object, record_id: str, field: str) -> Comparison:
    """The reference points to the record, as a semi-join: it finds nothing where the user may not see the record."""
    this = Comparison(Path(("Id",)), Operator.EQUALS, Literal(record_id))
    source = Query(selected=(SelectedField(Path(("Id",))),), source=parent.name, where=this)
    return Comparison(Path((field,)), Operator.IN, source)


def _layout_of(
    parent: Object, relationship: str, child: Object
) -> tuple[tuple[str, ...], tuple[tuple[str, bool], ...]]:
    """What the parent's layouts say of the related list, or the child's own default."""
    for layout in parent.layouts:
        for each in layout.related_lists:
            if each.relationship == relationship:
                return each.columns, each.order_by
    return ("Name", *child.compact_fields, "CreatedDate"), ()


def _readable(columns: Sequence[str], child: Object, names: Names) -> tuple[str, ...]:
    """Columns that nobody asked for by name are left out where the user may not read them."""
    readable = {each.lower() for each in names.readable(child)}
    kept = [each for each in columns if "." in each or each.lower() in readable]
    return tuple(dict.fromkeys(kept))


def _sortable(order_by: tuple[tuple[str, bool], ...], child: Object, names: Names) -> tuple[tuple[str, bool], ...]:
    """An order that nobody asked for is left out where the user sees masked what it goes by."""
    fields = {path: names.field(child, Path(tuple(path.split(".")))) for path, _ in order_by}
    return tuple(each for each in order_by if names.mask_of(fields[each[0]]) is None)


def describe_column(column: Column, context: Context) -> dict[str, Any]:
    """What the web application needs to draw a column."""
    operand = column.operand
    if not isinstance(operand, PlannedField):
        raise TypeError("a list has no aggregates")
    field = operand.field
    editable = field.name in context.policy.on(field.object_name).editable
    is_masked = Names(context.snapshot, context.policy).mask_of(operand) is not None
    return {
        "path": column.path,
        "label": column_label(operand, context),
        "type": operand.type,
        "object": field.object_name,
        "field": field.name,
        "sortable": field.traits.sortable and not is_masked,
        "filterable": field.traits.filterable and not is_masked,
        "updateable": not operand.hops and field.updateable and editable,
        "masked": is_masked,
    }


def column_label(operand: PlannedField, context: Context) -> str:
    """The field's label; behind a parent that of the parent, and of the field too unless it is the name."""
    own = field_label(operand.field, context)
    if not operand.hops:
        return own
    parent = field_label(operand.hops[-1].field, context)
    return parent if operand.field.is_name and not operand.is_type else f"{parent}: {own}"


def field_label(field: Field, context: Context) -> str:
    """A field's label in the user's language."""
    part = "name" if field.is_name else f"fields.{field.name}.label"
    return context.snapshot.text(context.principal.language, f"objects.{field.object_name}.{part}", field.label)
