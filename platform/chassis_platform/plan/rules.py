"""What follows from a record's own values: defaults, composed names, which choices hold together, what is missing.

Compiled once an object into Rules; `complete_new` and `complete_changed` then run record by record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.fields import FieldType
from chassis_metadata.snapshot import Field, Object
from chassis_platform.plan.changes import Change
from chassis_platform.plan.typed_values import BadValue, bad_choice, converter, shown

OWNER, NAME, RECORD_TYPE = "OwnerId", "Name", "RecordTypeId"
#: Han, kana, hangul: names in these are written family name first, without a space.
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_PICKLISTS = frozenset({FieldType.PICKLIST, FieldType.MULTI_PICKLIST})


@dataclass(frozen=True, slots=True)
class Choice:
    """A picklist whose values need more than being known: some retired, some held by another field or record type."""

    field: Field
    inactive: frozenset[str]
    controlled_by: Mapping[str, frozenset[str]]
    by_record_type: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one object."""

    obj: Object
    defaults: Mapping[str, Any]
    required: tuple[str, ...]
    default_record_type: str | None
    choices: tuple[Choice, ...]
    name_parts: tuple[str, ...]  # last, first

    @property
    def is_name_composed(self) -> bool:
        """Whether Name follows from last and first name (always, or whenever a last name is there)."""
        return bool(self.name_parts)


def rules_for(obj: Object) -> Rules:
    """The Rules of an object, kept beside the Object value."""
    rules: Rules | None = obj.__dict__.get("_rules")
    if rules is None:
        rules = obj.__dict__["_rules"] = _compile(obj)
    return rules


def _compile(obj: Object) -> Rules:
    default_types = [obj.record_type_ids[each.name] for each in obj.record_types if each.default and each.active]
    parts = (obj.name_field.last, obj.name_field.first)
    return Rules(
        obj=obj,
        defaults=dict(_defaults(obj)),
        required=tuple(each.name for each in obj.fields.values() if _is_asked_for(obj, each)),
        default_record_type=default_types[0] if default_types and RECORD_TYPE in obj.fields else None,
        choices=tuple(_choices(obj)),
        name_parts=tuple(part for part in parts if part is not None and part in obj.fields),
    )


def _is_asked_for(obj: Object, field: Field) -> bool:
    if field.is_name:
        return obj.name_field.type == "text"
    return field.required and field.createable and not field.is_compound


def _defaults(obj: Object) -> Iterable[tuple[str, Any]]:
    for field in obj.fields.values():
        if not field.createable:
            continue
        if field.type is FieldType.CHECKBOX:
            yield field.name, bool(field.default)
        elif field.default is not None and not field.is_compound and not field.is_reference:
            try:
                yield field.name, converter(field, {})(field.default)
            except BadValue:
                continue  # a package's checks refuse such a default; a record is not the place to learn of it


def _choices(obj: Object) -> Iterable[Choice]:
    for field in obj.fields.values():
        if field.type not in _PICKLISTS:
            continue
        choice = Choice(
            field=field,
            inactive=frozenset(each.value for each in field.values if not each.active and field.restricted),
            controlled_by={each.value: frozenset(each.controlled_by) for each in field.values if each.controlled_by},
            by_record_type={
                obj.record_type_ids[each.name]: frozenset(each.picklists[field.name])
                for each in obj.record_types
                if field.name in each.picklists and field.restricted
            },
        )
        if choice.inactive or choice.by_record_type or (field.controlling_field and choice.controlled_by):
            yield choice


def fields_beside(obj: Object, names: Iterable[str]) -> set[str]:
    """The fields whose stored values the rules need when `names` change, those included."""
    rules = rules_for(obj)
    wanted = set(names)
    if wanted & set(rules.name_parts):
        wanted |= {*rules.name_parts, NAME}
    for choice in rules.choices:
        related = {choice.field.name, *filter(None, [choice.field.controlling_field])}
        if wanted & related:
            wanted |= related
            wanted |= {RECORD_TYPE} & obj.fields.keys() if choice.by_record_type else set()
    return wanted & obj.fields.keys()


def complete_new(rules: Rules, change: Change, user_id: str, *, is_computed: bool = False) -> None:
    """Give a new record what was not sent, and note what is wrong or missing.

    Where formulas are still to work out values, that is noted when they have (`complete_computed`).
    """
    values = change.values
    if rules.default_record_type is not None and values.get(RECORD_TYPE) is None:
        values[RECORD_TYPE] = rules.default_record_type
    defaulted = [name for name in rules.defaults if name not in values]
    for name in defaulted:
        values[name] = rules.defaults[name]
    if rules.choices:
        _narrow_defaults(rules, change, defaulted)
    if OWNER in rules.obj.fields and values.get(OWNER) is None and not _is_keyed(change, OWNER):
        values[OWNER] = user_id
    _compose_name(rules, change)
    if not is_computed:
        _check_choices(rules, change)
        _check_required(change, rules.required)


def complete_computed(rules: Rules, change: Change) -> None:
    """Look at a new record again when formulas have worked out its values."""
    _compose_name(rules, change)
    _check_choices(rules, change)
    _check_required(change, rules.required)


def complete_changed(rules: Rules, change: Change) -> None:
    """The same for a record that is there: only what the change touches is looked at."""
    if OWNER in change.values and change.values[OWNER] is None and not _is_keyed(change, OWNER):
        change.wrong("required_field_missing", "Required fields are missing: [OwnerId]", OWNER)
    _compose_name(rules, change)
    _check_choices(rules, change)
    _check_required(change, [name for name in rules.required if name in change.values])


def _narrow_defaults(rules: Rules, change: Change, defaulted: Sequence[str]) -> None:
    """A default that the record type doesn't offer, or that the controlling value rules out, is none."""
    for choice in rules.choices:
        name = choice.field.name
        if name in defaulted and _unfit(choice, change, change.values[name]):
            change.values[name] = None


def _is_keyed(change: Change, name: str) -> bool:
    return bool(change.keyed) and any(each.field.name == name for each in change.keyed)


def _compose_name(rules: Rules, change: Change) -> None:
    if not rules.is_name_composed or not any(change.differs(part) for part in rules.name_parts):
        return
    last, first = ([*(change.now(part) for part in rules.name_parts), None])[:2]
    if last is not None:
        change.values[NAME] = composed_name(last, first)[: rules.obj.name_field.length]
    elif rules.obj.name_field.type == "person":
        change.values[NAME] = first


def composed_name(last: str, first: str | None) -> str:
    """`张伟` of 张 and 伟, `Ann Lee` of Lee and Ann."""
    if not first:
        return last
    return last + first if _EAST_ASIAN.search(last + first) else f"{first} {last}"


def _check_choices(rules: Rules, change: Change) -> None:
    for choice in rules.choices:
        touched = change.differs(choice.field.name) or change.differs(choice.field.controlling_field or "")
        chosen = change.now(choice.field.name) if touched else None
        unfit = _unfit(choice, change, chosen) if chosen is not None else None
        if unfit is not None:
            change.wrong(unfit.code, unfit.message, choice.field.name)


def _unfit(choice: Choice, change: Change, chosen: Any) -> BadValue | None:
    """Why the chosen value, or one of them, can't be taken by this record."""
    offered = choice.by_record_type.get(change.now(RECORD_TYPE))
    kept = _as_list(change.old.get(choice.field.name)) if change.old is not None else []
    for value in _as_list(chosen):
        if value not in kept and (value in choice.inactive or (offered is not None and value not in offered)):
            return bad_choice(choice.field, value)
        controlling = choice.field.controlling_field
        allowed = choice.controlled_by.get(value)
        if controlling is not None and allowed and not allowed & _controlling_values(change.now(controlling)):
            return BadValue(
                "invalid_or_null_for_restricted_picklist",
                f"{choice.field.label}: {shown(value)} can't be chosen under the value of {controlling}",
            )
    return None


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _controlling_values(value: Any) -> frozenset[str]:
    if isinstance(value, bool):
        return frozenset({str(value).lower()})
    return frozenset(_as_list(value))


def _check_required(change: Change, names: Iterable[str]) -> None:
    missing = [
        name
        for name in names
        if change.values.get(name) is None and not _is_keyed(change, name) and not change.has_problem_with(name)
    ]
    if missing:
        change.wrong("required_field_missing", f"Required fields are missing: [{', '.join(missing)}]", *missing)
