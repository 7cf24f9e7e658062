"""Objects in force: those of the base that nobody touched as they are, the others put together anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from chassis_metadata.compile_fields import fields_in_force, in_order, record_type_field, system_fields
from chassis_metadata.compile_pages import GENERATED, all_records, whole_page
from chassis_metadata.compile_references import references_of_logic
from chassis_metadata.compile_summaries import settle_summaries
from chassis_metadata.components import (
    DeleteRule,
    FieldDefinition,
    ListView,
    ObjectDefinition,
    Package,
    PageLayout,
    PathDefinition,
    RecordType,
    ValueSet,
)
from chassis_metadata.fields import FieldType
from chassis_metadata.naming import child_relationship_name, second_relationship_name, storage_name
from chassis_metadata.snapshot import ChildRelationship, Field, Object, Snapshot

_HasDefault = TypeVar("_HasDefault", RecordType, ListView)


class Part(NamedTuple):
    """One contribution: a package by its name, or the tenant's layer, which has none."""

    package: str | None
    content: Package


def first_of_name(known: Mapping[str, Any], more: Iterable[Any]) -> dict[str, Any]:
    """Components by name; of two with one name, the first."""
    merged = dict(known)
    for each in more:
        merged.setdefault(each.name, each)
    return merged


def extend_objects(base: Snapshot, parts: Sequence[Part], value_sets: Mapping[str, ValueSet]) -> dict[str, Object]:
    """The base's objects with all that the parts add: objects, fields, children, record types, pages."""
    drafts = _Drafts(base)
    for part in parts:
        _add_objects(drafts, part)
    for part in parts:
        _add_fields(drafts, part, value_sets)
        for name, widened in references_of_logic(part.content):
            if drafts.knows(name):
                drafts[name].widen(widened)
        _add_pages(drafts, part.content)
    for draft in list(drafts.values()):
        _settle_fields(draft, drafts)
    _relate(drafts)
    objects = {**base.objects, **{name: draft.joined() for name, draft in drafts.items()}}
    objects = settle_summaries(objects, drafts)
    return objects | {name: draft.finished(objects) for name, draft in drafts.items()}


@dataclass(slots=True)
class _Draft:
    """An object being put together; `changed` names the fields that are new or grew."""

    start: Object
    fields: dict[str, Field] = field(default_factory=dict)
    children: dict[str, ChildRelationship] = field(default_factory=dict)
    record_types: list[RecordType] = field(default_factory=list)
    paths: list[PathDefinition] = field(default_factory=list)
    list_views: list[ListView] = field(default_factory=list)
    layouts: list[PageLayout] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)

    def add(self, each: Field) -> None:
        if each.name not in self.fields:
            self.fields[each.name] = each
            self.changed[each.name] = None

    def widen(self, each: FieldDefinition) -> None:
        """More objects to refer to, more values to choose from."""
        old = self.fields.get(each.name)
        if old is None:
            return
        references = tuple(dict.fromkeys(old.references + each.references))
        known = {value.value for value in old.values}
        values = old.values + tuple(value for value in each.values if value.value not in known)
        self.fields[each.name] = replace(old, references=references, values=values)
        self.changed[each.name] = None

    def joined(self) -> Object:
        """All but what needs to see the other objects."""
        return replace(
            self.start,
            fields=in_order(self.fields),
            children=tuple(self.children.values()),
            record_types=_one_default(self.record_types),
            paths=_first_each(self.paths),
            list_views=_one_default(self.list_views),
            layouts=_first_each(self.layouts),
        )

    def finished(self, objects: dict[str, Object]) -> Object:
        """With a list and a page, if nobody declared any."""
        joined = objects[self.start.name]
        return replace(
            joined,
            list_views=joined.list_views or (all_records(joined),),
            layouts=joined.layouts or (whole_page(joined, objects),),
        )


class _Drafts(dict[str, _Draft]):
    """Drafts of the objects touched so far; asking for another object of the base touches it."""

    def __init__(self, base: Snapshot) -> None:
        super().__init__()
        self.base = base

    def knows(self, name: str) -> bool:
        return name in self or name in self.base.objects

    def __missing__(self, name: str) -> _Draft:
        start = self.base.objects[name]
        self[name] = draft = _Draft(start, dict(start.fields))
        draft.children = {each.name.lower(): each for each in start.children}
        draft.record_types, draft.paths = list(start.record_types), list(start.paths)
        draft.list_views = list(start.list_views)
        draft.layouts = [each for each in start.layouts if each.source != GENERATED]
        return draft


def _one_default(components: list[_HasDefault]) -> tuple[_HasDefault, ...]:
    """The last default wins: a package overrules those it builds on, a tenant all of them."""
    unique = _first_each(components)
    defaults = [each.name for each in unique if each.default]
    if len(defaults) < 2:  # noqa: PLR2004
        return unique
    return tuple(replace(each, default=False) if each.name in defaults[:-1] else each for each in unique)


def _first_each(components: list[Any]) -> tuple[Any, ...]:
    return tuple(first_of_name({}, components).values())


def _add_objects(drafts: _Drafts, part: Part) -> None:
    for definition in part.content.objects.values():
        if not definition.extends and not drafts.knows(definition.name):
            draft = drafts[definition.name] = _Draft(started(definition, part.package))
            for each in system_fields(definition, part.package):
                draft.add(each)


def started(definition: ObjectDefinition, package: str | None) -> Object:
    """An object with nothing on it yet."""
    return Object(
        name=definition.name,
        label=definition.label,
        plural_label=definition.plural_label,
        key_prefix=definition.key_prefix,
        table=None if package is None else storage_name(definition.name),
        package=package,
        name_field=definition.name_field,
        sharing=definition.sharing,
        external_sharing=definition.external_sharing,
        controlled_by=definition.controlled_by,
        fields={},
        searchable=definition.searchable,
        change_events=definition.change_events,
        createable=definition.createable,
        updateable=definition.updateable,
        deletable=definition.deletable,
        compact_fields=definition.compact_fields,
        description=definition.description,
        icon=definition.icon,
    )


def _add_fields(drafts: _Drafts, part: Part, value_sets: Mapping[str, ValueSet]) -> None:
    for object_name, definitions in part.content.fields.items():
        if not drafts.knows(object_name):
            continue
        draft = drafts[object_name]
        for each in definitions:
            if each.extends:
                draft.widen(each)
                continue
            for one in fields_in_force(draft.start, each, part.package, value_sets):
                draft.add(one)


def _add_pages(drafts: _Drafts, content: Package) -> None:
    for kind in ("record_types", "list_views"):
        for each in getattr(content, kind):
            if drafts.knows(each.object_name):
                getattr(drafts[each.object_name], kind).append(each)
    # The first layout and path that fit a record are shown: what is laid over another stands before it.
    for kind in ("layouts", "paths"):
        for each in reversed(getattr(content, kind)):
            if drafts.knows(each.object_name):
                getattr(drafts[each.object_name], kind).insert(0, each)


def _settle_fields(draft: _Draft, drafts: _Drafts) -> None:
    """RecordTypeId where there are record types; references only to what is there."""
    if draft.record_types:
        draft.add(record_type_field(draft.start))
    for name in draft.changed:
        each = draft.fields[name]
        known = tuple(target for target in each.references if drafts.knows(target))
        if known != each.references:
            draft.fields[name] = replace(each, references=known)


def _relate(drafts: _Drafts) -> None:
    """Names the relationships from parents to children: those that a field says first, then those by default."""
    waiting = list(_new_references(drafts))
    for draft, each in waiting:
        if each.child_relationship_name is not None:
            _adopt(drafts, draft, each, each.child_relationship_name)
    for draft, each in waiting:
        if each.child_relationship_name is None:
            name = _free_name(drafts, draft.start, each)
            draft.fields[each.name] = replace(each, child_relationship_name=name)
            _adopt(drafts, draft, each, name)


def _new_references(drafts: _Drafts) -> Iterator[tuple[_Draft, Field]]:
    for draft in list(drafts.values()):
        for each in map(draft.fields.__getitem__, draft.changed):
            if each.is_reference and not each.system:
                yield draft, each


def _free_name(drafts: _Drafts, child: Object, each: Field) -> str:
    first = child_relationship_name(each.name, child.name, child.plural_label)
    taken = any(first.lower() in drafts[target].children for target in each.references)
    return second_relationship_name(first, each.relationship_name or each.name) if taken else first


def _adopt(drafts: _Drafts, draft: _Draft, each: Field, name: str) -> None:
    cascade = each.type is FieldType.MASTER_DETAIL or each.on_delete is DeleteRule.CASCADE
    child = ChildRelationship(name, draft.start.name, each.name, cascade, each.child_label or draft.start.plural_label)
    for target in each.references:
        drafts[target].children.setdefault(name.lower(), child)
