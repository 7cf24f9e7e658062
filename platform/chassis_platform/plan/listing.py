"""The web application's lists as query trees: columns, filters with their logic, search, order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from chassis_metadata.components import Filter
from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.literals import parse_word
from chassis_metadata.soql.search_text import literally
from chassis_metadata.soql.tree import (
    And,
    Comparison,
    Condition,
    DateLiteral,
    Literal,
    Operator,
    Ordering,
    Path,
    Query,
    SearchTerm,
    SelectedField,
)
from chassis_platform.access.context import Context
from chassis_platform.plan.logic import parse_logic
from chassis_platform.plan.names import Names
from chassis_platform.plan.problems import refuse
from chassis_platform.plan.search_terms import fields_searched, found_in
from chassis_platform.plan.values import DAY_TYPES

RUNNING_USER = "$User.Id"
LARGEST_PAGE = 200
OWNERS = ("everyone", "mine")
_LISTS = frozenset({Operator.IN, Operator.NOT_IN, Operator.INCLUDES, Operator.EXCLUDES})


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list as the web application asks for it; `extra` are conditions of the platform's own (a related list's).

    With a `purpose`, records are left out whose person did not agree to it, by the `channel` where one is named.
    """

    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    logic: str | None = None
    owner: str = "everyone"
    order_by: tuple[tuple[str, bool], ...] = ()
    search: str | None = None
    limit: int = 50
    after: str | None = None
    extra: tuple[Condition, ...] = field(default=())
    purpose: str | None = None  # only who agreed to it
    channel: str | None = None
    person: str | None = None  # the field that names who must have agreed; the record itself


def parse_list_request(document: Mapping[str, Any]) -> ListRequest:
    """The request of a JSON body. Raises Invalid for a wrong form; names are the planner's to judge."""
    unknown = document.keys() - _READERS.keys()
    if unknown:
        raise _wrong(min(unknown), f"no such key; use {', '.join(_READERS)}")
    read = {key: reader(key, document[key]) for key, reader in _READERS.items() if document.get(key) is not None}
    if not read.get("columns"):
        raise _wrong("columns", "name at least one column")
    return ListRequest(**read)


def _wrong(key: str, message: str) -> Invalid:
    return Invalid(Problem(path=key, code="json_parser_error", message=f"{key}: {message}"))


def _read_texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(key, "must be an array of strings")
    return tuple(dict.fromkeys(value))


def _read_text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(key, "must be a string")
    return value


def _read_limit(key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_PAGE:
        raise _wrong(key, f"must be a whole number from 1 to {LARGEST_PAGE}")
    return value


def _read_owner(key: str, value: object) -> str:
    if value not in OWNERS:
        raise _wrong(key, f"must be one of {', '.join(OWNERS)}")
    return str(value)


def _read_filters(key: str, value: object) -> tuple[Filter, ...]:
    if not isinstance(value, list):
        raise _wrong(key, "must be an array")
    return tuple(_read_filter(f"{key}[{number}]", each) for number, each in enumerate(value))


def _read_filter(key: str, value: object) -> Filter:
    if not isinstance(value, dict) or not isinstance(value.get("field"), str) or "operator" not in value:
        raise _wrong(key, 'must be an object with "field", "operator" and "value"')
    if value["operator"] not in list(Operator):
        raise _wrong(f"{key}.operator", f"must be one of {', '.join(Operator)}")
    return Filter(value["field"], str(value["operator"]), value.get("value"))


def _read_order(key: str, value: object) -> tuple[tuple[str, bool], ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) and "field" in each for each in value):
        raise _wrong(key, 'must be an array of objects with "field" and "descending"')
    return tuple((_read_text(key, each["field"]), bool(each.get("descending"))) for each in value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "columns": _read_texts,
    "filters": _read_filters,
    "logic": _read_text,
    "owner": _read_owner,
    "order_by": _read_order,
    "search": _read_text,
    "limit": _read_limit,
    "after": _read_text,
    "purpose": _read_text,
    "channel": _read_text,
    "person": _read_text,
}


def list_query(request: ListRequest, obj: Object, context: Context) -> Query:
    """The query tree of a list request. What the user may not see is refused as in any query."""
    names = Names(context.snapshot, context.policy)
    conditions = [*request.extra, *_filtered(request, obj, names, context), *_owned(request, obj, context)]
    if request.search and request.search.strip():
        conditions.append(search_condition(request.search, obj, names))
    return Query(
        selected=tuple(SelectedField(_path(each)) for each in request.columns),
        source=obj.name,
        where=_all(conditions),
        order_by=tuple(Ordering(_path(each), descending) for each, descending in request.order_by),
    )


def _path(text: str) -> Path:
    return Path(tuple(text.split(".")))


def _all(conditions: Sequence[Condition]) -> Condition | None:
    if len(conditions) > 1:
        return And(tuple(conditions))
    return conditions[0] if conditions else None


def _owned(request: ListRequest, obj: Object, context: Context) -> list[Condition]:
    if request.owner != "mine":
        return []
    if not obj.has_owner:
        raise refuse("invalid_field", f"{obj.plural_label} have no owner: list everyone's")
    return [Comparison(_path("OwnerId"), Operator.EQUALS, Literal(context.principal.user_id))]


def _filtered(request: ListRequest, obj: Object, names: Names, context: Context) -> list[Condition]:
    conditions: list[Condition] = [_comparison(each, obj, names, context) for each in request.filters]
    if request.logic is None or not request.logic.strip():
        return conditions
    return [parse_logic(request.logic, conditions)]


def _comparison(one: Filter, obj: Object, names: Names, context: Context) -> Comparison:
    path, operator = _path(one.field), Operator(one.operator)
    field_type = names.field(obj, path).type
    if operator in _LISTS:
        values = one.value if isinstance(one.value, list | tuple) else [one.value]
        if not values:
            raise refuse("malformed_query", f"{one.operator} on {one.field} needs at least one value")
        return Comparison(path, operator, tuple(_literal(each, field_type, one, context) for each in values))
    return Comparison(path, operator, _literal(one.value, field_type, one, context))


def _literal(value: object, field_type: FieldType, one: Filter, context: Context) -> Literal:
    if isinstance(value, list | dict):
        raise refuse("malformed_query", f"{one.operator} on {one.field} takes one value")
    if value == RUNNING_USER:
        return Literal(context.principal.user_id)
    if isinstance(value, float):
        return Literal(Decimal(str(value)))
    if isinstance(value, str):
        return _text_literal(value, field_type, one)
    return Literal(value)  # type: ignore[arg-type]  # JSON's other scalars


def _text_literal(value: str, field_type: FieldType, one: Filter) -> Literal:
    """JSON has no dates and no date literals: they come as strings, and the field's type says what they are."""
    if one.operator == Operator.LIKE:
        return Literal(_like_pattern(value))
    try:
        return _parse_text(value, field_type)
    except ValueError:
        message = f"{value!r} is no value for {one.field}, a field of type {field_type}"
        raise refuse("invalid_field", message) from None


def _parse_text(value: str, field_type: FieldType) -> Literal:
    if value == "":
        return Literal(None)
    if field_type in DAY_TYPES and value[:1].isalpha():
        literal = parse_word(value)
        if not isinstance(literal.value, DateLiteral):
            raise ValueError(value)
        return literal
    parse = _PARSERS.get(field_type)
    return Literal(value if parse is None else parse(value))


def _parse_moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _parse_number(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(value) from None
    if not number.is_finite():
        raise ValueError(value)
    return number


def _parse_time(value: str) -> time:
    return time.fromisoformat(value.removesuffix("Z"))


_PARSERS: dict[FieldType, Callable[[str], Any]] = {
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: _parse_moment,
    FieldType.TIME: _parse_time,
    **dict.fromkeys(NUMERIC_TYPES, _parse_number),
}


def _like_pattern(value: str) -> str:
    r"""A backslash escapes only what LIKE gives a meaning; any other stands for itself."""
    kept = value.replace("\\\\", "\0").replace("\\%", "\1").replace("\\_", "\2").replace("\\", "\\\\")
    return kept.replace("\0", "\\\\").replace("\1", "\\%").replace("\2", "\\_")


def search_condition(text: str, obj: Object, names: Names) -> Condition:
    """The text stands somewhere in the name or in a searchable field that the user may read, as the user sees it.

    What is masked is found by the whole value, where it may be looked up, and by nothing less.
    """
    masks = names.policy.on(obj.name).masks
    lookups = frozenset(each for each, mask in masks.items() if mask.lookup)
    term = SearchTerm(literally(text.strip()), is_phrase=True)
    return found_in(term, fields_searched(obj, names, "ALL"), lookups=lookups, misspelled=False)


def with_filter(request: ListRequest, condition: Condition) -> ListRequest:
    """The request with one more condition, which no logic of the caller's can undo."""
    return replace(request, extra=(*request.extra, condition))
