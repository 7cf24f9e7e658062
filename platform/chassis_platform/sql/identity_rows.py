"""Statements of identity checks: whom a record is about, and the values that a person's answers are compared with."""

from __future__ import annotations

import sqlalchemy as sa

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.identity_check import EncryptedPath, Fact, encrypted_path
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
    """What is known of the person `person_id` in answer to a question, whoever may see it; never leaves the server.

    An encrypted value is opened on its way out of the connection.
    """

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
        encrypted = encrypted_path(snapshot, asked, fact.value)
        if encrypted is not None:
            joined, known = _followed(snapshot, source, encrypted)
        else:
            joined, known = source, compile_expression(formula_of(snapshot, asked, fact.value, Kind.TEXT), rows).value
        return compile_statement(sa.select(known.label("known")).select_from(joined).where(*here, known.is_not(None)))

    return snapshot.keep(("fact_values", obj.name, fact), make)


def _followed(
    snapshot: Snapshot, source: sa.FromClause, path: EncryptedPath
) -> tuple[sa.FromClause, sa.ColumnElement[str]]:
    """The rows with those that references lead to, and the value at the end."""
    joined, here = source, source
    for place, reference in enumerate(path.references):
        obj = snapshot.objects[reference.references[0]]
        there = tenant_view(obj).alias(f"p{place}")
        same = [*of_this_object(obj, there), there.c.id == value(reference, here), sa.not_(there.c.is_deleted)]
        joined, here = joined.join(there, sa.and_(*same)), there
    return joined, value(path.field, here)


def _child(obj: Object, fact: Fact) -> ChildRelationship | None:
    return None if fact.related is None else next(each for each in obj.children if each.name == fact.related)
