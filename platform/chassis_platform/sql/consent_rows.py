"""Statements about consent: who agreed last to a purpose and channel, and whose data must rest."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.consent_model import ConsentModel, Restriction, consent_models
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_platform.sql.rows import kept, of_this_object
from chassis_platform.sql.write import IDS
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.storage import comparable, tenant_view, value

PURPOSE = sa.bindparam("purpose", type_=sa.Text())
CHANNEL = sa.bindparam("channel", type_=sa.Text())


def last_consents(snapshot: Snapshot, model: ConsentModel) -> Statement:
    """(person, granted) of those among `ids` who spoke of `purpose` and `channel`: what they said last."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        person = comparable(obj.fields[model.person], record)
        granted = sa.func.coalesce(_formula(snapshot, obj, model.granted, Kind.BOOLEAN, record), sa.false())
        here = [*of_this_object(obj, record), sa.not_(record.c.is_deleted), person == sa.any_(IDS)]
        here += _about(snapshot, model, record, PURPOSE, CHANNEL)
        captured = value(obj.fields[model.captured], record)
        wanted = sa.select(person.label("person"), granted.label("granted")).where(*here)
        newest = wanted.ext(pg.distinct_on(person)).order_by(person, captured.desc().nulls_last(), record.c.id.desc())
        return compile_statement(newest)

    obj = snapshot.objects[model.object_name]
    return kept(obj, ("last_consents", snapshot.identity, model.name), make)


def agreed(
    snapshot: Snapshot, person: ColumnElement[Any], purpose: ColumnElement[str], channel: ColumnElement[str]
) -> list[ColumnElement[bool]]:
    """The conditions under which a person of a row may be contacted for a purpose: as `last_consents` says of ids."""
    said = [_said_last(snapshot, each, person, purpose, channel) for each in consent_models(snapshot).values()]
    return [sa.or_(sa.false(), *said), *need_not_rest(snapshot, person)]


def _said_last(
    snapshot: Snapshot,
    model: ConsentModel,
    person: ColumnElement[Any],
    purpose: ColumnElement[str],
    channel: ColumnElement[str],
) -> ColumnElement[bool]:
    obj = snapshot.objects[model.object_name]
    record = tenant_view(obj).alias("consent")
    here = [*of_this_object(obj, record), sa.not_(record.c.is_deleted)]
    here += [comparable(obj.fields[model.person], record) == person, *_about(snapshot, model, record, purpose, channel)]
    granted = sa.func.coalesce(_formula(snapshot, obj, model.granted, Kind.BOOLEAN, record), sa.false())
    captured = value(obj.fields[model.captured], record)
    newest = sa.select(granted).where(*here).order_by(captured.desc().nulls_last(), record.c.id.desc()).limit(1)
    return sa.func.coalesce(newest.scalar_subquery(), sa.false())


def _about(
    snapshot: Snapshot,
    model: ConsentModel,
    record: sa.FromClause,
    purpose: ColumnElement[str],
    channel: ColumnElement[str],
) -> list[ColumnElement[bool]]:
    """The conditions under which a consent speaks of a purpose, and of a channel where one is asked for."""
    obj = snapshot.objects[model.object_name]
    about = [_formula(snapshot, obj, model.purpose, Kind.TEXT, record) == purpose]
    if model.channel is not None:
        said = sa.func.nullif(_formula(snapshot, obj, model.channel, Kind.TEXT, record), sa.literal_column("''"))
        about.append(sa.or_(said.is_(None), channel.is_(None), said == channel))
    return about


def restricted_people(snapshot: Snapshot, restriction: Restriction) -> Statement:
    """Which of `ids` had processing restricted."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        person = comparable(obj.fields[restriction.person], record)
        here = [person == sa.any_(IDS), *_in_force(snapshot, restriction, record)]
        return compile_statement(sa.select(person.label("person")).where(*here).distinct())

    obj = snapshot.objects[restriction.object_name]
    return kept(obj, ("restricted_people", snapshot.identity, restriction), make)


def need_not_rest(snapshot: Snapshot, record_id: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """The conditions under which what is known about a record may be worked with: none restricts it."""
    conditions = []
    for restriction in (each.restriction for each in consent_models(snapshot).values() if each.restriction):
        obj = snapshot.objects[restriction.object_name]
        record = tenant_view(obj).alias("restriction")
        person = comparable(obj.fields[restriction.person], record)
        conditions.append(~sa.exists().where(person == record_id, *_in_force(snapshot, restriction, record)))
    return conditions


def _in_force(snapshot: Snapshot, restriction: Restriction, record: sa.FromClause) -> list[ColumnElement[bool]]:
    obj = snapshot.objects[restriction.object_name]
    holds = sa.func.coalesce(_formula(snapshot, obj, restriction.criteria, Kind.BOOLEAN, record), sa.false())
    return [*of_this_object(obj, record), sa.not_(record.c.is_deleted), holds]


def _formula(snapshot: Snapshot, obj: Object, text: str, kind: Kind, record: sa.FromClause) -> ColumnElement[Any]:
    return compile_expression(formula_of(snapshot, obj, text, kind), Rows(snapshot, obj, record)).value


def consent_figures(snapshot: Snapshot, model: ConsentModel) -> Statement:
    """(purpose, channel, how many agreed last, how many did not), by purpose and channel."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        here = [*of_this_object(obj, record), sa.not_(record.c.is_deleted)]
        person = comparable(obj.fields[model.person], record)
        purpose = _formula(snapshot, obj, model.purpose, Kind.TEXT, record)
        channel: ColumnElement[Any] = sa.null()
        if model.channel is not None:
            channel = sa.func.nullif(_formula(snapshot, obj, model.channel, Kind.TEXT, record), sa.literal_column("''"))
        granted = sa.func.coalesce(_formula(snapshot, obj, model.granted, Kind.BOOLEAN, record), sa.false())
        captured = value(obj.fields[model.captured], record)
        said = sa.select(
            purpose.label("purpose"), sa.cast(channel, sa.Text()).label("channel"), granted.label("granted")
        ).where(*here)
        newest = sa.func.row_number().over(
            partition_by=(person, purpose, channel), order_by=(captured.desc().nulls_last(), record.c.id.desc())
        )
        last = said.add_columns(newest.label("place")).subquery("said")
        agreed = sa.func.count().filter(last.c.granted)
        others = sa.func.count().filter(sa.not_(last.c.granted))
        by = (last.c.purpose, last.c.channel)
        figures = sa.select(*by, agreed, others).where(last.c.place == sa.literal_column("1"))
        return compile_statement(figures.group_by(*by).order_by(*(each.nulls_first() for each in by)))

    obj = snapshot.objects[model.object_name]
    return kept(obj, ("consent_figures", snapshot.identity, model.name), make)


def how_many_restricted(snapshot: Snapshot, restriction: Restriction) -> Statement:
    """How many people had processing restricted."""

    def make() -> Statement:
        record = tenant_view(obj).alias("record")
        person = comparable(obj.fields[restriction.person], record)
        here = _in_force(snapshot, restriction, record)
        return compile_statement(sa.select(sa.func.count(sa.distinct(person))).where(*here))

    obj = snapshot.objects[restriction.object_name]
    return kept(obj, ("how_many_restricted", snapshot.identity, restriction), make)
