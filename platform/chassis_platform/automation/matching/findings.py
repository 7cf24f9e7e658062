"""What was found: records that match, and how that is told in the shape that the field's clients know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Problem
from chassis_metadata.logic.duplicate_rule import DuplicateRule, asked_by
from chassis_metadata.logic.matching_rule import MatchingRule
from chassis_platform.access.context import Context
from chassis_tenants.database import Row

CODE = "duplicates_detected"


@dataclass(frozen=True, slots=True)
class Match:
    """A record that another matches by a key of a rule. `likeness` is 1 where all is equal."""

    rule: str
    key: str
    record_id: str
    is_visible: bool
    likeness: float


#: Record id -> its matches, each once by its best key, in the order of rules and keys.
Findings = Mapping[str, Sequence[Match]]


def findings_of(rows: Iterable[Row], rules: Sequence[MatchingRule]) -> Findings:
    """The answers of `sql.matches` by record. A match by several keys of a rule is told by the first of them."""
    places = {(rule.name, key.id): (number, place) for number, rule in enumerate(rules) for place, key in _keys(rule)}
    names = {(rule.name, key.id): key.name for rule in rules for _, key in _keys(rule)}
    best: dict[tuple[str, str, str], tuple[tuple[int, int], float, Match]] = {}
    for probe, rule, key_id, found, is_visible, likeness in rows:
        rank = (places[rule, key_id], -likeness)
        match = Match(rule, names[rule, key_id], found, is_visible, likeness)
        known = best.get((probe, rule, found))
        if known is None or rank < known[:2]:
            best[probe, rule, found] = (*rank, match)
    findings: dict[str, list[Match]] = {}
    for (probe, _, _), (_, _, match) in sorted(best.items(), key=lambda each: (each[1][0][0], each[1][1], each[0])):
        findings.setdefault(probe, []).append(match)
    return findings


def _keys(rule: MatchingRule) -> Iterable[tuple[int, Any]]:
    return enumerate(rule.keys)


def problem_of(context: Context, rule: DuplicateRule, matches: Sequence[Match], *, allow_save: bool) -> Problem:
    """A duplicate rule's matches as a problem, or a warning, with Salesforce's `duplicateResult`."""
    message = rule.message_in(context.snapshot, context.principal.language)
    details = {"duplicateResult": result_document(context, rule, matches, message=message, allow_save=allow_save)}
    return Problem("", CODE, message, details=details)


def result_document(
    context: Context, rule: DuplicateRule, matches: Sequence[Match], *, message: str, allow_save: bool
) -> dict[str, Any]:
    """`duplicateResult`. Of records that the user may not see it only tells that there are any."""
    return {
        "allowSave": allow_save,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.object_name,
        "errorMessage": message,
        "hasHiddenMatches": any(not each.is_visible for each in matches),
        "matchResults": [
            _match_result(asked, [each for each in matches if each.rule == asked.name])
            for asked in asked_by(rule, context.snapshot)
            if any(each.rule == asked.name for each in matches)
        ],
    }


def _match_result(rule: MatchingRule, matches: Sequence[Match]) -> dict[str, Any]:
    shown = [each for each in matches if each.is_visible]
    is_exact = all(each.likeness >= 1 for each in shown)
    return {
        "entityType": rule.against,
        "errors": [],
        "matchEngine": "EXACT" if is_exact else "FUZZY",
        "matchRecords": [_match_record(rule, each) for each in shown],
        "rule": rule.name,
        "size": len(shown),
        "success": True,
    }


def _match_record(rule: MatchingRule, match: Match) -> dict[str, Any]:
    return {
        "additionalInformation": [{"name": "MatchKey", "value": match.key}],
        "fieldDiffs": [],
        "matchConfidence": round(100 * match.likeness, 1),
        "record": {"attributes": {"type": rule.against}, "Id": match.record_id},
    }
