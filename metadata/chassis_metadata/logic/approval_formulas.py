"""Formulas and paths of approval processes: over the stored record, with what the request says beside its fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import ACTOR, COMMENTS, STEP, SUBMITTER
from chassis_metadata.logic.record_formulas import BLANKS_AS
from chassis_metadata.snapshot import Field, Object, Snapshot

#: What the request says, by name.
VARIABLES: Mapping[str, Kind] = MappingProxyType(
    {COMMENTS: Kind.TEXT, ACTOR: Kind.ID, SUBMITTER: Kind.ID, STEP: Kind.TEXT}
)


def request_formula(snapshot: Snapshot, obj: Object, text: str, expects: Kind | None = None) -> Expression:
    """The typed formula, kept with the snapshot. Raises Invalid with all that is wrong with it."""
    key = ("request_formula", obj.name, expects, text)

    def make() -> Expression:
        return type_expression(text, Scope(snapshot, obj, variables=VARIABLES), expects=expects, blanks_as=BLANKS_AS)

    return snapshot.keep(key, make)


def request_value(snapshot: Snapshot, of: Object, field: Field, text: str) -> Expression:
    """A formula over a record of `of` whose value `field`, its own or another object's, is to get."""
    return request_formula(snapshot, of, text, kind_of(field))


def reference_at(snapshot: Snapshot, obj: Object, path: str) -> Field:
    """The reference field at the end of a path; its last step may also be the relationship's name. Raises Invalid."""
    *steps, last = path.split(".")
    standing = [obj]
    for step in steps:
        names = [target for each in standing for target in _targets(each, step)]
        standing = [snapshot.objects[name] for name in names if name in snapshot.objects]
        if not standing:
            raise Invalid.of("unknown_relationship", f"{step!r} in {path!r} leads to no object.")
    for each in standing:
        field = each.fields_by_lower_name.get(last.lower()) or each.fields_by_relationship.get(last.lower())
        if field is not None and field.is_reference:
            return field
    raise Invalid.of("unknown_field", f"{path!r} does not end at a reference of {standing[0].name}.")


def _targets(obj: Object, step: str) -> tuple[str, ...]:
    field = obj.fields_by_relationship.get(step.lower())
    return field.references if field is not None else ()


def reference_formula(snapshot: Snapshot, obj: Object, path: str) -> Expression:
    """The id at the end of a path. Raises Invalid."""
    field = reference_at(snapshot, obj, path)
    *steps, _ = path.split(".")
    return request_formula(snapshot, obj, ".".join([*steps, field.name]), Kind.ID)
