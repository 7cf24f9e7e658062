"""Masking rules: fields that are there, audiences and conditions of each object, verifications that name somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chassis_metadata.check.engine_formulas import formula_complaints
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.sharing import audience_complaints, condition_complaints
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.audience import Audience, read_audience
from chassis_metadata.logic.masking_rule import MaskingRule, read_masking_rule
from chassis_metadata.logic.record_condition import read_condition
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

#: Never masked: without them nothing can be asked about a record.
_SYSTEM = frozenset({"Id", "RecordTypeId", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"})


def check_masking_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole rule."""
    body, rule = each.body, read_masking_rule(each)
    for place, path in enumerate(body.get("fields", ())):
        yield from _field_complaints(look, path, (*where, "fields", place))
    for path in body.get("masks", {}):
        if path not in body.get("fields", ()):
            message = f"{path} is not among the `fields` of the rule."
            yield Complaint((*where, "masks", path), "invalid_value", message)
    yield from _repeating_names(rule, look, where)
    objects = list(_objects_of(rule, look))
    for key in ("clear", "reveal"):
        for place, entry in enumerate(body.get(key, ())):
            yield from _entry_complaints(look, objects, entry, (*where, key, place))
    for place, audience in enumerate(body.get("never", ())):
        yield from audience_complaints(look, read_audience(audience), (*where, "never", place))
    yield from _reveal_complaints(rule, body, look, where)


def _field_complaints(look: Look, path: str, where: Where) -> Iterator[Complaint]:
    object_name, _, name = path.partition(".")
    obj = look.after.objects.get(object_name)
    if obj is None:
        yield unknown(where, "object", object_name, look.after.objects)
    elif name not in obj.fields:
        yield missing_field(where, obj, name)
    elif name in _SYSTEM:
        yield Complaint(where, "wrong_type", f"{path} can't be masked: {', '.join(sorted(_SYSTEM))} never are.")
    elif obj.fields[name].compound:
        compound = f"{object_name}.{obj.fields[name].compound}"
        yield Complaint(where, "wrong_type", f"{path} is a part of {compound}: name that one.")


def _repeating_names(rule: MaskingRule, look: Look, where: Where) -> Iterator[Complaint]:
    """A person's name is made of its parts: whoever sees the name sees them."""
    named = set(rule.fields)
    for object_name in dict.fromkeys(name for name, _ in rule.fields):
        obj = look.after.objects.get(object_name)
        if obj is None or obj.name_field.type != "person" or (object_name, "Name") in named:
            continue
        parts = [each for each in (obj.name_field.last, obj.name_field.first) if (object_name, each) in named]
        if parts:
            message = f"{object_name}.Name is made of {parts[0]} and would repeat it. Name {object_name}.Name too."
            yield Complaint((*where, "fields"), "name_repeats", message)


def _objects_of(rule: MaskingRule, look: Look) -> Iterable[Object]:
    names = dict.fromkeys(name for name, _ in rule.fields)
    return (look.after.objects[name] for name in names if name in look.after.objects)


def _entry_complaints(look: Look, objects: list[Object], entry: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    yield from _who_complaints(look, read_audience(entry), where)
    wanted = entry.get("objects")
    known = {each.name for each in objects}
    for place, name in enumerate(wanted or ()):
        if name not in known:
            yield unknown((*where, "objects", place), "object", name, known)
    concerned = [each for each in objects if wanted is None or each.name in wanted]
    for obj in concerned:
        yield from condition_complaints(look, obj, read_condition(entry.get("when", {})), (*where, "when"))


def _who_complaints(look: Look, audience: Audience, where: Where) -> Iterator[Complaint]:
    if audience == Audience():
        message = "Say who: everyone, permissions, permission_sets, roles, roles_and_below, groups or user_types."
        yield Complaint(where, "required_key_missing", message)
    yield from audience_complaints(look, audience, where)


def _reveal_complaints(rule: MaskingRule, body: Mapping[str, Any], look: Look, where: Where) -> Iterator[Complaint]:
    for place, each in enumerate(rule.reveal):
        here = (*where, "reveal", place)
        if each.requires == "approval" and each.approvers is None:
            yield Complaint(here, "required_key_missing", "Say who approves: `approvers`.")
        if each.requires == "verification" and rule.verification is None:
            yield Complaint(here, "required_key_missing", "Say what proves it: `verification` of the rule.")
        if each.approvers is not None:
            yield from audience_complaints(look, each.approvers, (*here, "approvers"))
    if rule.verification is not None:
        yield from _verification_complaints(rule, body["verification"], look, (*where, "verification"))


def _verification_complaints(
    rule: MaskingRule, body: Mapping[str, Any], look: Look, where: Where
) -> Iterator[Complaint]:
    obj = look.after.objects.get(body["object"])
    if obj is None:
        yield unknown((*where, "object"), "object", body["object"], look.after.objects)
        return
    if body["subject"] not in obj.fields:
        yield missing_field((*where, "subject"), obj, body["subject"])
    yield from formula_complaints(look, obj, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)
    masked = {each.name: each for each in _objects_of(rule, look)}
    for name, field in body.get("subjects", {}).items():
        if name not in masked:
            yield unknown((*where, "subjects", name), "object", name, masked)
        elif field not in masked[name].fields:
            yield missing_field((*where, "subjects", name), masked[name], field)
