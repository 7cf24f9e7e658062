"""Masking rules to the masks of one user's fields, once the audiences that the user is among are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chassis_metadata.fields import FieldType
from chassis_metadata.formula_sources import FormulaSources, formula_sources
from chassis_metadata.logic.masking_rule import ClearTo, MaskingRule, Reveal, masking_rules
from chassis_metadata.masks import ALL, Mask
from chassis_metadata.snapshot import Field, Object, Snapshot
from chassis_platform.access.field_masks import FieldMask, RuleMask

Masks = Mapping[str, Mapping[str, FieldMask]]
#: Parts of an address and a place of which the mask leaves all.
_SHOWN_PARTS = ("City", "State", "Country")


def clear_key(rule: MaskingRule, place: int) -> str:
    """What an audience of `clear` is called among all audiences."""
    return f"masking_rule.{rule.name}.clear.{place}"


def reveal_key(rule: MaskingRule, place: int) -> str:
    """The same for `reveal`."""
    return f"masking_rule.{rule.name}.reveal.{place}"


def approvers_key(rule: MaskingRule, place: int) -> str:
    """The same for those who approve a reveal."""
    return f"masking_rule.{rule.name}.approvers.{place}"


def never_key(rule: MaskingRule, place: int) -> str:
    """The same for `never`."""
    return f"masking_rule.{rule.name}.never.{place}"


def masks_of(snapshot: Snapshot, held: frozenset[str]) -> Masks:
    """The masks of whoever is among these audiences, by object and field; fields that are clear have none."""
    found: dict[str, dict[str, FieldMask]] = {}
    for rule in masking_rules(snapshot).values():
        is_barred = any(never_key(rule, place) in held for place in range(len(rule.never)))
        for field in rule.covers(snapshot):
            left = _left_by(rule, field, held, is_barred=is_barred)
            if left is not None:
                masks = found.setdefault(field.object_name, {})
                masks[field.name] = _both(masks.get(field.name), left, rule, rule.mask_of(field))
    for object_name, masks in found.items():
        masks.update(_parts(snapshot.objects[object_name], masks))
    if found:
        _add_formulas(found, formula_sources(snapshot))
    return found


def masks_kept(snapshot: Snapshot, held: frozenset[str]) -> Masks:
    """The same, worked out once; of nobody's audiences: what leaves the system, whoever reads it."""
    return snapshot.keep(("masks", held), lambda: masks_of(snapshot, held))


def _left_by(rule: MaskingRule, field: Field, held: frozenset[str], *, is_barred: bool) -> RuleMask | None:
    """What a rule leaves the user of a field; None: it is clear in every record."""
    if is_barred:
        return RuleMask(rule.name, field.name)
    clear = ways_to_clear(rule, field.object_name, held)
    if any(each.when.is_empty for each in clear):
        return None
    return RuleMask(
        rule=rule.name,
        field=field.name,
        clear=tuple(dict.fromkeys(each.when for each in clear)),
        revealable=bool(ways_to_reveal(rule, field.object_name, held)),
    )


def ways_to_clear(rule: MaskingRule, object_name: str, held: frozenset[str]) -> list[ClearTo]:
    """What makes the object's records clear to whoever is among these audiences."""
    return [
        each for place, each in enumerate(rule.clear) if clear_key(rule, place) in held and each.concerns(object_name)
    ]


def ways_to_reveal(rule: MaskingRule, object_name: str, held: frozenset[str]) -> list[tuple[int, Reveal]]:
    """How whoever is among these audiences may have a value of the object's records revealed, with their places."""
    if any(never_key(rule, place) in held for place in range(len(rule.never))):
        return []
    return [
        (place, each)
        for place, each in enumerate(rule.reveal)
        if reveal_key(rule, place) in held and each.concerns(object_name)
    ]


def _both(known: FieldMask | None, left: RuleMask, rule: MaskingRule, mask: Mask) -> FieldMask:
    """Of rules that mask in different ways, nothing is shown: which of them hides a record would show."""
    if known is None:
        return FieldMask(mask, (left,), rule.lookup)
    shown = known.mask if known.mask == mask else ALL
    return FieldMask(shown, (*known.rules, left), known.lookup and rule.lookup)


def _parts(obj: Object, masks: Mapping[str, FieldMask]) -> dict[str, FieldMask]:
    """The components of masked addresses and places."""
    found: dict[str, FieldMask] = {}
    for name, masked in masks.items():
        field = obj.fields[name]
        for part in field.components:
            if masked.mask.name == "address" and field.type is FieldType.ADDRESS and part.endswith(_SHOWN_PARTS):
                continue
            keeps = masked.mask.name == "location" and field.type is FieldType.GEOLOCATION
            found[part] = masked if keeps else replace(masked, mask=ALL)
    return found


def _add_formulas(found: dict[str, dict[str, FieldMask]], sources: FormulaSources) -> None:
    """What a formula makes of masked values is masked wholly; a checkbox says too little to repeat one."""
    for (object_name, name), (own, foreign) in sources.items():
        if name in found.get(object_name, {}):
            continue
        of_record = [found[object_name][each] for each in own if each in found.get(object_name, {})]
        if _any_masked(found, foreign):
            masked = FieldMask(ALL, (RuleMask("", name),))
        elif of_record:
            rules = dict.fromkeys(rule for each in of_record for rule in each.rules)
            masked = FieldMask(ALL, tuple(rules))
        else:
            continue
        found.setdefault(object_name, {})[name] = masked


def _any_masked(found: Mapping[str, Mapping[str, FieldMask]], fields: Iterable[tuple[str, str]]) -> bool:
    return any(name in found.get(object_name, {}) for object_name, name in fields)
