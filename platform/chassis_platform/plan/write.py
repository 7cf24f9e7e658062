"""A batch of payloads to a WritePlan: every record's values and problems, as far as they show without the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from chassis_metadata.errors import Invalid, NotFound, Problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.logic.triggers import Event
from chassis_metadata.snapshot import Field, Object
from chassis_platform import clock
from chassis_platform.access.administration import demand_shown_anew
from chassis_platform.access.context import Context
from chassis_platform.access.policy import ObjectAccess
from chassis_platform.access.scopes import demand_writing
from chassis_platform.plan.changes import Change, Expectation
from chassis_platform.plan.forms import form_for, match_key
from chassis_platform.plan.object_logic import ObjectLogic, logic_of
from chassis_platform.plan.problems import masked_field
from chassis_platform.plan.rules import complete_new, rules_for
from chassis_platform.plan.typed_values import BadValue, Convert, converter, shown

_CREATED, _CHANGED = frozenset({Event.CREATE}), frozenset({Event.UPDATE})

Operation = Literal["insert", "update", "upsert", "delete", "undelete"]
Payload = Mapping[str, Any]

#: What an operation needs: the permission, the trait of the object; and what it does, in words.
_NEEDS = {
    "insert": ("create", "createable", "created"),
    "update": ("update", "updateable", "changed"),
    "delete": ("delete", "deletable", "deleted"),
    "undelete": ("delete", "deletable", "restored"),
}


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What is to be written. Its changes gather what the database knows about them while they are carried out."""

    context: Context
    obj: Object
    operation: Operation
    changes: tuple[Change, ...]
    now: datetime
    all_or_none: bool = False
    only: ObjectLogic | None = None  # where not all of the object's logic is concerned

    @property
    def created(self) -> list[Change]:
        """The new records that nothing is wrong with so far, and that don't go to another one."""
        return [change for change in self.changes if change.creating and not change.problems and not change.attached]

    @property
    def existing(self) -> list[Change]:
        """The records that are to be there and that nothing is wrong with so far."""
        return [change for change in self.changes if not change.creating and not change.problems]

    @property
    def logic(self) -> ObjectLogic:
        """The object's logic that concerns what happens to the records of this plan."""
        if self.only is not None:
            return self.only
        return logic_of(self.context.snapshot, self.obj, self.events, self.context.assignment)

    @property
    def events(self) -> frozenset[Event]:
        """What happens to the records, whatever is wrong with them."""
        if self.operation in ("delete", "undelete"):
            return frozenset({Event(self.operation)})
        if self.operation != "upsert" and self.changes:
            return _CREATED if self.operation == "insert" else _CHANGED
        return frozenset(Event.CREATE if change.creating else Event.UPDATE for change in self.changes)


def object_to_write(context: Context, name: str) -> Object:
    """The object of that name, if it exists for the user at all; the same NotFound otherwise."""
    demand_writing(context)
    obj = context.snapshot.object(name)
    access = context.policy.on(obj.name) if obj is not None else None
    if obj is None or access is None or not (access.read or access.create):
        raise NotFound.of("not_found", "The requested resource does not exist")
    demand_shown_anew(context, obj.name)
    return obj


def plan_write(
    context: Context,
    obj: Object,
    operation: Operation,
    payloads: Sequence[Payload],
    *,
    all_or_none: bool = False,
    expectations: Sequence[Expectation | None] = (),
) -> WritePlan:
    """Read payloads of one operation (upserts: `plan_upsert`, when it is known which records are there)."""
    changes = tuple(Change(place, creating=operation == "insert") for place in range(len(payloads)))
    read = _reading(context, obj, operation)
    for change, payload in zip(changes, payloads, strict=True):
        read(payload, change)
    for change, expectation in zip(changes, expectations, strict=False):
        change.expectation = expectation
    _refuse_repeated_ids(changes)
    return WritePlan(context, obj, operation, changes, clock.now(), all_or_none)


#: Takes a payload into a change.
_Read = Callable[[Payload, Change], None]


def _reading(context: Context, obj: Object, operation: Operation) -> _Read:
    """How payloads of an operation are read: what is the same for all of a batch is asked once."""
    refusal = _refusal(context.policy.on(obj.name), obj, operation)
    if refusal is not None:
        return lambda _, change: change.problems.append(refusal)
    if operation == "insert":
        return _reading_new(context, obj)
    if operation in ("delete", "undelete"):
        return lambda payload, change: setattr(change, "id", _id_in(payload, obj, change))
    form = form_for(context, obj, creating=False)

    def read(payload: Payload, change: Change) -> None:
        change.id = _id_in(payload, obj, change)
        form.read(payload, change)
        change.sent = _sent(change)

    return read


def _reading_new(context: Context, obj: Object) -> _Read:
    form, rules, user_id = form_for(context, obj, creating=True), rules_for(obj), context.principal.user_id
    is_computed = logic_of(context.snapshot, obj, _CREATED).computes

    def read(payload: Payload, change: Change) -> None:
        form.read(payload, change)
        change.sent = _sent(change)
        complete_new(rules, change, user_id, is_computed=is_computed)

    return read


def _sent(change: Change) -> frozenset[str]:
    keyed = [reference.field.name for reference in change.keyed] if change.keyed else ()
    return _set_of((*change.values, *keyed))


@lru_cache(maxsize=1_000)
def _set_of(names: tuple[str, ...]) -> frozenset[str]:
    """The records of a batch mostly have the same fields."""
    return frozenset(names)


def _refusal(access: ObjectAccess, obj: Object, operation: Operation) -> Problem | None:
    """Why the operation is not for this user, or not for anybody."""
    permission, trait, done = _NEEDS[operation]
    if not getattr(obj, trait):
        message = f"Records of {obj.name} can't be {done} by anybody"
        return Problem("", "cannot_insert_update_activate_entity", message)
    if not getattr(access, permission):
        message = f"insufficient access rights on {obj.name}: may not {permission}"
        return Problem("", "insufficient_access_or_readonly", message)
    return None


def _id_in(payload: object, obj: Object, change: Change) -> str | None:
    sent = entry_of(payload, "Id")
    if sent is None or sent == "":
        change.wrong("missing_argument", "Id not specified in an update call", "Id")
        return None
    if not is_id(sent) or sent[:3] != obj.key_prefix:
        change.wrong("malformed_id", f"{obj.label} ID: id value of incorrect type: {shown(sent)}", "Id")
        return None
    return normal_id(sent)


def entry_of(payload: object, name: str) -> Any:
    """A payload's entry by name in any case."""
    if not isinstance(payload, Mapping):
        return None
    if name in payload:
        return payload[name]
    lower = name.lower()
    return next((value for each, value in payload.items() if str(each).lower() == lower), None)


def _refuse_repeated_ids(changes: Sequence[Change]) -> None:
    seen: set[str] = set()
    for change in changes:
        if change.id in seen:
            change.wrong("duplicate_value", f"duplicate id specified: {change.id}", "Id")
        elif change.id is not None:
            seen.add(change.id)


@dataclass(frozen=True, slots=True)
class Upsert:
    """Payloads that may be of new or of existing records, told apart by the value of `key`."""

    key: Field
    keys: tuple[Any, ...]  # in comparable form, by place; None where it is missing or wrong
    payloads: tuple[Payload, ...]


def read_upsert(context: Context, obj: Object, key_name: str, payloads: Sequence[Payload]) -> Upsert:
    """The keys of an upsert's payloads. Raises Invalid where the field is none to upsert by."""
    key = obj.fields_by_lower_name.get(key_name.lower())
    access = context.policy.on(obj.name)
    if key is None or not (key.name == "Id" or (key.name in access.readable and (key.external_id or key.unique))):
        raise Invalid.of("invalid_field", f"{shown(key_name)} is no external ID field of {obj.name}", path=key_name)
    if not access.may_look_up(key.name):
        raise masked_field(f"{obj.name}.{key.name}", "looked up")
    convert = converter(key, {}) if key.name != "Id" else str
    return Upsert(key, tuple(_key_in(convert, key, each) for each in payloads), tuple(payloads))


def _key_in(convert: Convert, key: Field, payload: object) -> Any:
    sent = entry_of(payload, key.name)
    if sent is None or sent == "":
        return None
    try:
        value = convert(sent)
    except BadValue:
        return None  # reading the payload says what is wrong with it
    return None if value is None else match_key(key, value)


def plan_upsert(
    context: Context, upsert: Upsert, obj: Object, found: Mapping[Any, Sequence[str]], *, all_or_none: bool = False
) -> WritePlan:
    """Plan an upsert with the ids of the records that its keys were found to belong to: none, one or several."""
    changes: list[Change] = []
    seen: set[Any] = set()
    ways = _reading(context, obj, "insert"), _reading(context, obj, "update")
    for place, (key, payload) in enumerate(zip(upsert.keys, upsert.payloads, strict=True)):
        changes.append(_upserted(ways, upsert.key, (place, key, payload), found.get(key, ())))
        if key is not None and key in seen:
            sent = shown(entry_of(payload, upsert.key.name))
            changes[-1].wrong("duplicate_value", f"Duplicate external id specified: {sent}", upsert.key.name)
        seen.add(key)
    _refuse_repeated_ids([change for change in changes if not change.problems])
    return WritePlan(context, obj, "upsert", tuple(changes), clock.now(), all_or_none)


def _upserted(ways: tuple[_Read, _Read], field: Field, sent: tuple[int, Any, Payload], ids: Sequence[str]) -> Change:
    place, key, payload = sent
    read_new, read_existing = ways
    by_id = field.name == "Id" and key is not None
    change = Change(place, creating=not (ids or by_id))
    if len(ids) > 1:
        change.wrong("duplicate_external_id", f"more than one record found for external id field: [{', '.join(ids)}]")
    elif change.creating:
        read_new(payload, change)
    else:
        rest = {name: value for name, value in payload.items() if str(name).lower() not in (field.name.lower(), "id")}
        read_existing({**rest, "Id": key if by_id else ids[0]}, change)
    if key is None and not by_id and field.name != "Id" and not change.problems:
        change.wrong("missing_argument", f"{field.name} not specified", field.name)
    return change
