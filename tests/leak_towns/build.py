"""A town made real: a tenant with these people, groups, rules and records."""

from __future__ import annotations

from chassis_metadata.ids import new_id
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from leak_towns.components import components
from leak_towns.masking import NAMES
from leak_towns.plan import Town
from world import World

PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
OLD_BUDGET, OLD_REGION = 7777, "West"


class BuiltTown(World):
    """The tenant, with the ids of its records by number."""

    town: Town
    workshop_ids: list[str]
    stay_ids: list[str]
    customer_ids: list[str]
    errand_ids: list[str]
    group_ids: list[str]


async def build(world: World, snapshots: SnapshotStore, town: Town) -> BuiltTown:
    """Everything but the people's reading."""
    async with world.database.transaction(Binding(world.tenant.id)) as transaction:
        for (kind, name), body in components(town).items():
            await save_component(transaction, snapshots, ComponentKey(kind, name), body, OPERATOR)
    tenant = await tenant_by_id(world.database, world.tenant.id)
    assert tenant is not None
    snapshot = await snapshots.of(tenant.id, tenant.metadata_version)
    built = BuiltTown(world.owner_dsn, world.database, tenant, snapshot)
    built.town = town
    _people(built)
    _groups(built)
    _workshops(built)
    _stays(built)
    _errands(built)
    _shares(built)
    _journal(built)
    built.sql("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %s", tenant.id)
    return built


def _people(built: BuiltTown) -> None:
    roles: list[str] = []
    for number, parent in enumerate(built.town.roles):
        above = None if parent is None else roles[parent]
        roles.append(built.record("UserRole", Name=f"Role{number}", DeveloperName=f"Role{number}", ParentRoleId=above))
    for number, person in enumerate(built.town.people):
        sets = ["GarageUser", *(["AllWorkshops__c"] if person.sees_all else [])]
        sets += ["South__c"] if person.holds_permission else []
        sets += ["Tax__c"] if person.reads_tax_numbers else []
        user_id = built.user(f"p{number}", *sets, role=None if person.role is None else f"Role{person.role}")
        if person.external:
            built.sql("""UPDATE data."user" SET user_type = 'Partner' WHERE id = %s""", user_id)


def _groups(built: BuiltTown) -> None:
    built.group_ids = []
    for number, group in enumerate(built.town.groups):
        name = f"Group{number}"
        kind = "Queue" if group.is_queue else "Regular"
        made = built.record("Group", Name=name, DeveloperName=name, Type=kind)
        built.group_ids.append(made)
        for person in group.people:
            built.record("GroupMember", GroupId=made, UserOrGroupId=built.users[f"p{person}"])
        for role, below in group.roles:
            member = built.id_of("user_role", f"Role{role}", "developer_name")
            built.record("GroupMember", GroupId=made, UserOrGroupId=member, IncludeSubordinates=below)
        for inner in group.groups:
            built.record("GroupMember", GroupId=made, UserOrGroupId=built.group_ids[inner])


def _workshops(built: BuiltTown) -> None:
    built.workshop_ids = [new_id("gW1") for _ in built.town.workshops]
    for number, each in enumerate(built.town.workshops):
        built.record(
            "Workshop",
            Id=built.workshop_ids[number],
            Name=f"Case {number}",
            Code=f"T{number}",
            OwnerId=whom(built, each.owner),
            Region=each.region,
            Budget=each.budget,
            IsActive=each.is_active,
            ForemanId=None if each.foreman is None else built.users[f"p{each.foreman}"],
            ParentWorkshopId=None if each.parent is None else built.workshop_ids[each.parent],
            Phone=each.phone,
            Email=each.email,
            OpenedOn=each.opened_on,
            SerialNumber=serial_number(number),
            TaxNumber=each.tax_number,
            deleted=each.is_deleted,
        )


def serial_number(number: int) -> str:
    """Unique, and long enough for every mask."""
    return f"SN-2026-{number:03}-98765"


def _stays(built: BuiltTown) -> None:
    built.customer_ids = [
        built.record(
            "Customer",
            Name="".join(NAMES[each.name]),
            LastName=NAMES[each.name][0],
            FirstName=NAMES[each.name][1],
            OwnerId=whom(built, each.owner),
        )
        for each in built.town.customers
    ]
    built.stay_ids = [
        built.record(
            "Stay",
            Name=f"Case stay {number}",
            Status="Planned",
            WorkshopId=None if each.workshop is None else built.workshop_ids[each.workshop],
            CustomerId=None if each.customer is None else built.customer_ids[each.customer],
        )
        for number, each in enumerate(built.town.stays)
    ]


def _errands(built: BuiltTown) -> None:
    about = {f"w{number}": each for number, each in enumerate(built.workshop_ids)}
    about |= {f"s{number}": each for number, each in enumerate(built.stay_ids)}
    built.errand_ids = [
        built.record("Errand", Name=f"E{number}", OwnerId=whom(built, each.owner), AboutId=about.get(each.about or ""))
        for number, each in enumerate(built.town.errands)
    ]


def _shares(built: BuiltTown) -> None:
    for share in built.town.shares:
        built.record(
            "RecordShare",
            Name="share",
            ObjectName="Workshop",
            RecordId=built.workshop_ids[share.workshop],
            UserOrGroupId=whom(built, share.with_whom),
            AccessLevel="Edit" if share.may_edit else "Read",
            RowCause="Manual",
            ExpiresAt=PAST if share.has_expired else None,
        )
    for number, each in enumerate(built.town.reveals):
        built.record(
            "RevealGrant",
            Name=f"R{number}",
            UserId=built.users[f"p{each.person}"],
            ObjectName="Workshop",
            RecordId=built.workshop_ids[each.workshop],
            FieldName=each.field,
            Status="Shown",
            Reason="A call back",
            Minutes=10,
            RuleName="Rule",
            RequestId=f"R{number}",
            ExpiresAt=PAST if each.has_expired else FUTURE,
        )


def _journal(built: BuiltTown) -> None:
    """Each workshop's budget and region were something else before."""
    for number, each in enumerate(built.town.workshops):
        for field, old, new in (("Budget", OLD_BUDGET, each.budget), ("Region", OLD_REGION, each.region)):
            built.record(
                "FieldHistory",
                Name="change",
                ObjectName="Workshop",
                RecordId=built.workshop_ids[number],
                FieldName=field,
                OldValue=str(old),
                NewValue=None if new is None else str(new),
                UserId=built.users["p0"],
            )


def whom(built: BuiltTown, name: str) -> str:
    """The id behind `p3` or `g1`."""
    return built.users[name] if name[0] == "p" else built.group_ids[int(name[1:])]
