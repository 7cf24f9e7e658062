"""Permission sets to grants: sets add up, a `none` hides in its own set only, what is required is always there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import FieldPermission, ObjectPermission, Package, PermissionSet
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.grants import compile_grants
from chassis_platform.access.policy import NO_ACCESS, ObjectAccess

READ, EDIT, NONE = FieldPermission(read=True), FieldPermission(read=True, edit=True), FieldPermission()


@pytest.fixture(scope="module")
def garage(packages: dict[str, Package]) -> Snapshot:
    return compile_snapshot([packages["platform"], packages["garage"]])


def on_workshop(garage: Snapshot, *sets: PermissionSet) -> ObjectAccess:
    return compile_grants(garage, sets).objects.get("Workshop", NO_ACCESS)


def permission_set(name: str, acts: str, **fields: FieldPermission) -> PermissionSet:
    permission = ObjectPermission(**dict.fromkeys(acts.split(), True))
    named = {f"Workshop.{'*' if field == 'star' else field}": access for field, access in fields.items()}
    return PermissionSet(name, name, objects={"Workshop": permission}, fields=named)


def test_who_may_not_read_the_object_has_no_access_to_its_fields(garage: Snapshot) -> None:
    only_fields = PermissionSet("A", "A", fields={"Workshop.*": EDIT})

    assert on_workshop(garage, only_fields) == NO_ACCESS


def test_reading_an_object_shows_what_is_required_and_what_every_record_has(garage: Snapshot) -> None:
    access = on_workshop(garage, permission_set("A", "read"))

    assert access.readable == {
        "Id", "Name", "RecordTypeId", "OwnerId", "Code", "CreatedDate", "CreatedById", "LastModifiedDate",
        "LastModifiedById", "SystemModstamp", "IsDeleted",
    }  # fmt: skip
    assert access.editable == frozenset()


def test_a_star_grants_all_fields_but_those_named(garage: Snapshot) -> None:
    access = on_workshop(garage, permission_set("A", "read update", star=EDIT, Phone=NONE, Email=READ))

    assert "Phone" not in access.readable
    assert "Email" in access.readable
    assert "Email" not in access.editable
    assert "Budget" in access.editable


def test_sets_add_up_so_one_hides_only_within_itself(garage: Snapshot) -> None:
    hides = permission_set("A", "read update", star=EDIT, Phone=NONE)
    shows = permission_set("B", "read", Phone=READ)

    access = on_workshop(garage, hides, shows)

    assert "Phone" in access.readable
    assert "Phone" not in access.editable


def test_components_follow_the_compound(garage: Snapshot) -> None:
    shown = on_workshop(garage, permission_set("A", "read", Address=READ, City=NONE))
    hidden = on_workshop(garage, permission_set("A", "read", star=READ, Address=NONE, City=READ))

    assert {"Address", "City", "Street"} <= shown.readable
    assert not {"Address", "City", "Street"} & hidden.readable


def test_system_fields_are_nobodys_to_set_but_owner_and_record_type(garage: Snapshot) -> None:
    access = on_workshop(garage, permission_set("A", "read update", star=EDIT))

    system = {name for name in access.editable if garage.objects["Workshop"].fields[name].system}
    assert system == {"OwnerId", "RecordTypeId", "Name"}
    assert "WorkshopNumber" not in access.editable


def test_changing_needs_reading_and_modify_all_brings_everything(garage: Snapshot) -> None:
    assert on_workshop(garage, permission_set("A", "update")).read
    access = on_workshop(garage, permission_set("A", "modify_all"))
    assert (access.read, access.view_all, access.update, access.delete, access.create) == (
        True,
        True,
        True,
        True,
        False,
    )


def test_view_all_data_shows_every_record_but_the_journals_and_no_field_more(garage: Snapshot) -> None:
    grants = compile_grants(garage, [PermissionSet("A", "A", system=("ViewAllData",))])

    assert grants.objects["Workshop"].view_all
    assert not grants.objects["Workshop"].update
    assert "Budget" not in grants.objects["Workshop"].readable
    assert "AccessLog" not in grants.objects


def test_modify_all_data_edits_every_field_that_is_not_classified(garage: Snapshot) -> None:
    grants = compile_grants(garage, [PermissionSet("A", "A", system=("ModifyAllData",))])

    workshop = grants.objects["Workshop"]
    assert workshop.create
    assert workshop.modify_all
    assert "Budget" in workshop.editable
    assert not {"Phone", "Email", "TaxNumber"} & workshop.readable
    assert not grants.objects["Organization"].update
    assert "FieldHistory" not in grants.objects


def test_the_auditor_reads_the_journal_without_old_and_new_values(garage: Snapshot) -> None:
    grants = compile_grants(garage, [garage.permission_sets["Auditor"]])

    history = grants.objects["FieldHistory"]
    assert history.view_all
    assert not {"OldValue", "NewValue"} & history.readable
    assert "ViewAudit" in grants.system
    assert grants.apps == {"Audit"}


def test_the_identity_names_the_content(garage: Snapshot) -> None:
    one = permission_set("A", "read", Phone=READ)
    same = permission_set("B", "read", Phone=READ)
    more = permission_set("A", "read", Phone=READ, Email=READ)

    assert compile_grants(garage, [one]).identity == compile_grants(garage, [same]).identity
    assert compile_grants(garage, [one]).identity != compile_grants(garage, [more]).identity
    assert compile_grants(garage, [one]).identity != compile_grants(replace(garage, identity="x"), [one]).identity
