"""The engines asked by people, by flows and by the worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis_metadata.ids import component_id
from chassis_platform import clock
from chassis_platform.access.compile import PolicyStore
from chassis_platform.automation.ledgers.nightly import run_nightly
from chassis_platform.settings import Settings
from chassis_platform.worker.handlers import HANDLERS
from chassis_platform.worker.server import WorkerServer
from chassis_tenants.bootstrap import DatabaseUrls
from chassis_tenants.publisher import publish
from engines.bureau import BUREAU
from engines.conftest import Bureau
from package_folders import package_of
from serving import Person, Site, make_site, running

PEOPLE = [
    Person("ann", ("BureauUser",)),
    Person("stranger", ()),
    Person("clerk", ("BureauClerk",)),
    Person("admin", ("SystemAdministrator", "BureauUser")),
]


@pytest.fixture(scope="module")
async def site(urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory, database: Any) -> Any:
    assert database
    folder = tmp_path_factory.mktemp("bureau")
    publish(urls.owner, package_of(folder, BUREAU))
    with running(urls, tmp_path_factory.mktemp("home")) as address:
        yield await make_site(urls, address, "bureau", PEOPLE, packages=("bureau",))


@pytest.fixture
def ann(site: Site) -> Iterator[httpx.Client]:
    with site.browser("ann") as client:
        yield client


def make(client: httpx.Client, object_name: str, **values: Any) -> str:
    made = client.post(f"/ui/objects/{object_name}/records", json={"values": {"Name": object_name, **values}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_records_are_assigned(ann: httpx.Client) -> None:
    branch = make(ann, "Branch", City="Nanjing")
    record = make(ann, "Inquiry", City="Nanjing")

    answer = ann.post("/ui/assignment_rules/Branch_For_Inquiry/assign", json={"recordIds": [record]})

    [made] = answer.json()["assignments"]
    assert (made["entry"], made["chosen"], made["success"]) == ("GEO", branch, True)
    wrong = ann.post("/ui/assignment_rules/Branch_For_Inquiry/assign", json={"recordIds": [branch]})
    assert wrong.status_code == 400
    assert wrong.json()[0]["errorCode"] == "MALFORMED_ID"


def test_scores_are_told_with_their_reasons(ann: httpx.Client) -> None:
    record = make(ann, "Inquiry", IsBooked=True)

    [shown] = ann.get(f"/ui/records/{record}/scores").json()["scores"]

    assert (shown["model"], shown["label"], shown["score"], shown["band"]) == (
        "Inquiry_Score",
        "Inquiry score",
        20,
        "C",
    )
    assert [(each["label"], each["points"]) for each in shown["reasons"]] == [("Booked", 15), ("Budget fits", 5)]
    again = ann.post("/ui/scoring_models/Inquiry_Score/score", json={"recordIds": [record]})
    assert again.json() == {"scores": []}


def test_segments_are_listed_and_refreshed(ann: httpx.Client) -> None:
    make(ann, "Client", City="Shanghai")

    assert ann.post("/ui/segments/Shanghai/refresh").json() == {"joined": 1, "left": 0, "members": 1}
    listed = {each["name"]: each["members"] for each in ann.get("/ui/segments").json()["segments"]}
    assert listed == {"Shanghai": 1, "Regulars": 0, "Local_Regulars": 0}


def test_points_are_posted_and_the_account_is_shown(ann: httpx.Client) -> None:
    client = make(ann, "Client")
    postings = [
        {"account": client, "key": "one", "amount": 100, "type": "Points"},
        {"account": client, "key": "two", "amount": "-30", "type": "Points"},
    ]

    posted = ann.post("/ui/ledgers/Points/postings", json={"postings": postings}).json()["postings"]

    assert [each["balance"] for each in posted] == [100, 70]
    shown = ann.get(f"/ui/ledgers/Points/accounts/{client}").json()
    assert shown["balances"][0]["balance"] == 70
    assert [each["amount"] for each in shown["entries"]] == [-30, 100]
    short = ann.post(
        "/ui/ledgers/Points/postings",
        json={"postings": [{"account": client, "key": "x", "amount": -100, "type": "Points"}]},
    )
    assert short.status_code == 400
    assert short.json()["postings"][0]["errors"][0]["statusCode"] == "INSUFFICIENT_BALANCE"
    assert ann.post("/ui/ledgers/Budget/postings", json={"postings": postings}).status_code == 403


def test_a_table_can_be_tried(site: Site) -> None:
    with site.browser("admin") as admin:
        answer = admin.post(
            "/setup/decision_tables/Discount/decide",
            json={"inputs": [{"amount": 1000, "city": "Shanghai"}, {"amount": 2000}, {}]},
        )
        wrong = admin.post("/setup/decision_tables/Discount/decide", json={"inputs": [{"amont": 1}]})

    assert answer.json()["outputs"] == [
        {"percent": 10.0, "reason": "big city"},
        {"percent": 10.0, "reason": "large"},
        {"percent": 0.0, "reason": None},
    ]
    assert wrong.status_code == 400
    assert "Did you mean 'amount'" in wrong.json()[0]["message"]


def test_strangers_are_refused(site: Site, ann: httpx.Client) -> None:
    client = make(ann, "Client")
    record = make(ann, "Inquiry")
    with site.browser("stranger") as stranger:
        refused = [
            stranger.post("/ui/assignment_rules/Team/assign", json={"recordIds": [record]}),
            stranger.post("/ui/scoring_models/Inquiry_Score/score", json={"recordIds": [record]}),
            stranger.get(f"/ui/records/{record}/scores"),
            stranger.get("/ui/segments"),
            stranger.post("/ui/segments/Shanghai/refresh"),
            stranger.get(f"/ui/ledgers/Points/accounts/{client}"),
            stranger.post("/ui/ledgers/Points/postings", json={"postings": []}),
            stranger.post("/setup/decision_tables/Discount/decide", json={"inputs": [{}]}),
        ]
    assert [each.status_code for each in refused] == [403, 403, 404, 403, 403, 404, 403, 403]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ui/assignment_rules/Team/assign", {"recordIds": "x"}),
        ("/ui/scoring_models/Inquiry_Score/score", {"recordIds": []}),
        ("/ui/ledgers/Points/postings", {"postings": [{"account": 5}]}),
        ("/ui/ledgers/Points/postings", {"postings": [{"amount": "much"}]}),
        ("/ui/ledgers/Points/postings", {"postings": ["x"]}),
        ("/setup/decision_tables/Discount/decide", {"inputs": [5]}),
        ("/setup/decision_tables/Discount/decide", {"inputs": [{"amount": "much"}]}),
    ],
)
def test_nonsense_is_told(site: Site, path: str, body: dict[str, Any]) -> None:
    with site.browser("admin") as admin:
        assert admin.post(path, json=body).status_code == 400


def server_of(bureau: Bureau, home: Path) -> WorkerServer:
    return WorkerServer(bureau.database, bureau.snapshots, PolicyStore(bureau.database), Settings(home=home), home)


async def run_queued(bureau: Bureau, home: Path) -> None:
    """Run what waits for the worker."""
    rows = await bureau.sql("DELETE FROM chassis.job RETURNING kind, payload")
    for kind, payload in rows:
        await HANDLERS[kind](server_of(bureau, home), bureau.tenant.id, payload)


async def test_the_worker_scores_refreshes_and_closes(bureau: Bureau, tmp_path: Path) -> None:
    await bureau.make("Client", City="Shanghai", Spent=5000)

    for kind, payload in (
        ("score_nightly", {}),
        ("close_ledgers", {}),
        ("refresh_segments", {"every": "hourly"}),
        ("refresh_segments", {"every": "daily"}),
    ):
        await HANDLERS[kind](server_of(bureau, tmp_path), bureau.tenant.id, payload)

    names = set(await bureau.column("SELECT segment_name FROM tenant.segment_member"))
    assert names == {"Shanghai", "Regulars"}


async def test_a_new_band_sets_off_the_declared_flow(bureau: Bureau, tmp_path: Path) -> None:
    record = await bureau.make("Inquiry", Budget=50, Price=50)
    await run_queued(bureau, tmp_path)

    assert await bureau.column("SELECT note FROM tenant.inquiry WHERE id = %(id)s", id=record) == ["band B"]


async def test_owners_of_credits_that_expire_are_warned_once(bureau: Bureau, tmp_path: Path) -> None:
    client = await bureau.make("Client")
    async with bureau.acting() as (transaction, context):
        from chassis_platform.automation.ledgers.post import Posting, post  # noqa: PLC0415  only here

        await post(
            transaction, context, "Points", [Posting(client, "a", Decimal(5), "Points", expires=date(2026, 4, 1))]
        )
    for day in ("2026-03-01 10:00", "2026-03-05 10:00", "2026-03-06 10:00"):
        bureau.at(day)
        with clock.moved_to(bureau.time):
            await run_nightly(bureau.database, bureau.snapshots, bureau.tenant.id)

    runs = await bureau.sql("SELECT record_count FROM tenant.flow_run WHERE flow_name = 'Expiring'")
    assert runs == [(1,)]
    await run_queued(bureau, tmp_path)
    assert await bureau.column("SELECT city FROM tenant.client") == ["warned"]


async def test_a_flow_posts_once_and_refreshes(bureau: Bureau) -> None:
    client = await bureau.make("Client", Spent=2000)
    await bureau.write("Client", "update", {"Id": client, "City": "Reward"})
    await bureau.write("Client", "update", {"Id": client, "Spent": 3000})

    assert await bureau.sql("SELECT account_id, balance FROM tenant.ledger_balance") == [(client, 50)]
    assert await bureau.column("SELECT record_id FROM tenant.segment_member") == [client]


@pytest.fixture(scope="module")
def branch(site: Site) -> str:
    with site.browser("ann") as ann:
        return make(ann, "Branch", City="Suzhou")


class TestAutoAssign:
    """`Sforce-Auto-Assign`, as clients send it with what they write."""

    def made(self, client: httpx.Client, asked: str | None, **values: Any) -> httpx.Response:
        headers = {} if asked is None else {"Sforce-Auto-Assign": asked}
        values = {"Name": "Auto", "City": "Suzhou", "Status": "Dispatched", **values}
        return client.post("sobjects/Inquiry", json=values, headers=headers)

    def branch_of(self, client: httpx.Client, answer: httpx.Response) -> str | None:
        assert answer.status_code == 201, answer.text
        asked = client.get(f"sobjects/Inquiry/{answer.json()['id']}", params={"fields": "BranchId"})
        found: str | None = asked.json()["BranchId"]
        return found

    def test_rules_run_as_declared_unless_the_header_says_no(self, site: Site, branch: str) -> None:
        with site.partner("ann") as ann:
            found = {asked: self.branch_of(ann, self.made(ann, asked)) for asked in (None, "TRUE", "true", "FALSE")}
            assert found == {None: branch, "TRUE": branch, "true": branch, "FALSE": None}
            made = self.made(ann, "false").json()["id"]
            url, headers = f"sobjects/Inquiry/{made}", {"Sforce-Auto-Assign": "FALSE"}
            assert ann.patch(url, json={"City": "Wuxi"}, headers=headers).status_code == 204
            assert ann.get(url).json()["BranchId"] is None
            assert ann.patch(url, json={"City": "Suzhou"}).status_code == 204
            assert ann.get(url).json()["BranchId"] == branch

    def test_who_may_not_write_what_a_rule_writes_does_not_do_without_it(self, site: Site, branch: str) -> None:
        with site.partner("clerk") as clerk:
            assert self.branch_of(clerk, self.made(clerk, "FALSE")) == branch
            refused = self.made(clerk, "Nearest")
            assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")

    @pytest.mark.parametrize("asked", ["Team", component_id("01Q", "Team"), component_id("01Q", "Team")[:15]])
    def test_a_rule_is_named_and_runs_instead(self, site: Site, branch: str, asked: str) -> None:
        with site.browser("admin") as admin:
            queue = next(each for each in admin.get("/setup/groups").json()["groups"] if each["name"] == "Team")
            member = {"member": site.users["clerk"]}
            assert admin.post(f"/setup/groups/{queue['id']}/members", json=member).status_code in (201, 400, 409)
        with site.partner("ann") as ann:
            answer = self.made(ann, asked)
            assert self.branch_of(ann, answer) is None
            assert branch
            assert ann.get(f"sobjects/Inquiry/{answer.json()['id']}").json()["OwnerId"] == site.users["clerk"]

    @pytest.mark.parametrize("asked", ["Nothing", "01Q000000000001AAA", "x' OR 1=1 --", "no", "0" * 9000])
    def test_what_is_no_rule_is_refused_and_nothing_is_written(self, site: Site, asked: str) -> None:
        with site.partner("ann") as ann:
            answer = self.made(ann, asked, Name="Refused")
            assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_CROSS_REFERENCE_KEY")
            assert len(answer.text) < 400
            asked = "SELECT COUNT() FROM Inquiry WHERE Name = 'Refused'"
            assert ann.get("query", params={"q": asked}).json()["totalSize"] == 0

    def test_rules_that_may_be_named_are_listed(self, site: Site) -> None:
        with site.partner("ann") as ann, site.partner("clerk") as clerk:
            listed = {each["name"]: each for each in ann.get("chassis/assignmentRules").json()["assignmentRules"]}
            others = clerk.get("chassis/assignmentRules", params={"object": "Inquiry"}).json()["assignmentRules"]
            none = ann.get("chassis/assignmentRules", params={"object": "Branch"}).json()["assignmentRules"]
        assert listed["Team"] == {
            "id": component_id("01Q", "Team"),
            "name": "Team",
            "object": "Inquiry",
            "fields": ["OwnerId"],
            "runsBySaves": False,
            "mayBeChosen": True,
        }
        assert [each["mayBeChosen"] for each in others if each["name"] == "Nearest"] == [False]
        assert none == []

    def test_collections_trees_and_subrequests_take_it_too(self, site: Site, branch: str) -> None:
        values = {"Name": "Auto", "City": "Suzhou", "Status": "Dispatched"}
        record = {"attributes": {"type": "Inquiry", "referenceId": "one"}, **values}
        no = {"Sforce-Auto-Assign": "FALSE"}
        with site.partner("ann") as ann:
            sent = {"method": "POST", "url": "/services/data/v66.0/sobjects/Inquiry", "body": values}
            subrequests = [{**sent, "referenceId": "a", "httpHeaders": no}, {**sent, "referenceId": "b"}]
            together = ann.post("composite", json={"compositeRequest": subrequests}).json()["compositeResponse"]
            answers = [
                ann.post("composite/sobjects", json={"records": [record]}, headers=no).json()[0]["id"],
                ann.post("composite/tree/Inquiry", json={"records": [record]}, headers=no).json()["results"][0]["id"],
                *(each["body"]["id"] for each in together),
            ]
            found = [ann.get(f"sobjects/Inquiry/{each}").json()["BranchId"] for each in answers]
        assert found == [None, None, None, branch]

    def test_a_bulk_job_is_refused_a_rule_that_is_not_there(self, site: Site) -> None:
        new = {"object": "Inquiry", "operation": "insert"}
        with site.partner("ann") as ann:
            refused = ann.post("jobs/ingest", json={**new, "assignmentRuleId": "Nothing"})
            told = ann.post("jobs/ingest", json=new, headers={"Sforce-Auto-Assign": "FALSE"}).json()
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_CROSS_REFERENCE_KEY")
        assert told["assignmentRuleId"] == "FALSE"
