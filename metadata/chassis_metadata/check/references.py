"""References: to objects that are there, with names of their own in both directions, without circles of ownership."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.look import Look, circle, unknown
from chassis_metadata.components import DeleteRule, FieldDefinition
from chassis_metadata.fields import REFERENCE_TYPES, FieldType
from chassis_metadata.forms import Complaint, near
from chassis_metadata.naming import relationship_name
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

MOST_MASTERS = 2


def check_references(look: Look) -> Iterator[Complaint]:
    """Every lookup and master-detail field."""
    edges = {
        name: {
            target for one in each.fields.values() if one.type is FieldType.MASTER_DETAIL for target in one.references
        }
        for name, each in look.after.objects.items()
    }
    for where, of, each in look.fields():
        if each.extends:
            yield from _check_extension(look, where, of, each)
        if each.type in REFERENCE_TYPES:
            yield from _check_targets(look, where, each)
        if each.type in REFERENCE_TYPES and not each.extends:
            yield from _check_delete(where, each)
            yield from _check_relationship(where, of, each)
            yield from _check_children(look, where, of, each)
        if each.type is FieldType.MASTER_DETAIL:
            yield from _check_masters(where, of, each, edges)


def _check_extension(look: Look, where: Where, of: Object, each: FieldDefinition) -> Iterator[Complaint]:
    old = look.before.objects.get(of.name)
    field = old.fields.get(each.name) if old else None
    if field is None:
        known = [one.name for one in old.fields.values() if one.references or one.values] if old else []
        message = f"No package below has a field {of.name}.{each.name} to extend.{near(each.name, known)}"
        yield Complaint(where, "unknown_field", message)
    elif (each.references and not field.is_reference) or (each.values and not field.values):
        key = "references" if each.references else "values"
        yield Complaint((*where, key), "misplaced_key", f"{field.name!r} is a {field.type}; it has no {key}.")


def _check_targets(look: Look, where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    here = (*where, "references")
    if not each.references and not each.extends:
        yield Complaint(
            where, "required_key_missing", f"'references' is missing: the object that {each.name} refers to."
        )
    for target in each.references:
        if target not in look.after.objects:
            yield unknown(here, "object", target, look.after.objects)
    if each.type is FieldType.MASTER_DETAIL and len(each.references) > 1:
        yield Complaint(here, "too_many_references", "A master_detail refers to one object. Use a lookup for several.")


def _check_delete(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    here = (*where, "on_delete")
    if each.type is FieldType.MASTER_DETAIL and each.on_delete is not DeleteRule.CASCADE:
        yield Complaint(here, "misplaced_key", "A master_detail is always deleted with its parent. Leave it out.")
    if each.type is FieldType.LOOKUP and each.required and each.on_delete is DeleteRule.CLEAR:
        yield Complaint(here, "invalid_value", "A required lookup can't be cleared. Use restrict or cascade.")


def _check_relationship(where: Where, of: Object, each: FieldDefinition) -> Iterator[Complaint]:
    name = relationship_name(each)
    if name in of.fields:
        message = f"The relationship would be called {name!r} like a field."
        hint = f" Call the field {each.name}Id, or give a relationship_name." if name == each.name else ""
        yield Complaint(where, "relationship_clash", message + hint)
    others = [one.name for one in of.fields.values() if one.relationship_name == name and one.name != each.name]
    if others:
        message = f"{of.name} has a relationship {name!r} by {others[0]}. Give another relationship_name."
        yield Complaint(where, "relationship_clash", message)


def _check_children(look: Look, where: Where, of: Object, each: FieldDefinition) -> Iterator[Complaint]:
    field = of.fields[each.name]
    name = field.child_relationship_name
    for target in field.references if name is not None else ():
        there = look.after.objects[target].children_by_lower_name.get(str(name).lower())
        if there is not None and (there.child, there.field) != (of.name, each.name):
            message = (
                f"{target} has child records called {name!r} by {there.child}.{there.field}. "
                "Give another child_relationship_name."
            )
            yield Complaint((*where, "child_relationship_name"), "relationship_clash", message)


def _check_masters(where: Where, of: Object, each: FieldDefinition, edges: dict[str, set[str]]) -> Iterator[Complaint]:
    way = circle(of.name, edges)
    if way:
        message = f"Objects own each other in a circle: {' -> '.join(way)}. Make one of them a lookup."
        yield Complaint(where, "circular_master_detail", message)
    masters = [one.name for one in of.fields.values() if one.type is FieldType.MASTER_DETAIL]
    if each.name in masters[MOST_MASTERS:]:
        message = f"An object has at most {MOST_MASTERS} master_detail fields; use a lookup."
        yield Complaint((*where, "type"), "too_many_masters", message)
