"""Masks and reveal over HTTP on the real packages: what each door answers to whom."""

from __future__ import annotations

import httpx
import pytest

from serving import Site

PHONE = "13812345678"


@pytest.fixture(scope="module")
def lead(site: Site) -> str:
    """A lead of the consultant's."""
    with site.browser("consultant") as browser:
        values = {"LastName": "王", "FirstName": "小明", "MobilePhone": PHONE, "Email": "ming@example.com"}
        answer = browser.post("/ui/objects/Lead/records", json={"values": values})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def test_the_owner_of_a_lead_reads_it_in_clear(site: Site, lead: str) -> None:
    with site.browser("consultant") as browser:
        record = browser.get(f"/ui/records/{lead}").json()

    assert record["values"]["MobilePhone"] == f"+86{PHONE}"
    assert "MobilePhone" not in record.get("masked", [])


def test_describe_says_what_may_be_asked_of_a_masked_field(site: Site) -> None:
    with site.partner("consultant") as partner:
        described = partner.get("sobjects/Lead/describe").json()
    fields = {each["name"]: each for each in described["fields"]}

    phone = fields["MobilePhone"]
    assert (phone["masked"], phone["filterable"], phone["sortable"], phone["groupable"]) == (True, False, False, False)
    assert not fields["Status"]["masked"]


@pytest.mark.parametrize("text", ["MobilePhone LIKE '138%'", "MobilePhone > '1'", "Email != null"])
def test_a_filter_by_a_masked_field_is_refused(site: Site, text: str) -> None:
    with site.partner("consultant") as partner:
        answer = partner.get("query", params={"q": f"SELECT Id FROM Lead WHERE {text}"})  # noqa: S608  our own

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "MASKED_FIELD"


def test_a_reveal_without_right_or_reason_is_refused_and_its_address_is_no_external_id(site: Site, lead: str) -> None:
    with site.partner("consultant") as partner:
        unsaid = partner.post(f"sobjects/Lead/{lead}/reveal", json={"fields": ["MobilePhone"]})
        public = partner.post(f"sobjects/Lead/{lead}/reveal", json={"fields": ["Status"], "reason": "because"})
        nowhere = partner.post("sobjects/Lead/nothing/reveal", json={"fields": ["MobilePhone"], "reason": "because"})

    assert (unsaid.status_code, unsaid.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    assert (public.status_code, public.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert nowhere.status_code == 404


def test_a_reveal_needs_the_pages_token_in_a_browser(site: Site, lead: str) -> None:
    with site.browser("consultant") as browser:
        del browser.headers["x-csrf-token"]
        answer = browser.post(
            f"/services/data/v66.0/sobjects/Lead/{lead}/reveal", json={"fields": ["MobilePhone"], "reason": "because"}
        )

    assert answer.status_code in (401, 403)


def test_an_identity_number_is_revealed_to_whom_the_rule_names_and_nobody_decides_it_alone(site: Site) -> None:
    with site.browser("admin") as browser:
        refused: httpx.Response = browser.post("/ui/reveals/0Rv000000000000AAA/approve")
        waiting = browser.get("/ui/reveals")

    assert refused.status_code == 404
    assert waiting.json() == {"requests": []}


def test_the_data_dictionary_says_where_personal_values_lie_and_what_masks_them(site: Site) -> None:
    with site.browser("admin") as admin:
        found = {(each["object"], each["field"]): each for each in admin.get("/setup/data-dictionary").json()["fields"]}
        mobile = found["Lead", "MobilePhone"]
        assert (mobile["classification"], mobile["logged"]) == ("personal", True)
        assert [each["label"] for each in mobile["masking_rules"]] == ["Phone numbers"]
        assert {each["classification"] for each in found.values()} == {"personal", "sensitive"}

        public = admin.get("/setup/data-dictionary", params={"classification": "public"}).json()["fields"]
        assert all(each["classification"] == "public" for each in public)
        lines = admin.get("/setup/data-dictionary.csv").text.splitlines()
        assert len(lines) == len(found) + 1
        assert any(line.startswith("Lead,MobilePhone,") for line in lines)
        assert admin.get("/setup/data-dictionary", params={"classification": "secret"}).status_code == 400
    with site.browser("consultant") as consultant:
        assert consultant.get("/setup/data-dictionary").status_code == 403


def test_an_identity_check_asks_without_telling_and_says_only_how_it_ended(site: Site) -> None:
    values = {"LastName": "李", "Birthdate": "1990-03-07", "MobilePhone": PHONE, "Email": "li@example.com"}
    answers = {"Birthdate": "1990年3月7日", "Mobile_End": "5678", "E_Mail": "li@example.com"}
    with site.partner("admin") as admin:
        account = admin.post("sobjects/Account", json={"LastName": "李", "Name": "李"}).json()["id"]
        person = admin.post("sobjects/Contact", json=values | {"AccountId": account}).json()["id"]
        case = admin.post("sobjects/Case", json={"Subject": "A call", "ContactId": person}).json()["id"]
        assert admin.get(f"sobjects/Contact/{person}/identity-checks/Caller").status_code == 404, "not among who asks"
    with site.browser("agent") as browser:
        described = browser.get("/ui/objects/Case", headers={"accept-language": "zh-CN"}).json()
        assert [each["name"] for each in described["identity_checks"]] == ["Caller"]
    path = f"sobjects/Case/{case}/identity-checks/Caller"
    with site.partner("agent") as agent:
        asked = agent.get(path).json()
        assert (asked["required"], asked["tries_left"], len(asked["questions"])) == (2, 3, 3)
        names = [each["name"] for each in asked["questions"]]
        assert not any(each in str(asked) for each in ("1990", "5678", "li@"))

        wrong = agent.post(path, json={"answers": {**{each: answers[each] for each in names}, names[0]: "0000"}})
        right = agent.post(path, json={"answers": {each: answers[each] for each in names[1:]}})
        unfit: list[dict[str, object]] = [
            {},
            {"answers": []},
            {"answers": {names[0]: 7}},
            {"answers": {"Nothing": "x"}},
        ]
        for body in unfit:
            assert agent.post(path, json=body).status_code == 400

    assert set(wrong.json()) == {"passed", "id", "expires", "tries_left", "paused_until"}
    assert (wrong.json()["passed"], wrong.json()["tries_left"]) == (False, 2)
    assert (right.json()["passed"], right.json()["tries_left"]) == (True, 3)
