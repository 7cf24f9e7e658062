"""Formulas over a record that is being saved: old values are known, and blank numbers stay blank."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.snapshot import Field, Object, Snapshot

#: A comparison with a blank number is false: a rule does not fire because something was left out.
BLANKS_AS = "blank"


def record_formula(snapshot: Snapshot, obj: Object, text: str, expects: Kind | None = None) -> Expression:
    """The typed formula, kept with the snapshot. Raises Invalid with all that is wrong with it."""
    key = ("record_formula", obj.name, expects, text)

    def make() -> Expression:
        return type_expression(text, Scope(snapshot, obj, has_prior=True), expects=expects, blanks_as=BLANKS_AS)

    return snapshot.keep(key, make)


def criterion(snapshot: Snapshot, obj: Object, text: str) -> Expression:
    """A formula that is true or not."""
    return record_formula(snapshot, obj, text, Kind.BOOLEAN)


def value_for(snapshot: Snapshot, field: Field, text: str) -> Expression:
    """A formula whose value a field is to get before it is saved."""
    if field.encrypted:
        name = f"{field.object_name}.{field.name}"
        raise Invalid.of("encrypted_field", f"{name} is encrypted: no formula works it out before the record is saved.")
    return record_formula(snapshot, snapshot.objects[field.object_name], text, kind_of(field))


def fields_read(snapshot: Snapshot, obj: Object, expressions: Iterable[Expression]) -> frozenset[str]:
    """The stored fields of the record that the formulas read, through formula fields too."""
    waiting = [name for each in expressions for name in each.fields if name in obj.fields]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_below(snapshot, obj.fields[name]))
    return frozenset(name for name in found if _is_stored(obj.fields[name]))


def _below(snapshot: Snapshot, field: Field) -> Iterable[str]:
    if not field.is_computed:
        return field.components
    from chassis_metadata.expressions.fields import formula_of  # noqa: PLC0415  it types formulas by what is here

    return formula_of(snapshot, field).fields


def _is_stored(field: Field) -> bool:
    return not (field.is_compound or field.is_computed)
