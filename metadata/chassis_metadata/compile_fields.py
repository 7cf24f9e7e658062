"""A declared field to those in force: sizes filled in, picklists resolved, compounds in parts; system fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chassis_metadata.components import FieldDefinition, ObjectDefinition, OrgWideDefault, PicklistValue, ValueSet
from chassis_metadata.fields import ADDRESS_COMPONENTS, CALCULATED_TYPES, FieldType
from chassis_metadata.naming import component_names, relationship_name, storage_name
from chassis_metadata.snapshot import Field, Object

LENGTHS = {
    FieldType.ID: 18,
    FieldType.TEXT: 255,
    FieldType.LONG_TEXT: 32_768,
    FieldType.RICH_TEXT: 32_768,
    FieldType.PICKLIST: 255,
    FieldType.MULTI_PICKLIST: 4_099,
    FieldType.EMAIL: 254,
    FieldType.PHONE: 40,
    FieldType.URL: 255,
    FieldType.AUTO_NUMBER: 255,
    FieldType.LOOKUP: 18,
    FieldType.MASTER_DETAIL: 18,
}
#: (all digits, digits after the point)
PRECISIONS = {FieldType.NUMBER: (18, 0), FieldType.CURRENCY: (18, 2), FieldType.PERCENT: (9, 4)}
_COORDINATE = (9, 6)
#: Characters of a text that a formula makes when it is read.
LONGEST_COMPUTED = 1_300

#: In this order they stand before and after an object's own fields.
LEADING = ("Id", "Name", "RecordTypeId", "OwnerId")
TRAILING = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "IsDeleted")
SYSTEM_FIELDS = (*LEADING, *TRAILING)
#: Columns of every table that no field may take.
RESERVED_COLUMNS = frozenset({*map(storage_name, SYSTEM_FIELDS), "tenant_id", "row_version", "deleted_date", "custom"})


def in_order(fields: Mapping[str, Field]) -> dict[str, Field]:
    """System fields at both ends, the rest as declared."""
    places = {name: index - len(LEADING) for index, name in enumerate(LEADING)}
    places |= {name: index + 1 for index, name in enumerate(TRAILING)}
    return dict(sorted(fields.items(), key=lambda item: places.get(item[0], 0)))


def system_fields(definition: ObjectDefinition, package: str | None) -> Iterator[Field]:
    """The fields that every object has, those of `definition`'s choice included; RecordTypeId comes with its types."""
    common: dict[str, Any] = {"object_name": definition.name, "package": package, "system": True}
    given: dict[str, Any] = {**common, "createable": False, "updateable": False}
    yield Field(name="Id", type=FieldType.ID, label="Record ID", column="id", length=18, indexed=True, **given)
    yield _name_field(definition, package)
    if definition.owned and definition.sharing is not OrgWideDefault.CONTROLLED_BY_PARENT:
        yield _reference("OwnerId", "Owner", ("User", "Group"), common)
    for name, label in (("CreatedDate", "Created"), ("LastModifiedDate", "Last modified"), ("SystemModstamp", "Stamp")):
        indexed = name != "LastModifiedDate"
        yield Field(
            name=name, type=FieldType.DATETIME, label=label, column=storage_name(name), indexed=indexed, **given
        )
    yield _reference("CreatedById", "Created by", ("User",), given)
    yield _reference("LastModifiedById", "Last modified by", ("User",), given)
    yield Field(name="IsDeleted", type=FieldType.CHECKBOX, label="Deleted", column="is_deleted", default=False, **given)


def record_type_field(of: Object) -> Field:
    """RecordTypeId, for objects that have record types."""
    common = {"object_name": of.name, "package": of.package, "system": True}
    return _reference("RecordTypeId", "Record type", ("RecordType",), common)


def _reference(name: str, label: str, references: tuple[str, ...], common: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        type=FieldType.LOOKUP,
        label=label,
        column=storage_name(name),
        length=18,
        references=references,
        relationship_name=name.removesuffix("Id"),
        **common,
    )


def _name_field(definition: ObjectDefinition, package: str | None) -> Field:
    how = definition.name_field
    # A composed name and a number are the platform's to write; a text that may be composed can be sent too.
    written = how.type == "text"
    return Field(
        object_name=definition.name,
        name="Name",
        type=FieldType.AUTO_NUMBER if how.type == "auto_number" else FieldType.TEXT,
        label=how.label,
        column="name",
        package=package,
        length=how.length,
        format=how.format,
        gap_free=how.gap_free,
        required=written and how.last is None,
        indexed=True,
        searchable=True,
        tracked=how.tracked,
        classification=how.classification,
        createable=written,
        updateable=written,
        system=True,
        is_name=True,
    )


def fields_in_force(
    of: Object, each: FieldDefinition, package: str | None, value_sets: Mapping[str, ValueSet]
) -> Iterator[Field]:
    """The field itself and, after it, the components of a compound."""
    values = each.values
    if each.value_set is not None and each.value_set in value_sets:
        values = value_sets[each.value_set].values
    default, values = _agree_on_default(each, values)
    value_type = type_in_force(each)
    precision, scale = PRECISIONS.get(value_type, (None, None))
    writable = not each.read_only and each.type is not FieldType.AUTO_NUMBER and each.type not in CALCULATED_TYPES
    field = Field(
        object_name=of.name,
        name=each.name,
        type=value_type,
        label=each.label,
        column=None if package is None or of.table is None or _is_computed(each) else storage_name(each.name),
        package=package,
        length=each.length or (LONGEST_COMPUTED if _is_computed(each) else LENGTHS.get(value_type)),
        precision=each.precision or precision,
        scale=scale if each.scale is None else each.scale,
        required=each.required,
        unique=each.unique,
        external_id=each.external_id,
        indexed=each.indexed,
        case_sensitive=each.case_sensitive,
        tracked=each.tracked,
        searchable=each.searchable,
        default=default,
        default_formula=each.default_formula,
        required_when=each.required_when,
        read_only_when=each.read_only_when,
        format=each.format,
        gap_free=each.gap_free,
        references=each.references,
        relationship_name=relationship_name(each),
        child_relationship_name=each.child_relationship_name,
        child_label=each.child_label,
        on_delete=each.on_delete,
        follows_merge=each.follows_merge,
        values=values,
        restricted=each.restricted,
        controlling_field=each.controlling_field,
        classification=each.classification,
        mask=each.mask,
        checksum=each.checksum,
        encrypted=each.encrypted,
        help=each.help,
        createable=writable,
        updateable=writable,
        formula=each.formula,
        blanks_as=each.blanks_as,
        stored=each.stored,
        summary=each.summary,
    )
    yield from _with_components(field)


def type_in_force(each: FieldDefinition) -> FieldType:
    """A formula's type is what it returns; a summary's is settled when the children are known."""
    if each.type in CALCULATED_TYPES:
        return each.returns or FieldType.NUMBER
    return each.type


def _is_computed(each: FieldDefinition) -> bool:
    return each.type is FieldType.FORMULA and not each.stored


def _agree_on_default(
    each: FieldDefinition, values: tuple[PicklistValue, ...]
) -> tuple[Any, tuple[PicklistValue, ...]]:
    """A picklist's default may be said in two ways; in force, both say the same."""
    if each.type is FieldType.CHECKBOX:
        return bool(each.default), values
    if not values:
        return each.default, values
    flagged = tuple(value.value for value in values if value.default)
    default = each.default
    if default is None and flagged:
        default = flagged if each.type is FieldType.MULTI_PICKLIST else flagged[0]
    chosen = default if isinstance(default, tuple) else (default,)
    if all(value.default == (value.value in chosen) for value in values):
        return default, values
    return default, tuple(replace(value, default=value.value in chosen) for value in values)


def _with_components(field: Field) -> Iterator[Field]:
    names = component_names(field.name, field.type)
    if not names:
        yield field
        return
    yield replace(field, column=None, components=names, required=False, indexed=False)
    common: dict[str, Any] = {
        "object_name": field.object_name,
        "package": field.package,
        "compound": field.name,
        "indexed": field.indexed,
        "tracked": field.tracked,
        "classification": field.classification,
        "mask": field.mask,
        "createable": field.createable,
        "updateable": field.updateable,
    }
    for index, name in enumerate(names):
        column = None if field.column is None else storage_name(name)
        yield _component(field, index, {**common, "name": name, "column": column})


def _component(field: Field, index: int, common: Mapping[str, Any]) -> Field:
    if field.type is FieldType.GEOLOCATION:
        precision, scale = _COORDINATE
        label = f"{field.label} ({('latitude', 'longitude')[index]})"
        return Field(type=FieldType.NUMBER, label=label, precision=precision, scale=scale, **common)
    part, length = ADDRESS_COMPONENTS[index]
    label = f"{field.label}: {_PART_LABELS.get(part, part.lower())}"
    return Field(type=FieldType.TEXT, label=label, length=length, **common)


_PART_LABELS = {"PostalCode": "postal code"}
