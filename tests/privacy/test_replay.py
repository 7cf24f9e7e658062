"""A backup brings back who was erased; the exported journal knows, and the erasure is done again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis_platform.audit.stream import BEGINNING, read_sealed
from chassis_platform.privacy.replay import DONE_ALREADY, NOBODY_THERE, erasures_in, replay

if TYPE_CHECKING:
    from privacy.conftest import Office


async def zhang(office: Office, email: str) -> str:
    account = await office.make("Account", Name=f"Customer {email}")
    return await office.make("Contact", LastName="Zhang", AccountId=account, Email=email)


async def exported(office: Office, act_id: str) -> list[bytes]:
    """The journal's lines about an act, as another place received them."""
    # Entries are sealed when they have settled: these did a while ago.
    moved = "UPDATE data.setup_audit_trail SET created_date = created_date - interval '1 minute' WHERE target_name = %s"
    office.desk.sql(moved, act_id)
    await office.seal()
    entries = await read_sealed(office.desk.database, office.desk.world.tenant.id, BEGINNING, most=100_000)
    return [each.line for each in entries if act_id.encode() in each.line]


async def again(office: Office, lines: list[bytes]) -> dict[str, str]:
    world = office.desk.world
    return await replay(office.desk.database, office.desk.snapshots, office.signer, world.tenant, erasures_in(lines))


async def test_who_was_erased_and_came_back_is_erased_again(office: Office) -> None:
    contact = await zhang(office, "back@example.com")
    act = await office.erase(contact)
    lines = await exported(office, act["id"])
    office.desk.sql("UPDATE data.contact SET email = 'back@example.com' WHERE id = %s", contact)
    office.desk.sql("DELETE FROM chassis.privacy_act WHERE id = %s", act["id"])

    said = await again(office, lines)
    once_more = await again(office, lines)

    assert said == {act["id"]: "done"}
    assert office.kept("contact", contact)["email"] is None
    assert once_more == {act["id"]: DONE_ALREADY}
    await office.seal()
    assert office.verify().is_intact


async def test_an_act_that_waited_when_the_backup_was_made_is_done(office: Office) -> None:
    contact = await zhang(office, "waited@example.com")
    act = await office.erase(contact)
    lines = await exported(office, act["id"])
    office.desk.sql("UPDATE data.contact SET email = 'waited@example.com' WHERE id = %s", contact)
    office.desk.sql(
        "UPDATE chassis.privacy_act SET status = 'waiting', decided_by = NULL, decided_at = NULL WHERE id = %s",
        act["id"],
    )

    assert await again(office, lines) == {act["id"]: "done"}
    assert office.kept("contact", contact)["email"] is None


async def test_who_is_not_in_the_backup_needs_nothing(office: Office) -> None:
    contact = await zhang(office, "gone@example.com")
    act = await office.erase(contact)
    lines = await exported(office, act["id"])
    office.desk.sql("DELETE FROM data.contact WHERE id = %s", contact)

    assert await again(office, lines) == {act["id"]: NOBODY_THERE}
