"""Setup: the data dictionary, where personal and sensitive values lie and how each is kept; as CSV too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import Classification
from chassis_metadata.logic.masking_rule import MaskingRule, masking_rules
from chassis_metadata.snapshot import Field, Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_response
from chassis_platform.api.deps import definitions_route
from chassis_platform.api.describe import field_label, object_label
from chassis_platform.records.csv_text import BYTE_ORDER_MARK, csv_lines

_LOOKED_AFTER = (Classification.PERSONAL, Classification.SENSITIVE)
_COLUMNS = ("object", "field", "object_label", "field_label", "type", "classification", "mask", "masking_rules")
_FLAGS = ("encrypted", "tracked", "logged")
_Rules = Mapping[tuple[str, str], Sequence[MaskingRule]]


async def data_dictionary(context: Context, request: Request) -> Response:
    """`GET /setup/data-dictionary?classification=personal`: those fields, else all that are personal or sensitive."""
    return json_response({"fields": list(_documents(context, _wanted(request)))})


async def data_dictionary_as_csv(context: Context, request: Request) -> Response:
    """`GET /setup/data-dictionary.csv`: the same, a field a line."""
    documents = _documents(context, _wanted(request))
    rows = ([*_texts(each), *(each[flag] for flag in _FLAGS)] for each in documents)
    headers = {"content-disposition": 'attachment; filename="data-dictionary.csv"'}
    content = BYTE_ORDER_MARK + csv_lines([[*_COLUMNS, *_FLAGS], *rows])
    return Response(content, media_type="text/csv;charset=UTF-8", headers=headers)


def _texts(document: Mapping[str, Any]) -> Iterator[Any]:
    yield from (document[name] for name in _COLUMNS[:-1])
    yield "; ".join(each["label"] for each in document["masking_rules"])


def _wanted(request: Request) -> frozenset[Classification]:
    asked = request.query_params.getlist("classification")
    known = {each.value for each in Classification}
    unknown = sorted(set(asked) - known)
    if unknown:
        raise Invalid.of("invalid_value", f"{unknown[0]!r} is none of: {', '.join(sorted(known))}.")
    return frozenset(map(Classification, asked)) or frozenset(_LOOKED_AFTER)


def _documents(context: Context, wanted: frozenset[Classification]) -> Iterator[dict[str, Any]]:
    context.policy.demand("ViewSetup")
    rules = _rules_of_fields(context)
    for obj in sorted(context.snapshot.objects.values(), key=lambda each: each.name):
        for field in _fields(obj):
            if field.classification in wanted:
                yield _document(context, obj, field, rules)


def _fields(obj: Object) -> Iterable[Field]:
    """An address or a place is one field: its parts are classified and masked as it is."""
    return (each for each in obj.fields.values() if each.compound is None)


def _rules_of_fields(context: Context) -> _Rules:
    found: defaultdict[tuple[str, str], list[MaskingRule]] = defaultdict(list)
    for rule in masking_rules(context.snapshot).values():
        for field in rule.covers(context.snapshot):
            of_field = found[field.object_name, field.name]
            if rule not in of_field:
                of_field.append(rule)
    return found


def _document(context: Context, obj: Object, field: Field, rules: _Rules) -> dict[str, Any]:
    of_field = rules.get((obj.name, field.name), ())
    masks = [rule.mask_of(field).name for rule in of_field]
    return {
        "object": obj.name,
        "field": field.name,
        "object_label": object_label(context, obj),
        "field_label": field_label(context, field),
        "type": field.type.value,
        "classification": field.classification.value,
        "mask": masks[0] if masks else None,
        "masking_rules": [{"name": rule.name, "label": _label(context, rule)} for rule in of_field],
        "encrypted": field.encrypted,
        "tracked": field.tracked,
        "logged": field.classification.is_logged,
    }


def _label(context: Context, rule: MaskingRule) -> str:
    return context.snapshot.text(context.principal.language, f"masking_rules.{rule.name}.label", rule.label)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [
        definitions_route("/setup/data-dictionary", ["GET"], data_dictionary),
        definitions_route("/setup/data-dictionary.csv", ["GET"], data_dictionary_as_csv),
    ]
