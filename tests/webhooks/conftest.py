"""A garage that tells another system of its changes; the other system is a server that answers as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chassis_platform.access.compile import PolicyStore
from chassis_platform.access.context import Context
from chassis_platform.automation.webhook_subscriptions.definition import read_definition
from chassis_platform.automation.webhook_subscriptions.replay import list_deliveries
from chassis_platform.automation.webhook_subscriptions.sending import Sender, send_changes
from chassis_platform.automation.webhook_subscriptions.store import create_webhook, show_webhook
from chassis_platform.records.write import create_record, update_record
from chassis_platform.settings import Settings
from chassis_tenants.database import Binding, Database
from chassis_tenants.snapshots import SnapshotStore
from chassis_tenants.statement import Statement
from records.conftest import admin, ann, ben, people, rows  # noqa: F401  fixtures

_codes = count(1)
_ALL_ACTIVE = Statement('UPDATE data."user" SET is_active = true WHERE tenant_id = %(tenant_id)s')


@dataclass
class Receiver:
    """What came, and what is answered: the next of `answers`, then 204."""

    port: int = 0
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    refuses: Callable[[dict[str, Any]], bool] = lambda _: False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/changes?key=1"

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """(type, record ids) of every event that came."""
        headers = [event["ChangeEventHeader"] for document in self.documents for event in document["events"]]
        return [(each["changeType"], each["recordIds"]) for each in headers]

    def answer(self, body: bytes) -> int:
        if self.refuses(json.loads(body)):
            return 500
        return self.answers.pop(0) if self.answers else 204


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = found.answer(body)
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"http://127.0.0.1:{found.port}/elsewhere")
            if status != 204:
                self.send_header("content-length", "5")
            self.end_headers()
            if status != 204:
                self.wfile.write(b"wrong")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Hooks:
    """The garage's webhooks: made by an administrator, sent as the worker sends them."""

    database: Database
    snapshots: SnapshotStore
    admin: Context
    home: Path
    settings: Settings

    async def make(self, url: str, as_: Context | None = None, **values: Any) -> tuple[str, str]:
        """A webhook for workshops, or as `values` say; answers id and secret."""
        reader = as_ or self.admin
        document = {
            "label": "To the other system",
            "url": url,
            "objects": [{"object": "Workshop"}],
            "run_as_user_id": reader.principal.user_id,
            **values,
        }
        return await create_webhook(self.database, self.admin, read_definition(reader, document))

    async def send(self, webhook_id: str, **payload: Any) -> None:
        sender = Sender(self.database, self.snapshots, PolicyStore(self.database), self.settings, self.home)
        await send_changes(sender, self.admin.tenant.id, {"webhook": webhook_id, **payload})

    async def show(self, webhook_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await show_webhook(self.database, self.admin, webhook_id)
        return found

    async def deliveries(self, webhook_id: str, status: str | None = None) -> list[Any]:
        """The oldest first."""
        found = await list_deliveries(self.database, self.admin, self.home, webhook_id, status, 200)
        return found[::-1]

    async def workshop(self, **values: Any) -> str:
        document = {"Name": "Works", "Code": f"w{next(_codes)}", "OwnerId": self.admin.principal.user_id, **values}
        return str((await create_record(self.database, self.admin, "Workshop", document)).id)

    async def change(self, record_id: str, **values: Any) -> None:
        await update_record(self.database, self.admin, "Workshop", record_id, values)


@pytest.fixture
async def hooks(
    database: Database,
    snapshots: SnapshotStore,
    admin: Context,  # noqa: F811  the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Hooks:
    settings = Settings(webhook_hosts="127.0.0.1,localhost", webhook_private=True)
    home = tmp_path_factory.getbasetemp() / "webhook_home"
    home.mkdir(exist_ok=True)
    await database.read(Binding(admin.tenant.id), _ALL_ACTIVE.bind(tenant_id=admin.tenant.id))
    return Hooks(database, snapshots, admin, home, settings)
