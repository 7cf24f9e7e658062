"""One tenant at full flood, and what another one notices: its latencies alone, beside its latencies meanwhile.

`python -m benchmarks.flood` makes a database of its own (`--home` keeps it). The quiet tenant lists 50 leads from two
connections. The flood is another tenant's: as many connections as are told, each of which asks for 200 leads with two
parents' fields, again and again. Rates are not limited here: what protects the quiet one is the sharing of places.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks import made_up, servers
from benchmarks.environment import API, import_records
from benchmarks.load import Measured, Request, Round, measure, summed_up
from chassis_platform.auth.users import create_user
from chassis_platform.operator import NewTenant, issue_token, make_tenant, operator_context
from chassis_platform.settings import Settings
from chassis_platform.up import Installation, installation
from chassis_tenants.database import Database
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_name
from chassis_tenants.snapshots import SnapshotStore

AIM = 2.0
QUIET_CLIENTS, LEADS = 2, 2_000
_LIST = "SELECT Id, Name, Company, Status FROM Lead ORDER BY CreatedDate DESC LIMIT 50"
_HEAVY = "SELECT Id, Name, Company, Status, Owner.Name, LastModifiedBy.Name FROM Lead ORDER BY Name LIMIT 200"


@dataclass(frozen=True, slots=True)
class Flood:
    """The quiet tenant alone and meanwhile, and how much of the flood was answered."""

    alone: Measured
    meanwhile: Measured
    flood: Measured

    @property
    def ratio(self) -> float:
        """How much longer its slowest hundredth took."""
        return self.meanwhile.p99 / self.alone.p99

    def __str__(self) -> str:
        rows = (("alone", self.alone), ("meanwhile", self.meanwhile), ("flood", self.flood))
        lines = [
            f"{name:<10}{each.throughput:>8,.0f}/s  p50 {each.p50:>7.2f} ms  p99 {each.p99:>7.2f} ms"
            for name, each in rows
        ]
        return "\n".join([*lines, f"p99 meanwhile: {self.ratio:.2f} times that alone; aim {AIM}"])


def _query(token: str, text: str) -> Request:
    return Request("GET", f"{API}/query?q={quote(text)}", {"Authorization": f"Bearer {token}"}, expect=(200, 429))


async def _token(installed: Installation, settings: Settings, name: str) -> str:
    """The token of a user of a tenant with crm, which is made where it is not there."""
    async with Database(installed.urls.server, largest=4) as database:
        username = f"user@{name}.example"
        if await tenant_by_name(database, name) is None:
            snapshots = SnapshotStore(database)
            made = await make_tenant(snapshots, installed.urls.owner, NewTenant(name, name, ""))
            await install(snapshots, made.id, "crm", actor=OPERATOR, with_dependencies=True)
            context = await operator_context(database, made, None, snapshots=snapshots)
            person = {"username": username, "last_name": "User", "email": username}
            await create_user(database, context, person, ["CrmAdministrator"])
        return await issue_token(database, settings, username)


async def flooded(port: int, quiet: str, flood: str, *, clients: int, seconds: float) -> Flood:
    """Rounds alone and meanwhile take turns, so that what else the machine does falls on both."""
    asked, heavy = _query(quiet, _LIST), _query(flood, _HEAVY)
    alone: list[Round] = []
    meanwhile: list[Round] = []
    floods: list[Round] = []
    await measure(port, lambda _: asked, clients=QUIET_CLIENTS, seconds=1)
    for _ in range(4):
        alone.append(await measure(port, lambda _: asked, clients=QUIET_CLIENTS, seconds=seconds / 4))
        flooding = asyncio.create_task(measure(port, lambda _: heavy, clients=clients, seconds=seconds / 4 + 1))
        await asyncio.sleep(0.5)
        meanwhile.append(await measure(port, lambda _: asked, clients=QUIET_CLIENTS, seconds=seconds / 4))
        floods.append(await flooding)
    return Flood(summed_up(alone), summed_up(meanwhile), summed_up(floods))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64, help="connections of the flood")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each, in four rounds")
    parser.add_argument("--home", type=Path, help="keep the database there, and use it again")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="chassis-flood-"))
    settings = Settings(home=home, demo=False, packages=servers.ROOT / "packages")
    with installation(settings, quiet=True) as installed:
        quiet, flood = [asyncio.run(_token(installed, settings, name)) for name in ("quiet", "flood")]
        with servers.chassis(home) as server:
            for token in (quiet, flood):
                import_records(server.port, token, "Lead", _lead, LEADS)
            asked = flooded(server.port, quiet, flood, clients=options.clients, seconds=options.seconds)
            print(asyncio.run(asked))


def _lead(number: int) -> made_up.Payload:
    return {"LastName": f"Lead {number:06}", "Company": f"Company {number % 97}", "MobilePhone": made_up.phone(number)}


if __name__ == "__main__":
    main()
