"""The limits that there are: what each is called, what it is without an override, and what is in force for a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis_metadata.errors import Invalid, Problem
from chassis_platform.settings import Settings

#: Whoever was quiet may send so many seconds' worth at once.
BURST_SECONDS = 2


@dataclass(frozen=True, slots=True)
class LimitKind:
    """A limit that an operator may set for a tenant; its default is the setting of the same name."""

    name: str
    description: str


LIMIT_KINDS: tuple[LimitKind, ...] = (
    LimitKind("api_daily_requests", "API requests in 24 hours"),
    LimitKind("tenant_requests_per_second", "Requests a second of all its users; 0: no limit"),
    LimitKind("user_requests_per_second", "Requests a second of one user; 0: no limit"),
    LimitKind("client_requests_per_second", "Requests a second of one connected app or inbound key; 0: no limit"),
    LimitKind("tenant_requests_at_once", "Requests that are worked on at once"),
    LimitKind("tenant_requests_waiting", "Requests that may wait for their turn; what comes besides is refused"),
    LimitKind("daily_bulk_jobs", "Bulk jobs of a type (ingest, query) that may be made in 24 hours"),
    LimitKind("data_storage_megabytes", "What records may take, at two kilobytes each; told, not enforced"),
    LimitKind("file_storage_megabytes", "What files may take; told, not enforced"),
)
NAMES = tuple(each.name for each in LIMIT_KINDS)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is in force for a tenant."""

    api_daily_requests: int
    tenant_requests_per_second: int
    user_requests_per_second: int
    client_requests_per_second: int
    tenant_requests_at_once: int
    tenant_requests_waiting: int
    daily_bulk_jobs: int
    data_storage_megabytes: int
    file_storage_megabytes: int


def default_limits(settings: Settings) -> Limits:
    """What holds where the operator set nothing."""
    return Limits(**{name: getattr(settings, name) for name in NAMES})


def limits_in_force(settings: Settings, overrides: Mapping[str, int]) -> Limits:
    """The defaults with a tenant's overrides; a name of another release is passed over."""
    return Limits(**{name: overrides.get(name, getattr(settings, name)) for name in NAMES})


def check_overrides(overrides: Mapping[str, str]) -> dict[str, int | None]:
    """The numbers of overrides as an operator writes them, None for one to take back; says all that is wrong."""
    problems = [each for name, value in overrides.items() if (each := _problem(name, value)) is not None]
    if problems:
        raise Invalid(problems)
    return {name: int(value) if value else None for name, value in overrides.items()}


def _problem(name: str, value: str) -> Problem | None:
    if name not in NAMES:
        return Problem(name, "unknown_limit", f"There is no limit {name!r}. There are: {', '.join(NAMES)}.")
    if value and not (value.isascii() and value.isdigit() and len(value) <= 15):  # noqa: PLR2004  far below a bigint
        return Problem(name, "invalid_number", f"{value!r} is no whole number; an empty text takes the default back.")
    if value and not int(value) and name in _AT_LEAST_ONE:
        return Problem(name, "invalid_number", "It must be 1 or more; suspend the tenant to close it.")
    return None


_AT_LEAST_ONE = frozenset({"api_daily_requests", "tenant_requests_at_once"})
