"""Names that follow from names: tables and columns, relationships, the components of a compound."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import product

from chassis_metadata.components import FieldDefinition
from chassis_metadata.fields import ADDRESS_COMPONENTS, GEOLOCATION_COMPONENTS, REFERENCE_TYPES, FieldType
from chassis_metadata.ids import ALPHABET

TENANT_SUFFIX = "__c"
#: The first character of the key prefixes of objects that tenants make.
TENANT_PREFIX = "a"
RELATIONSHIP_SUFFIX = "__r"
COMPONENT_SUFFIX = "__s"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]")


def storage_name(name: str) -> str:
    """The table or column of a packaged object or field: `WeComExternalUserId` lies in `we_com_external_user_id`."""
    return _HUMP.sub("_", name).lower()


def namespace_of(name: str) -> str | None:
    """`acme` of `acme__Thing` and of `acme__Thing__c`; None for `Thing` and `Thing__c`."""
    parts = name.removesuffix(TENANT_SUFFIX).split("__")
    return parts[0] if len(parts) > 1 else None


def free_key_prefix(taken: Collection[str]) -> str:
    """A prefix for an object that a tenant makes: a00, a01 … azz; unique among its tenant's objects."""
    prefixes = (TENANT_PREFIX + first + second for first, second in product(ALPHABET, repeat=2))
    return next(prefix for prefix in prefixes if prefix not in taken)


def relationship_name(field: FieldDefinition) -> str | None:
    """From the record to its parent: `Account` of `AccountId`, `Driver__r` of `Driver__c`."""
    if field.type not in REFERENCE_TYPES:
        return None
    if field.relationship_name:
        return field.relationship_name
    if field.name.endswith(TENANT_SUFFIX):
        return field.name.removesuffix(TENANT_SUFFIX) + RELATIONSHIP_SUFFIX
    return field.name.removesuffix("Id") or field.name


def child_relationship_name(field: str, child: str, plural_label: str) -> str:
    """From the parent to the children, where the field does not say: the plural label without spaces.

    The field's namespace leads; a tenant's field gets `__r`. A label without Latin letters gives way to the name.
    """
    namespace = namespace_of(field) or namespace_of(child)
    own_name = child.removesuffix(TENANT_SUFFIX).rpartition("__")[2]
    words = "".join(word[:1].upper() + word[1:] for word in _NOT_IN_NAMES.split(plural_label))
    plural = words if words[:1].isalpha() else own_name + "s"
    return (
        (f"{namespace}__" if namespace else "")
        + plural
        + (RELATIONSHIP_SUFFIX if field.endswith(TENANT_SUFFIX) else "")
    )


def second_relationship_name(first: str, relationship: str) -> str:
    """For a second field of a child to the same parent: `Visits_Guide`, `Visits_Guide__r`."""
    suffix = RELATIONSHIP_SUFFIX if first.endswith(RELATIONSHIP_SUFFIX) else ""
    own = relationship.removesuffix(RELATIONSHIP_SUFFIX).rpartition("__")[2]
    return first.removesuffix(RELATIONSHIP_SUFFIX) + "_" + own + suffix


def component_names(name: str, field_type: FieldType) -> tuple[str, ...]:
    """`BillingStreet` … of `BillingAddress`; `Home__Street__s` … of a tenant's `Home__c`; nothing for other types."""
    if field_type is FieldType.ADDRESS:
        parts: tuple[str, ...] = tuple(part for part, _ in ADDRESS_COMPONENTS)
        base = name.removesuffix("Address")
    elif field_type is FieldType.GEOLOCATION:
        parts, base = GEOLOCATION_COMPONENTS, name
    else:
        return ()
    if name.endswith(TENANT_SUFFIX):
        return tuple(f"{name.removesuffix(TENANT_SUFFIX)}__{part}{COMPONENT_SUFFIX}" for part in parts)
    return tuple(base + part for part in parts)
