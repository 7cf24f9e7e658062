"""The Snapshot: everything a request asks about metadata, compiled once a version, immutable, shared by tenants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from chassis_metadata.components import (
    AppDefinition,
    DeleteRule,
    FunctionDefinition,
    InboundMapping,
    ListView,
    LogicComponent,
    NameField,
    OrgWideDefault,
    PageLayout,
    PathDefinition,
    PermissionSet,
    PicklistValue,
    QueueDefinition,
    RecordType,
    ReferenceData,
    RoleDefinition,
    RollupSummary,
    ValueSet,
)
from chassis_metadata.fields import (
    COMPOUND_TYPES,
    REFERENCE_TYPES,
    TRAITS,
    Classification,
    FieldType,
    TypeTraits,
    traits_when_encrypted,
)
from chassis_metadata.ids import is_id

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Conversion:
    """Stored values of a tenant's encrypted field are changing: some lie sealed, some in clear, until a job is done.

    `seals`: what is saved now is sealed, as the others will be; if not, all are to lie in clear again.
    `was_indexed`: those that were there stand in an index already, in the form of before.
    """

    seals: bool
    was_indexed: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field in force. `column` is the typed column's name, or None where the value lies in the row's `custom` JSONB.

    Compound fields (address, geolocation) have no storage: `components` names the fields they are made of, and each of
    those names its compound in `compound`.
    """

    object_name: str
    name: str
    type: FieldType
    label: str
    column: str | None
    package: str | None = None  # None: made by the tenant
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    required: bool = False
    unique: bool = False
    external_id: bool = False
    indexed: bool = False
    case_sensitive: bool = False
    tracked: bool = False
    searchable: bool = False
    default: Any = None
    default_formula: str | None = None
    required_when: str | None = None
    read_only_when: str | None = None
    format: str | None = None
    gap_free: bool = False
    references: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship_name: str | None = None
    child_label: str | None = None
    on_delete: DeleteRule = DeleteRule.CLEAR
    follows_merge: tuple[str, ...] | None = None  # fields by which rows are alike, of which the survivor keeps its own
    values: tuple[PicklistValue, ...] = ()
    restricted: bool = True
    controlling_field: str | None = None
    classification: Classification = Classification.INTERNAL
    mask: str | None = None
    checksum: str | None = None
    encrypted: bool = False
    conversion: Conversion | None = None
    help: str | None = None
    createable: bool = True
    updateable: bool = True
    system: bool = False
    is_name: bool = False
    compound: str | None = None
    components: tuple[str, ...] = ()
    formula: str | None = None
    blanks_as: str = "zero"
    stored: bool = False  # a formula whose value is kept beside the record
    summary: RollupSummary | None = None

    @property
    def is_computed(self) -> bool:
        """A formula that is worked out whenever it is read: it has no storage."""
        return self.formula is not None and not self.stored

    @property
    def is_calculated(self) -> bool:
        """A formula or a roll-up summary: nobody writes it."""
        return self.formula is not None or self.summary is not None

    @property
    def is_sealed_when_saved(self) -> bool:
        """Whether what is saved now is stored encrypted."""
        return self.encrypted and (self.conversion is None or self.conversion.seals)

    @property
    def traits(self) -> TypeTraits:
        """What its type can do; of an encrypted field, what can be done without its key."""
        return traits_when_encrypted(self.type, is_indexed=self.has_index) if self.encrypted else TRAITS[self.type]

    @property
    def is_compound(self) -> bool:
        """Made of other fields, stored nowhere."""
        return self.type in COMPOUND_TYPES

    @property
    def is_reference(self) -> bool:
        """A lookup or master-detail field."""
        return self.type in REFERENCE_TYPES

    @property
    def is_custom(self) -> bool:
        """Made by the tenant, by its `__c` suffix."""
        return self.name.endswith("__c")

    @property
    def has_index(self) -> bool:
        """Served by an index, so that filtering by it stays fast at any size."""
        return self.indexed or self.unique or self.external_id or self.is_reference


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force: what `$Setting.Country` stands for. The value has the type's Python form; None is blank.

    A secret's value is not here; `is_set` says whether it has one.
    """

    name: str
    type: FieldType
    value: Any
    label: str
    is_secret: bool = False
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """Seen from the parent: `name` is the relationship, `child` the object whose `field` refers here."""

    name: str
    child: str
    field: str
    cascade: bool
    label: str


@dataclass(frozen=True)
class Object:
    """An object in force. `table` is the name of its typed table, or None for an object that the tenant made."""

    name: str
    label: str
    plural_label: str
    key_prefix: str
    table: str | None
    package: str | None
    name_field: NameField
    sharing: OrgWideDefault
    controlled_by: str | None
    fields: Mapping[str, Field]
    external_sharing: OrgWideDefault | None = None
    record_types: tuple[RecordType, ...] = ()
    paths: tuple[PathDefinition, ...] = ()
    list_views: tuple[ListView, ...] = ()
    layouts: tuple[PageLayout, ...] = ()
    children: tuple[ChildRelationship, ...] = ()
    searchable: bool = True
    change_events: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    compact_fields: tuple[str, ...] = ()
    description: str | None = None
    icon: str | None = None

    @cached_property
    def fields_by_lower_name(self) -> Mapping[str, Field]:
        """Names are compared without regard to case."""
        return {name.lower(): each for name, each in self.fields.items()}

    @cached_property
    def fields_by_relationship(self) -> Mapping[str, Field]:
        """Reference fields by their lower-cased relationship name (`account` -> AccountId)."""
        return {
            each.relationship_name.lower(): each for each in self.fields.values() if each.relationship_name is not None
        }

    @cached_property
    def children_by_lower_name(self) -> Mapping[str, ChildRelationship]:
        """Child relationships by their lower-cased name (`contacts`)."""
        return {each.name.lower(): each for each in self.children}

    @cached_property
    def record_type_ids(self) -> Mapping[str, str]:
        """Record type name to its id; the same in every tenant."""
        from chassis_metadata.ids import component_id  # noqa: PLC0415  ids are needed by few readers of a snapshot

        return {each.name: component_id("012", f"{self.name}.{each.name}") for each in self.record_types}

    @property
    def has_owner(self) -> bool:
        """Whether records belong to a user or queue."""
        return "OwnerId" in self.fields

    @property
    def is_custom(self) -> bool:
        """Made by the tenant."""
        return self.table is None


@dataclass(frozen=True)
class Snapshot:
    """All metadata in force for a tenant at one version.

    `identity` names the content: two tenants with the same packages and no layer of their own share one value.
    `texts` maps language -> key -> text; look labels up with `text()`.
    """

    identity: str
    packages: Mapping[str, str]
    objects: Mapping[str, Object]
    apps: tuple[AppDefinition, ...] = ()
    permission_sets: Mapping[str, PermissionSet] = field(default_factory=dict)
    roles: tuple[RoleDefinition, ...] = ()
    queues: tuple[QueueDefinition, ...] = ()
    inbound_mappings: Mapping[str, InboundMapping] = field(default_factory=dict)
    functions: Mapping[str, FunctionDefinition] = field(default_factory=dict)
    reference_data: tuple[ReferenceData, ...] = ()
    value_sets: Mapping[str, ValueSet] = field(default_factory=dict)
    logic: Mapping[str, Mapping[str, LogicComponent]] = field(default_factory=dict)  # kind -> full name; active ones
    settings: Mapping[str, Setting] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def objects_by_lower_name(self) -> Mapping[str, Object]:
        """Names are compared without regard to case."""
        return {name.lower(): each for name, each in self.objects.items()}

    @cached_property
    def objects_by_prefix(self) -> Mapping[str, Object]:
        """The first three characters of a record id to its object."""
        return {each.key_prefix: each for each in self.objects.values()}

    def object_of_id(self, text: str) -> Object | None:
        """The object of the record with that id; None where the text is no id, or of no object."""
        return self.objects_by_prefix.get(text[:3]) if is_id(text) else None

    @cached_property
    def referrers(self) -> Mapping[str, tuple[Field, ...]]:
        """Object name to every field, of any object, that may refer to it."""
        found: dict[str, list[Field]] = {}
        for each in self.objects.values():
            for one in each.fields.values():
                for target in one.references:
                    found.setdefault(target, []).append(one)
        return {name: tuple(fields) for name, fields in found.items()}

    def object(self, name: str) -> Object | None:
        """The object of that name in any case, or None."""
        return self.objects_by_lower_name.get(name.lower())

    def logic_of(self, kind: str) -> Mapping[str, LogicComponent]:
        """The active components of a kind of logic by full name."""
        return self.logic.get(kind, {})

    @cached_property
    def custom_permissions(self) -> frozenset[str]:
        """The names that `$Permission.X` may ask for."""
        return frozenset(self.logic_of("custom_permission"))

    @cached_property
    def kept(self) -> dict[Hashable, Any]:
        """What `keep` keeps."""
        return {}

    def keep(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` answered when the key was asked for first; lives as long as the snapshot.

        Engines keep here what they read out of it and compiled from it, each under keys of its own.
        """
        try:
            found: Kept = self.kept[key]
        except KeyError:
            found = self.kept[key] = make()
        return found

    def text(self, language: str, key: str, default: str) -> str:
        """The text of `key` in `language`; the default where none is translated."""
        return self.texts.get(language, {}).get(key, default)
