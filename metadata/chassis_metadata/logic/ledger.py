"""Ledgers: kinds of units, when credits expire, what may go below zero."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "ledger"
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Expiry:
    """So long after the credit, perhaps at the end of that month or year."""

    days: int = 0
    months: int = 0
    end_of: str | None = None

    def after(self, day: date) -> date:
        """The last day on which what is credited on `day` counts."""
        later = _months_later(day, self.months) + timedelta(days=self.days)
        if self.end_of == "year":
            return later.replace(month=_MONTHS, day=31)
        if self.end_of == "month":
            return later.replace(day=monthrange(later.year, later.month)[1])
        return later


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class BalanceType:
    """A kind of unit with a balance of its own."""

    name: str
    label: str
    allows_negative: bool = False
    reversals_overdraw: bool = True
    expires: Expiry | None = None
    warn_days: int | None = None
    balance_field: str | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger in force. Accounts are the records of `object_name`."""

    name: str
    object_name: str
    types: Mapping[str, BalanceType]
    decimals: int = 0
    account_criteria: str | None = None
    reasons: frozenset[str] = frozenset()
    on_expiring: str | None = None
    permission: str | None = None

    @property
    def unit(self) -> Decimal:
        """The smallest amount."""
        return Decimal(1).scaleb(-self.decimals)


def ledger_of(snapshot: Snapshot, name: str) -> Ledger | None:
    """The active ledger of that name."""
    component = snapshot.logic_of(KIND).get(name)
    return None if component is None else read_ledger(component)


def ledgers_of(snapshot: Snapshot) -> list[Ledger]:
    """All active ledgers."""
    return [read_ledger(each) for each in snapshot.logic_of(KIND).values()]


def read_ledger(component: LogicComponent) -> Ledger:
    """A component as a ledger."""
    body = component.body
    return Ledger(
        component.name,
        body["object"],
        {name: _type(name, each) for name, each in body["types"].items()},
        body.get("decimals", 0),
        body.get("account_criteria"),
        frozenset(body.get("reasons", ())),
        body.get("on_expiring"),
        body.get("permission"),
    )


def _type(name: str, body: Mapping[str, Any]) -> BalanceType:
    expires = body.get("expires")
    return BalanceType(
        name,
        body.get("label", name),
        body.get("allow_negative", False),
        body.get("reversals_overdraw", True),
        None if expires is None else Expiry(**expires),
        body.get("warn_days"),
        body.get("balance_field"),
    )
