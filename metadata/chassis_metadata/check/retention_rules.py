"""Retention rules: an object, a moment that its age counts from, and fields that can be emptied."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.data_subjects import treatment_complaints
from chassis_metadata.check.engine_formulas import field_complaints, formula_complaints, object_complaint
from chassis_metadata.check.look import Look
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.data_subject import Erasure, subject_map
from chassis_metadata.logic.retention_rule import read_retention_rule
from chassis_metadata.places import Where

_DAYS = frozenset({FieldType.DATE, FieldType.DATETIME})


def check_retention_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole rule."""
    rule = read_retention_rule(each)
    yield from object_complaint(look, rule.object_name, (*where, "object"))
    obj = look.after.objects.get(rule.object_name)
    if obj is None:
        return
    yield from field_complaints(obj, rule.age_field, (*where, "age_field"), _DAYS, written=False)
    yield from formula_complaints(look, obj, rule.criteria, (*where, "criteria"), Kind.BOOLEAN)
    for name, how in (rule.fields or {}).items():
        yield from treatment_complaints(obj, name, how, (*where, "fields", name))
    declared = subject_map(look.after).holdings.get(obj.name)
    if rule.action is Erasure.ANONYMISE and not rule.fields and (declared is None or not declared.fields):
        message = f"Say which fields: `fields`, for no data subject declaration names any of {obj.name}."
        yield Complaint((*where, "action"), "required_key_missing", message)
