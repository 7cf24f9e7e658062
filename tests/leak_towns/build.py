"""A town made real: a tenant with these people, groups, rules and records."""

from __future__ import annotations

from typing import Any

from chassis_metadata.ids import new_id
from chassis_tenants.customise import ComponentKey, save_component
from chassis_tenants.database import Binding
from chassis_tenants.journal import OPERATOR
from chassis_tenants.registry import tenant_by_id
from chassis_tenants.snapshots import SnapshotStore
from leak_towns.plan import CRITERIA, Audience, Condition, Town
from world import World


class BuiltTown(World):
    """The tenant, with the ids of its records by number."""

    town: Town
    workshop_ids: list[str]
    stay_ids: list[str]
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
    _records(built)
    built.sql("UPDATE chassis.tenant SET access_version = access_version + 1 WHERE id = %s", tenant.id)
    return built


def components(town: Town) -> dict[tuple[str, str], dict[str, Any]]:
    """The tenant's own metadata."""
    default = {"internal": town.internal} | ({"external": town.external} if town.external else {})
    source = {"object": "Workshop", "field": "Id", "user_field": "ForemanId", "hierarchy": town.set_by_hierarchy}
    below = {"and_below": "ParentWorkshopId"} if town.set_and_below else {}
    made: dict[tuple[str, str], dict[str, Any]] = {
        ("custom_permission", "SeeSouth__c"): {"label": "See the south"},
        ("permission_set", "South__c"): {"label": "South", "custom_permissions": ["SeeSouth__c"]},
        ("permission_set", "AllWorkshops__c"): {
            "label": "All",
            "objects": {"Workshop": ["read", "update", "view_all", "modify_all"], "Stay": ["read", "view_all"]},
        },
        ("org_wide_default", "Workshop"): default,
        ("access_set", "MyWorkshops__c"): {"label": "Mine", "object": "Workshop", "sources": [source], **below},
    }
    for number, rule in enumerate(town.rules):
        kind = "restriction_rule" if rule.restricts else "sharing_rule"
        who = "applies_to" if rule.restricts else "share_with"
        body = {"label": f"Rule {number}", who: audience(rule.audience), "records": condition(rule.records)}
        if not rule.restricts:
            body["access"] = "edit" if rule.may_edit else "read"
        made[kind, f"Workshop.Rule{number}__c"] = body
    return made


def audience(who: Audience) -> dict[str, Any]:
    found: dict[str, Any] = {
        "roles": [f"Role{each}" for each in sorted(who.roles)],
        "roles_and_below": [f"Role{each}" for each in sorted(who.roles_and_below)],
        "groups": [f"Group{each}" for each in sorted(who.groups)],
        "user_types": ["Partner"] if who.partners else [],
        "permissions": ["SeeSouth__c"] if who.permission else [],
    }
    return {key: value for key, value in found.items() if value} | ({"everyone": True} if who.everyone else {})


def condition(which: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {"owner": True} if which.owner else {}
    if which.owned_by is not None:
        found["owned_by"] = audience(which.owned_by)
    if which.foreman:
        found["user_field"] = "ForemanId"
    if which.in_set is not None:
        found |= {"field": which.in_set, "in": "MyWorkshops__c"}
    if which.criteria is not None:
        found["criteria"] = CRITERIA[which.criteria]
    return found


def _people(built: BuiltTown) -> None:
    roles: list[str] = []
    for number, parent in enumerate(built.town.roles):
        above = None if parent is None else roles[parent]
        roles.append(built.record("UserRole", Name=f"Role{number}", DeveloperName=f"Role{number}", ParentRoleId=above))
    for number, person in enumerate(built.town.people):
        sets = ["GarageUser", *(["AllWorkshops__c"] if person.sees_all else [])]
        sets += ["South__c"] if person.holds_permission else []
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


def _records(built: BuiltTown) -> None:
    town = built.town
    built.workshop_ids = [new_id("gW1") for _ in town.workshops]
    for number, each in enumerate(town.workshops):
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
            deleted=each.is_deleted,
        )
    built.stay_ids = [
        built.record(
            "Stay",
            Name=f"Case stay {number}",
            Status="Planned",
            WorkshopId=None if workshop is None else built.workshop_ids[workshop],
        )
        for number, workshop in enumerate(town.stays)
    ]
    for share in town.shares:
        built.record(
            "RecordShare",
            Name="share",
            ObjectName="Workshop",
            RecordId=built.workshop_ids[share.workshop],
            UserOrGroupId=whom(built, share.with_whom),
            AccessLevel="Edit" if share.may_edit else "Read",
            RowCause="Manual",
            ExpiresAt="2020-01-01T00:00:00Z" if share.has_expired else None,
        )


def whom(built: BuiltTown, name: str) -> str:
    """The id behind `p3` or `g1`."""
    return built.users[name] if name[0] == "p" else built.group_ids[int(name[1:])]
