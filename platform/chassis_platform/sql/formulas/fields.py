"""Fields, paths over parents and globals in SQL. Formulas see what the system sees: no permission is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.expressions.fields import formula_of
from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind
from chassis_metadata.expressions.typed import FieldValue, Global, RecordTypeValue, Source, Step
from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.formulas.pieces import Piece, Value, blank, number, sql_type, text, truth
from chassis_platform.sql.formulas.rows import NOW, ORGANIZATION, PERMISSIONS, USER, Rows
from chassis_platform.sql.formulas.writer import Writer
from chassis_tenants import storage


def field_piece(writer: Writer, node: FieldValue) -> Piece:
    """A field of the row, of the row before the change, of the user, or of a parent of theirs."""
    rows = writer.rows if node.source is Source.ROW else writer.rows.saved
    if node.source is Source.USER:
        return _of_user(writer, node)
    if node.source is Source.PRIOR:
        return _prior(writer, rows, node)
    return _reached(writer, rows, node.root or node.obj, node.steps, node)


def _reached(writer: Writer, rows: Rows, root: str, steps: tuple[Step, ...], node: FieldValue) -> Piece:
    obj = _object(rows, root)
    if not steps:
        return own_piece(writer, replace_obj(rows, obj), obj.fields[node.field], node.kind)
    reference = own_piece(writer, replace_obj(rows, obj), obj.fields[steps[0].field], Kind.ID)
    return _through(
        writer,
        reference.value,
        steps[0].target,
        lambda parent: _reached(writer, parent, steps[0].target, steps[1:], node),
    )


def _through(writer: Writer, identity: Value, target: str, read: Callable[[Rows], Piece]) -> Piece:
    """What is read of the record of that id: one correlated subquery for the value, another for its failure."""
    parent = _object(writer.rows, target)
    view = storage.tenant_view(parent).alias()
    inner = Rows(writer.rows.snapshot, parent, view)
    piece = read(inner)
    value = _selected(view, parent, identity, piece.value)
    failed = None if piece.failed is None else truth(_selected(view, parent, identity, piece.failed))
    return replace(piece, value=value, failed=failed, is_plain=False)


def _selected(view: FromClause, obj: Object, identity: Value, value: Value) -> Value:
    conditions = [view.c.tenant_id == TENANT_ID, view.c.id == identity]
    only = storage.only_this_object(obj, view)
    if only is not None:
        conditions.append(only)
    return sa.select(value).where(*conditions).correlate_except(view).scalar_subquery()


def replace_obj(rows: Rows, obj: Object) -> Rows:
    """The same rows, read as rows of the object."""
    return rows if rows.obj is obj else Rows(rows.snapshot, obj, rows.source, this=rows.this)


def _object(rows: Rows, name: str) -> Object:
    if rows.obj is not None and rows.obj.name == name:
        return rows.obj
    if rows.snapshot is None:
        raise ValueError(f"no snapshot to look {name} up in")
    return rows.snapshot.objects[name]


def own_piece(writer: Writer, rows: Rows, field: Field, kind: Kind) -> Piece:
    """A field of the rows at hand. A formula field is computed in place."""
    if field.formula is not None and rows.snapshot is not None:
        formula = formula_of(rows.snapshot, field)
        piece = writer.inner(rows, formula.blanks_as).piece(formula.root)
        return piece if piece.kind is not Kind.NULL else replace(piece, kind=kind, value=blank(kind))
    if rows.source is None or rows.obj is None:
        raise ValueError(f"no rows to read {field.name} of")
    if field.is_compound:
        return _compound(rows.obj, field, rows.source)
    return _stored(field, rows.source, kind)


def _stored(field: Field, source: FromClause, kind: Kind) -> Piece:
    if field.encrypted:  # nobody asks more than whether it is there
        return Piece(kind, storage.stored_text(field, source), is_plain=True)
    value: Value = storage.value(field, source)
    if field.type is FieldType.MULTI_PICKLIST:
        value = sa.func.array_to_string(value, ";", type_=sa.Text())
    elif kind is Kind.BOOLEAN:
        value = truth(value)
    return Piece(kind, value, is_plain=True)


def _compound(obj: Object, field: Field, source: FromClause) -> Piece:
    parts = [storage.value(obj.fields[name], source) for name in field.components]
    if field.type is not FieldType.GEOLOCATION:
        joined = sa.func.nullif(sa.func.concat_ws(" ", *parts), sa.literal_column("''"), type_=sa.Text())
        return Piece(Kind.TEXT, joined)
    both = sa.and_(*(each.is_not(None) for each in parts))
    point: Value = pg.array([sa.cast(each, sa.Double()) for each in parts])
    return Piece(Kind.LOCATION, sa.case((both, point)), is_plain=True)


def _prior(writer: Writer, rows: Rows, node: FieldValue) -> Piece:
    """The value before the change; of a record that is being created, its present one."""
    present = _reached(writer, rows, node.root or node.obj, node.steps, node)
    if rows.prior is None:
        return present
    before_rows = Rows(rows.snapshot, rows.obj, rows.prior)
    before = _reached(writer, before_rows, node.root or node.obj, node.steps, node)
    if rows.is_new is None:
        return before
    failed = None
    if before.failed is not None or present.failed is not None:
        failed = sa.case((rows.is_new, _failure(present)), else_=_failure(before))
    return replace(before, value=sa.case((rows.is_new, present.value), else_=before.value), failed=failed)


def _failure(piece: Piece) -> Value:
    return sa.false() if piece.failed is None else piece.failed


def _of_user(writer: Writer, node: FieldValue) -> Piece:
    return _through(writer, USER, node.root, lambda user: _reached(writer, user, node.root, node.steps, node))


def record_type_piece(writer: Writer, node: RecordTypeValue) -> Piece:
    """The record type's name: the ids are known, so no table is looked at."""
    identity = field_piece(writer, node.identity)
    obj = _object(writer.rows, node.identity.obj)
    labels = {each.name: each.label for each in obj.record_types}
    names = {
        record_type: name if node.part == "DeveloperName" else labels[name]
        for name, record_type in obj.record_type_ids.items()
    }
    if not names:
        return Piece(Kind.TEXT, blank(Kind.TEXT))
    cases = {text(identifier): text(shown) for identifier, shown in names.items()}
    return Piece(Kind.TEXT, sa.case(*((identity.value == key, shown) for key, shown in cases.items()), else_=sa.null()))


def global_piece(writer: Writer, node: Global) -> Piece:
    """`$User.Id`, `$Permission.X`, `$Setting.X`, `$Organization.X`, `$System.OriginDateTime`."""
    match node.group:
        case "User":
            return Piece(Kind.ID, sa.cast(USER, sa.Text()), is_plain=True)
        case "Permission":
            held = text(node.name) == sa.func.any(sa.cast(PERMISSIONS, pg.ARRAY(sa.Text())))
            return Piece(Kind.BOOLEAN, truth(held))
        case "Setting":
            return _setting(writer, node)
        case "Organization":
            document = sa.cast(ORGANIZATION, pg.JSONB())
            return Piece(node.kind, document.op("->>", return_type=sa.Text())(text(node.name)))
        case _:
            origin = sa.literal_column("'1900-01-01 00:00:00+00'::timestamptz", sa.DateTime(timezone=True))
            return Piece(Kind.DATETIME, origin, is_plain=True)


def _setting(writer: Writer, node: Global) -> Piece:
    snapshot: Any = writer.rows.snapshot
    setting = snapshot.settings[node.name]
    if setting.value is None:
        return writer.zero_filled(Piece(node.kind, blank(node.kind), is_plain=True))
    if node.kind is Kind.NUMBER:
        return Piece(Kind.NUMBER, number(Decimal(str(setting.value))), is_plain=True)
    if node.kind is Kind.BOOLEAN:
        return Piece(Kind.BOOLEAN, sa.true() if setting.value else sa.false(), is_plain=True)
    shown = text(str(setting.value))
    textual = node.kind in TEXT_LIKE
    return Piece(node.kind, shown if textual else sa.cast(shown, sql_type(node.kind)), is_plain=True)


def moment_now() -> Value:
    """NOW()."""
    return sa.cast(NOW, sa.DateTime(timezone=True))
