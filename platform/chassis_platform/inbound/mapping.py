"""A document by a mapping to the records that it stands for, unit by unit. Pure: look-ups are answered from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from chassis_metadata.components import FunctionDefinition, InboundMapping
from chassis_metadata.errors import Invalid, Problem
from chassis_platform.inbound.documents import Document
from chassis_platform.inbound.expressions import At, LookupKey, Scope, elements, evaluate, holds

MOST_UNITS = 200
MOST_RECORDS = 2_000
LONGEST_KEY = 300


@dataclass(frozen=True, slots=True)
class Setting:
    """What evaluating depends on besides the document and the mapping."""

    functions: Mapping[str, FunctionDefinition]
    user_id: str
    zone: ZoneInfo
    today: date


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """A record to be made. Values may hold references to records of earlier targets of the same unit."""

    target: str
    object_name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a document tells: its key, by which a repeat is known, and its records in order."""

    key: str
    line: int
    records: tuple[PlannedRecord, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """All units, as far as the answered look-ups go; `wanted` are those that are to be answered before the next try."""

    units: tuple[Unit, ...]
    wanted: frozenset[LookupKey]


def read_units(
    document: Document, mapping: InboundMapping, setting: Setting, known: Mapping[LookupKey, Any]
) -> Reading:
    """Every unit of the document; Invalid with all that is missing in any of them."""
    scope = _scope(mapping, setting, known)
    found = _unit_elements(document, mapping, scope)
    problems = [problem for element in found for problem in _missing(element, mapping, scope)]
    if problems and not scope.wanted:
        raise Invalid(problems)
    units = tuple(_unit(element, mapping, scope) for element in found)
    if sum(len(unit.records) for unit in units) > MOST_RECORDS:
        raise Invalid.of("too_many_records", f"A document makes at most {MOST_RECORDS:,} records. Send several.")
    return Reading(units, frozenset(scope.wanted))


def _scope(mapping: InboundMapping, setting: Setting, known: Mapping[LookupKey, Any]) -> Scope:
    return Scope(
        values=mapping.body.get("values", {}),
        functions=setting.functions,
        namespaces=mapping.body.get("namespaces", {}),
        known_elements=frozenset(mapping.body.get("known_elements", ())),
        user_id=setting.user_id,
        zone=setting.zone,
        today=setting.today,
        known=known,
    )


def _unit_elements(document: Document, mapping: InboundMapping, scope: Scope) -> list[etree._Element]:
    path = mapping.body["root"]
    found = elements(path, At(document.root, document.root, scope))
    if not found:
        message = f"The document has nothing at {path}. Its first element is <{etree.QName(document.root).localname}>."
        raise Invalid(Problem("", "nothing_found", message, line=_line(document.root)))
    if len(found) > MOST_UNITS:
        raise Invalid.of("too_many_records", f"At most {MOST_UNITS} at {path} in one document. Send several.")
    return found


def _line(element: etree._Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def _missing(element: etree._Element, mapping: InboundMapping, scope: Scope) -> Iterator[Problem]:
    for each in mapping.body.get("require", ()):
        if not holds(each["that"], At(element, element, scope)):
            yield Problem("", "required_value_missing", each["message"], line=_line(element), column=1)


def _unit(element: etree._Element, mapping: InboundMapping, scope: Scope) -> Unit:
    at = At(element, element, scope)
    records = [record for target in mapping.body["targets"] for record in _records(target, at)]
    content = etree.tostring(element, encoding="utf-8", with_tail=False)
    return Unit(_key(mapping.body.get("message_key", ()), at), _line(element), tuple(records), content)


def _key(expressions: Sequence[Any], at: At) -> str:
    """The parts that the mapping names; without the first, a digest of the unit: then only a true copy is a repeat."""
    parts = [evaluate(each, at) for each in expressions]
    if not parts or parts[0] is None:
        return "sha256:" + hashlib.sha256(etree.tostring(at.unit, method="c14n", with_tail=False)).hexdigest()
    key = "|".join("" if part is None else str(part) for part in parts)
    return key if len(key) <= LONGEST_KEY else "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def _records(target: Mapping[str, Any], at: At) -> Iterator[PlannedRecord]:
    places = elements(target["each"], at) if "each" in target else [at.element]
    for place in places:
        here = replace(at, element=place)
        if "when" in target and not holds(target["when"], here):
            continue
        values = {name: evaluate(expression, here) for name, expression in target["fields"].items()}
        known = {name: value for name, value in values.items() if value is not None}
        yield PlannedRecord(target.get("name", target["object"]), target["object"], known)
