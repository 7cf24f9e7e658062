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
