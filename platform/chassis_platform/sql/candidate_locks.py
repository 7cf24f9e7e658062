"""Locks on what rules about other records compare: of two writers with the same key, the second waits for the first.

They come behind the writes and ahead of the question, which then sees what the first has committed.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.logic.candidate_keys import CandidateKey
from chassis_metadata.snapshot import Object
from chassis_platform.access.sharing import TENANT_ID
from chassis_platform.sql.rows import of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import tenant_view, value

#: A transaction holds no more locks of one kind than this, however many records it writes.
_MOST_LOCKS = 4_096


def lock_candidates(obj: Object, keys: Sequence[CandidateKey]) -> Statement:
    """Lock the keys of saved records (`ids`) until the transaction ends, all in one order."""
    wanted = sa.union(*(_numbers(obj, key) for key in keys)).subquery("keys")
    columns = (wanted.c.space, wanted.c.number)
    ordered = sa.select(*columns).order_by(*columns).offset(0).subquery("ordered")
    return compile_statement(sa.select(sa.func.pg_advisory_xact_lock(ordered.c.space, ordered.c.number)))


def _numbers(obj: Object, key: CandidateKey) -> sa.Select[*tuple[int, ...]]:
    """Two numbers for each key: what is compared in this tenant, and its values; a blank looks for nothing."""
    source = tenant_view(obj).alias("t")
    values = [value(obj.fields[mine], source) for _, mine in key.pairs]
    compared = sa.literal(f"{key.obj}.{','.join(theirs for theirs, _ in key.pairs)}", sa.Text())
    space = _hashed(sa.cast(TENANT_ID, sa.Text()), compared)
    number = sa.func.mod(_hashed(*map(_text, values)), sa.literal_column(str(_MOST_LOCKS)), type_=sa.Integer())
    here = [*of_this_object(obj, source), source.c.id == sa.any_(IDS), *(each.is_not(None) for each in values)]
    return sa.select(space.label("space"), number.label("number")).where(*here)


def _hashed(*parts: ColumnElement[str]) -> ColumnElement[int]:
    return sa.func.hashtext(sa.func.concat_ws("|", *parts), type_=sa.Integer())


def _text(each: ColumnElement[object]) -> ColumnElement[str]:
    return sa.func.lower(sa.cast(each, sa.Text()))
