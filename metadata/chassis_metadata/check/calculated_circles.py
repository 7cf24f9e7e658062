"""Which calculated fields rest on which: circles among them, and how deep they go."""

from __future__ import annotations

from collections.abc import Iterator

from chassis_metadata.compile_summaries import DEEPEST_SUMMARY, summarised_field
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.fields import DEEPEST_FORMULA, fields_named, filter_of, formula_of
from chassis_metadata.snapshot import Field, Snapshot


class Calculations:
    """Formula fields and summaries of a snapshot, walked from any of them down."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def circle(self, field: Field) -> list[str]:
        """The way from a field back to itself, or an empty list."""
        ways = [[field]]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            for each in self._below(way[-1]):
                if _name(each) == _name(field):
                    return [*map(_name, way), _name(field)]
                if _name(each) not in seen:
                    seen.add(_name(each))
                    ways.append([*way, each])
        return []

    def is_sound(self, field: Field) -> bool:
        """Whether neither the field nor anything that it rests on goes in a circle."""
        waiting, seen = [field], {_name(field)}
        while waiting:
            each = waiting.pop()
            if self.circle(each):
                return False
            for one in self._below(each):
                if _name(one) not in seen:
                    seen.add(_name(one))
                    waiting.append(one)
        return True

    def is_too_deep(self, field: Field) -> bool:
        """Whether more fields of its kind stand inside one another than may."""
        return self._depth(field, self.deepest(field)) > self.deepest(field)

    def deepest(self, field: Field) -> int:
        """How deep fields of its kind may go."""
        return DEEPEST_SUMMARY if field.summary is not None else DEEPEST_FORMULA

    def _depth(self, field: Field, most: int) -> int:
        if most < 0:
            return 1
        same = [each for each in self._below(field) if (each.summary is None) == (field.summary is None)]
        return 1 + max((self._depth(each, most - 1) for each in same), default=0)

    def _below(self, field: Field) -> list[Field]:
        try:
            return [each for each in self._named(field) if each.is_calculated]
        except Invalid:
            return []  # told where the formula is written

    def _named(self, field: Field) -> Iterator[Field]:
        if field.formula is not None:
            yield from fields_named(self._snapshot, formula_of(self._snapshot, field))
        if field.summary is None:
            return
        of = self._snapshot.objects[field.object_name]
        if field.summary.child.lower() not in of.children_by_lower_name:
            return
        criteria = filter_of(self._snapshot, field)
        if criteria is not None:
            yield from fields_named(self._snapshot, criteria)
        summarised = summarised_field(field, of, self._snapshot.objects)
        if summarised is not None:
            yield summarised


def _name(field: Field) -> str:
    return f"{field.object_name}.{field.name}"
