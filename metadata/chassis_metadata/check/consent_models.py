"""Consent models: objects that are there, fields that name a person and a moment, formulas of the right kind."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.engine_formulas import field_complaints, formula_complaints, object_complaint
from chassis_metadata.check.look import Look
from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import REFERENCE_TYPES, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.consent_model import read_consent_model
from chassis_metadata.places import Where

_PERSON = frozenset({*REFERENCE_TYPES, FieldType.TEXT})
_DAYS = frozenset({FieldType.DATE, FieldType.DATETIME})


def check_consent_model(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole model."""
    model = read_consent_model(each)
    yield from object_complaint(look, model.object_name, (*where, "object"))
    obj = look.after.objects.get(model.object_name)
    if obj is not None:
        yield from field_complaints(obj, model.person, (*where, "person"), _PERSON)
        yield from field_complaints(obj, model.captured, (*where, "captured"), _DAYS, written=False)
        yield from formula_complaints(look, obj, model.purpose, (*where, "purpose"), Kind.TEXT)
        yield from formula_complaints(look, obj, model.channel, (*where, "channel"), Kind.TEXT)
        yield from formula_complaints(look, obj, model.granted, (*where, "granted"), Kind.BOOLEAN)
    if model.restriction is None:
        return
    here = (*where, "restriction")
    yield from object_complaint(look, model.restriction.object_name, (*here, "object"))
    obj = look.after.objects.get(model.restriction.object_name)
    if obj is not None:
        yield from field_complaints(obj, model.restriction.person, (*here, "person"), _PERSON)
        yield from formula_complaints(look, obj, model.restriction.criteria, (*here, "criteria"), Kind.BOOLEAN)
        for name, _ in model.restriction.values:
            yield from field_complaints(obj, name, (*here, "values", name))
