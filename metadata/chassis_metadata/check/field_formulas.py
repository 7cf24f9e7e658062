"""The formulas beside a field: its default, when it is required, when it may not be changed."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.check.formulas import record_formula_complaints
from chassis_metadata.check.look import Look
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.forms import Complaint

_CONDITIONS = ("required_when", "read_only_when")


def check_field_formulas(look: Look) -> Iterator[Complaint]:
    """Of every field that the package declares."""
    for where, obj, each in look.fields():
        field = obj.fields.get(each.name)
        if field is None or each.extends:
            continue
        if each.default_formula is not None:
            here = (*where, "default_formula")
            if each.default is not None:
                yield Complaint(here, "misplaced_key", "'default' and 'default_formula' exclude each other.")
            if each.read_only:
                yield Complaint(here, "misplaced_key", "A read_only field has no default: only the platform writes it.")
            yield from record_formula_complaints(look, here, obj, each.default_formula, kind_of(field))
        for key in _CONDITIONS:
            text = getattr(each, key)
            if text is not None:
                yield from record_formula_complaints(look, (*where, key), obj, text, Kind.BOOLEAN)
