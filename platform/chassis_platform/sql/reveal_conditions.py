"""What is asked of a record before a value of it is revealed: which conditions it meets, who was identified."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from chassis_metadata.logic.masking_rule import Verification
from chassis_metadata.logic.record_condition import criteria_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.field_masks import Conditions
from chassis_platform.access.sharing import USER_ID
from chassis_platform.sql.check import may_see
from chassis_platform.sql.clearness import met
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

RECORD_ID = sa.bindparam("record_id", type_=sa.Text())
VERIFICATION_ID = sa.bindparam("verification_id", type_=sa.Text())


def conditions_met(obj: Object, conditions: Sequence[Conditions], context: Context) -> Statement:
    """One row with an answer for each of the conditions; none where the user does not see the record."""

    def make() -> Statement:
        source = tenant_view(obj).alias("t")
        answers = [met(each, obj, source, context.snapshot).label(f"c{place}") for place, each in enumerate(conditions)]
        here = [*of_this_object(obj, source), source.c.id == RECORD_ID, sa.not_(source.c.is_deleted)]
        wanted = sa.select(source.c.id, *answers).where(*here, may_see(obj, source, context))
        return compile_statement(wanted)

    identities = context.snapshot.identity, context.policy.grants.identity
    return kept(obj, ("conditions", tuple(conditions), *identities), make)


def identified(obj: Object, verification: Verification, context: Context) -> Statement:
    """The user's own record that proves that the person behind `record_id` was identified: the newest.

    Where `verification_id` is given, it is that one or none.
    """

    def make() -> Statement:
        snapshot = context.snapshot
        proof = snapshot.objects[verification.object_name]
        source, proved = tenant_view(obj).alias("t"), tenant_view(proof).alias("v")
        subject = value(obj.fields[verification.subjects.get(obj.name, "Id")], source)
        here = [*of_this_object(obj, source), source.c.id == RECORD_ID]
        there = [
            *of_this_object(proof, proved),
            sa.or_(VERIFICATION_ID.is_(None), proved.c.id == VERIFICATION_ID),
            proved.c.created_by_id == USER_ID,
            sa.not_(proved.c.is_deleted),
            value(proof.fields[verification.subject], proved) == subject,
            may_see(proof, proved, context),
        ]
        if verification.criteria is not None:
            expression = criteria_of(snapshot, proof, verification.criteria)
            criteria = compile_expression(expression, Rows(snapshot, proof, proved)).value
            there.append(sa.func.coalesce(criteria, sa.false()))
        joined = source.join(proved, sa.true())
        newest = sa.select(proved.c.id).select_from(joined).where(*here, *there).order_by(proved.c.id.desc()).limit(1)
        return compile_statement(newest)

    identities = context.snapshot.identity, context.policy.grants.identity
    return kept(obj, ("identified", verification.object_name, repr(verification), *identities), make)
