"""A dealer's tenant on a running server with a worker; and clients as they are published, in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chassis_platform.settings import Settings
from chassis_platform.worker.loop import run_worker
from chassis_tenants.bootstrap import DatabaseUrls
from serving import PASSWORD, Address, Person, Site, make_site, running

HERE = Path(__file__).parent
ENVIRONMENT = Path(sys.prefix)
PEOPLE = [
    Person("partner", ("AutoIntegration", "AutoLeadUser", "CrmAdministrator")),
    Person("admin", ("SystemAdministrator",)),
]
_SECONDS = 240


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(urls: DatabaseUrls, home: Path) -> Iterator[Address]:
    with running(urls, home) as address, _working(urls, home):
        yield address


@contextmanager
def _working(urls: DatabaseUrls, home: Path) -> Iterator[None]:
    """A worker meanwhile: bulk jobs are its work."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    work = run_worker(Settings(home=home, port=0), urls.server, home, stop)
    thread = threading.Thread(target=lambda: loop.run_until_complete(work), daemon=True)
    thread.start()
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join(timeout=30)
    loop.close()


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, address: Address) -> Site:
    return await make_site(urls, address, "dealer", PEOPLE, packages=("automotive",))


@dataclass(frozen=True, slots=True)
class Clients:
    """Runs clients against the site; each learns where it is from its environment alone."""

    site: Site
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "CHASSIS_URL": self.site.url,
            "CHASSIS_HTTPS": self.site.address.https,
            "CHASSIS_TOKEN": self.site.token("partner"),
            "CHASSIS_CLIENT": self.site.client_id,
            "CHASSIS_SECRET": self.site.client_secret,
            "CHASSIS_USERNAME": self.site.username("partner"),
            "CHASSIS_PASSWORD": PASSWORD,
            "REQUESTS_CA_BUNDLE": str(self.site.address.authority),
        }

    def python(self, script: str, given: Mapping[str, str] | None = None) -> Any:
        """What a script prints as JSON on its last line. It sees the clients' own folder of packages."""
        more = {"PYTHONPATH": str(ENVIRONMENT / "clients"), "PYTHONWARNINGS": "ignore", **(given or {})}
        return json.loads(self.run([sys.executable, str(HERE / script)], more).splitlines()[-1])

    def node(self, script: str) -> Any:
        """The same of a script for Node."""
        return json.loads(self.run([str(ENVIRONMENT / "bin/node"), str(HERE / script)]).splitlines()[-1])

    def run(self, command: list[str], more: Mapping[str, str] | None = None) -> str:
        """What a command prints; the test fails with its errors where it fails."""
        done = subprocess.run(
            command,
            env=self.environment | dict(more or {}),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


@pytest.fixture(scope="module")
def clients(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Clients:
    return Clients(site, tmp_path_factory.mktemp("client"))
