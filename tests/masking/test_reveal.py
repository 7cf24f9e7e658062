"""Reveal: a value in clear for a reason, for some minutes, after verification or a colleague's approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chassis_metadata.errors import ChassisError, Conflict, Forbidden, NotFound
from chassis_platform import clock
from chassis_platform.automation.reveals.decide import decide, waiting
from chassis_platform.automation.reveals.reveal import Revealed, Wish, reveal
from chassis_platform.records.write import update_record
from world import World


@pytest.fixture
def shared(garage: World) -> World:
    """`other` sees the keeper's workshop, masked; nothing is revealed, the log is empty."""
    garage.sql("DELETE FROM data.reveal_grant")
    garage.sql("DELETE FROM data.record_share")
    garage.record(
        "RecordShare", Name="share", ObjectName="Workshop", RecordId=garage.users["workshop_k"],
        UserOrGroupId=garage.users["other"], AccessLevel="Edit", RowCause="Manual",
    )  # fmt: skip
    garage.forget_log()
    return garage


async def ask(garage: World, user: str, *fields: str, reason: str = "A call back", **more: Any) -> Revealed:
    context = await garage.as_user(user)
    wish = Wish(garage.users[more.pop("record", "workshop_k")], fields, reason, more.pop("verification", None))
    return await reveal(garage.database, context, context.snapshot.objects["Workshop"], wish)


async def phone(garage: World, user: str) -> Any:
    [row] = await garage.rows(user, "SELECT Phone FROM Workshop WHERE Code = 'K'")
    return row["Phone"]


async def test_a_revealed_value_is_clear_for_its_minutes_and_no_longer(shared: World) -> None:
    assert await phone(shared, "other") == "138****5678"

    found = await ask(shared, "other", "Phone")

    assert found.values == {"Phone": "13812345678"}
    assert found.expires is not None
    assert await phone(shared, "other") == "13812345678"
    with clock.moved_to(found.expires + timedelta(seconds=1)):
        assert await phone(shared, "other") == "138****5678"


async def test_a_reveal_is_of_one_record_one_field_and_one_user(shared: World) -> None:
    await ask(shared, "other", "Phone")

    [row] = await shared.rows("other", "SELECT Email, Line__c FROM Workshop WHERE Code = 'K'")
    assert row == {"Email": "a***@example.com", "Line__c": "K 13812345678"}, "a formula is clear where what it reads is"


async def test_the_journal_says_who_saw_what_and_why(shared: World) -> None:
    await ask(shared, "other", "Phone", reason="The customer asked for a call")

    [entry] = shared.access_log()
    assert (entry["door"], entry["fields"], entry["user"]) == ("reveal", ["Phone"], shared.users["other"])
    assert entry["ids"] == [shared.users["workshop_k"]]
    assert shared.sql("SELECT reason FROM data.access_log") == [("The customer asked for a call",)]
    assert shared.sql("SELECT user_id, field_name, status, reason FROM data.reveal_grant") == [
        (shared.users["other"], "Phone", "Shown", "The customer asked for a call")
    ]


@pytest.mark.parametrize(
    ("fields", "reason", "code"),
    [
        (["Phone"], "  ", "required_field_missing"),
        (["Email"], "because", "insufficient_access"),  # no rule lets it be revealed
        (["Code"], "because", "invalid_field"),  # not masked
        (["TaxNumber"], "because", "invalid_field"),  # not readable
        ([], "because", "invalid_field"),
        (["Budget"], "because", "insufficient_access"),
    ],
)
async def test_what_may_not_be_revealed_is_refused_and_leaves_nothing(
    shared: World, fields: list[str], reason: str, code: str
) -> None:
    with pytest.raises(ChassisError) as refused:
        await ask(shared, "other", *fields, reason=reason)

    assert refused.value.problems[0].code == code
    assert shared.sql("SELECT FROM data.reveal_grant") == []
    assert shared.access_log() == []


async def test_nobody_reveals_a_record_out_of_sight(shared: World) -> None:
    with pytest.raises(NotFound):
        await ask(shared, "clerk", "Phone")


async def test_a_revealed_value_can_be_searched_no_more_than_before(shared: World) -> None:
    await ask(shared, "other", "Phone")

    with pytest.raises(ChassisError, match="masked"):
        await shared.rows("other", "SELECT Id FROM Workshop WHERE Phone LIKE '138%'")


async def test_verification_is_a_record_of_ones_own_about_that_very_subject(shared: World) -> None:
    async def proof(user: str, status: str, workshop: str) -> str:
        return shared.record(
            "Stay", Name="proof", WorkshopId=shared.users[workshop], Status=status, CreatedById=shared.users[user]
        )

    refused = [
        None,
        await proof("keeper", "Done", "workshop_k"),  # a colleague's
        await proof("other", "Planned", "workshop_k"),  # it did not succeed
        await proof("other", "Done", "workshop_c"),  # somebody else
    ]
    for each in refused:
        with pytest.raises(ChassisError) as found:
            await ask(shared, "other", "SerialNumber", verification=each)
        assert found.value.problems[0].code == "identity_required", each

    shown = await ask(shared, "other", "SerialNumber", verification=await proof("other", "Done", "workshop_k"))
    assert shown.values == {"SerialNumber": "S-K-12345"}


async def test_a_colleague_approves_what_needs_it(shared: World) -> None:
    asked = await ask(shared, "keeper", "Website", reason="For the brochure")
    assert (asked.status, asked.values) == ("Pending", {})
    assert shared.access_log() == []
    [row] = await shared.rows("keeper", "SELECT Website FROM Workshop WHERE Code = 'K'")
    assert row["Website"] == "******"

    keeper, head, clerk = [await shared.as_user(each) for each in ("keeper", "head", "clerk")]
    assert await waiting(shared.database, keeper) == []
    [request] = await waiting(shared.database, head)
    assert (request["user"]["name"], request["fields"], request["reason"]) == (
        "keeper",
        ["Website"],
        "For the brochure",
    )
    for context in (keeper, clerk):
        with pytest.raises((Forbidden, NotFound)):
            await decide(shared.database, context, asked.request_id, approve=True)

    await decide(shared.database, head, asked.request_id, approve=True)
    [row] = await shared.rows("keeper", "SELECT Website FROM Workshop WHERE Code = 'K'")
    assert row["Website"] == "https://a.example.com"
    with pytest.raises(Conflict):
        await decide(shared.database, head, asked.request_id, approve=False)


async def test_what_a_colleague_refuses_stays_masked(shared: World) -> None:
    asked = await ask(shared, "keeper", "Website")
    await decide(shared.database, await shared.as_user("head"), asked.request_id, approve=False)

    [row] = await shared.rows("keeper", "SELECT Website FROM Workshop WHERE Code = 'K'")
    assert row["Website"] == "******"


async def test_a_way_that_the_record_does_not_allow_is_none(shared: World) -> None:
    with pytest.raises(Forbidden):
        await ask(shared, "other", "Website")  # only the owner may ask


async def test_nobody_writes_a_grant_of_the_own(shared: World) -> None:
    context = await shared.as_user("admin")
    await ask(shared, "other", "Phone")
    [(grant,)] = shared.sql("SELECT id FROM data.reveal_grant")

    with pytest.raises(ChassisError):
        await update_record(shared.database, context, "RevealGrant", grant, {"Minutes": 9999})
