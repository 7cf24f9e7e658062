"""Restrictions of signing in: address ranges that are ranges."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from chassis_metadata.components import LoginRestriction
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where


def check_login(where: Where, restriction: LoginRestriction) -> Iterator[Complaint]:
    """What the schema cannot see."""
    for index, text in enumerate(restriction.ip_ranges):
        try:
            ip_network(text)
        except ValueError as error:
            message = f"{text!r} is no address range: {error}. Write 203.0.113.0/24 or 2001:db8::/32."
            yield Complaint((*where, "ip_ranges", index), "invalid_value", message)
    hours = restriction.hours
    if hours and hours.begins == hours.ends:
        yield Complaint((*where, "hours", "to"), "invalid_value", "The hours end when they begin. Leave hours out.")
