"""The ways to a page, and which of them is best for somebody who sees so much.

Costs are counted in entries of an index that are passed by. They were measured on one machine with everything in
memory, and are good for choosing between ways that differ by a factor, not for more.
"""

from __future__ import annotations

from enum import Enum

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.snapshot import Object
from chassis_platform.access.road_memory import Extent
from chassis_platform.plan.read_plan import ReadPlan
from chassis_tenants import storage

#: So many records of a user's are read and sorted where nothing tells what that saves.
FEW = 2_000
#: So many are counted: to read more would take too long whatever it saves.
COUNTED = 5_000
#: Reading one of a user's records and sorting it, beside passing by an entry of an index that holds owners.
_READ = 16
#: The same beside passing by a record, in the order of ids.
_READ_BY_ID = 4
#: Where so much of all is the user's, reading what the index names and leaving the rest costs more than reading on.
_MOST = 0.1
#: So many of the newest records tell how much of all that is.
NEWEST = 500


class Road(Enum):
    """The way to a page: each finds the same, at another cost. Which is best depends on how many records are to see.

    But for `OWN`, which finds a record only where its owner alone gives access.
    """

    BY_LOOKING = "by_looking"  # first look how many there are
    FEW = "few"  # read all that are within reach, and sort them
    MANY = "many"  # go through an index, and read what may be within reach
    MOST = "most"  # go through the records in order, and leave out what isn't
    OWN = "own"


def road_for(extent: Extent | None, plan: ReadPlan, fetch: int) -> Road:
    """The way to so many rows of a plan for whoever sees that much; nobody knows yet how much: by looking."""
    if extent is None:
        return Road.BY_LOOKING
    if _are_few(extent, plan, fetch):
        return Road.FEW
    return Road.MOST if extent.share >= _MOST else Road.MANY


def _are_few(extent: Extent, plan: ReadPlan, fetch: int) -> bool:
    if plan.where is not None or not extent.known:  # how many others are passed by is not known
        return extent.within <= FEW
    return extent.within <= COUNTED and _is_little(extent, plan, fetch)


def _is_little(extent: Extent, plan: ReadPlan, fetch: int) -> bool:
    """Whether reading all that is within reach costs less than passing by others until enough are found.

    A record within reach is met after `all / within` others: `fetch` of them after `fetch` times as many.
    """
    read = extent.within * (_READ if plan.order_by else _READ_BY_ID)
    return read * extent.within <= min(extent.within, fetch) * extent.all


def about_all(obj: Object) -> ColumnElement[int]:
    """How many records PostgreSQL takes the object's table to hold, of all tenants; nobody is asked to count."""
    table = storage.base_table(obj)
    name = sa.cast(sa.literal(f'"{table.schema}"."{table.name}"'), sa.Text())
    tables = sa.table("pg_class", sa.column("oid"), sa.column("reltuples"), schema="pg_catalog")
    return sa.select(tables.c.reltuples).where(tables.c.oid == sa.func.to_regclass(name)).scalar_subquery()
