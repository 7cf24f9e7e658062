"""Identity checks: objects, fields and formulas that are there, enough facts, a record that can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.engine_formulas import (
    NUMBERS,
    TEXTS,
    field_complaints,
    formula_complaints,
    object_complaint,
    refers_to,
    repeated,
)
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.sharing import audience_complaints
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import REFERENCE_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.identity_check import Fact, IdentityCheck, encrypted_path, read_identity_check
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

_SUBJECT = frozenset({*REFERENCE_TYPES, FieldType.TEXT})
_MOMENT = frozenset({FieldType.DATETIME})


def check_identity_check(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole check."""
    check = read_identity_check(each)
    yield from object_complaint(look, check.object_name, (*where, "object"))
    yield from audience_complaints(look, check.audience, (*where, "asked_by"))
    yield from _number_complaints(check, where)
    yield from repeated([fact.name for fact in check.facts], (*where, "facts"))
    obj = look.after.objects.get(check.object_name)
    if obj is not None:
        for place, fact in enumerate(check.facts):
            yield from _fact_complaints(look, obj, fact, (*where, "facts", place))
    for name, path in check.subjects.items():
        yield from _subject_complaints(look, check, name, path, (*where, "subjects", name))
    yield from _record_complaints(look, check, each.body["record"], (*where, "record"))


def _number_complaints(check: IdentityCheck, where: Where) -> Iterator[Complaint]:
    if check.offered < check.required:
        message = f"{check.required} answers are required: offer as many questions at least."
        yield Complaint((*where, "offered"), "invalid_value", message)
    if len(check.facts) < check.offered:
        message = f"{check.offered} questions are to be offered, and there are {len(check.facts)} facts."
        yield Complaint((*where, "facts"), "invalid_value", message)


def _fact_complaints(look: Look, obj: Object, fact: Fact, where: Where) -> Iterator[Complaint]:
    if fact.form.country_code and "digits" not in fact.form.steps:
        message = "A country code is taken off digits: add digits to normalise."
        yield Complaint((*where, "country_code"), "unused_key", message)
    if fact.related is None:
        if fact.form.criteria is not None:
            yield Complaint((*where, "criteria"), "unused_key", "'criteria' has a meaning with 'related' only.")
        yield from _value_of_fact(look, obj, fact, (*where, "value"))
        return
    children = {each.name: each.child for each in obj.children}
    if fact.related not in children:
        yield unknown((*where, "related"), "child relationship", fact.related, children)
        return
    related = look.after.objects[children[fact.related]]
    yield from _value_of_fact(look, related, fact, (*where, "value"))
    yield from formula_complaints(look, related, fact.form.criteria, (*where, "criteria"), Kind.BOOLEAN)


def _value_of_fact(look: Look, obj: Object, fact: Fact, where: Where) -> Iterator[Complaint]:
    if encrypted_path(look.after, obj, fact.value) is None:
        yield from formula_complaints(look, obj, fact.value, where, Kind.TEXT)


def _subject_complaints(look: Look, check: IdentityCheck, name: str, path: str, where: Where) -> Iterator[Complaint]:
    obj = look.after.objects.get(name)
    if obj is None:
        yield unknown(where, "object", name, look.after.objects)
    elif path not in obj.fields:
        yield missing_field(where, obj, path)
    elif not refers_to(obj.fields[path], check.object_name):
        yield Complaint(where, "wrong_type", f"{name}.{path} does not refer to {check.object_name}.")


def _record_complaints(look: Look, check: IdentityCheck, body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    record = check.record
    yield from object_complaint(look, record.object_name, (*where, "object"))
    obj = look.after.objects.get(record.object_name)
    if obj is None:
        return
    yield from field_complaints(obj, record.subject, (*where, "subject"), _SUBJECT)
    yield from field_complaints(obj, record.result, (*where, "result"), TEXTS)
    yield from field_complaints(obj, record.failures, (*where, "failures"), NUMBERS)
    yield from field_complaints(obj, record.at, (*where, "at"), _MOMENT)
    yield from field_complaints(obj, record.expires, (*where, "expires"), _MOMENT)
    for key in ("passed", "failed"):
        yield from _value_complaints(obj, record.result, body[key], (*where, key))
    for name, value in record.values.items():
        yield from field_complaints(obj, name, (*where, "values", name))
        yield from _value_complaints(obj, name, value, (*where, "values", name))


def _value_complaints(obj: Object, name: str, value: object, where: Where) -> Iterator[Complaint]:
    """A value that a picklist does not have."""
    field = obj.fields.get(name)
    if field is not None and field.values and field.restricted:
        known = [each.value for each in field.values]
        if value not in known:
            yield unknown(where, "value", str(value), known)
