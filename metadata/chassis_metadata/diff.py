"""What a new version of a package changes: a small closed set; and which changes running tenants can't take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chassis_metadata.check.manifest import version_of
from chassis_metadata.compile_fields import fields_in_force
from chassis_metadata.compile_objects import started
from chassis_metadata.components import ObjectDefinition, OrgWideDefault, Package
from chassis_metadata.errors import Problem
from chassis_metadata.forms import Complaint
from chassis_metadata.places import problem_at
from chassis_metadata.snapshot import Field


@dataclass(frozen=True, slots=True)
class ObjectAdded:
    """A table to make."""

    object_name: str


@dataclass(frozen=True, slots=True)
class FieldAdded:
    """A column to add; compounds are told by their components."""

    object_name: str
    field: str


@dataclass(frozen=True, slots=True)
class FieldWidened:
    """A column that must hold more than before."""

    object_name: str
    field: str


@dataclass(frozen=True, slots=True)
class IndexAdded:
    """A field that was not served by an index, or not unique, and now is."""

    object_name: str
    field: str


#: Of an indexed text that becomes encrypted: an index row takes 2,704 bytes, of which ciphertext needs a third more.
LONGEST_CONVERTED = 480

Change = ObjectAdded | FieldAdded | FieldWidened | IndexAdded


@dataclass(frozen=True, slots=True)
class Changes:
    """`changes` touch storage and are to be made in their order; with any in `refused`, none is to be made.

    Labels, pages, permission sets and the like take effect with the new snapshot and are not told here.
    """

    changes: tuple[Change, ...] = ()
    refused: tuple[Problem, ...] = ()


def diff_packages(old: Package, new: Package) -> Changes:
    """From one version to the next; a version never drops or narrows what a tenant may still use."""
    before, after = _stored_fields(old), _stored_fields(new)
    added = [name for name in _own_objects(new) if name not in _own_objects(old)]
    changes: list[Change] = [ObjectAdded(name) for name in added]
    refused = [*_refused_version(old, new), *_refused_objects(old, new)]
    for key, field in after.items():
        if field.object_name not in added:
            changes += _changes(before.get(key), field)
            refused += _refused_field(before.get(key), field)
    refused += [_refusal(each, "field_removed", "is gone.") for key, each in before.items() if key not in after]
    problems = [problem_at(new.places, each.where, each.code, each.message) for each in refused]
    return Changes(tuple(changes), tuple(problems))


def _own_objects(package: Package) -> dict[str, ObjectDefinition]:
    return {name: each for name, each in package.objects.items() if not each.extends}


def _stored_fields(package: Package) -> dict[tuple[str, str], Field]:
    """The declared fields that have a column, components instead of compounds."""
    value_sets = {each.name: each for each in package.value_sets}
    owner = package.manifest.name
    return {
        (name, field.name): field
        for name, definitions in package.fields.items()
        if name in package.objects
        for each in definitions
        if not each.extends
        for field in fields_in_force(started(package.objects[name], owner), each, owner, value_sets)
        if not field.is_compound
    }


def _changes(old: Field | None, new: Field) -> Iterator[Change]:
    if old is None:
        yield FieldAdded(new.object_name, new.name)
        return
    if _size(new) != _size(old):
        yield FieldWidened(new.object_name, new.name)
    if new.has_index and not old.has_index:
        yield IndexAdded(new.object_name, new.name)


def _size(field: Field) -> tuple[int, int, int]:
    """Characters, digits before the point, digits after it."""
    scale = field.scale or 0
    return field.length or 0, (field.precision or 0) - scale, scale


def _refused_version(old: Package, new: Package) -> Iterator[Complaint]:
    if version_of(new.manifest.version) <= version_of(old.manifest.version):
        message = f"{new.manifest.version} is not above {old.manifest.version}. Raise the version."
        yield Complaint(("package", "version"), "version_not_higher", message)


def _refused_objects(old: Package, new: Package) -> Iterator[Complaint]:
    there = _own_objects(new)
    for name, before in _own_objects(old).items():
        after = there.get(name)
        if after is None:
            message = f"{name} is gone, but tenants may have records of it. Keep it."
            yield Complaint(("objects", name), "object_removed", message)
        else:
            yield from _refused_object(before, after)


def _refused_object(old: ObjectDefinition, new: ObjectDefinition) -> Iterator[Complaint]:
    where = ("objects", new.name, "object")
    if new.key_prefix != old.key_prefix:
        message = f"Ids begin with {old.key_prefix!r} already. Keep the prefix."
        yield Complaint((*where, "key_prefix"), "key_prefix_changed", message)
    if _has_owner(new) != _has_owner(old):
        message = "Whether records have an owner can't change once there are records."
        yield Complaint((*where, "sharing"), "ownership_changed", message)
    if (new.name_field.type == "auto_number") != (old.name_field.type == "auto_number"):
        message = f"Names were of type {old.name_field.type}. Keep it."
        yield Complaint((*where, "name", "type"), "type_changed", message)
    if new.name_field.length < old.name_field.length:
        message = f"Names had up to {old.name_field.length} characters. Allow as many."
        yield Complaint((*where, "name", "length"), "field_narrowed", message)


def _has_owner(each: ObjectDefinition) -> bool:
    return each.owned and each.sharing is not OrgWideDefault.CONTROLLED_BY_PARENT


def _refused_field(old: Field | None, new: Field) -> Iterator[Complaint]:
    needs_value = new.required and new.default is None
    if needs_value and (old is None or not old.required):
        yield _refusal(new, "became_required", "would be required, but records have no value. Give a default.")
    if old is None:
        return
    if new.is_calculated != old.is_calculated:
        was = "worked out" if old.is_calculated else "written by people"
        yield _refusal(new, "type_changed", f"was {was}. Keep it so and add another field.")
        return
    encryption = _changed_encryption(old, new)
    if encryption is not None:
        yield _told(new, "encryption_changed", encryption)
        return
    if new.type is not old.type:
        yield _refusal(new, "type_changed", f"was a {old.type}. Keep the type and add another field.")
        return
    # What is worked out is worked out anew; only what people wrote could be lost.
    if not new.is_calculated and any(less < more for less, more in zip(_size(new), _size(old), strict=True)):
        yield _refusal(new, "field_narrowed", "would hold less than before. Keep length, precision and scale.")
    if new.unique and not old.unique:
        yield _refusal(new, "became_unique", "would be unique, but values may be there twice. Add another field.")
    lost = [target for target in old.references if target not in new.references]
    if lost:
        yield _refusal(new, "field_narrowed", f"could refer to {', '.join(lost)}. Keep that.")
    gone = [each.value for each in old.values if each.value not in {one.value for one in new.values}]
    if gone:
        yield _refusal(new, "value_removed", f"had the values {', '.join(gone)}. Keep them with `active: false`.")


def _changed_encryption(old: Field, new: Field) -> str | None:
    """Why stored values don't bear what the new version says of their encryption, and of finding them."""
    if old.encrypted and not new.encrypted:
        return f"{new.name} was stored encrypted, and tenants count on that. Keep it so, and add another field."
    if not old.encrypted:  # a job encrypts what is there
        return _unfit_index(old) if new.encrypted else None
    if new.has_index and not old.has_index:
        return f"{new.name} was not indexed, so its encrypted values can't be found. Keep it so, and add another field."
    if new.case_sensitive != old.case_sensitive:
        return f"{new.name} is found as `case_sensitive` said when its values were stored. Keep it so."
    return None


def _unfit_index(old: Field) -> str | None:
    """The index of before stays for tenants that come later, and takes in what is encrypted."""
    if old.has_index and (old.length or 0) > LONGEST_CONVERTED:
        name, length, most = old.name, old.length, LONGEST_CONVERTED
        return f"{name} is indexed with up to {length} characters: encrypted, more than {most} don't fit."
    return None


def _refusal(field: Field, code: str, message: str) -> Complaint:
    return _told(field, code, f"{field.name} {message}")


def _told(field: Field, code: str, message: str) -> Complaint:
    return Complaint(("objects", field.object_name, "fields", field.compound or field.name), code, message)
