"""Reference data: an object that is there, a key that finds records again, values that its fields can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.field import default_complaint
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.picklists import unknown_values
from chassis_metadata.components import ReferenceData
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint, near
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object


def check_records(look: Look) -> Iterator[Complaint]:
    """Every file of reference data."""
    for each in look.package.reference_data:
        where: Where = ("data", each.object_name)
        of = look.after.objects.get(each.object_name)
        if of is None:
            yield unknown(where, "object", each.object_name, look.after.objects)
            continue
        yield from _check_key(of, each, where)
        for index, record in enumerate(each.records):
            yield from _check_record(look, of, record, (*where, "records", index))


def _check_key(of: Object, each: ReferenceData, where: Where) -> Iterator[Complaint]:
    key = of.fields.get(each.key)
    if key is None:
        yield missing_field((*where, "key"), of, each.key)
    elif not key.external_id:
        known = [field.name for field in of.fields.values() if field.external_id]
        message = f"{each.key!r} is no external id of {of.name}; it has: {', '.join(known) or 'none'}."
        yield Complaint((*where, "key"), "not_an_external_id", message)
    seen: set[Any] = set()
    for index, record in enumerate(each.records):
        here = (*where, "records", index)
        value = record.get(each.key)
        if value is None:
            yield Complaint(here, "required_key_missing", f"{each.key!r} is missing: records are found by it.")
        elif str(value) in seen:
            yield Complaint(here, "duplicate_value", f"A record with {each.key} {value!r} is there already.")
        seen.add(str(value))


def _check_record(look: Look, of: Object, record: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    for name, value in record.items():
        field = of.fields.get(name)
        parent = of.fields_by_relationship.get(name.lower())
        if field is not None:
            yield from _check_value(field, value, (*where, name))
        elif parent is not None:
            yield from _check_parent(look, parent, value, (*where, name))
        else:
            yield missing_field((*where, name), of, name)


def _check_value(field: Field, value: Any, where: Where) -> Iterator[Complaint]:
    if value is None or field.is_compound:
        return
    if field.is_calculated:
        yield Complaint(where, "misplaced_key", f"{field.name!r} is worked out by the platform. Leave it out.")
    elif field.encrypted:
        message = f"{field.name!r} is encrypted in every tenant, and a package is read by all. Leave it out."
        yield Complaint(where, "encrypted_field", message)
    elif field.is_reference:
        parent = field.relationship_name
        message = f"An id is another one in every tenant. Write {parent}: {{<external id field>: <value>}}."
        yield Complaint(where, "invalid_value", message)
    elif field.type in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST):
        values = value if isinstance(value, list) else [value]
        yield from unknown_values(where, field, values, "unknown_value") if field.restricted else ()
    else:
        wrong = default_complaint(field.type, value, field.length)
        if wrong is not None:
            yield Complaint(where, "wrong_type", wrong)


def _check_parent(look: Look, field: Field, value: Any, where: Where) -> Iterator[Complaint]:
    known = [
        one.name for target in field.references for one in look.after.objects[target].fields.values() if one.external_id
    ]
    if not isinstance(value, Mapping) or len(value) != 1:
        yield Complaint(where, "wrong_type", f"Write one external id of the parent: {{{(known or ['Code'])[0]}: …}}.")
        return
    for name in value:
        if name not in known and not (name == "Name" and "RecordType" in field.references):
            message = f"{name!r} is no external id of {' or '.join(field.references)}.{near(name, known)}"
            yield Complaint((*where, name), "not_an_external_id", message)
