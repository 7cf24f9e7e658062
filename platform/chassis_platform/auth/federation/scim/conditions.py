"""SCIM filters as conditions of the query tree: a directory's question goes down the road of every query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis_metadata.soql.tree import And, Comparison, Condition, Literal, Operator, Or, Path
from chassis_metadata.soql.tree import Not as NotCondition
from chassis_platform.auth.federation.scim.filters import (
    AllOf,
    Among,
    AnyOf,
    AttributePath,
    Compare,
    Filter,
    Not,
    Value,
)
from chassis_platform.auth.federation.scim.problems import invalid_filter

_ORDER = {"gt": Operator.GREATER, "ge": Operator.GREATER_OR_EQUAL, "lt": Operator.LESS, "le": Operator.LESS_OR_EQUAL}
_PATTERNS = {"co": "%{}%", "sw": "{}%", "ew": "%{}"}
#: What a directory may ask for: the attribute, and the field that holds it.
USER_FIELDS: Mapping[str, str] = {
    "id": "Id",
    "username": "Username",
    "displayname": "Name",
    "name.formatted": "Name",
    "name.familyname": "LastName",
    "name.givenname": "FirstName",
    "title": "Title",
    "active": "IsActive",
    "emails": "Email",
    "emails.value": "Email",
    "phonenumbers": "MobilePhone",
    "phonenumbers.value": "MobilePhone",
    "department": "Department",
    "manager.value": "ManagerId",
    "meta.created": "CreatedDate",
    "meta.lastmodified": "LastModifiedDate",
}
GROUP_FIELDS: Mapping[str, str] = {
    "id": "Id",
    "displayname": "Name",
    "meta.created": "CreatedDate",
    "meta.lastmodified": "LastModifiedDate",
}
_TIMES = frozenset({"CreatedDate", "LastModifiedDate"})
_IDS = frozenset({"Id", "ManagerId"})
_NOBODY = "000000000000000AAA"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a filter may name, and which records have an external id that it asks for."""

    fields: Mapping[str, str]
    by_external_id: Mapping[str, Sequence[str]]


def external_ids(condition: Filter) -> Iterator[str]:
    """The external ids that a filter asks for: they are looked up before."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for each in parts:
                yield from external_ids(each)
        case Not(part):
            yield from external_ids(part)
        case Compare(AttributePath("externalid"), "eq", str() as value):
            yield value
        case _:
            pass


def condition_of(condition: Filter, asked: Asked) -> Condition:
    """The condition of a filter; raises ScimError (invalidFilter) for what cannot be asked for."""
    match condition:
        case AllOf(parts):
            return And(tuple(condition_of(each, asked) for each in parts))
        case AnyOf(parts):
            return Or(tuple(condition_of(each, asked) for each in parts))
        case Not(part):
            return NotCondition(condition_of(part, asked))
        case Among(path, inner):
            return condition_of(_without_types(path, inner), asked)
        case Compare():
            return _comparison(condition, asked)


def _without_types(path: AttributePath, inner: Filter) -> Filter:
    """`emails[type eq "work" and value co "x"]`: there is one of each, so the type says nothing."""
    match inner:
        case AllOf(parts):
            left = [each for each in parts if not _is_type(each)]
            if left:
                return AllOf(tuple(_without_types(path, each) for each in left))
        case AnyOf(parts):
            return AnyOf(tuple(_without_types(path, each) for each in parts))
        case Compare(AttributePath("value", None), operator, value):
            return Compare(AttributePath(path.name, "value", path.schema), operator, value)
        case Compare() if _is_type(inner):
            return Compare(AttributePath(path.name, "value", path.schema), "pr")
        case _:
            pass
    raise invalid_filter(f"The brackets behind {path.name} are not understood.")


def _is_type(condition: Filter) -> bool:
    return isinstance(condition, Compare) and condition.path.name in ("type", "primary")


def _comparison(condition: Compare, asked: Asked) -> Condition:
    path = condition.path
    if path.name == "externalid" and path.part is None:
        return _external(condition, asked)
    field = asked.fields.get(path.name if path.part is None else f"{path.name}.{path.part}")
    if field is None:
        raise invalid_filter(f"One cannot ask for {path.name}.")
    return _on_field(field, condition.operator, condition.value)


def _external(condition: Compare, asked: Asked) -> Condition:
    if condition.operator != "eq" or not isinstance(condition.value, str):
        raise invalid_filter("externalId can be asked for with eq only.")
    ids = asked.by_external_id.get(condition.value) or [_NOBODY]
    return Comparison(Path(("Id",)), Operator.IN, tuple(Literal(each) for each in ids))


def _on_field(field: str, operator: str, value: Value) -> Condition:
    path = Path((field,))
    if operator == "pr":
        return Comparison(path, Operator.NOT_EQUALS, Literal(None))
    if operator in ("eq", "ne"):
        sign = Operator.EQUALS if operator == "eq" else Operator.NOT_EQUALS
        return Comparison(path, sign, Literal(_literal(field, value)))
    if operator in _ORDER:
        if field not in _TIMES:
            raise invalid_filter(f"{operator} is for times only.")
        return Comparison(path, _ORDER[operator], Literal(_literal(field, value)))
    if field in _TIMES | _IDS or field == "IsActive" or not isinstance(value, str):
        raise invalid_filter(f"{operator} is for texts only.")
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Comparison(path, Operator.LIKE, Literal(_PATTERNS[operator].format(escaped)))


def _literal(field: str, value: Value) -> str | bool | datetime | None:
    if field == "IsActive":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
        raise invalid_filter("active is true or false.")
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid_filter("The value must be a text.")
    if "\x00" in value:
        raise invalid_filter("The value has characters that no text has.")
    return _time(value) if field in _TIMES else value


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_filter(f"{text} is no time with a zone.")
    return moment
