"""Matching rules: the keys on which two records are taken for the same, of one object or of two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.record_formulas import BLANKS_AS, fields_read
from chassis_metadata.logic.triggers import SOURCES, Event, Trigger
from chassis_metadata.snapshot import Field, Object, Snapshot

KIND = "matching_rule"
DEFAULT_STEPS = ("width", "case", "spaces")
#: Keys are made before anything looks for duplicates, and that before any flow acts.
ORDER = 10
_ID_LENGTH = 16


class Method(StrEnum):
    """How two values are compared."""

    EXACT = "exact"
    SIMILAR = "similar"
    SOUNDS_LIKE = "sounds_like"
    PINYIN = "pinyin"


@dataclass(frozen=True, slots=True)
class RelatedValue:
    """A field of the records that refer to a record by a child relationship; of those that meet the criteria."""

    relationship: str
    field: str
    criteria: str | None = None


#: What a record is compared by: a field of its own, or one of related records, of which there may be several values.
Part = str | RelatedValue


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two fields, how their values are brought into one form, and when they agree then."""

    field: str
    against: str
    method: Method = Method.EXACT
    at_least: float = 1.0
    steps: tuple[str, ...] = DEFAULT_STEPS
    country_code: str | None = None
    last: int | None = None
    without: tuple[str, ...] = ()
    related: str | None = None
    criteria: str | None = None

    def part(self, name: str) -> Part:
        """The field of one of the two objects."""
        return RelatedValue(self.related, name, self.criteria) if self.related else name


@dataclass(frozen=True)
class MatchKey:
    """Fields that must all agree. `object_name` and `against` are the two objects, often the same one."""

    name: str
    object_name: str
    against: str
    comparisons: tuple[Comparison, ...]
    blank_matches: bool = False

    @cached_property
    def id(self) -> str:
        """Says what is compared and how: a changed key is another key, whatever it is called."""
        content = [self.object_name, self.against, self.blank_matches, *(_content(each) for each in self.comparisons)]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:_ID_LENGTH]

    @property
    def similar(self) -> Comparison | None:
        """The one comparison that asks for a likeness."""
        return next((each for each in self.comparisons if each.method is Method.SIMILAR), None)

    def sides(self) -> Iterable[Side]:
        """The objects whose records have this key."""
        yield Side(self, self.object_name, tuple(each.part(each.field) for each in self.comparisons))
        if self.against != self.object_name:
            yield Side(self, self.against, tuple(each.part(each.against) for each in self.comparisons))


@dataclass(frozen=True)
class Side:
    """A key as the records of one object have it: from these fields, in the order of the comparisons.

    `is_sealed`: a field on one of its sides is encrypted, so that what is kept of either tells nothing without a key.
    """

    key: MatchKey
    object_name: str
    fields: tuple[Part, ...]
    is_sealed: bool = False

    @property
    def related(self) -> tuple[RelatedValue, ...]:
        """Those of them that are of related records."""
        return tuple(each for each in self.fields if isinstance(each, RelatedValue))


@dataclass(frozen=True, slots=True)
class MatchingRule:
    """A rule in force. Criteria are formulas over the records of the one and of the other object."""

    name: str
    label: str
    object_name: str
    against: str
    keys: tuple[MatchKey, ...]
    criteria: str | None = None
    against_criteria: str | None = None


def read_matching_rule(component: LogicComponent) -> MatchingRule:
    """A component as a rule."""
    body = component.body
    name, against = body["object"], body.get("against", body["object"])
    criteria = body.get("criteria")
    return MatchingRule(
        name=component.full_name,
        label=body["label"],
        object_name=name,
        against=against,
        keys=tuple(_key(each, name, against) for each in body["keys"]),
        criteria=criteria,
        against_criteria=body.get("against_criteria", criteria if against == name else None),
    )


def _key(body: Mapping[str, Any], object_name: str, against: str) -> MatchKey:
    comparisons = tuple(_comparison(each) for each in body["compare"])
    return MatchKey(body["name"], object_name, against, comparisons, bool(body.get("blank_matches", False)))


def _comparison(body: Mapping[str, Any]) -> Comparison:
    return Comparison(
        field=body["field"],
        against=body.get("against", body["field"]),
        method=Method(body.get("method", Method.EXACT)),
        at_least=float(body.get("at_least", 1)),
        steps=tuple(body.get("normalise", DEFAULT_STEPS)),
        country_code=body.get("country_code"),
        last=body.get("last"),
        without=tuple(body.get("without", ())),
        related=body.get("related"),
        criteria=body.get("criteria"),
    )


def _content(each: Comparison) -> list[Any]:
    words, steps = sorted(each.without), sorted(each.steps)
    own = [each.field, each.against, each.method, each.at_least, steps, each.country_code, each.last, words]
    return [*own, each.related, each.criteria] if each.related else own


def matching_rules(snapshot: Snapshot) -> Mapping[str, MatchingRule]:
    """The active rules by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_matching_rule(each) for name, each in sorted(components.items())})


def sides_of(snapshot: Snapshot, object_name: str) -> tuple[Side, ...]:
    """The keys that records of the object have, each once, whatever rules ask for it."""
    by_object = snapshot.keep("match_sides", lambda: _sides_by_object(snapshot))
    return tuple(by_object.get(object_name, {}).values())


def _sides_by_object(snapshot: Snapshot) -> dict[str, dict[str, Side]]:
    by_object: dict[str, dict[str, Side]] = {}
    for rule in matching_rules(snapshot).values():
        for key in rule.keys:
            sides = list(key.sides())
            fields = (field_of(snapshot, each.object_name, part) for each in sides for part in each.fields)
            is_sealed = any(field is not None and field.encrypted for field in fields)
            for side in sides:
                by_object.setdefault(side.object_name, {})[key.id] = replace(side, is_sealed=is_sealed)
    return by_object


def field_of(snapshot: Snapshot, object_name: str, part: Part) -> Field | None:
    """The field that a part of a key is."""
    obj = snapshot.objects.get(object_name)
    if obj is not None and isinstance(part, RelatedValue):
        child = next((each.child for each in obj.children if each.name == part.relationship), "")
        obj, part = snapshot.objects.get(child), part.field
    return obj.fields.get(part) if obj is not None and isinstance(part, str) else None


def key_ids_of(snapshot: Snapshot, name: str) -> list[str]:
    """The keys, of whatever object, that are made of a field (`Contact.TaxNumber`)."""
    sides = (side for each in snapshot.objects for side in sides_of(snapshot, each))
    found = {(side.key.id, field_of(snapshot, side.object_name, part)) for side in sides for part in side.fields}
    return sorted({key for key, field in found if field is not None and f"{field.object_name}.{field.name}" == name})


def criterion_of_rows(snapshot: Snapshot, obj: Object, text: str) -> Expression:
    """The typed criteria over stored records, kept with the snapshot. Raises Invalid with all that is wrong."""
    key = ("match_criterion", obj.name, text)

    def make() -> Expression:
        return type_expression(text, Scope(snapshot, obj), expects=Kind.BOOLEAN, blanks_as=BLANKS_AS)

    return snapshot.keep(key, make)


def is_matchable(field: Field) -> bool:
    """Whether a field has a value of its own that a key can be made of."""
    return not field.is_compound and not field.is_computed and field.summary is None and field.name != "Id"


@dataclass(frozen=True, slots=True)
class Followed:
    """Related records of which a key is made: `obj`, the field by which they refer to records of `parent`."""

    obj: str
    reference: str
    parent: str
    value: RelatedValue


def followed_of(snapshot: Snapshot, object_name: str) -> tuple[Followed, ...]:
    """What keys of other objects are made of records of this one."""
    by_object = snapshot.keep("match_followed", lambda: _followed_by_object(snapshot))
    return tuple(by_object.get(object_name, ()))


def _followed_by_object(snapshot: Snapshot) -> dict[str, list[Followed]]:
    found: dict[str, list[Followed]] = {}
    for parent, sides in _sides_by_object(snapshot).items():
        for value in {one: None for side in sides.values() for one in side.related}:
            for each in _following(snapshot, parent, value):
                found.setdefault(each.obj, []).append(each)
    return found


def _following(snapshot: Snapshot, parent: str, value: RelatedValue) -> Iterable[Followed]:
    obj = snapshot.objects.get(parent)
    for child in obj.children if obj is not None else ():
        if child.name == value.relationship:
            yield Followed(child.child, child.field, parent, value)


def changes_of(obj: Object, names: Iterable[Part]) -> str:
    """A formula that holds when a save changed one of these fields."""
    known = sorted(name for name in set(names) if isinstance(name, str) and name in obj.fields)
    return " || ".join(f"ISCHANGED({name})" for name in known) or "FALSE"


def triggers_of_rule(component: LogicComponent, snapshot: Snapshot) -> Iterable[Trigger]:
    """A record's keys are made when it is created, and anew when a field that they are made of changes."""
    rule = read_matching_rule(component)
    fields: dict[str, set[Part]] = {}
    for side in (one for key in rule.keys for one in key.sides()):
        fields.setdefault(side.object_name, set()).update(side.fields)
        yield from _triggers_of_related(rule, side, snapshot)
    for name in fields.keys() & snapshot.objects.keys():
        changed = changes_of(snapshot.objects[name], fields[name])
        yield Trigger(KIND, rule.name, name, frozenset({Event.CREATE}), order=ORDER)
        yield Trigger(KIND, rule.name, name, frozenset({Event.UPDATE}), criteria=changed, order=ORDER)


_EVENTS_OF_RELATED = frozenset({Event.CREATE, Event.DELETE, Event.UNDELETE})


def _triggers_of_related(rule: MatchingRule, side: Side, snapshot: Snapshot) -> Iterable[Trigger]:
    """A record's keys are made anew when a related record comes, goes, or changes in what they are made of."""
    for value in side.related:
        for each in _following(snapshot, side.object_name, value):
            obj = snapshot.objects[each.obj]
            read = [] if value.criteria is None else [criterion_of_rows(snapshot, obj, value.criteria)]
            changed = changes_of(obj, [each.reference, value.field, *fields_read(snapshot, obj, read)])
            old = frozenset({each.reference})
            yield Trigger(KIND, rule.name, obj.name, _EVENTS_OF_RELATED, order=ORDER, old_fields=old)
            updated = frozenset({Event.UPDATE})
            yield Trigger(KIND, rule.name, obj.name, updated, changed, order=ORDER, old_fields=old)


SOURCES[KIND] = triggers_of_rule
