"""Documents that administrators send: read key by key, with all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis_metadata.errors import Invalid, Problem
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement

LONGEST_TEXT = 80
MOST_NAMES = 100

_ACTIVE_USER = Statement(
    'SELECT 1 FROM tenant."user" WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s AND is_active AND NOT is_deleted'
)


async def is_active_user(database: Database, tenant_id: int, user_id: object) -> bool:
    """Whether the tenant has such a user who may sign in."""
    if not isinstance(user_id, str):
        return False
    [rows] = await database.read(Binding(tenant_id), _ACTIVE_USER.bind(tenant_id=tenant_id, user_id=user_id))
    return bool(rows)


class Reading:
    """A document that is being read; its values are tidied in place."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.problems: list[Problem] = []

    def refuse(self, name: str, message: str) -> None:
        """Note what is wrong with a key."""
        self.problems.append(Problem(name, "invalid_field", message, fields=(name,)))

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Keys that nobody reads are mistakes; nothing else can be read before they are gone."""
        unknown = sorted(set(self.values) - set(known))
        if unknown:
            message = f"Unknown: {', '.join(unknown)}. Use: {', '.join(known)}."
            raise Invalid.of("invalid_field", message, fields=unknown)

    def text(self, name: str, *, required: bool = False, longest: int = LONGEST_TEXT) -> None:
        """A text without blanks around it; none is None."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            self.refuse(name, f"{name} must be a text.")
            return
        tidy = (value or "").strip() or None
        self.values[name] = tidy
        if tidy is None and required:
            self.refuse(name, f"{name} must not be empty.")
        elif tidy is not None and len(tidy) > longest:
            self.refuse(name, f"{name} has at most {longest} characters.")

    def names(self, name: str) -> None:
        """An array of texts, each once."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.refuse(name, f"{name} must be an array of texts.")
        elif len(value) > MOST_NAMES:
            self.refuse(name, f"{name} has at most {MOST_NAMES} entries.")
        else:
            self.values[name] = list(dict.fromkeys(each.strip() for each in value))

    def one_of(self, name: str, allowed: Iterable[str]) -> None:
        """One of some words."""
        if self.values.get(name) not in tuple(allowed):
            self.refuse(name, f"{name} must be one of {', '.join(allowed)}.")

    def flag(self, name: str) -> None:
        """True or false."""
        if not isinstance(self.values.get(name), bool):
            self.refuse(name, f"{name} must be true or false.")

    def number(self, name: str, least: int, most: int) -> None:
        """A whole number within bounds."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(name, f"{name} must be a whole number from {least} to {most}.")

    def raise_problems(self) -> None:
        """Raise what was noted."""
        if self.problems:
            raise Invalid(self.problems)
