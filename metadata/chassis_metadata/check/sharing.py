"""Sharing: audiences that are there, fields that lead where a rule says, formulas that are true or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chassis_metadata.check.engine_formulas import formula_complaints, object_complaint, refers_to
from chassis_metadata.check.look import Look, circle, missing_field, unknown
from chassis_metadata.components import LogicComponent, OrgWideDefault
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.access_set import KIND, AccessSource, read_set
from chassis_metadata.logic.audience import Audience
from chassis_metadata.logic.record_condition import RecordCondition
from chassis_metadata.logic.sharing_rule import read_restriction_rule, read_sharing_rule, sharing_rules_of
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object


def check_sharing_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A rule for records that can be shared."""
    rule, obj = read_sharing_rule(each), look.after.objects[each.object_name]
    if obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT:
        message = f"Who sees {obj.name} is decided by its parent. Share the parent's records."
        yield Complaint(where, "invalid_value", message)
    yield from audience_complaints(look, rule.audience, (*where, "share_with"))
    yield from condition_complaints(look, obj, replace(rule.records, readers_of=()), (*where, "records"))
    yield from _reader_complaints(look, obj, rule.records.readers_of, (*where, "records", "readers_of"))


def check_restriction_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A rule that leaves only some records."""
    rule, obj = read_restriction_rule(each), look.after.objects[each.object_name]
    yield from audience_complaints(look, rule.audience, (*where, "applies_to"))
    yield from condition_complaints(look, obj, rule.records, (*where, "records"))


def check_org_wide_default(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A word on an object whose records stand for themselves."""
    obj = look.after.objects.get(each.name)
    if obj is None:
        yield unknown(where, "object", each.name, look.after.objects)
    elif obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT:
        yield Complaint(where, "invalid_value", f"Who sees {obj.name} is decided by its parent.")
    elif not (obj.createable or obj.updateable or obj.deletable):
        yield Complaint(where, "invalid_value", f"{obj.name} is a journal of the platform: nobody opens it.")


def audience_complaints(look: Look, audience: Audience, where: Where) -> Iterator[Complaint]:
    """Names that are not there. Groups are records, made in the tenant: they are not looked for."""
    roles = [each.name for each in look.after.roles]
    known: tuple[tuple[str, str, tuple[str, ...], Iterable[str]], ...] = (
        ("permissions", "custom permission", audience.permissions, look.after.logic_of("custom_permission")),
        ("permission_sets", "permission set", audience.permission_sets, look.after.permission_sets),
        ("roles", "role", () if look.is_tenant else audience.roles, roles),
        ("roles_and_below", "role", () if look.is_tenant else audience.roles_and_below, roles),
        ("user_types", "user type", audience.user_types, _user_types(look)),
    )
    for key, what, names, there in known:
        for place, name in enumerate(names):
            if name not in there:
                yield unknown((*where, key, place), what, name, there)


def _user_types(look: Look) -> list[str]:
    user = look.after.objects.get("User")
    return [each.value for each in user.fields["UserType"].values] if user else []


def condition_complaints(look: Look, obj: Object, condition: RecordCondition, where: Where) -> Iterator[Complaint]:
    """What is wrong with a condition on the object's records."""
    if (condition.owner or condition.owned_by) and not obj.has_owner:
        yield Complaint(where, "invalid_value", f"Records of {obj.name} have no owner.")
    if condition.owned_by is not None:
        yield from audience_complaints(look, condition.owned_by, (*where, "owned_by"))
    yield from _reference_complaints(obj, condition.user_field, "User", (*where, "user_field"))
    yield from _set_complaints(look, obj, condition.field, condition.access_set, (where, "field", "in"))
    yield from formula_complaints(look, obj, condition.criteria, (*where, "criteria"), Kind.BOOLEAN)
    if condition.readers_of:
        message = "Only a sharing rule can share with the readers of another record."
        yield Complaint((*where, "readers_of"), "invalid_value", message)


def _reader_complaints(look: Look, obj: Object, names: Iterable[str], where: Where) -> Iterator[Complaint]:
    """References that lead to no record, or in the end back to where they begin."""
    for place, name in enumerate(names):
        field = obj.fields.get(name)
        if field is None:
            yield missing_field((*where, place), obj, name)
        elif not field.references or name == "Id":
            yield Complaint((*where, place), "wrong_type", f"{obj.name}.{name} refers to no record.")
    edges = {each.name: _decided_by(look, each) for each in look.after.objects.values()} if names else {}
    way = circle(obj.name, edges)
    if way:
        yield Complaint(where, "circular_reference", f"Who reads it would depend on itself: {' -> '.join(way)}.")


def _decided_by(look: Look, obj: Object) -> set[str]:
    """The objects whose readers read records of this one."""
    following = [obj.controlled_by] if obj.sharing is OrgWideDefault.CONTROLLED_BY_PARENT and obj.controlled_by else []
    following += [name for rule in sharing_rules_of(look.after, obj.name) for name in rule.records.readers_of]
    return {target for name in following if name in obj.fields for target in obj.fields[name].references}


def _reference_complaints(obj: Object, name: str | None, target: str, where: Where) -> Iterator[Complaint]:
    if name is None or (name == "Id" and obj.name == target):
        return
    field = obj.fields.get(name)
    if field is None:
        yield missing_field(where, obj, name)
    elif not refers_to(field, target):
        yield Complaint(where, "wrong_type", f"{obj.name}.{name} does not refer to {target}.")


def _set_complaints(
    look: Look, obj: Object, field: str | None, name: str | None, places: tuple[Where, str, str]
) -> Iterator[Complaint]:
    where, field_key, set_key = places
    if name is None:
        return
    sets = look.after.logic_of(KIND)
    if name not in sets:
        yield unknown((*where, set_key), "access set", name, sets)
    else:
        yield from _reference_complaints(obj, field, sets[name].body["object"], (*where, field_key))


def check_access_set(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A set of ids of one object, made of no circle."""
    found = read_set(each)
    yield from object_complaint(look, found.object_name, (*where, "object"))
    if found.object_name not in look.after.objects:
        return
    for place, source in enumerate(found.sources):
        yield from _source_complaints(look, found.object_name, source, (*where, "sources", place))
    if found.parent_field is not None:
        obj = look.after.objects[found.object_name]
        yield from _reference_complaints(obj, found.parent_field, obj.name, (*where, "and_below"))
    yield from _circles(each, look, where)


def _source_complaints(look: Look, target: str, source: AccessSource, where: Where) -> Iterator[Complaint]:
    obj = look.after.objects.get(source.object_name)
    if obj is None:
        yield unknown((*where, "object"), "object", source.object_name, look.after.objects)
        return
    if source.user_field is None and source.access_set is None and source.criteria is None:
        message = "Say whose these are: with user_field, within and in, or criteria."
        yield Complaint(where, "required_missing", message)
    yield from _reference_complaints(obj, source.field, target, (*where, "field"))
    yield from _reference_complaints(obj, source.user_field, "User", (*where, "user_field"))
    yield from _set_complaints(look, obj, source.within, source.access_set, (where, "within", "in"))
    yield from formula_complaints(look, obj, source.criteria, (*where, "criteria"), Kind.BOOLEAN)


def _circles(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    edges = {
        name: {source.access_set for source in read_set(one).sources if source.access_set}
        for name, one in look.after.logic_of(KIND).items()
    }
    way = circle(each.name, edges)
    if way:
        yield Complaint(where, "circular_reference", f"The set is made of itself: {' -> '.join(way)}.")
