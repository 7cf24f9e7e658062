"""The doors over HTTP: who may, what is refused and how, and the way from a wish to its end."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from chassis_metadata.ids import new_id
from chassis_platform.audit.keys import load_signer
from chassis_platform.key_encryption import wrapper_of
from chassis_platform.privacy.acts import run_act
from chassis_platform.settings import Settings
from chassis_platform.telemetry import configure_logging
from chassis_tenants.database import Database
from chassis_tenants.snapshots import SnapshotStore
from serving import Person, Site, make_site, running

if TYPE_CHECKING:
    from pathlib import Path

    from chassis_tenants.bootstrap import DatabaseUrls

SETS = ("SystemAdministrator", "CrmAdministrator", "CrmSensitiveData")
PEOPLE = [
    Person("olga", (*SETS, "PrivacyOfficer")),
    Person("paul", (*SETS, "PrivacyOfficer")),
    Person("admin", SETS),
]
DATA = "/services/data/v66.0/sobjects"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, home: Path) -> Any:
    configure_logging("error")
    with running(urls, home) as address:
        yield await make_site(urls, address, "people", PEOPLE, packages=("crm",))


@pytest.fixture(scope="module")
def lead(site: Site) -> str:
    with site.browser("olga") as olga:
        made = olga.post(f"{DATA}/Lead", json={"LastName": "Li", "Company": "Li", "Email": "li@example.com"})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


def test_without_the_permission_nothing_is_answered(site: Site, lead: str) -> None:
    with site.browser("admin") as admin:
        answers = [
            admin.post("/privacy/preview", json={"subjects": [lead]}),
            admin.post("/privacy/exports", json={"subjects": [lead]}),
            admin.post("/privacy/erasures", json={"subjects": [lead], "reason": "Why not"}),
            admin.get("/privacy/acts"),
            admin.get("/privacy/acts/0Pv000000000000001"),
            admin.get("/privacy/acts/0Pv000000000000001/content"),
            admin.post("/privacy/acts/0Pv000000000000001/approve", json={}),
            admin.get("/privacy/retention"),
            admin.get("/privacy/consents"),
            admin.post("/privacy/people", json={"known_as": "li@example.com"}),
        ]

    assert {each.status_code for each in answers} == {403}


def test_what_makes_no_sense_is_refused(site: Site, lead: str) -> None:
    with site.browser("olga") as olga:
        answers = [
            olga.post("/privacy/preview", json={}),
            olga.post("/privacy/preview", json={"subjects": ["x"]}),
            olga.post("/privacy/preview", json={"subjects": [{"a": 1}]}),
            olga.post("/privacy/preview", json={"subjects": [new_id("00Q")]}),
            olga.post("/privacy/exports", json={"subjects": lead}),
            olga.post("/privacy/exports", json={"subjects": [lead], "language": 7}),
            olga.post("/privacy/exports", json={"subjects": [lead], "request": "letter"}),
            olga.post("/privacy/erasures", json={"subjects": [lead]}),
            olga.post("/privacy/people", json={}),
            olga.post("/privacy/people", json={"known_as": "x"}),
            olga.post("/privacy/people", json={"records": ["x"]}),
            olga.get("/privacy/acts/nothing"),
            olga.get("/privacy/acts/nothing/content"),
            olga.post("/privacy/acts/nothing/approve", json={}),
        ]

    assert [each.status_code for each in answers] == [
        400,
        400,
        400,
        404,
        400,
        400,
        400,
        400,
        400,
        400,
        400,
        404,
        404,
        404,
    ]


def test_from_the_wish_to_its_end(site: Site, lead: str) -> None:
    with site.browser("olga") as olga, site.browser("paul") as paul:
        told = olga.post("/privacy/preview", json={"subjects": [lead]}).json()
        made = olga.post("/privacy/erasures", json={"subjects": [lead], "reason": "A letter"}).json()["id"]
        own = olga.post(f"/privacy/acts/{made}/approve", json={})
        agreed = paul.post(f"/privacy/acts/{made}/approve", json={})
        again = paul.post(f"/privacy/acts/{made}/refuse", json={})
        listed = paul.get("/privacy/acts").json()["acts"]

    assert told["objects"] == {"Lead": {"action": "anonymise", "records": 1}}
    assert (own.status_code, agreed.status_code, again.status_code) == (403, 200, 409)
    assert agreed.json()["status"] in ("queued", "running", "done")
    assert made in [each["id"] for each in listed]


def test_a_person_is_found_by_what_is_said_in_full_and_the_access_log_tells(
    urls: DatabaseUrls, site: Site, lead: str
) -> None:
    with site.browser("olga") as olga:
        known = {"Email": "fo@example.com", "MobilePhone": "+8613700137099"}
        made = olga.post(f"{DATA}/Lead", json={"LastName": "Found", "Company": "Found", **known})
        found = made.json()["id"]
        by_phone = [
            [each["id"] for each in olga.post("/privacy/people", json={"known_as": number}).json()["people"]]
            for number in ("13700137099", "137 0013 7099", "+86 137 0013 7099", "008613700137099", "0137099")
        ]
        by_mail = olga.post("/privacy/people", json={"known_as": " FO@example.com "}).json()["people"]
        by_part = olga.post("/privacy/people", json={"known_as": "example.com"}).json()["people"]
        by_id = olga.post("/privacy/people", json={"records": [lead, found, site.users["olga"]]}).json()["people"]
        listed = olga.get("/privacy/acts").json()["users"]

    assert by_mail == [{"id": found, "object": "Lead", "name": "Found", "label": "Lead"}]
    assert by_part == []
    assert by_phone == [[found]] * 4 + [[]]
    assert {each["id"] for each in by_id} == {lead, found}
    assert site.users["olga"] in listed
    with psycopg.connect(urls.owner) as connection:
        asked = (
            "SELECT count(*) FROM data.access_log WHERE tenant_id = %s AND door = 'privacy' AND %s = ANY (record_ids)"
        )
        [[entries]] = connection.execute(asked, [site.tenant_id, found]).fetchall()
    assert entries == 6


def test_retention_and_consent_are_told(site: Site) -> None:
    with site.browser("olga") as olga:
        rules = olga.get("/privacy/retention").json()["rules"]
        models = olga.get("/privacy/consents").json()["models"]

    assert all({"label", "object_label", "age_label", "months", "dry_run"} <= each.keys() for each in rules.values())
    assert models == []


async def test_an_archive_is_taken_away(urls: DatabaseUrls, home: Path, site: Site, lead: str) -> None:
    with site.browser("olga") as olga:
        made = olga.post("/privacy/exports", json={"subjects": [lead], "language": "zh_CN"}).json()["id"]
        early = olga.get(f"/privacy/acts/{made}/content")
        await work(urls, home, site, made)
        taken = olga.get(f"/privacy/acts/{made}/content")

    assert early.status_code == 404
    assert taken.headers["content-type"] == "application/zip"
    assert "Lead.json" in zipfile.ZipFile(io.BytesIO(taken.content)).namelist()


async def work(urls: DatabaseUrls, home: Path, site: Site, act_id: str) -> None:
    """What the worker does."""
    wrapper = wrapper_of(Settings(home=home), home)
    async with Database(urls.server, smallest=1, largest=2, wrapper=wrapper) as database:
        await run_act(database, SnapshotStore(database), load_signer(home), site.tenant_id, act_id)
