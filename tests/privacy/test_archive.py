"""All data about a person as one archive, made by a job, logged as one read."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import NotFound
from chassis_platform.privacy.acts import list_acts, read_archive

if TYPE_CHECKING:
    from privacy.conftest import Office


async def person(office: Office, cases: int = 1) -> str:
    account = await office.make("Account", Name="Acme")
    named = {"LastName": "Li", "FirstName": "Na <b>", "AccountId": account}
    contact = await office.make("Contact", **named, MobilePhone="+8613812349001", Email="na@example.com")
    for number in range(cases):
        await office.make("Case", Subject=f"Noise {number}", ContactId=contact, ContactPhone="+8613812349001")
    return contact


async def opened(office: Office, act_id: str) -> zipfile.ZipFile:
    olga = await office.context("olga")
    content = await read_archive(office.desk.database, olga, office.actor(olga), act_id)
    return zipfile.ZipFile(io.BytesIO(content))


async def test_the_archive_holds_every_object_and_a_page_in_the_person_s_language(office: Office) -> None:
    contact = await person(office)
    act_id = await office.ask("export", contact, language="zh_CN")

    act = await office.work(act_id)

    assert (act["status"], act["result"]) == ("done", {"objects": {"Case": 1, "Contact": 1}})
    archive = await opened(office, act_id)
    assert sorted(archive.namelist()) == ["Case.json", "Contact.json", "changes.json", "index.html"]
    [found] = json.loads(archive.read("Contact.json"))
    assert (found["Id"], found["LastName"], found["Email"]) == (contact, "Li", "na@example.com")
    page = archive.read("index.html").decode()
    assert '<html lang="zh-CN">' in page
    assert "您的个人信息" in page
    assert "Na &lt;b&gt;" in page
    assert "<b>" not in page


async def test_it_is_one_entry_in_the_access_log_and_taking_it_one_in_the_setup_trail(office: Office) -> None:
    contact = await person(office)
    act_id = await office.ask("export", contact, reason="Letter of 3 May")
    await office.work(act_id)
    await opened(office, act_id)

    entries = office.desk.sql("SELECT door, record_ids, fields, reason FROM data.access_log WHERE purpose = %s", act_id)
    [(door, ids, fields, reason)] = entries
    assert (door, reason) == ("subject_access", "Letter of 3 May")
    assert contact in ids
    assert {"Contact.LastName", "Case.ContactPhone"} <= set(fields)
    actions = office.desk.sql("SELECT action FROM data.setup_audit_trail WHERE target_name = %s ORDER BY id", act_id)
    assert [each[0] for each in actions] == ["asked_export", "downloaded_export"]


async def test_more_records_cost_no_more_statements(office: Office, counted: Any) -> None:
    few, many = await person(office), await person(office, cases=6)
    first, second = await office.ask("export", few), await office.ask("export", many)

    with counted() as one:
        await office.work(first)
    with counted() as other:
        await office.work(second)

    assert sum(one) == sum(other)


async def test_nothing_is_made_before_the_job_and_acts_are_listed(office: Office) -> None:
    act_id = await office.ask("export", await person(office))

    with pytest.raises(NotFound):
        await opened(office, act_id)
    assert (await list_acts(office.desk.database, await office.context("olga")))[0]["id"] == act_id
