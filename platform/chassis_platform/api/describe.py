"""What describing begins with: which objects and fields exist for the user, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable

from chassis_metadata.components import RecordType
from chassis_metadata.errors import NotFound
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.access.policy import ObjectAccess

Document = dict[str, object]

VERSIONS = tuple(f"{number}.0" for number in range(59, 67))
LATEST = VERSIONS[-1]
#: The record type that stands for having none.
MASTER_ID = "012000000000000AAA"


def visible_objects(context: Context) -> list[Object]:
    """The objects that exist for the user, by name."""
    return sorted(
        (each for each in context.snapshot.objects.values() if context.policy.on(each.name).read),
        key=lambda each: each.name,
    )


def visible_object(context: Context, name: str) -> Object:
    """The object of that name if it exists for the user; the same NotFound otherwise."""
    obj = context.snapshot.object(name)
    access = context.policy.on(obj.name) if obj else None
    if obj is None or access is None or not (access.read or access.create):
        raise NotFound.of("not_found", "The requested resource does not exist")
    return obj


def readable_fields(obj: Object, access: ObjectAccess) -> Iterable[Field]:
    """The fields that exist for the user, in their order."""
    return (each for each in obj.fields.values() if each.name in access.readable)


def object_label(context: Context, obj: Object, *, plural: bool = False) -> str:
    """The object's label in the user's language."""
    part, default = ("plural_label", obj.plural_label) if plural else ("label", obj.label)
    return context.snapshot.text(context.principal.language, f"objects.{obj.name}.{part}", default)


def field_label(context: Context, field: Field) -> str:
    """The field's label in the user's language."""
    language = context.principal.language
    if field.is_name:
        return context.snapshot.text(language, f"objects.{field.object_name}.name", field.label)
    key = f"objects.{field.object_name}.fields.{field.name}.label"
    default = (
        context.snapshot.text(language, f"system_fields.{field.name}", field.label) if field.system else field.label
    )
    return context.snapshot.text(language, key, default)


def field_help(context: Context, field: Field) -> str | None:
    """What is said of the field beside it, in the user's language."""
    key = f"objects.{field.object_name}.fields.{field.name}.help"
    return context.snapshot.text(context.principal.language, key, field.help or "") or None


def value_label(context: Context, field: Field, value: str, default: str) -> str:
    """A picklist value's label in the user's language."""
    key = f"objects.{field.object_name}.fields.{field.name}.values.{value}"
    return context.snapshot.text(context.principal.language, key, default)


def record_type_label(context: Context, record_type: RecordType) -> str:
    """A record type's label in the user's language."""
    key = f"objects.{record_type.object_name}.record_types.{record_type.name}"
    return context.snapshot.text(context.principal.language, key, record_type.label)


def record_types_of(obj: Object) -> tuple[RecordType, ...]:
    """The object's record types, and the one that stands for having none."""
    has_default = any(each.default for each in obj.record_types)
    return (*obj.record_types, RecordType(obj.name, "Master", "Master", default=not has_default))


def record_type_id(obj: Object, record_type: RecordType) -> str:
    """Its id; the same in every tenant."""
    return obj.record_type_ids.get(record_type.name, MASTER_ID)
