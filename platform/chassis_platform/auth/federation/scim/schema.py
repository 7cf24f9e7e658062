"""Resource types and their attributes (RFC 7643): what is described is what is read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_CORE = "urn:ietf:params:scim:schemas:core:2.0"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute. One with parts is an object, or an array of them where it is `many`."""

    name: str
    kind: str = "string"  # string | boolean | dateTime | reference
    parts: tuple[Attribute, ...] = ()
    many: bool = False
    required: bool = False
    read_only: bool = False
    unique: bool = False

    def part(self, name: str) -> Attribute | None:
        """The part of that name, in whatever case."""
        return next((each for each in self.parts if each.name.lower() == name), None)

    def document(self) -> dict[str, Any]:
        """As `/Schemas` describes it."""
        described: dict[str, Any] = {
            "name": self.name,
            "type": "complex" if self.parts else self.kind,
            "multiValued": self.many,
            "required": self.required,
            "caseExact": False,
            "mutability": "readOnly" if self.read_only else "readWrite",
            "returned": "default",
            "uniqueness": "server" if self.unique else "none",
        }
        return described | ({"subAttributes": [each.document() for each in self.parts]} if self.parts else {})


_VALUE = Attribute("value")
_TYPED = (_VALUE, Attribute("type"), Attribute("primary", "boolean"), Attribute("display", read_only=True))
_REFERENCE = Attribute("$ref", "reference", read_only=True)

USER_ATTRIBUTES = (
    Attribute("userName", required=True, unique=True),
    Attribute("externalId"),
    Attribute(
        "name",
        parts=(Attribute("formatted", read_only=True), Attribute("familyName", required=True), Attribute("givenName")),
    ),
    Attribute("displayName", read_only=True),
    Attribute("title"),
    Attribute("preferredLanguage"),
    Attribute("locale"),
    Attribute("timezone"),
    Attribute("active", "boolean"),
    Attribute("emails", parts=_TYPED, many=True, required=True),
    Attribute("phoneNumbers", parts=_TYPED, many=True),
    Attribute("groups", parts=(_VALUE, _REFERENCE, Attribute("display")), many=True, read_only=True),
)
ENTERPRISE_ATTRIBUTES = (
    Attribute("department"),
    Attribute("manager", parts=(_VALUE, _REFERENCE, Attribute("displayName", read_only=True))),
)
GROUP_ATTRIBUTES = (
    Attribute("displayName", required=True),
    Attribute("externalId"),
    Attribute(
        "members", parts=(_VALUE, _REFERENCE, Attribute("display", read_only=True), Attribute("type")), many=True
    ),
)
#: The extension stands in a user's document under its own name.
EXTENSION = Attribute(ENTERPRISE, parts=ENTERPRISE_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """Users, or groups."""

    name: str
    endpoint: str
    schema: str
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, in whatever case."""
        return next((each for each in self.attributes if each.name.lower() == name.lower()), None)


USERS = ResourceType("User", "Users", USER, (*USER_ATTRIBUTES, EXTENSION))
GROUPS = ResourceType("Group", "Groups", GROUP, GROUP_ATTRIBUTES)


def provider_configuration(url: str) -> dict[str, Any]:
    """`/ServiceProviderConfig`."""
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 200},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token made in Setup.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{url}/ServiceProviderConfig"},
    }


def resource_types(url: str) -> list[dict[str, Any]]:
    """`/ResourceTypes`."""
    return [_resource_type(each, url) for each in (USERS, GROUPS)]


def _resource_type(found: ResourceType, url: str) -> dict[str, Any]:
    extensions = [{"schema": ENTERPRISE, "required": False}] if found is USERS else []
    return {
        "schemas": [f"{_CORE}:ResourceType"],
        "id": found.name,
        "name": found.name,
        "endpoint": f"/{found.endpoint}",
        "schema": found.schema,
        "schemaExtensions": extensions,
        "meta": {"resourceType": "ResourceType", "location": f"{url}/ResourceTypes/{found.name}"},
    }


def schemas(url: str) -> list[dict[str, Any]]:
    """`/Schemas`."""
    described = (
        (USER, "User", USER_ATTRIBUTES),
        (ENTERPRISE, "EnterpriseUser", ENTERPRISE_ATTRIBUTES),
        (GROUP, "Group", GROUP_ATTRIBUTES),
    )
    return [
        {
            "schemas": [f"{_CORE}:Schema"],
            "id": identifier,
            "name": name,
            "attributes": [each.document() for each in attributes],
            "meta": {"resourceType": "Schema", "location": f"{url}/Schemas/{identifier}"},
        }
        for identifier, name, attributes in described
    ]
