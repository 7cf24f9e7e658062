"""Requests of persons in a declaration: objects and fields that are there, formulas of the right kind, said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.engine_formulas import field_complaints, object_complaint
from chassis_metadata.check.formulas import record_formula_complaints
from chassis_metadata.check.look import Look
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.fields import REFERENCE_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.data_subject import KIND, subject_map
from chassis_metadata.logic.formula_of import as_formula
from chassis_metadata.logic.person_request import ACTS, read_requests
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_PERSON = frozenset({*REFERENCE_TYPES, FieldType.TEXT})


def request_complaints(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """All objects of requests that a declaration names."""
    elsewhere = {
        one.object_name
        for name, component in look.after.logic_of(KIND).items()
        if name != each.full_name
        for one in read_requests(component)
    }
    for name, body in each.body.get("requests", {}).items():
        here = (*where, "requests", name)
        obj = look.after.objects.get(name)
        if obj is None:
            yield from object_complaint(look, name, here)
        elif name in elsewhere:
            yield Complaint(here, "duplicate_name", f"Another declaration says already how {name} is answered.")
        else:
            yield from _complaints(look, obj, body, here)


def _complaints(look: Look, obj: Object, body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    yield from field_complaints(obj, body["person"], (*where, "person"), _PERSON, written=False)
    person, roots = obj.fields.get(body["person"]), subject_map(look.after).roots
    if person is not None and person.is_reference and not set(person.references) & set(roots):
        message = f"{obj.name}.{person.name} refers to no person. Persons are: {', '.join(sorted(roots))}."
        yield Complaint((*where, "person"), "wrong_type", message)
    kinds = {**dict.fromkeys(ACTS, Kind.BOOLEAN), "reason": Kind.TEXT, "asked_by": Kind.ID}
    for key in (each for each in kinds if each in body):
        yield from record_formula_complaints(look, (*where, key), obj, body[key], kinds[key])
    for key in ("done", "failed"):
        for name, value in body.get(key, {}).items():
            here = (*where, key, name)
            yield from field_complaints(obj, name, here)
            if name in obj.fields:
                yield from record_formula_complaints(look, here, obj, as_formula(value), kind_of(obj.fields[name]))
