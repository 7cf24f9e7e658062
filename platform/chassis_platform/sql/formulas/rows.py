"""Where a formula's fields are read: the row at hand, the row before the change, the values of free names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from chassis_metadata.snapshot import Object, Snapshot

#: Bound by whoever runs the statement.
FORMULA_NOW = "formula_now"
NOW = sa.bindparam(FORMULA_NOW, type_=sa.DateTime(timezone=True))
ZONE = sa.bindparam("formula_zone", type_=sa.Text())
USER = sa.bindparam("formula_user", type_=sa.Text())
PERMISSIONS = sa.bindparam("formula_permissions", type_=pg.ARRAY(sa.Text()))
ORGANIZATION = sa.bindparam("formula_organization", type_=sa.Text())


@dataclass(frozen=True, eq=False)
class Rows:
    """`source` and `prior` have the object's columns as `chassis_tenants.storage` names them.

    `is_new` is true for rows that are created. Without `prior`, every row is new. `this` are the rows being saved,
    where `source` is another object.
    """

    snapshot: Snapshot | None
    obj: Object | None
    source: FromClause | None
    prior: FromClause | None = None
    is_new: ColumnElement[bool] | None = None
    variables: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    this: Rows | None = None

    @property
    def saved(self) -> Rows:
        """The rows being saved."""
        return self.this or self


def formula_parameters(
    now: datetime,
    zone: str,
    user_id: str | None,
    permissions: Iterable[str],
    organization: Mapping[str, str | None] | None = None,
) -> dict[str, object]:
    """The run-time parameters of a statement with formulas in it.

    `organization` may hold `id`, `name`, `timezone`, `language`, `country` and `currency`.
    """
    return {
        FORMULA_NOW: now,
        "formula_zone": zone,
        "formula_user": user_id,
        "formula_permissions": sorted(permissions),
        "formula_organization": json.dumps(dict(organization or {})),
    }
