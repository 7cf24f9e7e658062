"""Identity checks: questions without answers, tries that are counted, a record that opens what asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from chassis_metadata.errors import ChassisError, Forbidden, NotFound
from chassis_metadata.logic.identity_check import identity_checks
from chassis_platform import clock
from chassis_platform.automation.identity_checks.check import Outcome, Questions, make_check, questions_of
from chassis_platform.automation.identity_checks.questions import in_form
from chassis_platform.automation.reveals.reveal import Wish, reveal
from world import World

RIGHT = {"Opened": "1985/6/30", "Phone": "five six 5678", "Stay": " planned", "Site": "KAPPA"}


@pytest.fixture
def desk(garage: World) -> World:
    """`other` sees the keeper's workshop, masked; nobody was asked anything yet."""
    for table in ("data.reveal_grant", "data.record_share", "chassis.identity_attempt"):
        garage.sql(f"DELETE FROM {table}")  # noqa: S608  as above
    garage.sql("DELETE FROM data.stay WHERE amount IS NOT NULL")
    garage.record(
        "RecordShare", Name="share", ObjectName="Workshop", RecordId=garage.users["workshop_k"],
        UserOrGroupId=garage.users["other"], AccessLevel="Edit", RowCause="Manual",
    )  # fmt: skip
    garage.forget_log()
    return garage


async def questions(desk: World, user: str = "other", record: str = "workshop_k") -> Questions:
    context = await desk.as_user(user)
    return await questions_of(
        desk.database, context, context.snapshot.objects["Workshop"], desk.users[record], "Caller__c"
    )


async def answer(desk: World, names: Iterable[str], user: str = "other", **wrong: str) -> Outcome:
    context = await desk.as_user(user)
    answers = {name: wrong.get(name, RIGHT[name]) for name in names}
    obj = context.snapshot.objects["Workshop"]
    return await make_check(desk.database, context, obj, desk.users["workshop_k"], "Caller__c", answers)


async def asked(desk: World) -> list[str]:
    return [each.name for each in (await questions(desk)).facts]


async def serial(desk: World) -> object:
    context = await desk.as_user("other")
    wish = Wish(desk.users["workshop_k"], ("SerialNumber",), "On the phone")
    found = await reveal(desk.database, context, context.snapshot.objects["Workshop"], wish)
    return found.values["SerialNumber"]


def kept(desk: World) -> list[tuple[object, ...]]:
    return desk.sql("SELECT status, amount, created_by_id FROM data.stay WHERE amount IS NOT NULL ORDER BY id")


@pytest.mark.parametrize(
    ("name", "heard", "form"),
    [
        ("Opened", "1985年6月30日", "19850630"),
        ("Opened", "\uff11\uff19\uff18\uff15/06/30", "19850630"),
        ("Opened", "19850630", "19850630"),
        ("Opened", "June", ""),
        ("Phone", "it ends with 56-78", "5678"),
        ("Site", "  Kappa ", "kappa"),
    ],
)
async def test_what_was_heard_is_brought_into_the_form_of_what_is_known(
    desk: World, name: str, heard: str, form: str
) -> None:
    check = identity_checks(desk.snapshot)["Caller__c"]
    [fact] = [each for each in check.facts if each.name == name]

    assert in_form(fact, heard) == form


async def test_the_same_questions_come_until_they_were_tried_and_others_afterwards(desk: World) -> None:
    seen = {tuple(await asked(desk))}
    assert {tuple(await asked(desk))} == seen

    for _ in range(6):
        assert (await answer(desk, await asked(desk))).passed
        seen.add(tuple(sorted(await asked(desk))))
    assert len({name for each in seen for name in each}) > 2
    assert all(len(each) == 2 for each in seen)


async def test_right_answers_make_a_record_of_ones_own_that_opens_what_asks_for_verification(desk: World) -> None:
    with pytest.raises(ChassisError) as refused:
        await serial(desk)
    assert refused.value.problems[0].code == "identity_required"

    found = await answer(desk, await asked(desk))

    assert found.passed
    assert kept(desk) == [("Done", 0, desk.users["other"])]
    assert await serial(desk) == "S-K-12345"
    assert desk.sql("SELECT verification_id FROM data.reveal_grant") == [(found.record_id,)]


async def test_a_wrong_answer_is_a_failed_try_and_nobody_learns_which_it_was(desk: World) -> None:
    first, second = await asked(desk)

    found = await answer(desk, [first, second], **{second: "wrong 0000"})

    assert found == Outcome(passed=False, record_id=found.record_id, expires=None, tries_left=1, paused_until=None)
    assert kept(desk) == [("Cancelled", 1, desk.users["other"])]
    with pytest.raises(ChassisError):
        await serial(desk)


async def test_after_too_many_failures_nobody_may_try_for_a_while(desk: World) -> None:
    for _ in range(2):
        names = await asked(desk)
        found = await answer(desk, names, **dict.fromkeys(names, "0000"))
    assert (found.tries_left, found.paused_until is not None) == (0, True)
    assert (await questions(desk, "keeper")).facts == ()

    with pytest.raises(Forbidden) as refused:
        await answer(desk, RIGHT, user="keeper")
    assert refused.value.problems[0].code == "identity_check_paused"

    with clock.moved_to(clock.now() + timedelta(minutes=31)):
        assert (await questions(desk)).attempts.left(identity_checks(desk.snapshot)["Caller__c"]) == 2
        assert (await answer(desk, await asked(desk))).passed


async def test_what_is_not_an_answer_to_these_questions_is_no_try(desk: World) -> None:
    names = await asked(desk)
    [other, *_] = [each for each in RIGHT if each not in names]
    for given, code in (
        ([names[0]], "required_field_missing"),
        ([names[0], other], "identity_questions_changed"),
    ):
        with pytest.raises(ChassisError) as refused:
            await answer(desk, given)
        assert refused.value.problems[0].code == code
    with pytest.raises(ChassisError):
        await answer(desk, names, **dict.fromkeys(names, "  "))
    assert kept(desk) == []
    assert desk.sql("SELECT tried FROM chassis.identity_attempt") in ([], [(0,)])


async def test_the_journal_says_who_compared_which_fields_and_how_it_ended(desk: World) -> None:
    names = await asked(desk)
    await answer(desk, names, **{names[0]: "0000"})

    fields = {"Opened": "OpenedOn", "Phone": "Phone", "Stay": "Stay.Name", "Site": "Code"}
    [entry] = desk.access_log()
    assert (entry["door"], entry["ids"], entry["user"]) == (
        "identity_check",
        [desk.users["workshop_k"]],
        desk.users["other"],
    )
    assert entry["fields"] == sorted(fields[each] for each in names)
    assert desk.sql("SELECT reason, purpose FROM data.access_log") == [("Failed", "Caller__c")]


async def test_nobody_checks_a_record_out_of_sight_or_without_being_among_those_who_ask(desk: World) -> None:
    for user, record in (("clerk", "workshop_k"), ("admin", "workshop_k")):
        with pytest.raises(NotFound):
            await questions(desk, user, record)


async def test_too_little_known_is_told(desk: World) -> None:
    desk.sql("UPDATE data.workshop SET opened_on = NULL, phone = NULL WHERE id = %s", desk.users["workshop_c"])
    with pytest.raises(ChassisError) as refused:
        await questions(desk, "clerk", "workshop_c")
    assert refused.value.problems[0].code == "identity_check_impossible"
