"""A tenant with parcels, an object with fields of the usual kinds, and files of parcels to bring in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import chassis_platform.automation.engines  # noqa: F401  they register themselves with the write road
from chassis_metadata.ids import new_id
from chassis_metadata.package import read_package
from chassis_platform.auth.users import create_user
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.operator import NewTenant, make_tenant, operator_context
from chassis_platform.records.write import write_records
from chassis_platform.settings import Settings
from chassis_platform.up import Installation
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.tenant_keys import KeyWrapper

DEPOTS = 200
HEADER = "Name,Number,Depot.Code,Status,Worth,Weight,ShippedOn,Insured,Email,Remark\n"
_PACKAGE = Path(__file__).parent / "parcels"
_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Clerk:
    """The tenant, and who brings parcels in."""

    tenant_id: int
    user_id: str
    username: str


def wrapper_at(home: Path) -> KeyWrapper:
    """What wraps the tenants' keys there."""
    return wrapper_of(Settings(home=home), home)


async def make_clerk(installed: Installation) -> Clerk:
    """Publish the package, make a tenant with it, with depots and a clerk who is no administrator."""
    urls = installed.urls
    publish(urls.owner, read_package(_PACKAGE))
    async with Database(urls.server, largest=4, wrapper=wrapper_at(installed.home)) as database:
        snapshots = SnapshotStore(database)
        name = f"bulk-{new_id('00D').lower()}"
        tenant = await make_tenant(snapshots, urls.owner, NewTenant(name, name, ""))
        await install(snapshots, tenant.id, "parcels", actor=OPERATOR, with_dependencies=True)
        context = await operator_context(database, tenant, None, snapshots=snapshots)
        address = f"clerk@{name}.example"
        person = {"username": address, "last_name": "Clerk", "email": address}
        user_id = await create_user(database, context, person, ["StandardUser", "ParcelClerk"])
        depots = [{"Name": f"Depot {each}", "Code": f"D{each}"} for each in range(DEPOTS)]
        await write_records(database, context, "Depot", "insert", depots)
        return Clerk(tenant.id, user_id, address)


def line_of(number: int, remark: str = "Left at the door") -> str:
    """A parcel's line."""
    day = f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    status = ("New", "Packed", "Sent")[number % 3]
    return (
        f"Parcel {number},N-{number:08d},D{number % DEPOTS},{status},{number % 1000}.50,{number % 50}.125,{day},"
        f"{'true' if number % 2 else 'false'},person{number}@example.com,{remark} number {number % 97}\n"
    )


def file_of(numbers: Iterable[int], remark: str = "Left at the door") -> Iterator[bytes]:
    """A file of parcels, a thousand lines at a time."""
    lines = [HEADER]
    for number in numbers:
        lines.append(line_of(number, remark))
        if len(lines) >= _LINES:
            yield "".join(lines).encode()
            lines = []
    yield "".join(lines).encode()
