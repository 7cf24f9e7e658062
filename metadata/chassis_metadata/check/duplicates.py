"""Matching and duplicate rules: fields that are there and can be compared, rules of the same object, formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chassis_metadata.check.attaching import check_attaching
from chassis_metadata.check.formulas import complaints_of, record_formula_complaints
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.duplicate_rule import read_duplicate_rule
from chassis_metadata.logic.matching_rule import (
    Comparison,
    MatchingRule,
    Method,
    criterion_of_rows,
    is_matchable,
    read_matching_rule,
)
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Field, Object

_TEXTS = frozenset(
    {FieldType.TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.PICKLIST, FieldType.AUTO_NUMBER}
)
_NOT_COMPARED = frozenset({FieldType.LONG_TEXT, FieldType.RICH_TEXT, FieldType.MULTI_PICKLIST})
_ONLY_FOR_TEXTS = ("normalise", "country_code", "last", "without")


def check_matching_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Objects, fields and methods that fit, criteria that can be typed."""
    named = {key: each.body[key] for key in ("object", "against") if key in each.body}
    missing = {key: name for key, name in named.items() if name not in look.after.objects}
    for named_by, name in missing.items():
        yield unknown((*where, named_by), "object", name, look.after.objects)
    if missing:
        return
    rule = read_matching_rule(each)
    yield from _check_names(each.body, where)
    for index, key in enumerate(rule.keys):
        bodies = each.body["keys"][index]["compare"]
        here = (*where, "keys", index, "compare")
        for place, comparison in enumerate(key.comparisons):
            yield from _check_comparison(rule, comparison, bodies[place], look, (*here, place))
        likenesses = [one for one in key.comparisons if one.method is Method.SIMILAR]
        if len(likenesses) > 1:
            message = "A key has one likeness at most: compare the other fields exactly, by sound or by pinyin."
            yield Complaint(here, "too_many_likenesses", message)
    yield from _check_criteria(each, rule, look, where)


def _check_names(body: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
    seen: set[str] = set()
    for index, key in enumerate(body["keys"]):
        if key["name"] in seen:
            message = f"The rule has a key {key['name']!r} already."
            yield Complaint((*where, "keys", index, "name"), "duplicate_name", message)
        seen.add(key["name"])


def _check_criteria(each: LogicComponent, rule: MatchingRule, look: Look, where: Where) -> Iterator[Complaint]:
    for key, name in (("criteria", rule.object_name), ("against_criteria", rule.against)):
        if key in each.body:
            try:
                criterion_of_rows(look.after, look.after.objects[name], each.body[key])
            except Invalid as invalid:
                yield from complaints_of(invalid, (*where, key), each.body[key])


def _check_comparison(
    rule: MatchingRule, comparison: Comparison, body: Mapping[str, Any], look: Look, where: Where
) -> Iterator[Complaint]:
    pairs = (("field", rule.object_name, comparison.field), ("against", rule.against, comparison.against))
    if comparison.related is not None:
        found_related = list(_related_object(rule, comparison, body, look, where))
        if not isinstance(found_related[-1], str):
            yield from (each for each in found_related if not isinstance(each, str))
            return
        pairs = (("field", found_related[-1], comparison.field), ("against", found_related[-1], comparison.field))
    elif comparison.criteria is not None:
        yield Complaint((*where, "criteria"), "unused_key", "'criteria' has a meaning with 'related' only.")
    found: list[Field] = []
    is_same = pairs[0][1:] == pairs[1][1:]
    for key, object_name, name in pairs[:1] if is_same else pairs:
        obj = look.after.objects[object_name]
        here = (*where, key if key in body else "field")
        yield from _check_field(obj, name, here)
        found += [obj.fields[name]] if name in obj.fields else []
    yield from _check_method(comparison, body, found, where)


def _related_object(
    rule: MatchingRule, comparison: Comparison, body: Mapping[str, Any], look: Look, where: Where
) -> Iterator[Complaint | str]:
    """What is wrong with a comparison of related records; last, where nothing is, their object's name."""
    if rule.against != rule.object_name or "against" in body:
        yield Complaint((*where, "related"), "unused_key", "Related records are compared within one object only.")
        return
    children = {each.name: each.child for each in look.after.objects[rule.object_name].children}
    name = children.get(str(comparison.related))
    if name is None:
        yield unknown((*where, "related"), "child relationship", str(comparison.related), children)
        return
    if comparison.criteria is not None:
        try:
            criterion_of_rows(look.after, look.after.objects[name], comparison.criteria)
        except Invalid as invalid:
            yield from complaints_of(invalid, (*where, "criteria"), comparison.criteria)
            return
    yield name


def _check_field(obj: Object, name: str, where: Where) -> Iterator[Complaint]:
    field = obj.fields.get(name)
    if field is None:
        yield missing_field(where, obj, name)
    elif not is_matchable(field) or field.type in _NOT_COMPARED:
        message = f"{obj.name}.{name} ({field.type}) can't be compared: take a stored field that holds one short value."
        yield Complaint(where, "invalid_field", message)


def _check_method(
    comparison: Comparison, body: Mapping[str, Any], fields: Iterable[Field], where: Where
) -> Iterator[Complaint]:
    is_similar = comparison.method is Method.SIMILAR
    if is_similar and "at_least" not in body:
        yield Complaint(where, "required_key_missing", "'at_least' is missing: how similar, from 0.5 to 1?")
    if not is_similar and "at_least" in body:
        yield Complaint((*where, "at_least"), "unused_key", "'at_least' has a meaning with method: similar only.")
    if comparison.country_code and "digits" not in comparison.steps:
        message = "A country code is taken off digits: add digits to normalise."
        yield Complaint((*where, "country_code"), "unused_key", message)
    fields = list(fields)
    if is_similar and any(each.encrypted for each in fields):
        message = "What makes a likeness would tell what is encrypted. Compare it exactly, by sound or by pinyin."
        yield Complaint((*where, "method"), "encrypted_field", message)
    others = [each for each in fields if each.type not in _TEXTS]
    for key in ("method", *_ONLY_FOR_TEXTS) if others else ():
        if key in body and body[key] != Method.EXACT:
            message = f"{others[0].name} is of type {others[0].type}: only texts are brought into another form."
            yield Complaint((*where, key), "invalid_value", message)


def check_duplicate_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """Its object, its matching rules (of that object), its criteria, the fields of its merge."""
    obj = look.after.objects.get(each.body["object"])
    if obj is None:
        yield unknown((*where, "object"), "object", each.body["object"], look.after.objects)
        return
    yield from _check_rules(each, obj, look, where)
    if "criteria" in each.body:
        yield from record_formula_complaints(look, (*where, "criteria"), obj, each.body["criteria"], Kind.BOOLEAN)
    permission = each.body.get("bypass_permission")
    known = look.after.logic_of("custom_permission")
    if permission is not None and permission not in known:
        yield unknown((*where, "bypass_permission"), "custom permission", permission, known)
    for name, choice in each.body.get("merge", {}).items():
        yield from _check_merge(obj, name, choice, (*where, "merge", name))
    yield from check_attaching(read_duplicate_rule(each), look, where)


def _check_rules(each: LogicComponent, obj: Object, look: Look, where: Where) -> Iterator[Complaint]:
    rules = {name: one.body for name, one in look.after.logic_of("matching_rule").items()}
    off = {name.partition(".")[2] for name in look.after.logic_of("switched_off") if name.startswith("matching_rule.")}
    for index, name in enumerate(each.body["matching_rules"]):
        here = (*where, "matching_rules", index)
        if name not in rules and name not in off:
            yield unknown(here, "matching rule", name, rules)
        elif name in rules and rules[name]["object"] != obj.name:
            message = f"{name} matches records of {rules[name]['object']}, not of {obj.name}."
            yield Complaint(here, "wrong_object", message)


def _check_merge(obj: Object, name: str, choice: str | list[str], where: Where) -> Iterator[Complaint]:
    field = obj.fields.get(name)
    if field is None:
        yield missing_field(where, obj, name)
    elif not field.updateable or field.is_calculated or field.is_compound:
        yield Complaint(where, "invalid_field", f"{obj.name}.{name} is not written by anybody: it can't be chosen.")
    elif choice in ("true_wins", "false_wins") and field.type is not FieldType.CHECKBOX:
        yield Complaint(where, "invalid_value", f"{choice} is for checkboxes; {name} is of type {field.type}.")
    elif isinstance(choice, list) and field.values:
        values = [one.value for one in field.values]
        for index, value in enumerate(choice):
            if value not in values:
                yield unknown((*where, index), "value", value, values)
