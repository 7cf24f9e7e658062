"""Fields that hold values become encrypted, and lie in clear again, while the club works."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from chassis_metadata.errors import ChassisError, Conflict, Invalid
from chassis_metadata.package import read_package
from chassis_platform.automation.encryption.destruction import destroy_keys
from chassis_platform.automation.encryption.rotation import rotate, state_of_keys
from chassis_platform.records.read import record_history
from chassis_platform.records.write import delete_record, write_records
from chassis_tenants.customise import begin_storing_in_clear
from chassis_tenants.database import Binding
from chassis_tenants.installer import install
from chassis_tenants.journal import OPERATOR
from chassis_tenants.publisher import publish
from encryption.conftest import PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

    from chassis_metadata.components import Package
    from encryption.conftest import Club

LOOKS = "1.1.AAAAAAAAAAAAAAAAAAAAAA." + "B" * 60
TAGS = ["Tag A.b.c", 'Quote " and | ; \\ 回', "tag é", LOOKS]
TEXT: dict[str, Any] = {"type": "text", "label": "Tag", "length": 200, "unique": True, "tracked": True}
SEALED = TEXT | {"encrypted": True}


def stored_tags(club: Club) -> dict[str, str | None]:
    rows = club.world.sql("SELECT id, custom->>'Tag__c' FROM data.member WHERE custom ? 'Tag__c' ORDER BY id")
    return dict(rows)


async def tags(club: Club, by: str = "admin") -> dict[str, Any]:
    return {row["Id"]: row["Tag__c"] for row in await club.where(by, "Tag__c != null", "Id, Tag__c")}


async def found_by(club: Club, tag: str) -> list[list[str]]:
    """By every condition that asks for the value: =, IN, and what != leaves."""
    text = tag.replace("\\", "\\\\").replace("'", "\\'")
    asked = [f"Tag__c = '{text}'", f"Tag__c IN ('x', '{text.upper()}')", f"Tag__c != '{text}' AND Tag__c != null"]
    return [sorted([row["Id"] for row in await club.where("admin", each)]) for each in asked]


async def duplicate(club: Club, tag: str) -> str:
    with pytest.raises(ChassisError) as refused:
        await club.make(Name="Other", Website="o.example.com", Tag__c=tag.upper())
    return refused.value.problems[0].code


async def everything_holds(club: Club, expected: dict[str, str]) -> None:
    """Reads, look-ups by whole value, uniqueness: whatever the form in which the values lie."""
    assert await tags(club) == expected
    for record_id, tag in expected.items():
        others = sorted(each for each in expected if each != record_id)
        found = await found_by(club, tag)
        assert found[:2] == [[record_id]] * 2
        assert found[2] == others or tag == LOOKS  # SQL takes it for a sealed value until it is one
        assert await duplicate(club, tag) == "duplicate_value"


@pytest.fixture(scope="module")
async def tagged(club: Club) -> dict[str, str]:
    await club.save_field("Member.Tag__c", **TEXT)
    made = [await club.make(Name=f"Tagged {n}", Website="t.example.com", Tag__c=tag) for n, tag in enumerate(TAGS)]
    await club.change(made[0], Tag__c="Tag A.b.c before")
    await club.change(made[0], Tag__c=TAGS[0])
    return dict(zip(made, TAGS, strict=True))


async def test_values_in_clear_are_encrypted_while_both_kinds_are_read_found_and_unique(
    club: Club, tagged: dict[str, str]
) -> None:
    gone = await club.make(Name="Gone", Website="g.example.com", Tag__c="Gone tag")
    await delete_record(club.database, await club.world.as_user("admin"), "Member", gone)
    await club.save_field("Member.Tag__c", **SEALED)
    assert set(stored_tags(club).values()) >= set(TAGS)
    await everything_holds(club, tagged)
    late = await club.make(Name="Late", Website="l.example.com", Tag__c="Late tag")
    first, *_ = tagged
    await club.change(first, Tag__c="Changed meanwhile")
    during = {**tagged, first: "Changed meanwhile", late: "Late tag"}
    await everything_holds(club, during)
    number = await rotate(club.database, club.world.tenant.id, OPERATOR)
    with pytest.raises(ChassisError) as refused:
        await club.save_field("Member.Tag__c", **TEXT)
    await club.work()
    await club.refresh()

    assert refused.value.problems[0].code == "encryption_changed"
    assert all(str(each).startswith(f"1.{number}.") for each in stored_tags(club).values())
    await everything_holds(club, during)
    state = await state_of_keys(club.database, club.world.tenant.id)
    [told] = [each for each in state["conversions"] if each["field"] == "Member.Tag__c"]
    assert (told["seals"], told["total"], told["done"], bool(told["finished"])) == (True, 6, 6, True)
    admin = await club.world.as_user("admin")
    await write_records(club.database, admin, "Member", "undelete", [{"Id": gone}])
    assert (await tags(club))[gone] == "Gone tag"
    assert await duplicate(club, "gone tag") == "duplicate_value"
    await club.change(gone, Tag__c=None)


async def test_no_copy_of_what_is_encrypted_stays_in_clear(club: Club, tagged: dict[str, str]) -> None:
    first, *_ = tagged
    history = orjson.loads(await record_history(club.database, await club.world.as_user("admin"), "Member", first))
    told = [(each["old"], each["new"]) for each in history["changes"] if each["field"] == "Tag__c"]

    assert len(told) >= 2
    assert set(told) == {(None, None)}
    assert club.places_of("Tag A.b.c", "Late tag", "Changed meanwhile") == []
    assert club.world.sql("SELECT count(*) > 0 FROM chassis.audit_redacted") == [(True,)]


async def test_it_goes_on_where_it_stopped_and_keys_can_t_be_destroyed_meanwhile(
    club: Club, tagged: dict[str, str]
) -> None:
    async with club.database.transaction(Binding(club.world.tenant.id)) as transaction:
        await begin_storing_in_clear(transaction, club.snapshots, "Member.Tag__c", OPERATOR)
    await club.refresh()
    first, second, third, fourth = sorted(tagged)
    await club.change(second, Tag__c="In clear already")
    sealed = {each: stored for each, stored in stored_tags(club).items() if str(stored).startswith("1.")}
    expected = {**await tags(club)}
    await everything_holds(club, expected)
    with pytest.raises(Conflict, match="changed already"):
        async with club.database.transaction(Binding(club.world.tenant.id)) as transaction:
            await begin_storing_in_clear(transaction, club.snapshots, "Member.Tag__c", OPERATOR)
    with pytest.raises(Conflict, match="Wait until"):
        await destroy_keys(club.database, club.world.tenant.id)
    club.world.sql("UPDATE chassis.field_conversion SET last_id = %s WHERE field = 'Member.Tag__c'", third)
    await club.work()
    await club.refresh()

    assert {first, third, fourth} <= set(sealed)
    assert stored_tags(club) == expected
    assert not club.world.snapshot.objects["Member"].fields["Tag__c"].encrypted
    assert [row["Id"] for row in await club.where("admin", "Tag__c LIKE 'in clear%'")] == [second]
    assert await duplicate(club, "in clear already") == "duplicate_value"
    with pytest.raises(ChassisError, match="no encrypted field"):
        async with club.database.transaction(Binding(club.world.tenant.id)) as transaction:
            await begin_storing_in_clear(transaction, club.snapshots, "Member.Tag__c", OPERATOR)


def with_nickname(folder: Path, text: str, version: str = "1.1.0") -> Package:
    """The club's package, where the nickname is declared so."""
    shutil.copytree(PACKAGE, folder)
    manifest, fields = folder / "package.yaml", folder / "objects" / "Member" / "fields.yaml"
    manifest.write_text(manifest.read_text().replace("version: 1.0.0", f"version: {version}"))
    fields.write_text(re.sub(r"Nickname: .*", f"Nickname: {text}", fields.read_text()))
    return read_package(folder)


async def test_a_package_that_begins_to_encrypt_takes_its_tenants_along(club: Club, tmp_path: Path) -> None:
    nicknames = {f"Nick {n}": await club.make(Name="N", Website="n.example.com", Nickname=f"Nick {n}") for n in (1, 2)}
    declared = "{type: text, label: Nickname, length: 100, indexed: true, tracked: true, encrypted: true}"
    publish(club.urls.owner, with_nickname(tmp_path / "new", declared))
    await install(club.snapshots, club.world.tenant.id, "club", actor=OPERATOR)
    await club.refresh()
    nicknames["Nick 3"] = await club.make(Name="N", Website="n.example.com", Nickname="Nick 3")
    stored = [row[0] for row in club.world.sql("SELECT nickname FROM data.member WHERE nickname IS NOT NULL")]
    explained = club.world.sql("SELECT nickname__found IS NULL FROM data.member WHERE nickname = 'Nick 1'")
    during = {name: [row["Id"] for row in await club.where("admin", f"Nickname = '{name}'")] for name in nicknames}
    others = await club.where("admin", "Nickname NOT IN ('nick 1', 'nick 3') AND Nickname != null", "Nickname")
    await club.work()
    await club.refresh()
    after = {name: [row["Id"] for row in await club.where("admin", f"Nickname = '{name}'")] for name in nicknames}
    with pytest.raises(Invalid) as refused:
        publish(club.urls.owner, with_nickname(tmp_path / "back", "{type: text, label: N, length: 100}", "1.2.0"))

    assert ({"Nick 1", "Nick 2"} <= set(stored), len(stored), explained) == (True, 3, [(True,)])
    assert during == after == {name: [record_id] for name, record_id in nicknames.items()}
    assert others == [{"Nickname": "Nick 2"}]
    assert club.places_of("Nick 1", "Nick 2", "Nick 3") == []
    assert "encryption_changed" in [each.code for each in refused.value.problems]
