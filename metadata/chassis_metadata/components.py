"""Every kind of component, frozen: what a package folder or the API may send, after its form was checked.

Each has a JSON Schema in `schemas/`. Names are API names. A `source` says in which file and line it was written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chassis_metadata.fields import Classification, FieldType
from chassis_metadata.places import Source, Where

#: Tabs that are pages of the platform, not objects.
PAGES = ("home", "setup", "audit")


class OrgWideDefault(StrEnum):
    """Who sees an object's records before anything is shared."""

    PRIVATE = "private"
    PUBLIC_READ = "public_read"
    PUBLIC_READ_WRITE = "public_read_write"
    CONTROLLED_BY_PARENT = "controlled_by_parent"


class DeleteRule(StrEnum):
    """What deleting the referenced record does to the one that refers to it."""

    CLEAR = "clear"
    CASCADE = "cascade"
    RESTRICT = "restrict"


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """A choice. `controlled_by` lists the controlling field's values under which it may be chosen; empty: all."""

    value: str
    label: str
    active: bool = True
    default: bool = False
    controlled_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RollupSummary:
    """What a parent says of its children: `function` of `field` over those for which `filter` holds.

    `child` is the child relationship; `field` belongs to the child and is not needed to count.
    """

    child: str
    function: str  # count | sum | min | max | avg
    field: str | None = None
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field as declared. Lengths are characters; `precision` counts all digits, `scale` those after the point.

    With `extends`, it only adds `references` or `values` to a field of another package; the rest says nothing.
    """

    name: str
    type: FieldType
    label: str
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
    format: str | None = None  # auto-number: L-{YYMMDD}{00000}
    gap_free: bool = False
    references: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship_name: str | None = None
    child_label: str | None = None
    on_delete: DeleteRule = DeleteRule.CLEAR
    follows_merge: tuple[str, ...] | None = None
    value_set: str | None = None
    values: tuple[PicklistValue, ...] = ()
    restricted: bool = True
    controlling_field: str | None = None
    classification: Classification = Classification.INTERNAL
    mask: str | None = None
    checksum: str | None = None
    encrypted: bool = False
    read_only: bool = False
    help: str | None = None
    extends: bool = False
    returns: FieldType | None = None
    formula: str | None = None
    blanks_as: str = "zero"
    stored: bool = False
    summary: RollupSummary | None = None
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NameField:
    """How records are called: `text`, `auto_number` (with a format), or `person` (composed of last and first name).

    With `type: text` and `last`/`first` given, the name is composed whenever a last name is there.
    """

    type: str
    label: str
    length: int = 255
    format: str | None = None
    gap_free: bool = False
    last: str | None = None
    first: str | None = None
    classification: Classification = Classification.INTERNAL
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class ObjectDefinition:
    """An object as declared. `extends` marks a file that only adds to another package's object."""

    name: str
    label: str
    plural_label: str
    key_prefix: str
    name_field: NameField
    sharing: OrgWideDefault = OrgWideDefault.PRIVATE
    external_sharing: OrgWideDefault | None = None  # for partners; None: as for everybody
    controlled_by: str | None = None  # the reference field whose record decides, for controlled_by_parent
    owned: bool = True  # False: no OwnerId (as on objects controlled by their parent); private then means view-all only
    extends: bool = False
    description: str | None = None
    icon: str | None = None
    searchable: bool = True
    change_events: bool = True  # whether changes of its records are told
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    compact_fields: tuple[str, ...] = ()  # highlights of the record header and of look-up results
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RecordType:
    """A kind of record of one object; `picklists` narrows values per field."""

    object_name: str
    name: str
    label: str
    description: str | None = None
    active: bool = True
    default: bool = False
    picklists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PathStage:
    """One stage of a path: guidance for the user and the fields that matter there."""

    value: str
    guidance: str | None = None
    key_fields: tuple[str, ...] = ()
    closed: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class PathDefinition:
    """The stages of a picklist field in order, shown as chevrons and as kanban columns."""

    object_name: str
    name: str
    field: str
    stages: tuple[PathStage, ...]
    record_type: str | None = None
    source: Source | None = dataclasses.field(default=None, compare=False)  # `field` is a component's own word here


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of a list view, in the words of the query language (`=`, `!=`, `<`, `LIKE`, `IN`, `INCLUDES` …).

    The value `$User.Id` stands for the running user.
    """

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class ListView:
    """A saved list: columns, filters (all must hold unless `logic` says otherwise), order."""

    object_name: str
    name: str
    label: str
    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    logic: str | None = None  # "1 AND (2 OR 3)"
    order_by: tuple[tuple[str, bool], ...] = ()  # (field, descending)
    owner: str = "everyone"  # everyone | mine
    default: bool = False
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LayoutSection:
    """A titled block of fields; rows are read left to right over the columns."""

    label: str
    fields: tuple[str, ...]
    columns: int = 2


@dataclass(frozen=True, slots=True)
class RelatedList:
    """Children shown on the record page, by child relationship name."""

    relationship: str
    columns: tuple[str, ...]
    order_by: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class PageLayout:
    """How a record page is arranged, for all record types or for those named."""

    object_name: str
    name: str
    sections: tuple[LayoutSection, ...]
    related_lists: tuple[RelatedList, ...] = ()
    record_types: tuple[str, ...] = ()
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AppDefinition:
    """A set of tabs; each tab is an object's API name or one of the platform's pages (`home`, `setup`, `audit`)."""

    name: str
    label: str
    tabs: tuple[str, ...]
    description: str | None = None
    icon: str | None = None
    order: int = 100
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ObjectPermission:
    """What a permission set grants on one object."""

    create: bool = False
    read: bool = False
    update: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False


@dataclass(frozen=True, slots=True)
class FieldPermission:
    """What a permission set grants on one field."""

    read: bool = False
    edit: bool = False


@dataclass(frozen=True, slots=True)
class LoginHours:
    """A span of every week, in the user's time zone; where it ends before it begins, it goes over midnight."""

    days: tuple[str, ...]  # Monday … ; none: every day
    begins: str  # 08:30
    ends: str


@dataclass(frozen=True, slots=True)
class LoginRestriction:
    """Where, when and how somebody may sign in."""

    ip_ranges: tuple[str, ...] = ()
    hours: LoginHours | None = None
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Muting:
    """What a permission set group takes from the sets in it: object rights, fields, permissions."""

    objects: Mapping[str, ObjectPermission] = field(default_factory=dict)  # the rights that are true are taken
    fields: tuple[str, ...] = ()  # `Object.Field` or `Object.*`
    edits: tuple[str, ...] = ()  # the same, for editing alone
    permissions: tuple[str, ...] = ()  # system and custom permissions


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Grants. `fields` maps `Object.Field`; `Object.*` grants every field of the object but those named otherwise.

    A named field overrules the star of the same set: `Lead.*: edit` with `Lead.Phone: none` hides the phone.
    With `includes` it is a permission set group: it grants what those sets grant but for what `muting` takes away.
    """

    name: str
    label: str
    description: str | None = None
    objects: Mapping[str, ObjectPermission] = field(default_factory=dict)
    fields: Mapping[str, FieldPermission] = field(default_factory=dict)
    system: tuple[str, ...] = ()
    custom_permissions: tuple[str, ...] = ()
    for_automation: bool = False  # automation holds the custom permissions of such sets
    apps: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    muting: Muting | None = None
    login: LoginRestriction | None = None
    package: str | None = field(default=None, compare=False)  # filled in when compiled; None: a tenant's own
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A place in the hierarchy; installing makes a UserRole record of it."""

    name: str
    label: str
    parent: str | None = None
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class QueueDefinition:
    """An owner that is a group; installing makes a Group record of type Queue."""

    name: str
    label: str
    objects: tuple[str, ...] = ()
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class InboundMapping:
    """How a foreign document becomes records; `body` is interpreted by the inbound engine, checked by its schema."""

    name: str
    label: str
    body: Mapping[str, Any]
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A declared function: a checksum, a look-up table or a pattern decoder; `body` is checked by its schema."""

    name: str
    label: str
    kind: str
    body: Mapping[str, Any]
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A picklist's values under a name that several fields may use."""

    name: str
    label: str
    values: tuple[PicklistValue, ...]
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Translation:
    """Texts of one language: a key such as `objects.Lead.fields.Status.label` to its text."""

    language: str
    texts: Mapping[str, str]
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """Records that installing upserts by an external id field."""

    object_name: str
    key: str
    records: tuple[Mapping[str, Any], ...]
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LogicComponent:
    """A rule, flow, approval process, clock … of one of the kinds in `logic.kinds`.

    `body` is what its schema allows; the engine of its kind reads it into a value of its own. `object_name` is empty
    for kinds that don't lie in an object's folder. `package` is None for what the tenant made.
    """

    kind: str
    name: str
    body: Mapping[str, Any]
    object_name: str = ""
    package: str | None = None
    source: Source | None = field(default=None, compare=False)

    @property
    def full_name(self) -> str:
        """`Lead.Needs_Phone`, or the name alone where it belongs to no object."""
        return f"{self.object_name}.{self.name}" if self.object_name else self.name


@dataclass(frozen=True, slots=True)
class PackageManifest:
    """A package's name, namespace (none for the platform's own publisher), version and what it stands on."""

    name: str
    label: str
    version: str
    publisher: str
    namespace: str | None = None
    description: str | None = None
    depends_on: Mapping[str, str] = field(default_factory=dict)  # package name -> minimum version
    licence: str | None = None
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Package:
    """A package version: everything it declares. `fields` are grouped by object; objects may be another package's."""

    manifest: PackageManifest
    objects: Mapping[str, ObjectDefinition] = field(default_factory=dict)
    fields: Mapping[str, tuple[FieldDefinition, ...]] = field(default_factory=dict)
    record_types: tuple[RecordType, ...] = ()
    paths: tuple[PathDefinition, ...] = ()
    list_views: tuple[ListView, ...] = ()
    layouts: tuple[PageLayout, ...] = ()
    apps: tuple[AppDefinition, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    roles: tuple[RoleDefinition, ...] = ()
    queues: tuple[QueueDefinition, ...] = ()
    inbound_mappings: tuple[InboundMapping, ...] = ()
    functions: tuple[FunctionDefinition, ...] = ()
    value_sets: tuple[ValueSet, ...] = ()
    translations: tuple[Translation, ...] = ()
    reference_data: tuple[ReferenceData, ...] = ()
    logic: tuple[LogicComponent, ...] = ()
    places: Mapping[Where, Source] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Layer:
    """What a tenant made of its own, over the packages it has installed. It only adds."""

    objects: Mapping[str, ObjectDefinition] = field(default_factory=dict)
    fields: Mapping[str, tuple[FieldDefinition, ...]] = field(default_factory=dict)
    record_types: tuple[RecordType, ...] = ()
    paths: tuple[PathDefinition, ...] = ()
    list_views: tuple[ListView, ...] = ()
    layouts: tuple[PageLayout, ...] = ()
    apps: tuple[AppDefinition, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    inbound_mappings: tuple[InboundMapping, ...] = ()
    functions: tuple[FunctionDefinition, ...] = ()
    value_sets: tuple[ValueSet, ...] = ()
    translations: tuple[Translation, ...] = ()
    logic: tuple[LogicComponent, ...] = ()
