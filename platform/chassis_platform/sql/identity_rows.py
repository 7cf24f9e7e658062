"""Statements of identity checks: whom a record is about, and the values that a person's answers are compared with."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.identity_check import Fact
from chassis_metadata.snapshot import ChildRelationship, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.sql.check import may_see
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.reveal_conditions import RECORD_ID
from chassis_platform.sql.rows import kept, of_this_object
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import comparable, tenant_view, value

PERSON_ID = sa.bindparam("person_id", type_=sa.Text())


def person_behind(obj: Object, field: str, context: Context) -> Statement:
    """Whom the record `record_id` names by a field; no row where the user does not see the record."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        here = [*of_this_object(obj, source), source.c.id == RECORD_ID, sa.not_(source.c.is_deleted)]
        wanted = sa.select(value(obj.fields[field], source).label("person"))
        return compile_statement(wanted.where(*here, may_see(obj, source, context)))

    return kept(obj, ("person_behind", field, context.snapshot.identity, context.policy.grants.identity), make)


def fact_values(snapshot: Snapshot, obj: Object, fact: Fact) -> Statement:
    """What is known of the person `person_id` in answer to a question, whoever may see it; never leaves the server."""

    def make() -> Statement:
        child = _child(obj, fact)
        asked = obj if child is None else snapshot.objects[child.child]
        source = tenant_view(asked).alias("t")
        person = source.c.id if child is None else comparable(asked.fields[child.field], source)
        here = [*of_this_object(asked, source), person == PERSON_ID, sa.not_(source.c.is_deleted)]
        rows = Rows(snapshot, asked, source)
        if fact.form.criteria is not None:
            met = compile_expression(formula_of(snapshot, asked, fact.form.criteria, Kind.BOOLEAN), rows).value
            here.append(sa.func.coalesce(met, sa.false()))
        known = compile_expression(formula_of(snapshot, asked, fact.value, Kind.TEXT), rows).value
        return compile_statement(sa.select(known.label("known")).where(*here, known.is_not(None)))

    return snapshot.keep(("fact_values", obj.name, fact), make)


def _child(obj: Object, fact: Fact) -> ChildRelationship | None:
    return None if fact.related is None else next(each for each in obj.children if each.name == fact.related)
