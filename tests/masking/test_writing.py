"""Masked values on their way back, history, the recycle bin, previews: the roads beside reading."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chassis_metadata.errors import ChassisError, Forbidden
from chassis_platform.records.preview import preview
from chassis_platform.records.read import record_history, recycle_bin
from chassis_platform.records.try_formula import try_formula, typed_formula
from chassis_platform.records.write import create_record, update_record, upsert_record, write_records
from world import World


async def update(garage: World, user: str, **values: Any) -> None:
    context = await garage.as_user(user)
    await update_record(garage.database, context, "Workshop", garage.users["workshop_k"], values)


@pytest.mark.parametrize(
    "values",
    [{"Email": "a***@example.com"}, {"Budget": None}, {"OpenedOn": None}, {"PlaceLatitude": 31.2}, {"IsActive": None}],
)
async def test_what_a_mask_left_is_not_saved(garage: World, values: dict[str, Any]) -> None:
    with pytest.raises(ChassisError) as refused:
        await update(garage, "keeper", **values)

    assert refused.value.problems[0].code == "masked_value"
    assert refused.value.problems[0].fields == tuple(values)


async def test_other_fields_and_whole_values_are_saved(garage: World) -> None:
    await update(garage, "keeper", Notes="kept")
    await update(garage, "keeper", Email="new@example.com", Budget=200000)

    [row] = await garage.rows("admin", "SELECT Email, Budget, Notes FROM Workshop WHERE Code = 'K'")
    assert row == {"Email": "new@example.com", "Budget": 200000, "Notes": "kept"}
    await update(garage, "admin", Email="anna@example.com", Budget=123456)


async def test_a_new_record_takes_no_masked_value(garage: World) -> None:
    with pytest.raises(ChassisError) as refused:
        await create_record(
            garage.database, await garage.as_user("keeper"), "Workshop", {"Name": "x", "Code": "x", "Phone": "138****1"}
        )

    assert refused.value.problems[0].code == "masked_value"


async def test_history_masks_old_and_new_values(garage: World) -> None:
    await update(garage, "admin", Budget=500)
    await update(garage, "admin", Budget=123456)
    garage.forget_log()
    seen = {}
    for user in ("keeper", "admin"):
        context = await garage.as_user(user)
        body = await record_history(garage.database, context, "Workshop", garage.users["workshop_k"])
        changes = [each for each in orjson.loads(body)["changes"] if each["field"] == "Budget"]
        seen[user] = [(each["old"], each["new"]) for each in changes[:2]]

    assert seen["admin"][0] == ("500.00", "123456.00")
    assert seen["keeper"] == [("0-1000", "100000-200000"), ("100000-200000", "0-1000")]


async def test_the_recycle_bin_masks_names(garage: World) -> None:
    customer = garage.record(
        "Customer", Name="李四海", LastName="李", FirstName="四海", OwnerId=garage.users["keeper"], deleted=True
    )
    garage.sql("UPDATE data.customer SET deleted_date = now() WHERE id = %s", customer)
    garage.forget_log()
    names = {}
    for user in ("keeper", "admin"):
        body = await recycle_bin(garage.database, await garage.as_user(user))
        names[user] = [each["name"] for each in orjson.loads(body)["records"]]

    assert names == {"keeper": ["李**"], "admin": ["李四海"]}
    assert [each["user"] for each in garage.access_log()] == [garage.users["admin"]]


async def test_a_preview_shows_what_the_user_would_see(garage: World) -> None:
    context = await garage.as_user("keeper")
    record = {"Id": garage.users["workshop_k"], "Notes": "seen"}
    seen = await preview(garage.database, context, "Workshop", "update", [record])

    values = seen.values[0]
    assert values is not None
    assert (values["Email"], values["Phone"], values["Budget"]) == ("a***@example.com", "13812345678", "100000-200000")


async def test_a_formula_is_not_tried_over_what_is_masked(garage: World) -> None:
    context = await garage.as_user("keeper")
    obj = context.snapshot.objects["Workshop"]
    expression = typed_formula(context, obj, "LEFT(Email, 3)")

    with pytest.raises(Forbidden, match=r"Workshop\.Email"):
        await try_formula(garage.database, context, obj, expression, garage.users["workshop_k"])


async def test_a_masked_key_names_no_record(garage: World) -> None:
    context = await garage.as_user("keeper")
    with pytest.raises(ChassisError) as refused:
        await upsert_record(garage.database, context, "Customer", {"Email": "a@example.com"}, key="Email")
    assert refused.value.problems[0].code == "masked_field"

    stay = {"WorkshopId": garage.users["workshop_k"], "Customer": {"Email": "who@example.com"}}
    [result] = await write_records(garage.database, context, "Stay", "insert", [stay])
    assert result.problems[0].code == "invalid_field"
    assert "is not an external ID" in result.problems[0].message
