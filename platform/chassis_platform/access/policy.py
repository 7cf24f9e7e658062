"""The access policy: what one user may do, compiled once, frozen, consulted by every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chassis_metadata.errors import Forbidden
from chassis_platform.access.field_masks import FieldMask
from chassis_platform.access.road_memory import RoadMemory

_NO_MASKS: Mapping[str, FieldMask] = {}
_NOBODY_NAMED: Mapping[str, str] = {}
#: Characters: some hundred ids, each in its text and in its array.
_FEW_NAMED = 4_000


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """What the user may do with one object's records, which of its fields exist for the user, and which are masked."""

    create: bool = False
    read: bool = False
    update: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False
    readable: frozenset[str] = frozenset()
    editable: frozenset[str] = frozenset()
    masks: Mapping[str, FieldMask] = field(default_factory=lambda: _NO_MASKS)

    @property
    def only_reading(self) -> ObjectAccess:
        """The same without any change of records."""
        return replace(self, create=False, update=False, delete=False, modify_all=False, editable=frozenset())

    def may_look_up(self, field_name: str) -> bool:
        """Whether a record may be found by the field's whole value, whatever the user sees of it."""
        mask = self.masks.get(field_name)
        return mask is None or mask.lookup


NO_ACCESS = ObjectAccess()


@dataclass(frozen=True, slots=True)
class Grants:
    """The part of a policy that users with the same permission sets share.

    `identity` names the content together with the snapshot's: compiled statements are cached by it.
    """

    identity: str
    objects: Mapping[str, ObjectAccess]
    system: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()  # custom permissions, for formulas
    apps: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()  # keys of the audiences that the user is among: access/audiences.py
    is_external: bool = False  # a partner, for whom other org-wide defaults hold


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Grants, and who the user is among owners.

    `us` are the user, everybody below and the groups of all of them, `owners` what rules name, by the parameter of
    statements: texts, as statements take them.
    """

    user_id: str
    grants: Grants
    group_ids: tuple[str, ...] = ()
    us: str = ""
    owners: Mapping[str, str] = field(default_factory=lambda: _NOBODY_NAMED)
    permission_sets: tuple[str, ...] = field(default=())
    roads: RoadMemory = field(default_factory=RoadMemory, compare=False, repr=False)

    @property
    def names_few(self) -> bool:
        """Whether the owners that come into question are so few that a statement may be planned with all of them."""
        return len(self.us) + sum(map(len, self.owners.values())) <= _FEW_NAMED

    def on(self, object_name: str) -> ObjectAccess:
        """The access to an object; none at all where nothing grants it."""
        return self.grants.objects.get(object_name, NO_ACCESS)

    def may(self, permission: str) -> bool:
        """Whether a system permission is granted."""
        return permission in self.grants.system

    def demand(self, permission: str) -> None:
        """Refuse who lacks a system permission."""
        if permission not in self.grants.system:
            raise Forbidden.of("insufficient_access", f"This needs the permission {permission}.")
