"""Texts in which somebody typed a person's name or number: told before an erasure, and emptied where that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chassis_platform.privacy.acts import preview

if TYPE_CHECKING:
    from privacy.conftest import Office


async def named_everywhere(office: Office, phone: str) -> tuple[str, str, str]:
    """A contact, a case that names it, and a case that does not."""
    account = await office.make("Account", Name=f"Customer {phone[-4:]}")
    names = {"LastName": "欧阳", "FirstName": "Ruoxi", "AccountId": account}
    contact = await office.make("Contact", **names, MobilePhone=phone, Email=f"{phone[-4:]}@example.com")
    said = f"Call back: {phone[3:6]} {phone[6:10]}-{phone[10:]} after work"
    named = await office.make("Case", Subject="Noise", Description=said, ContactId=contact)
    other = await office.make("Case", Subject="Brakes", Description="They squeak.", ContactId=contact)
    return contact, named, other


async def found_in(office: Office, contact: str) -> list[dict[str, Any]]:
    found = await preview(office.desk.database, await office.context("olga"), [contact])
    mentions: list[dict[str, Any]] = found["mentions"]
    return mentions


async def test_texts_that_name_the_person_are_told_before_and_left_unless_that_is_wanted(office: Office) -> None:
    contact, named, _ = await named_everywhere(office, "+8613912340011")
    told = [{"object": "Case", "field": "Description", "records": [named]}]

    before = await found_in(office, contact)
    act = await office.erase(contact)

    assert before == told
    assert (act["result"]["mentions"], act["result"]["emptied"]) == (told, [])
    assert "9-1234" not in str(act)
    assert office.kept("case", named)["description"] is not None


async def test_they_are_emptied_where_that_is_wanted_and_others_stay(office: Office) -> None:
    contact, named, other = await named_everywhere(office, "+8613912340022")
    act_id = await office.ask("erasure", contact, reason="The person asked for it", with_mentions=True)
    await office.decide(act_id, "paul")

    act = await office.work(act_id)

    assert act["status"] == "done", act["result"]
    assert [each["records"] for each in act["result"]["emptied"]] == [[named]]
    assert office.kept("case", named)["description"] is None
    assert office.kept("case", other)["description"] == "They squeak."
    assert await found_in(office, contact) == []
