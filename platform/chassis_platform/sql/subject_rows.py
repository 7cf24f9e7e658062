"""Statements about what a person left: records for which a formula holds, and those that were kept long enough."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.logic.data_subject import Erasure, Treatment
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.retention_rule import RetentionRule
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import comparable, tenant_view, value

AFTER = sa.bindparam("after", type_=sa.Text())
MOST = sa.bindparam("most", type_=sa.Integer())
OLDEST = sa.bindparam("oldest", type_=sa.DateTime(timezone=True))


def records_meeting(snapshot: Snapshot, obj: Object, criteria: str) -> Statement:
    """Which of `ids` the formula is true for."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        here = [*of_this_object(obj, record), record.c.id == sa.any_(IDS), _holds(snapshot, obj, criteria, record)]
        return compile_statement(sa.select(record.c.id).where(*here))

    return kept(obj, ("records_meeting", snapshot.identity, criteria), make)


def outdated(snapshot: Snapshot, rule: RetentionRule, fields: dict[str, Treatment]) -> Statement:
    """Up to `most` records behind `after` of a rule, from before `oldest`; not those in which nothing is left."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        age = value(obj.fields[rule.age_field], record)
        moment = sa.cast(OLDEST, sa.Date()) if obj.fields[rule.age_field].type is FieldType.DATE else OLDEST
        wanted = [*of_this_object(obj, record), record.c.id > AFTER, age < moment]
        if rule.criteria is not None:
            wanted.append(_holds(snapshot, obj, rule.criteria, record))
        if rule.action is Erasure.ANONYMISE:
            wanted.append(
                sa.or_(sa.false(), *(_is_left(obj.fields[each], how, record) for each, how in fields.items()))
            )
        return compile_statement(sa.select(record.c.id).where(*wanted).order_by(record.c.id).limit(MOST))

    obj = snapshot.objects[rule.object_name]
    return kept(obj, ("outdated", snapshot.identity, rule.name), make)


def _is_left(field: Field, how: Treatment, record: sa.FromClause) -> ColumnElement[bool]:
    found = value(field, record)
    if how is Treatment.TOKEN:
        begins = sa.func.starts_with(sa.func.lower(found), sa.literal(TOKEN.strip().lower(), sa.Text()))
        return sa.and_(found.is_not(None), sa.not_(begins))
    if how is Treatment.YEAR:
        return sa.extract("doy", found) != sa.literal_column("1")
    return found.is_(sa.true()) if field.type is FieldType.CHECKBOX else found.is_not(None)


#: What a token begins with.
TOKEN = "Erased "  # noqa: S105  no secret


def records_alike(obj: Object, field: Field) -> Statement:
    """Records whose field has the same value as one of `ids` has, those themselves left out."""

    def make() -> Statement:
        own, other = tenant_view(obj).alias("own"), tenant_view(obj).alias("other")
        values = sa.select(comparable(field, own)).where(*of_this_object(obj, own), own.c.id == sa.any_(IDS))
        here = [*of_this_object(obj, other), sa.not_(other.c.is_deleted), sa.not_(other.c.id == sa.any_(IDS))]
        return compile_statement(sa.select(other.c.id).where(*here, comparable(field, other).in_(values)).limit(50))

    return kept(obj, ("records_alike", field.name), make)


def _holds(snapshot: Snapshot, obj: Object, criteria: str, record: sa.FromClause) -> ColumnElement[bool]:
    formula = formula_of(snapshot, obj, criteria, Kind.BOOLEAN)
    found = compile_expression(formula, Rows(snapshot, obj, record)).value
    return sa.func.coalesce(found, sa.false(), type_=sa.Boolean())
