"""What a webhook sends, in which order, how often, and what it does when nobody listens."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.webhook_subscriptions.replay import ping, replay
from chassis_platform.automation.webhook_subscriptions.sending import _Run
from chassis_platform.automation.webhook_subscriptions.store import rotate_secret
from chassis_platform.records.write import create_record, delete_record
from chassis_platform.settings import Settings
from chassis_tenants.statement import Statement
from webhooks.conftest import Hooks, Receiver

Rows = Callable[..., Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """A function that puts the clock forward."""
    moved = [timedelta(0)]
    before = clock.now

    def forward(by: timedelta) -> None:
        moved[0] += by
        monkeypatch.setattr(clock, "now", lambda: before() + moved[0])

    return forward


async def test_changes_are_sent_signed_and_under_an_id_of_their_own(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id, secret = await hooks.make(receiver.url)
    made = await hooks.workshop(Region="North")
    await hooks.change(made, Region="South")

    await hooks.send(webhook_id)

    [(headers, body)] = receiver.calls
    moment, signed = headers["x-chassis-signature"].removeprefix("t=").split(",v1=")
    [delivery] = await hooks.deliveries(webhook_id)
    assert signed == hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert abs(int(moment) - clock.now().timestamp()) < 60
    assert headers["idempotency-key"] == headers["x-chassis-delivery"] == delivery["id"]
    assert (delivery["status"], delivery["http_status"], delivery["attempts"]) == ("delivered", 204, 1)
    assert receiver.told == [("CREATE", [made]), ("UPDATE", [made])]
    [document] = receiver.documents
    assert document["webhook"] == webhook_id
    assert document["events"][1]["records"][0]["Region"] == "South"
    await hooks.send(webhook_id)
    assert len(receiver.calls) == 1


async def test_only_what_was_asked_for_is_sent(hooks: Hooks, receiver: Receiver) -> None:
    watched = {
        "object": "workshop",
        "events": ["UPDATE", "DELETE"],
        "changed": ["Region"],
        "criteria": "Rating > 3",
        "fields": ["Name", "Owner.Name"],
    }
    webhook_id, _ = await hooks.make(receiver.url, objects=[watched])
    good, poor = await hooks.workshop(Rating=5), await hooks.workshop(Rating=1)
    for each in (good, poor):
        await hooks.change(each, Notes="new")
        await hooks.change(each, Region="North")
    await create_record(hooks.database, hooks.admin, "Customer", {"LastName": "Nobody"})
    await hooks.send(webhook_id)
    await delete_record(hooks.database, hooks.admin, "Workshop", good)
    await hooks.send(webhook_id)

    assert receiver.told == [("UPDATE", [good]), ("DELETE", [good])]
    [record] = receiver.documents[0]["events"][0]["records"]
    assert set(record) == {"attributes", "Id", "Name", "Owner"}
    assert record["Owner"]["Name"] == "admin"
    assert receiver.documents[1]["events"][0]["records"] == []
    assert (await hooks.show(webhook_id))["behind"] == 0


async def test_it_sends_what_its_user_sees_and_that_is_in_the_access_log(
    hooks: Hooks, receiver: Receiver, ann: Context, rows: Rows
) -> None:
    webhook_id, _ = await hooks.make(receiver.url, ann)
    await hooks.workshop()
    seen = await hooks.workshop(OwnerId=ann.principal.user_id, TaxNumber="7", Email="a@b.example")

    await hooks.send(webhook_id)

    assert receiver.told == [("CREATE", [seen])]
    assert "TaxNumber" not in receiver.documents[0]["events"][0]["records"][0]
    text = "SELECT user_id, client_name FROM tenant.access_log WHERE door = 'webhook' AND record_ids @> ARRAY[%(id)s]"
    assert await rows(text, id=seen) == [(ann.principal.user_id, "To the other system")]


async def test_what_was_not_taken_is_sent_again_later_under_the_same_id(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    made = await hooks.workshop()
    receiver.answers = [500, 503]

    await hooks.send(webhook_id)
    await hooks.send(webhook_id)  # it is not due yet
    later(timedelta(seconds=11))
    await hooks.send(webhook_id)
    later(timedelta(seconds=31))
    await hooks.send(webhook_id)

    assert receiver.told == [("CREATE", [made])] * 3
    assert len({headers["idempotency-key"] for headers, _ in receiver.calls}) == 1
    assert [headers["x-chassis-attempt"] for headers, _ in receiver.calls] == ["1", "2", "3"]
    assert (await hooks.show(webhook_id))["failures"] == 0


async def test_a_later_change_of_a_record_waits_for_the_earlier_one_and_others_do_not(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    bad, good = await hooks.workshop(), await hooks.workshop()
    webhook_id, _ = await hooks.make(receiver.url, batch_size=1)
    receiver.answers = [500]
    await hooks.change(bad, Notes="one")
    await hooks.change(good, Notes="one")
    await hooks.change(bad, Region="North")

    await hooks.send(webhook_id)
    assert receiver.told == [("UPDATE", [bad]), ("UPDATE", [good])]
    later(timedelta(seconds=11))
    await hooks.send(webhook_id)

    assert [each["events"][0]["ChangeEventHeader"]["changedFields"] for each in receiver.documents[2:]] == [
        ["Notes"],
        ["Region"],
    ]
    assert [ids for _, ids in receiver.told[2:]] == [[bad], [bad]]


async def test_after_a_day_a_call_is_dead_and_may_be_made_again(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    poison, fine = await hooks.workshop(Name="Poison"), await hooks.workshop()
    webhook_id, _ = await hooks.make(receiver.url, batch_size=1)
    receiver.refuses = lambda document: poison in str(document)
    await hooks.change(poison, Notes="one")

    for _ in range(12):
        await hooks.send(webhook_id)
        later(timedelta(hours=3))
    await hooks.change(fine, Notes="one")
    await hooks.change(poison, Notes="two")
    await hooks.send(webhook_id)

    [first, of_fine, second] = await hooks.deliveries(webhook_id)
    assert [first["status"], of_fine["status"], second["status"]] == ["dead", "delivered", "waiting"]
    assert first["answer"] == "wrong"
    assert 8 <= first["attempts"] <= 10
    receiver.refuses = lambda _: False
    assert await replay(hooks.database, hooks.admin, webhook_id, [first["id"], "nonsense"]) == 1
    later(timedelta(hours=1))
    await hooks.send(webhook_id)
    assert [each["status"] for each in await hooks.deliveries(webhook_id)] == ["delivered"] * 3
    assert await replay(hooks.database, hooks.admin, webhook_id, None) == 0


async def test_a_silent_other_side_is_left_alone_for_a_while_and_given_up_after_days(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None], rows: Rows
) -> None:
    webhook_id, _ = await hooks.make(receiver.url, batch_size=1)
    receiver.refuses = lambda _: True
    for _ in range(5):
        await hooks.workshop()

    await hooks.send(webhook_id)
    shown = await hooks.show(webhook_id)
    assert (len(receiver.calls), shown["waiting"], shown["failures"]) == (3, 5, 3)
    assert shown["resume_at"] is not None
    for _ in range(4):
        later(timedelta(hours=23))
        await hooks.send(webhook_id)

    shown = await hooks.show(webhook_id)
    assert (shown["is_active"], shown["stopped_because"]) == (False, "failing")
    assert [title for (title,) in await rows("SELECT title FROM tenant.notification WHERE source = 'webhook'")] == [
        "The webhook To the other system was switched off: for three days no call was taken."
    ]
    calls = len(receiver.calls)
    await hooks.send(webhook_id)
    assert len(receiver.calls) == calls


async def test_who_failed_once_days_ago_is_not_switched_off_by_one_more_failure(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    receiver.refuses = lambda _: True

    for _ in range(2):
        await hooks.workshop()
        await hooks.send(webhook_id)
        later(timedelta(hours=96))

    assert (await hooks.show(webhook_id))["is_active"] is True


async def test_who_dies_between_the_call_and_the_note_of_it_calls_again_under_the_same_id(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    made = await hooks.workshop()

    class DiedError(BaseException):
        pass

    async def die(*_: Any) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr(_Run, "_note_success", die)
        with pytest.raises(DiedError):
            await hooks.send(webhook_id)
    await hooks.send(webhook_id)

    assert receiver.told == [("CREATE", [made])] * 2
    assert len({headers["idempotency-key"] for headers, _ in receiver.calls}) == 1


async def test_a_new_secret_and_the_one_before_sign_for_a_day(
    hooks: Hooks, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    webhook_id, old = await hooks.make(receiver.url)
    new, _ = await rotate_secret(hooks.database, hooks.admin, webhook_id)

    for _ in range(2):
        await hooks.workshop()
        await hooks.send(webhook_id)
        later(timedelta(hours=25))

    signatures = [headers["x-chassis-signature"].split(",v1=") for headers, _ in receiver.calls]
    assert [len(each) for each in signatures] == [3, 2]
    for (moment, *signed), (_, body) in zip(signatures, receiver.calls, strict=True):
        text = moment.removeprefix("t=").encode() + b"." + body
        expected = [hmac.new(each.encode(), text, hashlib.sha256).hexdigest() for each in (new, old)]
        assert signed == expected[: len(signed)]


async def test_a_large_change_goes_out_in_parts_and_in_order(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id, _ = await hooks.make(receiver.url, batch_size=2)
    made = [await hooks.workshop() for _ in range(5)]

    await hooks.send(webhook_id)

    assert [
        sum(len(each["ChangeEventHeader"]["recordIds"]) for each in one["events"]) for one in receiver.documents
    ] == [
        2,
        2,
        1,
    ]
    assert [each for _, ids in receiver.told for each in ids] == made


async def test_a_test_call_says_so_and_is_not_made_again(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id, _ = await hooks.make(receiver.url, is_active=False)
    receiver.answers = [500]

    for _ in range(2):
        await hooks.send(webhook_id, delivery=await ping(hooks.database, hooks.admin, webhook_id))

    assert [(each["test"], each["events"]) for each in receiver.documents] == [(True, [])] * 2
    assert [each["status"] for each in await hooks.deliveries(webhook_id)] == ["dead", "delivered"]
    assert (await hooks.show(webhook_id))["failures"] == 0


async def test_an_address_that_is_gone_is_called_no_more(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    await hooks.workshop()
    receiver.answers = [410]

    await hooks.send(webhook_id)

    assert (await hooks.show(webhook_id))["stopped_because"] == "gone"


async def test_a_redirect_is_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id, _ = await hooks.make(receiver.url)
    await hooks.workshop()
    receiver.answers = [302]

    await hooks.send(webhook_id)

    assert len(receiver.calls) == 1
    [delivery] = await hooks.deliveries(webhook_id)
    assert (delivery["status"], delivery["http_status"]) == ("waiting", 302)


@pytest.mark.parametrize(
    ("hosts", "private", "error"),
    [("example.com", True, "not among the hosts"), ("127.0.0.1", False, "private network"), ("", True, "not among")],
)
async def test_nobody_is_called_whom_the_operator_does_not_allow(
    hooks: Hooks, receiver: Receiver, hosts: str, *, private: bool, error: str
) -> None:
    hooks = replace(hooks, settings=Settings(webhook_hosts=hosts, webhook_private=private))
    webhook_id, _ = await hooks.make(receiver.url)
    await hooks.workshop()

    await hooks.send(webhook_id)

    assert receiver.calls == []
    [delivery] = await hooks.deliveries(webhook_id)
    assert error in delivery["error"]


async def test_what_its_user_may_not_read_any_more_is_not_sent(hooks: Hooks, receiver: Receiver, ann: Context) -> None:
    watched = {"object": "Workshop", "criteria": "Rating > 3"}
    webhook_id, _ = await hooks.make(receiver.url, ann, objects=[watched])
    await hooks.workshop(OwnerId=ann.principal.user_id, Rating=4)
    text = "Budget > 3 && TaxNumber = '7'"
    await hooks.database.read(hooks.admin.binding, _with_criteria(hooks, webhook_id, text))

    await hooks.send(webhook_id)

    assert receiver.calls == []
    [delivery] = await hooks.deliveries(webhook_id)
    assert "Workshop.TaxNumber" in delivery["error"]


def _with_criteria(hooks: Hooks, webhook_id: str, text: str) -> Any:
    return Statement(
        "UPDATE chassis.webhook SET objects = jsonb_set(objects, '{0,criteria}', to_jsonb(%(text)s::text))"
        " WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
        {"tenant_id": hooks.admin.tenant.id, "id": webhook_id, "text": text},
    )
