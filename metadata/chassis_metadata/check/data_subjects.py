"""Data subjects: objects and fields that are there, ways that lead to a person, and no classified field forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.engine_formulas import formula_complaints, object_complaint
from chassis_metadata.check.look import Look, missing_field
from chassis_metadata.check.person_requests import request_complaints
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.data_subject import (
    KIND,
    Erasure,
    Holding,
    Treatment,
    holds_any_id,
    read_holding,
    subject_map,
    treated_fields,
)
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

CLASSIFIED = frozenset({"personal", "sensitive"})
_TEXTS = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.RICH_TEXT, FieldType.EMAIL, FieldType.URL})
_DAYS = frozenset({FieldType.DATE, FieldType.DATETIME})
#: The journal's own objects: sealed, kept and emptied by rules of their own.
_JOURNALS = frozenset({"AccessLog", "FieldHistory", "LoginHistory", "SetupAuditTrail"})


def check_data_subject(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole declaration; the first of a package also answers for the fields that none of them names."""
    for name, body in each.body.get("objects", {}).items():
        here = (*where, "objects", name)
        obj = look.after.objects.get(name)
        if obj is None or name in _JOURNALS:
            yield from object_complaint(look, name, here)
            if obj is not None:
                yield Complaint(here, "wrong_type", f"{name} is a journal: its entries stay, their values are emptied.")
            continue
        yield from _holding_complaints(look, obj, body, here)
    yield from request_complaints(each, look, where)
    for path in each.body.get("excluded", {}):
        yield from _excluded_complaints(look, path, (*where, "excluded", path))
    own = [one.name for one in look.package.logic if one.kind == KIND]
    if own and each.name == own[0]:
        yield from _forgotten(look, where)


def _holding_complaints(look: Look, obj: Object, body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    holding, joined = read_holding(obj.name, body), subject_map(look.after).holdings.get(obj.name)
    if joined is not None and not joined.root and not joined.through:
        message = f"Say how records of {obj.name} lead to a person: `through`, or `root: true` where they are one."
        yield Complaint(where, "required_key_missing", message)
    if joined is not None and joined.root and not joined.identified_by:
        yield Complaint(where, "required_key_missing", "Say by which fields a person is known: `identified_by`.")
    if holding.erasure is Erasure.KEEP and not holding.reason:
        yield Complaint(where, "required_key_missing", "Whoever keeps records says why: `reason`.")
    for place, name in enumerate(holding.identified_by):
        if name not in obj.fields:
            yield missing_field((*where, "identified_by", place), obj, name)
    for place, name in enumerate(holding.through):
        yield from _through_complaints(look, obj, name, (*where, "through", place))
    for name, how in holding.fields.items():
        yield from treatment_complaints(obj, name, how, (*where, "fields", name))
    yield from _hold_complaints(look, obj, holding, where)


def _through_complaints(look: Look, obj: Object, name: str, where: Where) -> Iterator[Complaint]:
    field = obj.fields.get(name)
    if field is None:
        yield missing_field(where, obj, name)
        return
    declared = subject_map(look.after).holdings
    if not holds_any_id(field) and not set(field.references) & set(declared):
        message = f"{obj.name}.{name} refers to no object that is declared here: {', '.join(sorted(declared))}."
        yield Complaint(where, "wrong_type", message)


def treatment_complaints(obj: Object, name: str, how: Treatment, where: Where) -> Iterator[Complaint]:
    """What is wrong with emptying a field in this way."""
    if name not in obj.fields:
        yield missing_field(where, obj, name)
        return
    for each in (obj.fields[one] for one in treated_fields(obj, [name])):
        if each.is_calculated or (each.system and not each.is_name):
            yield Complaint(where, "wrong_type", f"{obj.name}.{each.name} can't be written.")
        elif how is Treatment.TOKEN and each.type not in _TEXTS:
            yield Complaint(where, "wrong_type", f"{obj.name}.{each.name} is a {each.type}: a token is a text.")
        elif how is Treatment.YEAR and each.type not in _DAYS:
            yield Complaint(where, "wrong_type", f"{obj.name}.{each.name} is a {each.type}: only a day has a year.")
        elif how is Treatment.BLANK and each.required and each.type != FieldType.CHECKBOX:
            yield Complaint(where, "wrong_type", f"{obj.name}.{each.name} is required: use `token`.")


def _hold_complaints(look: Look, obj: Object, holding: Holding, where: Where) -> Iterator[Complaint]:
    if holding.hold is None:
        return
    here = (*where, "keep_while")
    yield from formula_complaints(look, obj, holding.hold.criteria, (*here, "criteria"), Kind.BOOLEAN)
    joined = subject_map(look.after).holdings.get(obj.name, holding)
    for place, name in enumerate(holding.hold.fields):
        if name not in joined.fields:
            message = f"{name} is not among the `fields`, which say how it is anonymised."
            yield Complaint((*here, "fields", place), "invalid_value", message)


def _excluded_complaints(look: Look, path: str, where: Where) -> Iterator[Complaint]:
    object_name, _, name = path.partition(".")
    obj = look.after.objects.get(object_name)
    yield from object_complaint(look, object_name, where)
    if obj is not None and name not in obj.fields:
        yield missing_field(where, obj, name)


def _forgotten(look: Look, where: Where) -> Iterator[Complaint]:
    """Every classified field of every object is anonymised, deleted, kept with a reason, or excluded with a reason."""
    subjects = subject_map(look.after)
    for obj in look.after.objects.values():
        holding = subjects.holdings.get(obj.name)
        for each in obj.fields.values() if obj.name not in _JOURNALS else ():
            path = f"{obj.name}.{each.name}"
            if _is_asked(each) and path not in subjects.excluded and not _is_covered(obj, each, holding):
                message = (
                    f"{path} is classified {each.classification} and nothing says what becomes of it when a person is"
                    " erased. Name it under the object's `fields`, or under `excluded` with a reason."
                )
                yield Complaint((*where, "objects"), "classified_field_forgotten", message)


def _is_asked(each: Field) -> bool:
    return each.classification in CLASSIFIED and not each.compound and not each.is_calculated


def _is_covered(obj: Object, each: Field, holding: Holding | None) -> bool:
    if holding is None:
        return False
    if holding.erasure is not Erasure.ANONYMISE or each.name in holding.through:
        return True
    if each.is_name and obj.name_field.type == "person":
        return (obj.name_field.last or "") in holding.fields
    return each.name in holding.fields
