"""The auditors' doors over HTTP: one line of time, who saw what, proofs and evidence; and what nobody may do to it."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from chassis_metadata.ids import new_id
from chassis_platform.audit.check_proof import check_proof
from chassis_platform.audit.keys import load_signer
from chassis_platform.audit.seal import seal_journal
from chassis_platform.automation.evidence import make_archive
from chassis_platform.telemetry import configure_logging
from chassis_tenants.database import Database
from chassis_tenants.journal import digest_of
from chassis_tenants.registry import tenant_by_id
from serving import Person, Site, make_site, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    import httpx

    from chassis_tenants.bootstrap import DatabaseUrls

PEOPLE = [
    Person("partner", ("GarageAdmin",)),
    Person("reader", ("GarageAdmin",)),
    Person("admin", ("SystemAdministrator", "GarageAdmin")),
    Person("auditor", ("Auditor",)),
]
CUSTOMERS = "/services/data/v66.0/sobjects/Customer"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, home: Path) -> Any:
    configure_logging("error")
    with running(urls, home) as address:
        yield await make_site(urls, address, "garage", PEOPLE, packages=("garage",))


@pytest.fixture(scope="module")
def customer(site: Site) -> str:
    """A customer whom the reader has seen, and the partner has changed."""
    with site.browser("partner") as partner, site.browser("reader") as reader:
        made = partner.post(CUSTOMERS, json={"LastName": "Li", "Email": "li@example.com"}).json()["id"]
        reader.get(f"/ui/records/{made}").raise_for_status()
        reader.get(f"{CUSTOMERS}/{made}?fields=Email").raise_for_status()
        partner.patch(f"{CUSTOMERS}/{made}", json={"Email": "li.li@example.com"}).raise_for_status()
    return str(made)


@pytest.fixture
def auditor(site: Site, customer: str) -> Iterator[httpx.Client]:
    assert customer
    with site.browser("auditor") as client:
        yield client


def lines(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    answer = client.get("/audit/timeline", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


def test_reads_of_a_record_are_on_one_line_of_time_with_who_and_through_what(
    auditor: httpx.Client, customer: str
) -> None:
    found = lines(auditor, record=customer, kind="read")

    assert {(each["user"], each["action"], each["object"]) for each in found} == {("Reader", "get", "Customer")}
    assert all(each["records"] == [customer] for each in found)
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)


def test_what_a_user_did_is_on_one_line_of_all_kinds(site: Site, auditor: httpx.Client) -> None:
    found = lines(auditor, user=site.users["reader"])

    assert {each["kind"] for each in found} >= {"read", "sign_in"}
    assert {each["user_id"] for each in found} == {site.users["reader"]}


def test_pages_follow_each_other_without_gaps(auditor: httpx.Client) -> None:
    whole = [each["id"] for each in lines(auditor, limit="100", to="2999-01-01T00:00:00Z")]
    seen: list[str] = []
    after = ""
    while True:
        page = auditor.get("/audit/timeline", params={"limit": "3", "after": after}).json()
        seen += [each["id"] for each in page["lines"]]
        if page["next"] is None:
            break
        after = "~".join(page["next"])

    assert seen[-len(whole) :] == whole or seen == whole
    assert len(seen) == len(set(seen))


def test_who_saw_a_record_and_what_a_user_saw(site: Site, auditor: httpx.Client, customer: str) -> None:
    readers = auditor.get("/audit/summary", params={"record": customer}).json()["lines"]
    seen = auditor.get("/audit/summary", params={"user": site.users["reader"]}).json()["lines"]

    assert [(each["user"], "Email" in each["fields"]) for each in readers] == [("Reader", True)]
    assert [each["object"] for each in seen] == ["Customer"]


@pytest.mark.parametrize("path", ["timeline", "summary?user=x", "head", "archives", "export", "proof/AccessLog/x"])
@pytest.mark.parametrize("name", ["reader", "admin"])
def test_only_auditors_come_in(site: Site, name: str, path: str) -> None:
    with site.browser(name) as client:
        assert client.get(f"/audit/{path}").status_code == 403
        assert client.get("/setup/retention").status_code == 403
        assert client.get("/setup/journal-exports").status_code == 403


def test_an_auditor_reads_no_customer_and_no_value_of_a_field(auditor: httpx.Client, customer: str) -> None:
    assert auditor.get(f"{CUSTOMERS}/{customer}").status_code in (403, 404)
    assert auditor.get("/audit/proof/FieldHistory/x").status_code == 404
    text = auditor.get("/audit/timeline", params={"limit": "200"}).text + auditor.get("/audit/export").text
    assert "li@example.com" not in text
    assert "li.li@example.com" not in text


@pytest.mark.parametrize("name", ["admin", "auditor", "reader"])
def test_nobody_changes_or_removes_an_entry_or_an_alert_by_any_door(site: Site, customer: str, name: str) -> None:
    assert customer
    with site.browser("auditor") as auditor:
        entry = lines(auditor, kind="read", limit="1")[0]["id"]
    base = "/services/data/v66.0"
    with site.browser(name) as client:
        answers = [
            client.patch(f"{base}/sobjects/AccessLog/{entry}", json={"Door": "x"}),
            client.delete(f"{base}/sobjects/AccessLog/{entry}"),
            client.post(f"{base}/sobjects/AccessLog", json={"ObjectName": "Customer"}),
            client.post(f"{base}/sobjects/JournalAlert", json={"RuleName": "x"}),
            client.patch(f"/ui/records/{entry}", json={"values": {"Door": "x"}}),
            client.delete(f"/ui/records/{entry}"),
        ]
        bulk = client.patch(
            f"{base}/composite/sobjects",
            json={"records": [{"attributes": {"type": "AccessLog"}, "id": entry, "Door": "x"}]},
        )

    assert all(400 <= each.status_code < 500 for each in answers), [each.status_code for each in answers]
    assert bulk.status_code >= 400 or not any(each["success"] for each in bulk.json())


def test_classified_data_is_not_answered_where_its_entry_cannot_be_written(
    site: Site, urls: DatabaseUrls, customer: str
) -> None:
    with psycopg.connect(urls.owner, autocommit=True) as owner, site.browser("reader") as reader:
        owner.execute("REVOKE INSERT ON data.access_log FROM chassis_server")
        try:
            refused = [
                reader.get(f"{CUSTOMERS}/{customer}?fields=Email"),
                reader.get("/services/data/v66.0/query", params={"q": "SELECT Email FROM Customer"}),
                reader.get(f"/ui/records/{customer}"),
            ]
            plain = reader.get(f"{CUSTOMERS}/{customer}?fields=CreatedDate")
        finally:
            owner.execute("GRANT INSERT ON data.access_log TO chassis_server")
        again = reader.get(f"{CUSTOMERS}/{customer}?fields=Email")

    assert all(each.status_code >= 500 and "example.com" not in each.text for each in refused)
    assert (plain.status_code, again.status_code) == (200, 200)


def test_retention_and_holds_are_set_by_who_may_and_noted(auditor: httpx.Client) -> None:
    short = auditor.put("/setup/retention/AccessLog", json={"months": 1})
    done = auditor.put("/setup/retention/AccessLog", json={"months": 24})
    hold = auditor.post("/setup/retention/holds", json={"scope": "user", "subject": "x", "reason": "a lawsuit"})
    wrong = auditor.post("/setup/retention/holds", json={"scope": "user", "reason": "a lawsuit"})
    shown = auditor.get("/setup/retention").json()
    released = auditor.delete(f"/setup/retention/holds/{hold.json()['id']}")

    assert [each.status_code for each in (short, done, hold, wrong, released)] == [400, 204, 201, 400, 204]
    assert {"journal": "AccessLog", "months": 24, "floor": 6} in shown["journals"]
    assert [each["reason"] for each in shown["holds"]] == ["a lawsuit"]
    actions = [each["action"] for each in lines(auditor, kind="setup", limit="3")]
    assert actions == ["releasedHold", "placedHold", "changedRetention"]


def seal(site: Site, urls: DatabaseUrls, home: Path) -> None:
    async def run(database: Database) -> None:
        tenant = await tenant_by_id(database, site.tenant_id)
        assert tenant is not None
        await seal_journal(database, tenant, load_signer(home))

    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute("SELECT pg_sleep(2.1)")  # what is younger than two seconds is left to the next seal
    with_database(urls, run)


def with_database(urls: DatabaseUrls, work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Database(urls.server, smallest=1, largest=2) as database:
            await work(database)

    asyncio.run(run())


def test_evidence_can_be_taken_away_and_checked_without_chassis(
    site: Site, urls: DatabaseUrls, home: Path, auditor: httpx.Client, customer: str, tmp_path: Path
) -> None:
    seal(site, urls, home)
    asked = auditor.post("/audit/archives", json={"record": customer})
    archive_id = asked.json()["id"]
    early = auditor.get(f"/audit/archives/{archive_id}/content")
    with_database(urls, lambda database: make_archive(database, home, site.tenant_id, archive_id))
    listed = auditor.get("/audit/archives").json()["archives"][0]
    content = auditor.get(f"/audit/archives/{archive_id}/content").content

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    checked = subprocess.run(
        [sys.executable, "-I", "check_proof.py", "proofs.jsonl", "public_key.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    entries = [json.loads(each) for each in (tmp_path / "entries.jsonl").read_text().splitlines()]
    assert (asked.status_code, early.status_code) == (201, 404)
    assert (listed["status"], listed["size"]) == ("ready", len(content))
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("Proven: under seal") == len((tmp_path / "proofs.jsonl").read_text().splitlines()) >= 2
    assert "li@example.com" not in str(entries)
    assert {each["source"] for each in entries} >= {"access_log"}
    public = load_signer(home).private.public_key()
    public.verify((tmp_path / "SHA256SUMS.sig").read_bytes(), (tmp_path / "SHA256SUMS").read_bytes())


def test_heads_can_be_noted_and_later_ones_shown_to_continue_them(
    site: Site, urls: DatabaseUrls, home: Path, auditor: httpx.Client
) -> None:
    seal(site, urls, home)
    noted = auditor.get("/audit/head").json()
    auditor.put("/setup/retention/AccessLog", json={"months": 30})
    seal(site, urls, home)

    proof = auditor.get("/audit/consistency", params={"first": str(noted["sequence"])}).json()

    first, second = check_proof(proof, proof["public_key"].encode())
    assert proof["first"] == noted["head"]
    assert (first["sequence"], second["sequence"]) == (noted["sequence"], noted["sequence"] + 1)
    assert auditor.get("/audit/consistency", params={"first": "99"}).status_code == 400


def test_the_whole_journal_can_be_exported_as_lines(
    site: Site, urls: DatabaseUrls, home: Path, auditor: httpx.Client
) -> None:
    seal(site, urls, home)
    found = [json.loads(each) for each in auditor.get("/audit/export").text.splitlines()]
    last = f"{found[-2]['seal']}.{found[-2]['position']}"
    rest = auditor.get("/audit/export", params={"after": last}).text.splitlines()

    assert [(each["seal"], each["position"]) for each in found] == sorted((e["seal"], e["position"]) for e in found)
    assert [json.loads(each) for each in rest] == found[-1:]


def test_permissions_given_and_taken_say_before_and_after(site: Site, auditor: httpx.Client) -> None:
    reader = site.users["reader"]
    with site.browser("admin") as admin:
        given = admin.put(f"/setup/permission-sets/Auditor/users/{reader}")
        taken = admin.delete(f"/setup/permission-sets/Auditor/users/{reader}")
    section = "Section = 'PermissionSetAssignment'"
    asked = f"SELECT Action, OldValue, NewValue FROM SetupAuditTrail WHERE {section} ORDER BY Id DESC LIMIT 2"  # noqa: S608
    answer = auditor.get("/services/data/v66.0/query", params={"q": asked})

    assert (given.status_code, taken.status_code) == (204, 204)
    after, before = answer.json()["records"]
    assert (after["Action"], before["Action"]) == ("deleted", "created")
    assert reader in before["NewValue"]
    assert reader in after["OldValue"]


def test_reads_and_exports_of_many_records_have_a_digest_that_can_be_made_again(
    site: Site, auditor: httpx.Client
) -> None:
    with site.browser("partner") as partner:
        for start in (0, 150):
            records = [{"attributes": {"type": "Customer"}, "LastName": f"L{n}"} for n in range(start, start + 150)]
            made = partner.post("/services/data/v66.0/composite/sobjects", json={"records": records})
            assert made.status_code == 200, made.text
    with site.browser("admin") as admin:
        asked = admin.get("/services/data/v66.0/query", params={"q": "SELECT Id, LastName FROM Customer"}).json()
        exported = admin.post("/ui/objects/Customer/export", json={"columns": ["LastName"]})
    ids = [each["Id"] for each in asked["records"]]

    found = {each["action"]: each for each in lines(auditor, user=site.users["admin"], kind="read", limit="3")}
    assert len(ids) > 300
    assert exported.text.count("\n") == len(ids) + 1
    assert {name: each["count"] for name, each in found.items()} == dict.fromkeys(
        ("export_total", "export", "query"), len(ids)
    )
    assert {each["digest"] for each in found.values()} == {digest_of(ids)}
    assert found["export_total"]["records"] == []


def test_auditors_acknowledge_alerts_and_change_nothing_else_of_them(
    site: Site, urls: DatabaseUrls, auditor: httpx.Client
) -> None:
    alert = new_id("0JA")
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO data.journal_alert (tenant_id, id, name, rule_name, state) VALUES (%s, %s, %s, 'R', 'Open')",
            [site.tenant_id, alert, alert],
        )
    address = f"/services/data/v66.0/sobjects/JournalAlert/{alert}"

    noted = auditor.patch(address, json={"State": "Acknowledged", "Note": "Asked Ann: a campaign."})
    changed = auditor.patch(address, json={"RuleName": "Another"})
    with site.browser("reader") as reader:
        hidden = reader.patch(address, json={"State": "Open"})

    assert noted.status_code == 204, noted.text
    assert 400 <= changed.status_code < 500
    assert 400 <= hidden.status_code < 500
    assert auditor.get(address).json()["State"] == "Acknowledged"
    assert lines(auditor, kind="setup", limit="1")[0]["section"] == "JournalAlert"
