"""When and from where somebody may work: address ranges and hours, of the tenant and of permission sets, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis_metadata.components import LoginHours, LoginRestriction

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WRONG_ADDRESS, WRONG_HOUR = "outside of the address ranges", "outside of the login hours"

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class _Span:
    """Hours of a week in minutes of the day."""

    days: frozenset[int]
    begins: int
    ends: int

    def holds(self, local: datetime) -> bool:
        """Whether it is open; a span that goes over midnight belongs to the day on which it begins."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begins < self.ends:
            return day in self.days and self.begins <= minute < self.ends
        return (day in self.days and minute >= self.begins) or ((day - 1) % 7 in self.days and minute < self.ends)


@dataclass(frozen=True, slots=True)
class _Restriction:
    networks: tuple[Network, ...] = ()
    span: _Span | None = None

    def refusal(self, address: Address | None, local: datetime) -> str | None:
        if self.networks and not is_within(address, self.networks):
            return WRONG_ADDRESS
        if self.span is not None and not self.span.holds(local):
            return WRONG_HOUR
        return None


@dataclass(frozen=True, slots=True)
class Door:
    """What is asked of every request of one session: the tenant's restriction, one of the sets', and where it began."""

    tenant: _Restriction | None = None
    sets: tuple[_Restriction, ...] = ()
    time_zone: str = "UTC"
    device: str | None = None  # the kind of browser that it is bound to
    source_ip: str | None = None  # the address that it is bound to

    @property
    def stands_open(self) -> bool:
        """Whether nothing is asked of anybody."""
        return self.device is None and self.source_ip is None and self.tenant is None and not self.sets

    def is_elsewhere(self, device: Callable[[], str], address: str | None) -> bool:
        """Whether a request comes from another browser or address than the session is bound to."""
        if self.device is not None and self.device != device():
            return True
        return self.source_ip is not None and self.source_ip != address

    def refusal(self, address: str | None, now: datetime) -> str | None:
        """Why nobody may work from there and now, or None. Of several sets that restrict, one has to allow it."""
        if self.tenant is None and not self.sets:
            return None
        where, local = address_of(address), now.astimezone(_zone(self.time_zone))
        if self.tenant is not None and (found := self.tenant.refusal(where, local)):
            return found
        found_by_sets = [each.refusal(where, local) for each in self.sets]
        return None if None in found_by_sets or not found_by_sets else found_by_sets[0]


OPEN_DOOR = Door()


def make_door(tenant: LoginRestriction | None, sets: Iterable[LoginRestriction], time_zone: str) -> Door:
    """The door of a user who holds these sets."""
    of_sets = (_compiled(each) for each in sets)
    return Door(_compiled(tenant) if tenant else None, tuple(each for each in of_sets if each), time_zone)


def address_of(text: str | None) -> Address | None:
    """An address as ranges know it: an IPv4 address that came in IPv6's clothes is an IPv4 address."""
    try:
        found = ip_address(text or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=600)
def networks_of(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """Address ranges as networks; an address with a prefix stands for the network it lies in."""
    return tuple(ip_network(each, strict=False) for each in ranges)


def is_within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; none does where the address is unknown."""
    return address is not None and any(address in each for each in networks)


def _compiled(restriction: LoginRestriction) -> _Restriction | None:
    networks = networks_of(restriction.ip_ranges)
    span = _span(restriction.hours) if restriction.hours else None
    return _Restriction(networks, span) if networks or span else None


def _span(hours: LoginHours) -> _Span:
    days = frozenset(DAYS.index(each) for each in hours.days or DAYS)
    return _Span(days, _minute(hours.begins), _minute(hours.ends))


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
