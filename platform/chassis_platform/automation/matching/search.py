"""Matches asked for by a person: of a record that is there, or of values that are not saved yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.ids import new_id
from chassis_metadata.logic.duplicate_rule import DuplicateRule, asked_by, duplicate_rules
from chassis_metadata.logic.matching_rule import MatchingRule, sides_of
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.automation.matching.duplicates import find_parameters
from chassis_platform.automation.matching.findings import Findings, Match, findings_of, result_document
from chassis_platform.automation.matching.keys import field_names, key_rows
from chassis_platform.plan.changes import Change
from chassis_platform.plan.forms import form_for
from chassis_platform.plan.rules import complete_new, rules_for
from chassis_platform.sql.candidates import without_encrypted
from chassis_platform.sql.matches import matches_of_saved, matches_of_sent
from chassis_platform.sql.rows import folded, places_of, stored_row
from chassis_tenants.database import Database
from chassis_tenants.statement import Statement


async def duplicates_of_record(
    database: Database, context: Context, obj: Object, record_id: str
) -> list[dict[str, Any]]:
    """`duplicateResult`s of a stored record, one for each duplicate rule that finds something."""
    rules = rules_of(context, obj)
    bound = find_parameters(context) | {"ids": [record_id]}
    statements = [matches_of_saved(context, each).bind(**bound) for each in by_other(asked(context, rules))]
    findings = await _answers(database, context, statements, asked(context, rules))
    return documents(context, rules, findings.get(record_id, ()))


async def duplicates_of_values(
    database: Database, context: Context, obj: Object, values: Mapping[str, Any], *, record_id: str | None = None
) -> list[dict[str, Any]]:
    """The same for values as a form sends them; what can't be a value is passed over. `record_id`: never itself."""
    rules = rules_of(context, obj)
    change = Change(0, creating=True, id=record_id or new_id(obj.key_prefix))
    form_for(context, obj, creating=True).read(values, change)
    complete_new(rules_for(obj), change, context.principal.user_id)
    bound = find_parameters(context) | _sent(context, obj, change)
    statements = [matches_of_sent(context, each).bind(**bound) for each in by_other(asked(context, rules))]
    findings = await _answers(database, context, statements, asked(context, rules))
    return documents(context, rules, findings.get(str(change.id), ()))


def rules_of(context: Context, obj: Object) -> list[DuplicateRule]:
    """The duplicate rules of an object."""
    return [each for each in duplicate_rules(context.snapshot).values() if each.object_name == obj.name]


def asked(context: Context, rules: Sequence[DuplicateRule]) -> list[MatchingRule]:
    """The matching rules that they ask, each once."""
    return list({one.name: one for each in rules for one in asked_by(each, context.snapshot)}.values())


def by_other(rules: Sequence[MatchingRule]) -> list[list[MatchingRule]]:
    """Rules by the object that they look into: a question each."""
    found: dict[str, list[MatchingRule]] = {}
    for rule in rules:
        found.setdefault(rule.against, []).append(rule)
    return list(found.values())


def _sent(context: Context, obj: Object, change: Change) -> dict[str, str]:
    names = sorted(change.values)
    own: dict[str, Any] = {"tenant_id": context.tenant.id, "id": change.id, "custom": {}, "is_deleted": False}
    row = own | stored_row(without_encrypted(obj, change.values), places_of(obj, names))
    sides = sides_of(context.snapshot, obj.name)
    tokens = key_rows(sides, {str(change.id): [change.now(name) for name in field_names(sides)]})
    return {"own": folded([row]), "tokens": folded(tokens)}


async def _answers(
    database: Database, context: Context, statements: Sequence[Statement], rules: Sequence[MatchingRule]
) -> Findings:
    answers = await database.read(context.binding, *statements)
    return findings_of((row for rows in answers for row in rows), rules)


def documents(context: Context, rules: Sequence[DuplicateRule], matches: Sequence[Match]) -> list[dict[str, Any]]:
    """A result for each rule that found something."""
    found: list[dict[str, Any]] = []
    for rule in rules:
        names = {each.name for each in asked_by(rule, context.snapshot)}
        own = [each for each in matches if each.rule in names]
        if own:
            message = rule.message_in(context.snapshot, context.principal.language)
            may_be_saved = "block" not in (rule.on_create, rule.on_update)
            found.append(result_document(context, rule, own, message=message, allow_save=may_be_saved))
    return found
