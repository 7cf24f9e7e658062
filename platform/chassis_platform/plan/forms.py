"""A Form: how payloads of one object are read for one set of grants. Compiled once, then called record by record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chassis_metadata.fields import CASELESS_TYPES, NUMERIC_TYPES, FieldType
from chassis_metadata.functions import checksum_problem
from chassis_metadata.ids import is_id, normal_id
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.policy import AccessPolicy, ObjectAccess
from chassis_platform.plan.changes import Change, KeyedReference
from chassis_platform.plan.typed_values import BadValue, Convert, checked, converter, remembering, shown, wrong_type
from chassis_tenants.sealed_columns import finding_mark

#: Takes one entry of a payload into a Change.
Take = Callable[[Change, Any], None]

RECORD_TYPE = "RecordTypeId"
_MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Form:
    """What may be sent for an object's records, and how each entry is taken."""

    obj: Object
    takes: Mapping[str, Take]  # by name in lower case
    converters: Mapping[str, Convert]

    def read(self, payload: object, change: Change) -> None:
        """Take a payload's entries into `change`: values, references by key, problems of each."""
        if payload.__class__ is not dict and not isinstance(payload, Mapping):
            bad = wrong_type(self.obj.name, payload)
            change.wrong(bad.code, bad.message)
            return
        takes = self.takes
        for name, value in payload.items():
            take = takes.get(name) or takes.get(str(name).lower())
            if take is None:
                change.wrong("invalid_field", no_such_column(name, self.obj), shown(name))
            else:
                take(change, value)
        if change.refused:
            change.wrong("invalid_field_for_insert_update", _refusal(change.refused), *change.refused)


def no_such_column(name: object, obj: Object) -> str:
    """The same for a field that is not there and for one that the user may not read."""
    return f"No such column '{shown(name)}' on sobject of type {obj.name}"


def _refusal(names: Sequence[str]) -> str:
    return (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set."
    )


def match_key(field: Field, value: Any) -> Any:
    """A value in the form in which storage compares it: text without its case, numbers as float.

    Of an encrypted field it is a mark; equal values have equal marks.
    """
    if field.encrypted:
        return finding_mark(field, value)
    if field.type in CASELESS_TYPES and not field.case_sensitive:
        return value.lower()
    if field.type in NUMERIC_TYPES:
        return float(value)
    return ";".join(value) if isinstance(value, list) else value


def form_for(context: Context, obj: Object, *, creating: bool) -> Form:
    """The Form of an object under the user's grants; it is kept beside the Object value and goes with it."""
    cache: dict[tuple[str, str, bool], Form] = obj.__dict__.setdefault("_forms", {})
    key = (context.snapshot.identity, context.policy.grants.identity, creating)
    if key not in cache:
        if len(cache) >= _MOST_KEPT:
            cache.clear()
        cache[key] = _compile(context.snapshot, context.policy, obj, creating=creating)
    return cache[key]


def _compile(snapshot: Snapshot, policy: AccessPolicy, obj: Object, *, creating: bool) -> Form:
    access = policy.on(obj.name)
    prefixes = {prefix: each.name for prefix, each in snapshot.objects_by_prefix.items()}
    takes: dict[str, Take] = {"attributes": _ignore}
    converters: dict[str, Convert] = {}
    for field in obj.fields.values():
        if not _exists_for(field, access):
            continue
        if not _is_writable(field, access, creating=creating):
            takes[field.name.lower()] = _refuse(field)
            continue
        convert = _conversion(snapshot, obj, field, prefixes)
        converters[field.name] = convert
        take = _value(field, convert)
        takes[field.name.lower()] = _unmasked(field, take) if field.name in access.masks else take
        if field.relationship_name is not None:
            takes[field.relationship_name.lower()] = _relationship(snapshot, policy, obj, field, convert)
    takes["id"] = _id_of_new if creating else _ignore
    takes.update({name: takes[name.lower()] for name in obj.fields if name.lower() in takes})
    return Form(obj, takes, converters)


def _exists_for(field: Field, access: ObjectAccess) -> bool:
    return field.system or field.name in access.readable or field.name in access.editable


def _is_writable(field: Field, access: ObjectAccess, *, creating: bool) -> bool:
    by_definition = field.createable if creating else field.updateable
    return by_definition and not field.is_compound and field.name in access.editable


def _conversion(snapshot: Snapshot, obj: Object, field: Field, prefixes: Mapping[str, str]) -> Convert:
    if field.name == RECORD_TYPE:
        return _record_type_conversion(obj, field)
    convert = converter(field, prefixes)
    definition = snapshot.functions.get(field.checksum) if field.checksum else None
    if definition is None:
        return convert
    return checked(convert, lambda value: checksum_problem(definition, str(value)), field)


def _record_type_conversion(obj: Object, field: Field) -> Convert:
    active = {obj.record_type_ids[each.name] for each in obj.record_types if each.active}

    def convert(value: Any) -> str:
        if not isinstance(value, str) or not is_id(value.strip()):
            raise BadValue("malformed_id", f"{field.label}: id value of incorrect type: {shown(value)}")
        found = normal_id(value.strip())
        if found not in active:
            message = f"Record Type ID: this ID value isn't valid for the user: {found}"
            raise BadValue("invalid_cross_reference_key", message)
        return found

    return convert


def _ignore(_: Change, __: object) -> None:
    """`attributes`, which clients send back as they got it, and the id of a record that is looked up by it."""


def _id_of_new(change: Change, value: object) -> None:
    if value is not None and value != "":
        change.wrong("invalid_field_for_insert_update", "cannot specify Id in an insert call", "Id")


def _refuse(field: Field) -> Take:
    return lambda change, _: setattr(change, "refused", (*change.refused, field.name))


def _value(field: Field, convert: Convert) -> Take:
    name = field.name
    empty = False if field.type is FieldType.CHECKBOX else None

    def take(change: Change, value: Any) -> None:
        if value is None or value == "":
            change.values[name] = empty
            return
        try:
            change.values[name] = convert(value)
        except BadValue as bad:
            change.wrong(bad.code, bad.message, name)

    return take


def _unmasked(field: Field, take: Take) -> Take:
    """Refuse what a mask left of a value: saved, it would take the value's place."""

    def take_unmasked(change: Change, value: Any) -> None:
        if isinstance(value, str) and "*" in value:
            message = f"{field.label}: {shown(value)} is a masked value. Send the whole value, or leave the field out."
            change.wrong("masked_value", message, field.name)
        else:
            take(change, value)

    return take_unmasked


def _relationship(snapshot: Snapshot, policy: AccessPolicy, obj: Object, field: Field, convert: Convert) -> Take:
    """`{"Account": {"Number": "A-1"}}`: one external id field of the object that is referred to."""
    references = _references(snapshot, policy, field)

    def take(change: Change, value: Any) -> None:
        if value is None:
            change.values[field.name] = None
            return
        try:
            _take_keyed(change, value)
        except BadValue as bad:
            change.wrong(bad.code, bad.message, field.name)

    def _take_keyed(change: Change, value: object) -> None:
        key_name, key, wanted = _single_key(field, value)
        if key_name.lower() == "id":
            change.values[field.name] = convert(key)
        elif field.name == RECORD_TYPE:
            change.values[field.name] = _record_type_named(obj, key)
        else:
            reference = references(key_name, wanted)(key)
            change.values[field.name] = None  # known when the keys are looked up
            change.keyed = (*change.keyed, reference)

    return take


def _references(
    snapshot: Snapshot, policy: AccessPolicy, field: Field
) -> Callable[[str, str | None], Callable[[Any], KeyedReference]]:
    """What reads the keys under a name, of one object or of any. What the name means is found out once for all keys."""

    @lru_cache(maxsize=_MOST_KEPT)
    def under(key_name: str, only: str | None) -> Callable[[Any], KeyedReference]:
        keys = [(each, key, converter(key, {})) for each, key in _keys(snapshot, policy, field, key_name, only)]

        def reference(value: Any) -> KeyedReference:
            targets = tuple((each, key, _key_value(key, convert, value)) for each, key, convert in keys)
            return KeyedReference(field, targets, f"{shown(value)} not found for field {key_name}")

        return remembering(reference)

    return under


def _single_key(field: Field, value: object) -> tuple[str, Any, str | None]:
    if not isinstance(value, Mapping):
        raise wrong_type(str(field.relationship_name), value)
    if len(value) == 1 and "attributes" not in value:
        [(name, key)] = value.items()
        if key is not None and key != "":
            return str(name), key, None
    attributes = value.get("attributes")
    wanted = attributes.get("type") if isinstance(attributes, Mapping) else None
    keys = [(str(name), key) for name, key in value.items() if name != "attributes"]
    if len(keys) != 1 or keys[0][1] is None or keys[0][1] == "":
        raise BadValue(
            "invalid_field", f"{field.relationship_name}: name exactly one external id field and its value to refer by"
        )
    return (*keys[0], wanted if isinstance(wanted, str) else None)


def _record_type_named(obj: Object, name: object) -> str:
    for each in obj.record_types:
        if each.active and name in (each.name, each.label):
            return obj.record_type_ids[each.name]
    message = f"Foreign key external ID: {shown(name)} not found for field DeveloperName in entity RecordType"
    raise BadValue("invalid_field", message)


def _keys(
    snapshot: Snapshot, policy: AccessPolicy, field: Field, key_name: str, only: str | None
) -> list[tuple[Object, Field]]:
    """The objects that the field may refer to by this name, each with its external id field."""
    objects = [snapshot.objects[name] for name in field.references if only in (None, name) and name in snapshot.objects]
    keys = [(each, each.fields_by_lower_name.get(key_name.lower())) for each in objects]
    found = [(each, key) for each, key in keys if key is not None and _is_key(key, policy.on(each.name))]
    if not found:
        raise BadValue(
            "invalid_field",
            f"Field name provided, {shown(key_name)}, is not an external ID or indexed field for "
            + (" or ".join(each.name for each in objects) or shown(only)),
        )
    return found


def refers_by(context: Context, obj: Object, relationship: str, key_name: str, only: str | None = None) -> bool:
    """Whether a relationship's records can be named by such a key, as `Account.Number` in a file's header does."""
    field = obj.fields_by_relationship.get(relationship.lower())
    if field is None:
        return False
    if key_name.lower() == "id" or field.name == RECORD_TYPE:
        return True
    try:
        _keys(context.snapshot, context.policy, field, key_name, only)
    except BadValue:
        return False
    return True


def _is_key(field: Field, access: ObjectAccess) -> bool:
    is_key = (field.external_id or field.unique) and field.name in access.readable and not field.is_compound
    return is_key and access.may_look_up(field.name)


def _key_value(field: Field, convert: Convert, value: Any) -> Any:
    converted = convert(value)
    if converted is None:
        raise BadValue("invalid_field", f"{field.label}: an empty value refers to no record")
    return match_key(field, converted)
