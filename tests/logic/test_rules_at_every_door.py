"""One rule, every way in: REST record by record, by key, in collections, the web application, inbound documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.compile import PolicyStore
from chassis_platform.api import inbound, record_collections, sobjects, ui_objects, ui_records
from chassis_platform.api.deps import Server
from chassis_platform.auth.sessions import NewSession, insert_session, new_token
from chassis_platform.inbound.keys import create_inbound_key
from chassis_platform.settings import Settings
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding, Database
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from world import World, make_world

BROKEN = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
BASE = "/services/data/v66.0"
COMPONENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("validation_rule", "Lead.Nobody_Is_Refused__c"): {
        "formula": 'LastName = "Refused"',
        "message": "Nobody is called so.",
        "field": "LastName",
    },
    ("field", "Lead.Why__c"): {"type": "text", "label": "Why", "required_when": 'FirstName = "Odd"'},
    ("field", "Lead.Greeting__c"): {"type": "text", "label": "Greeting", "default_formula": '"Hello " & LastName'},
}


@dataclass
class Doors:
    """A dealer's tenant with the rule, its clients and its records."""

    world: World
    client: httpx.AsyncClient
    sender: httpx.AsyncClient

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.request(method, path, json=body)

    def leads(self, last_name: str) -> int:
        text = "SELECT count(*) FROM data.lead WHERE tenant_id = %s AND last_name = %s"
        [(found,)] = self.world.sql(text, self.world.tenant.id, last_name)
        return int(found)


def _reacting(snapshot: Snapshot) -> list[str]:
    """The package's own logic that would have a say about these leads."""
    kinds = ("validation_rule", "duplicate_rule", "flow")
    found = ((kind, name, each) for kind in kinds for name, each in snapshot.logic_of(kind).items())
    return [f"{kind}.{name}" for kind, name, each in found if "Lead" in (each.object_name, each.body.get("object"))]


@pytest.fixture(scope="module")
async def doors(owner_dsn: str, database: Database, snapshots: SnapshotStore, make_tenant: Any) -> AsyncIterator[Doors]:
    tenant = await make_tenant("automotive", time_zone="Asia/Shanghai")
    packaged = await snapshots.of(tenant.id, tenant.metadata_version)
    off = {("switch", name): {"active": False} for name in _reacting(packaged)}
    async with database.transaction(Binding(tenant.id)) as transaction:
        for (kind, name), body in {**off, **COMPONENTS}.items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
    tenant = await tenant_by_id(database, tenant.id)
    assert tenant is not None
    world = await make_world(owner_dsn, database, snapshots, tenant)
    user = world.user("ann", "SystemAdministrator", "AutoLeadDesk", "AutoIntegration")
    key = await create_inbound_key(database, tenant.id, "Portal", user)
    token = new_token(tenant.organization_id)
    begun = NewSession(user, "api", "tests")
    await database.read(Binding(tenant.id), insert_session(tenant.id, token, begun, idle_minutes=60, hours=8))
    rooms = (sobjects, record_collections, ui_records, ui_objects, inbound)
    app = Starlette(routes=[each for room in rooms for each in room.routes()])
    app.state.server = Server(database, snapshots, PolicyStore(database), Settings())
    transport = httpx.ASGITransport(app)
    common: dict[str, Any] = {"transport": transport, "base_url": "http://test"}
    async with (
        httpx.AsyncClient(**common, headers={"Authorization": f"Bearer {token}"}) as client,
        httpx.AsyncClient(**common, headers={"Authorization": f"Bearer {key}"}) as sender,
    ):
        yield Doors(world, client, sender)


async def test_rest_refuses_a_new_record_with_the_fields_code(doors: Doors) -> None:
    answer = await doors.call("POST", f"{BASE}/sobjects/Lead", {"LastName": "Refused"})

    assert answer.status_code == 400, answer.text
    assert answer.json() == [{"message": "Nobody is called so.", "errorCode": BROKEN, "fields": ["LastName"]}]
    assert doors.leads("Refused") == 0


async def test_rest_refuses_a_change(doors: Doors) -> None:
    made = (await doors.call("POST", f"{BASE}/sobjects/Lead", {"LastName": "Fine"})).json()

    answer = await doors.call("PATCH", f"{BASE}/sobjects/Lead/{made['id']}", {"LastName": "Refused"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, BROKEN)
    assert (doors.leads("Fine"), doors.leads("Refused")) == (1, 0)


async def test_rest_refuses_an_upsert(doors: Doors) -> None:
    path = f"{BASE}/sobjects/Lead/ExternalLeadId/X-1"

    answer = await doors.call("PATCH", path, {"LastName": "Refused"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, BROKEN)


@pytest.mark.parametrize(("all_or_none", "kept"), [(False, 2), (True, 0)])
async def test_a_collection_tells_of_each_record(doors: Doors, all_or_none: bool, kept: int) -> None:  # noqa: FBT001
    name = f"Batch{all_or_none}"
    records = [{"attributes": {"type": "Lead"}, "LastName": each} for each in (name, "Refused", name, "Refused")]

    answer = await doors.call("POST", f"{BASE}/composite/sobjects", {"allOrNone": all_or_none, "records": records})

    assert answer.status_code == 200, answer.text
    assert [each["success"] for each in answer.json()] == [not all_or_none, False, not all_or_none, False]
    assert answer.json()[1]["errors"][0]["statusCode"] == BROKEN
    assert doors.leads(name) == kept


async def test_the_web_application_shows_it_at_the_field(doors: Doors) -> None:
    answer = await doors.call("POST", "/ui/objects/Lead/records", {"values": {"LastName": "Refused"}})

    assert answer.status_code == 400, answer.text
    [problem] = answer.json()
    assert (problem["message"], problem["fields"]) == ("Nobody is called so.", ["LastName"])


async def test_an_inbound_document_is_refused(doors: Doors) -> None:
    content = (
        '<adf><prospect><id source="test">R-1</id><vehicle><make>Kia</make><year>2025</year></vehicle>'
        '<customer><contact><name part="first">Pat</name><name part="last">Refused</name>'
        "<email>a@example.com</email></contact></customer></prospect></adf>"
    )

    answer = await doors.sender.post("/inbound/adf", content=content)

    assert answer.status_code in {400, 422}, answer.text
    assert "Nobody is called so." in answer.text
    assert doors.leads("Refused") == 0


async def test_defaults_and_required_fields_hold_over_rest(doors: Doors) -> None:
    made = (await doors.call("POST", f"{BASE}/sobjects/Lead", {"LastName": "Greeted"})).json()
    refused = await doors.call("POST", f"{BASE}/sobjects/Lead", {"LastName": "Man", "FirstName": "Odd"})

    found = (await doors.call("GET", f"{BASE}/sobjects/Lead/{made['id']}")).json()
    assert found["Greeting__c"] == "Hello Greeted"
    assert refused.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


async def test_forms_are_told_which_fields_have_conditions(doors: Doors) -> None:
    fields = (await doors.call("GET", "/ui/objects/Lead")).json()["fields"]

    said = ("required_when", "read_only_when", "default_formula")
    assert [fields["Why__c"][each] for each in said] == [True, False, False]
    assert fields["Greeting__c"]["default_formula"] is True
