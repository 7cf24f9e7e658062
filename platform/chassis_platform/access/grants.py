"""Permission sets to Grants, once a user's sets are known: the only place that asks casbin.

Casbin's enforcer is linear in the number of policies for every question, so it is asked once for all that the user's
sets say, and the answer is frozen. No request that finds its policy cached comes here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import casbin
from casbin.model import Model

from chassis_metadata.components import ObjectPermission, OrgWideDefault, PermissionSet
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.masking import masks_of
from chassis_platform.access.policy import NO_ACCESS, Grants, ObjectAccess

_MODEL = """
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act
"""
_USER = "user"
ANY_TENANT = "*"
ACTS = ("create", "read", "update", "delete", "view_all", "modify_all")
SYSTEM, APP, CUSTOM, ALL_FIELDS = "system:", "app:", "custom:", "*"
#: Names of these are no secret: they say who owns a record and of what kind it is.
PUBLIC_NAMES = frozenset({"User", "Group", "RecordType"})
#: The only system fields that a user may set; Name is a system field too, but the user's where its type lets it be.
_OWN_SYSTEM_FIELDS = frozenset({"OwnerId", "RecordTypeId"})

Policy = tuple[str, str, str, str]


def compile_grants(
    snapshot: Snapshot,
    permission_sets: Sequence[PermissionSet],
    tenant: str = ANY_TENANT,
    *,
    held: frozenset[str] = frozenset(),
    is_external: bool = False,
) -> Grants:
    """What users with exactly these sets may do; sets add up, a `none` hides within its own set only.

    `held` are the audiences that they are among, `is_external` says that they are partners.
    """
    answer = _ask(permission_sets, tenant)
    system = frozenset(each.removeprefix(SYSTEM) for each in answer.names if each.startswith(SYSTEM))
    masks = masks_of(snapshot, held)
    objects = {
        each.name: _masked(_object_access(each, answer, system), masks.get(each.name))
        for each in snapshot.objects.values()
    }
    granted = {name: access for name, access in objects.items() if access != NO_ACCESS}
    apps = frozenset(each.removeprefix(APP) for each in answer.names if each.startswith(APP))
    custom = frozenset(each.removeprefix(CUSTOM) for each in answer.names if each.startswith(CUSTOM))
    among = (*sorted(held), f"external: {is_external}")
    return Grants(
        identity=_identity(snapshot, granted, system | custom, apps, among),
        objects=granted,
        system=system,
        custom=custom,
        apps=apps,
        held=held,
        is_external=is_external,
    )


def _masked(access: ObjectAccess, masks: Mapping[str, FieldMask] | None) -> ObjectAccess:
    return access if masks is None or access == NO_ACCESS else replace(access, masks=masks)


@dataclass(slots=True)
class _Answer:
    """What casbin said: acts by object, and by object and set the acts on each of its fields."""

    names: set[str] = field(default_factory=set)
    acts: dict[str, set[str]] = field(default_factory=dict)
    fields: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)


def _ask(permission_sets: Sequence[PermissionSet], tenant: str) -> _Answer:
    enforcer = casbin.Enforcer(_model())
    enforcer.add_policies([list(each) for each in _policies(permission_sets, tenant)])
    enforcer.add_grouping_policies([[_USER, each.name, tenant] for each in permission_sets])
    held = frozenset(enforcer.get_implicit_roles_for_user(_USER, tenant))
    # get_implicit_permissions_for_user() goes through all policies once a role; one pass over them says the same.
    return _sort(each for each in enforcer.get_policy() if each[0] in held and each[1] == tenant)


def _model() -> Model:
    model = Model()
    model.load_model_from_text(_MODEL)
    return model


def _policies(permission_sets: Iterable[PermissionSet], tenant: str) -> Iterable[Policy]:
    for each in permission_sets:
        for name, permission in each.objects.items():
            yield each.name, tenant, name, "|".join(_acts(permission))
        for path, on_field in each.fields.items():
            yield each.name, tenant, path, "edit" if on_field.edit else "read" if on_field.read else "none"
        for permission_name in each.system:
            yield each.name, tenant, SYSTEM + permission_name, "use"
        for custom_name in each.custom_permissions:
            yield each.name, tenant, CUSTOM + custom_name, "use"
        for app in each.apps:
            yield each.name, tenant, APP + app, "use"


def _acts(permission: ObjectPermission) -> Iterable[str]:
    return (act for act in ACTS if getattr(permission, act))


def _sort(policies: Iterable[Sequence[str]]) -> _Answer:
    answer = _Answer()
    for permission_set, _, name, act in policies:
        if name.startswith((SYSTEM, APP, CUSTOM)):
            answer.names.add(name)
            continue
        object_name, dot, field_name = name.partition(".")
        if dot:
            answer.fields.setdefault(object_name, {}).setdefault(permission_set, {})[field_name] = act
        else:
            answer.acts.setdefault(object_name, set()).update(filter(None, act.split("|")))
    return answer


def _object_access(obj: Object, answer: _Answer, system: frozenset[str]) -> ObjectAccess:
    acts = _complete(obj, answer.acts.get(obj.name, set()) | _acts_on_all(obj, system))
    if "read" not in acts:
        return NO_ACCESS
    writes = "create" in acts or "update" in acts
    everything = "ModifyAllData" in system and not _is_journal(obj)
    readable, editable = _granted_fields(obj, answer.fields.get(obj.name, {}), everything=everything)
    rules = _rules(obj)
    readable |= rules.readable
    editable = (editable | rules.editable) & rules.settable if writes else frozenset()
    return ObjectAccess(
        create="create" in acts,
        read="read" in acts,
        update="update" in acts,
        delete="delete" in acts,
        view_all="view_all" in acts,
        modify_all="modify_all" in acts,
        readable=readable | editable,
        editable=editable,
    )


def _acts_on_all(obj: Object, system: frozenset[str]) -> set[str]:
    if _is_journal(obj):
        return set()
    if "ModifyAllData" in system:
        return set(ACTS)
    return {"read", "view_all"} if "ViewAllData" in system else set()


def _is_journal(obj: Object) -> bool:
    """Written by the platform alone and nobody's: who may see all data may not therefore read the journal."""
    written = obj.createable or obj.updateable or obj.deletable
    return not written and not obj.has_owner and obj.sharing is OrgWideDefault.PRIVATE


def _complete(obj: Object, acts: set[str]) -> frozenset[str]:
    """What follows from what is granted, without what the object does not allow anybody."""
    if "modify_all" in acts:
        acts = acts | {"view_all", "update", "delete"}
    allowed = {
        "read": True,
        "view_all": True,
        "create": obj.createable,
        "update": obj.updateable,
        "delete": obj.deletable,
        "modify_all": obj.updateable or obj.deletable,
    }
    return frozenset(act for act in (acts | {"read"} if acts else acts) if allowed[act])


def _granted_fields(
    obj: Object, by_set: Mapping[str, Mapping[str, str]], *, everything: bool
) -> tuple[frozenset[str], frozenset[str]]:
    own = {name: each for name, each in obj.fields.items() if each.compound is None}
    readable: set[str] = set()
    editable: set[str] = set()
    for named in by_set.values():
        star = named.get(ALL_FIELDS, "none")
        others = own.keys() - named.keys()
        readable |= {name for name, act in named.items() if act != "none"} | (others if star != "none" else set())
        editable |= {name for name, act in named.items() if act == "edit"} | (others if star == "edit" else set())
    if everything:
        editable |= {name for name, each in own.items() if not each.classification.is_logged}
    readable |= editable
    return _with_components(own, readable), _with_components(own, editable)


def _with_components(own: Mapping[str, Field], names: Iterable[str]) -> frozenset[str]:
    """Components follow the compound: who may read an address may read its city."""
    found = own.keys() & names
    parts = (part for name in found if own[name].components for part in own[name].components)
    return frozenset(found.union(parts))


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds for an object's fields whatever the sets say."""

    readable: frozenset[str]
    editable: frozenset[str]
    settable: frozenset[str]


def _rules(obj: Object) -> _Rules:
    readable, editable, settable = set(), set(), set()
    for name, each in obj.fields.items():
        own = not each.system or each.is_name or name in _OWN_SYSTEM_FIELDS
        if each.system or each.required:
            readable.add(name)
        if own and (each.required or each.system):
            editable.add(name)
        if own and (each.createable or each.updateable):
            settable.add(name)
    return _Rules(frozenset(readable), frozenset(editable), frozenset(settable))


def _identity(
    snapshot: Snapshot,
    objects: Mapping[str, ObjectAccess],
    permissions: frozenset[str],
    apps: frozenset[str],
    among: Sequence[str],
) -> str:
    content = hashlib.sha256(snapshot.identity.encode())
    for name in sorted(objects):
        access = objects[name]
        flags = "".join("01"[getattr(access, act)] for act in ACTS)
        line = f"\n{name} {flags} {','.join(sorted(access.readable))} {','.join(sorted(access.editable))}"
        content.update(line.encode())
    content.update(f"\n{sorted(permissions)} {sorted(apps)} {among}".encode())
    return content.hexdigest()[:32]
