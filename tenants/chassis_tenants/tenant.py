"""A tenant: one customer's data, users and installed packages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tenant:
    """A row of the registry. `id` is used inside, `organization_id` (00D…) outside."""

    id: int
    organization_id: str
    name: str
    label: str
    status: str
    language: str
    time_zone: str
    currency: str
    metadata_version: int
    access_version: int
    region: str | None = None  # where its data have to stay; None: anywhere
