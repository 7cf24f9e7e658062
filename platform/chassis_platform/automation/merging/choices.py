"""Which values the surviving record gets: chosen ones, those that a rule says, and what would be blank otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis_metadata.logic.duplicate_rule import MergeChoice
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.rules import NAME, OWNER, RECORD_TYPE

_NOT_FILLED = frozenset({NAME, OWNER, RECORD_TYPE})
_FLAGS = {"true_wins": True, "false_wins": False}


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that takes part, as it is stored. The first of a merge is the one that stays."""

    id: str
    modified: datetime
    values: Mapping[str, Any]


def choosable_fields(obj: Object) -> list[Field]:
    """The fields whose values a merge chooses among."""
    return [
        each
        for each in obj.fields.values()
        if each.updateable and not (each.is_compound or each.is_calculated or each.system)
    ] + [each for each in obj.fields.values() if each.system and each.updateable and each.name in _NOT_FILLED]


def ruled_values(
    obj: Object, records: Sequence[Stored], rules: Mapping[str, MergeChoice], chosen: Iterable[str]
) -> dict[str, Any]:
    """What rules say, whoever may see the fields; of `newest` and `oldest` a choice of the user's is stronger."""
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        values = [each.values.get(name) for each in records]
        if name not in obj.fields or (rule in ("newest", "oldest") and name in chosen):
            continue
        found[name] = _by_rule(rule, records, name, values)
    return {name: value for name, value in found.items() if value != records[0].values.get(name)}


def is_enforced(rule: MergeChoice | None) -> bool:
    """Whether the rule can't be overruled by who merges."""
    return rule is not None and rule not in ("newest", "oldest")


def _by_rule(rule: MergeChoice, records: Sequence[Stored], name: str, values: Sequence[Any]) -> Any:
    if isinstance(rule, tuple):
        return next((each for each in rule if each in values), values[0])
    if rule in _FLAGS:
        return _FLAGS[rule] if _FLAGS[rule] in values else values[0]
    in_order = sorted(
        records, key=lambda each: each.modified if rule == "newest" else each.id, reverse=rule == "newest"
    )
    return next((each.values[name] for each in in_order if each.values.get(name) is not None), None)


def filled_values(obj: Object, records: Sequence[Stored], settled: Iterable[str]) -> dict[str, Any]:
    """Blank fields of the survivor get the newest value that another has; parts of one thing come from one record."""
    done, merged = set(settled), {each.id for each in records}
    found: dict[str, Any] = {}
    for names in _units(obj):
        if done & set(names) or any(not _is_blank(records[0].values.get(name)) for name in names):
            continue
        for other in sorted(records[1:], key=lambda each: each.modified, reverse=True):
            values = {name: other.values.get(name) for name in names}
            if any(not _is_blank(each) for each in values.values()) and not merged & set(map(str, values.values())):
                found |= values
                break
    return found


def _is_blank(value: Any) -> bool:
    return value is None or value is False


def _units(obj: Object) -> Iterable[tuple[str, ...]]:
    """Fields that are filled together: an address, a name; alone: all others that don't hang on another's value."""
    named = (obj.name_field.last, obj.name_field.first)
    parts = tuple(each for each in named if each is not None and each in obj.fields)
    together = set[str](parts)
    if parts:
        yield parts
    for each in obj.fields.values():
        if each.is_compound:
            together.update(each.components)
            yield each.components
    for each in choosable_fields(obj):
        if each.name not in together | _NOT_FILLED and each.controlling_field is None and each.type != "checkbox":
            yield (each.name,)
