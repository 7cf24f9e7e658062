"""Formula fields and roll-up summaries: what they need, what their formulas mean, what they may rest on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from chassis_metadata.check.calculated_circles import Calculations
from chassis_metadata.check.formulas import complaints_of
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.compile_fields import PRECISIONS
from chassis_metadata.components import FieldDefinition, RollupSummary
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.fields import child_of, fields_named, filter_of, formula_of, rests_on_own_row
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.fields import NUMERIC_TYPES, Classification, FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

_OF_FORMULAS = ("returns", "formula", "stored")
_OF_SUMMARIES = ("child", "function", "field", "filter")
_ORDERED = NUMERIC_TYPES | {FieldType.DATE, FieldType.DATETIME, FieldType.TIME}
_SUMMARISED = {
    "sum": NUMERIC_TYPES,
    "avg": NUMERIC_TYPES,
    "min": _ORDERED,
    "max": _ORDERED,
}
_STRICTNESS = (Classification.PUBLIC, Classification.INTERNAL, Classification.PERSONAL, Classification.SENSITIVE)


def check_calculated(look: Look) -> Iterator[Complaint]:
    """Each field that is worked out, and keys of such fields on others."""
    calculations = Calculations(look.after)
    for where, of, each in look.fields():
        if each.extends:
            continue
        if each.type is FieldType.FORMULA:
            yield from _check_formula_keys(where, each)
            yield from _check_formula(look, calculations, where, of.fields[each.name])
        elif each.type is FieldType.ROLLUP_SUMMARY:
            yield from _check_summary_keys(where, each)
            yield from _check_summary(look, calculations, where, of.fields[each.name])
        if each.type is not FieldType.FORMULA:
            yield from _misplaced(where, each, [key for key in _OF_FORMULAS if getattr(each, key)])
        if each.type is not FieldType.ROLLUP_SUMMARY and each.summary is not None:
            yield from _misplaced(where, each, [key for key in _OF_SUMMARIES if getattr(each.summary, key)])


def _misplaced(where: Where, each: FieldDefinition, keys: list[str]) -> Iterator[Complaint]:
    for key in keys:
        yield Complaint((*where, key), "misplaced_key", f"A {each.type} has no {key!r}.")


def _check_formula_keys(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    for key in ("formula", "returns"):
        if not getattr(each, key):
            yield Complaint(where, "required_key_missing", f"{key!r} is missing.")
    numeric = each.returns in NUMERIC_TYPES
    sizes = [key for key in ("precision", "scale") if getattr(each, key) is not None and not numeric]
    sizes += ["length"] if each.length is not None and each.returns is not FieldType.TEXT else []
    for key in sizes:
        yield Complaint((*where, key), "misplaced_key", f"A formula that returns {each.returns} has no {key!r}.")
    if each.returns in PRECISIONS:
        yield from _check_scale(where, each)
    if each.indexed and not each.stored:
        message = "Only a stored formula can be indexed. Add `stored: true`, or leave `indexed` out."
        yield Complaint((*where, "indexed"), "misplaced_key", message)
    yield from _check_tracked(where, each)


def _check_scale(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    precision, scale = PRECISIONS[each.returns or FieldType.NUMBER]
    precision = each.precision or precision
    scale = scale if each.scale is None else each.scale
    if scale > precision:
        message = f"Of {precision} digits, {scale} can't stand after the point. Raise precision or lower scale."
        yield Complaint((*where, "scale"), "out_of_range", message)


def _check_tracked(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    if each.tracked:
        message = "The history tells what somebody changed; nobody changes this field. Track the fields it rests on."
        yield Complaint((*where, "tracked"), "misplaced_key", message)


def _check_formula(look: Look, calculations: Calculations, where: Where, field: Field) -> Iterator[Complaint]:
    here = (*where, "formula")
    if not field.formula or field.type not in PRECISIONS.keys() | _RETURNED:
        return
    try:
        expression = formula_of(look.after, field)
    except Invalid as invalid:
        yield from complaints_of(invalid, here, field.formula)
        return
    yield from _check_depth(calculations, here, field)
    if not calculations.is_sound(field):
        return
    yield from _check_classification(look, where, field, expression)
    if field.stored and not rests_on_own_row(look.after, look.after.objects[field.object_name], expression):
        message = (
            "A stored formula rests on the record's own fields alone: no parent, no other record, no clock, no user."
            " Leave `stored` out: then it is worked out whenever it is read."
        )
        yield Complaint((*where, "stored"), "not_deterministic", message)


def _check_depth(calculations: Calculations, here: Where, field: Field) -> Iterator[Complaint]:
    way = calculations.circle(field)
    if way:
        yield Complaint(here, "circular_formula", f"Fields rest on each other in a circle: {' -> '.join(way)}.")
    elif calculations.is_too_deep(field):
        what = "Summaries of summaries" if field.summary is not None else "Formula fields inside formula fields"
        message = f"{what} go at most {calculations.deepest(field)} deep; here they go deeper."
        yield Complaint(here, "nested_too_deep", message)


def _check_classification(look: Look, where: Where, field: Field, expression: Expression) -> Iterator[Complaint]:
    protected = [each for each in fields_named(look.after, expression) if each.classification.is_logged]
    yield from _classification_complaints(where, field, protected)


def _classification_complaints(where: Where, field: Field, protected: list[Field]) -> Iterator[Complaint]:
    strictest = max(protected, key=lambda each: _STRICTNESS.index(each.classification), default=None)
    if strictest is None or _STRICTNESS.index(field.classification) >= _STRICTNESS.index(strictest.classification):
        return
    wanted = strictest.classification
    shown = f"{strictest.object_name}.{strictest.name}"
    message = f"{shown} is {wanted}, and so is what shows it. Write `classification: {wanted}`."
    yield Complaint((*where, "classification"), "classification_too_weak", message)


def _check_summary_keys(where: Where, each: FieldDefinition) -> Iterator[Complaint]:
    summary = each.summary or RollupSummary("", "")
    for key in ("child", "function"):
        if not getattr(summary, key):
            yield Complaint(where, "required_key_missing", f"{key!r} is missing.")
    if summary.function == "count" and summary.field is not None:
        yield Complaint((*where, "field"), "misplaced_key", "Records are counted, not a field. Leave it out.")
    if summary.function in _SUMMARISED and summary.field is None:
        message = f"'field' is missing: the child's field to take the {summary.function} of."
        yield Complaint(where, "required_key_missing", message)
    yield from _check_tracked(where, each)


def _check_summary(look: Look, calculations: Calculations, where: Where, field: Field) -> Iterator[Complaint]:
    summary, of = field.summary, look.after.objects[field.object_name]
    if summary is None or not summary.child:
        return
    relationship = of.children_by_lower_name.get(summary.child.lower())
    if relationship is None:
        known = [each.name for each in of.children]
        yield unknown((*where, "child"), "child relationship", summary.child, known)
        return
    child = look.after.objects[relationship.child]
    if not (child.createable or child.updateable):
        message = (
            f"{child.plural_label} are written by the platform alone, beside the road on which summaries are kept."
            f' Count them in a formula: COUNT("{child.name}", …).'
        )
        yield Complaint((*where, "child"), "not_summarised", message)
        return
    problems = list(
        chain(_check_summarised(look, where, field, child, summary), _check_filter(look, where, field, child))
    )
    yield from problems
    if not problems:
        yield from _check_depth(calculations, (*where, "child"), field)


def _check_summarised(
    look: Look, where: Where, field: Field, child: Object, summary: RollupSummary
) -> Iterator[Complaint]:
    here = (*where, "field")
    if summary.field is None or summary.function not in _SUMMARISED:
        return
    summarised = child.fields.get(summary.field)
    if summarised is None:
        yield missing_field(here, child, summary.field)
        return
    if summarised.type not in _SUMMARISED[summary.function]:
        message = f"{child.name}.{summarised.name} is a {summarised.type}; there is no {summary.function} of it."
        yield Complaint(here, "wrong_type", message)
    if summary.function in ("min", "max") and summarised.classification.is_logged:
        yield from _classification_complaints(where, field, [summarised])
    if summarised.formula is not None:
        yield from _check_rests(look, here, child, summarised)


def _check_rests(look: Look, here: Where, child: Object, summarised: Field) -> Iterator[Complaint]:
    try:
        expression = formula_of(look.after, summarised)
        rests = Calculations(look.after).is_sound(summarised) and rests_on_own_row(look.after, child, expression)
    except Invalid:
        return  # told where the formula is written
    if not rests:
        message = (
            f"{child.name}.{summarised.name} changes without its record. A summary is kept current when children are"
            " written, so it rests on their own fields alone."
        )
        yield Complaint(here, "not_deterministic", message)


def _check_filter(look: Look, where: Where, field: Field, child: Object) -> Iterator[Complaint]:
    here = (*where, "filter")
    text = field.summary.filter if field.summary is not None else None
    if text is None:
        return
    try:
        criteria = filter_of(look.after, field)
        rests = criteria is None or rests_on_own_row(look.after, child_of(look.after, field), criteria)
    except Invalid as invalid:
        yield from complaints_of(invalid, here, text)
        return
    if not rests:
        message = f"A filter of a summary rests on the fields of {child.name} alone: no parent, no clock, no user."
        yield Complaint(here, "not_deterministic", message)


_RETURNED = frozenset({FieldType.TEXT, FieldType.CHECKBOX, FieldType.DATE, FieldType.DATETIME, FieldType.TIME})
