"""What can wait: keys for what was there before a rule, a look over all records, what goes with a purge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chassis_metadata.logic.matching_rule import matching_rules
from chassis_platform import clock
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.duplicates import find_parameters
from chassis_platform.automation.matching.jobs import build_keys, find_all
from chassis_platform.records.purge import purge_deleted
from chassis_platform.records.write import delete_record
from chassis_platform.sql.matches import matches_of_saved
from chassis_tenants.customise import ComponentKey, delete_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from matching_desk import Desk, matches

SOUND = {
    "label": "Sounds alike",
    "object": "Contact",
    "keys": [
        {"name": "Latin", "compare": [{"field": "LastName", "method": "sounds_like"}, {"field": "Title"}]},
        {"name": "Chinese", "compare": [{"field": "LastName", "method": "pinyin"}, {"field": "Birthdate"}]},
    ],
}
RULE = {"label": "Sounds alike", "object": "Contact", "matching_rules": ["Sound__c"], "on_create": "block"}


def keys_of(desk: Desk, name: str) -> int:
    ids = [key.id for key in matching_rules(desk.world.snapshot)[name].keys]
    [[count]] = desk.sql("SELECT count(*) FROM chassis.match_key WHERE key_id = ANY(%s)", ids)
    return int(count)


async def build(desk: Desk, batch: int = 500) -> int:
    return await build_keys(desk.database, desk.snapshots, desk.world.tenant.id, batch=batch)


async def test_a_new_rule_knows_what_was_there_before_it(desk: Desk, admin: Context) -> None:
    await build(desk)
    account = await desk.create(admin, "Account", LastName="Home")
    smith = await desk.create(admin, "Contact", LastName="Smith", Title="Dr", AccountId=account)
    chinese = await desk.create(admin, "Contact", LastName="李雷", Birthdate="1990-01-02", AccountId=account)
    for number in range(5):
        await desk.create(admin, "Contact", LastName=f"Other {number}", Title="Dr", AccountId=account)

    await desk.declare("matching_rule", "Sound__c", **SOUND)
    await desk.declare("duplicate_rule", "Sound__c", **RULE)
    assert keys_of(desk, "Sound__c") == 0
    assert await build(desk, batch=2) >= 7
    assert keys_of(desk, "Sound__c") == 7
    assert await build(desk) == 0  # nothing is left to do

    admin = await desk.user("admin")
    found = await desk.refused(admin, "Contact", LastName="Smyth", Title="dr", AccountId=account)
    assert matches(found) == [smith]
    found = await desk.refused(admin, "Contact", LastName="李蕾", Birthdate="1990-01-02", AccountId=account)
    assert matches(found) == [chinese]
    await desk.create(admin, "Contact", LastName="李蕾", Birthdate="1990-01-03", AccountId=account)


async def test_a_changed_key_is_made_anew_and_the_old_one_goes(desk: Desk) -> None:
    old = [key.id for key in matching_rules(desk.world.snapshot)["Sound__c"].keys]
    changed = [{"name": "Latin", "compare": [{"field": "LastName", "method": "sounds_like"}]}]

    await desk.declare("matching_rule", "Sound__c", **{**SOUND, "keys": changed})
    await build(desk)

    assert keys_of(desk, "Sound__c") == 8
    assert desk.sql("SELECT count(*) FROM chassis.match_key WHERE key_id = ANY(%s)", old) == [(0,)]


async def test_a_rule_that_is_gone_leaves_no_keys(desk: Desk) -> None:
    ids = [key.id for key in matching_rules(desk.world.snapshot)["Sound__c"].keys]
    async with desk.database.transaction(Binding(desk.world.tenant.id)) as transaction:
        for kind in ("duplicate_rule", "matching_rule"):
            await delete_component(transaction, desk.snapshots, ComponentKey(kind, "Sound__c"), OPERATOR)
    await desk.renew()

    await build(desk)

    assert desk.sql("SELECT count(*) FROM chassis.match_key WHERE key_id = ANY(%s)", ids) == [(0,)]


async def test_all_records_can_be_looked_over(desk: Desk) -> None:
    allowed = await desk.user("admin", allow=True)
    numbers = ["13600000001", "13600000001", "13600000002", "13600000003", "13600000003", "13600000003"]
    ids = [await desk.create(allowed, "Account", LastName=f"P{n}", PersonMobilePhone=n) for n in numbers]
    desk.sql("DELETE FROM data.duplicate_record_item")
    desk.sql("DELETE FROM data.duplicate_record_set")

    assert await look_over(desk) == 2
    assert groups(desk) == [sorted(ids[:2]), sorted(ids[3:])]
    assert await look_over(desk) == 0  # again: nothing new


async def look_over(desk: Desk) -> int:
    return await find_all(desk.database, desk.snapshots, desk.world.tenant.id, "Same_Person", batch=2)


def groups(desk: Desk) -> list[list[str]]:
    items = "SELECT array_agg(record_id ORDER BY record_id) FROM data.duplicate_record_item"
    return sorted(row[0] for row in desk.sql(f"{items} GROUP BY duplicate_record_set_id"))


async def test_what_was_set_aside_is_not_found_again(desk: Desk) -> None:
    desk.sql("UPDATE data.duplicate_record_set SET status = 'NotDuplicates'")

    assert await look_over(desk) == 0
    assert desk.sql("SELECT count(*) FROM data.duplicate_record_set WHERE status = 'Open'") == [(0,)]


async def test_a_purged_record_leaves_no_keys(desk: Desk, admin: Context) -> None:
    lead = await desk.create(admin, "Lead", LastName="Gone", MobilePhone="13600000009")
    await delete_record(desk.database, admin, "Lead", lead)
    keys = "SELECT count(*) FROM chassis.match_key WHERE record_id = %s"
    assert desk.sql(keys, lead) == [(3,)]  # among leads, among accounts, among contacts

    later = clock.now() + timedelta(minutes=1)
    await purge_deleted(desk.database, Binding(desk.world.tenant.id), desk.world.snapshot, older_than=later)

    assert desk.sql(keys, lead) == [(0,)]


async def test_candidates_are_found_by_index_however_many_records_there_are(desk: Desk, admin: Context) -> None:
    ids = [await desk.create(admin, "Lead", LastName="Found", MobilePhone=f"1350000000{n}") for n in range(3)]
    desk.sql(
        "INSERT INTO chassis.match_key (tenant_id, key_id, token, record_id)"
        " SELECT k.tenant_id, k.key_id, md5(n::text), '00Q' || lpad(n::text, 15, '0')"
        " FROM (SELECT DISTINCT tenant_id, key_id FROM chassis.match_key) k, generate_series(1, 20000) n"
    )
    desk.sql("ANALYZE chassis.match_key")
    rules = [each for each in matching_rules(desk.world.snapshot).values() if each.name == "Open_Lead"]
    asked = matches_of_saved(admin, rules).bind(**find_parameters(admin), ids=ids)

    async with desk.database.transaction(admin.binding) as transaction:
        rows = await transaction.fetch(replace(asked, text=f"EXPLAIN {asked.text}"))
    plan = "\n".join(row[0] for row in rows)

    assert "Seq Scan on match_key" not in plan
    assert "Index Cond: ((tenant_id = 1) AND (record_id = ANY" in plan
    assert "Index Cond: ((tenant_id = 1) AND (token = probe.token))" in plan
    assert "Index Cond: ((tenant_id = 1) AND (id = key.record_id))" in plan
