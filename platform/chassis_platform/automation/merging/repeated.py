"""Children that merged records had each: of what may be there once only, by a rule that blocks, one stays."""

from __future__ import annotations

from collections.abc import Sequence

from chassis_metadata.errors import Invalid
from chassis_metadata.logic.duplicate_rule import Action, asked_by, duplicate_rules
from chassis_metadata.logic.matching_rule import MatchingRule
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.access.system import as_automation
from chassis_platform.automation.matching.duplicates import find_matches
from chassis_platform.automation.matching.findings import Findings
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction


async def drop_repeated(transaction: Transaction, context: Context, moved: Sequence[str]) -> None:
    """Put those of the moved records into the recycle bin that match another one now: a lead twice in a campaign."""
    by_object: dict[str, list[str]] = {}
    for each in moved:
        by_object.setdefault(context.snapshot.objects_by_prefix[each[:3]].name, []).append(each)
    system = as_automation(context)
    for name, ids in by_object.items():
        obj = context.snapshot.objects[name]
        rules = _blocking(context, obj) if obj.deletable else []
        repeated = _repeated(await find_matches(transaction, system, rules, ids), ids) if rules else []
        if repeated:
            results = await write_within(transaction, system, name, "delete", [{"Id": each} for each in repeated])
            problems = [problem for each in results for problem in each.problems]
            if problems:
                raise Invalid(problems)


def _blocking(context: Context, obj: Object) -> list[MatchingRule]:
    """The matching rules of the object among its own records of which a duplicate rule blocks what matches."""
    rules = [each for each in duplicate_rules(context.snapshot).values() if each.object_name == obj.name]
    asked = (one for each in rules if each.on_update is Action.BLOCK for one in asked_by(each, context.snapshot))
    return list({one.name: one for one in asked if one.against == obj.name}.values())


def _repeated(findings: Findings, ids: Sequence[str]) -> list[str]:
    """What was moved goes before what stood there; of several that were moved the first stays."""
    left = set(ids)
    repeated: list[str] = []
    for record_id in sorted(ids):
        others = [each.record_id for each in findings.get(record_id, ())]
        if any(each not in left or each < record_id for each in others if each not in repeated):
            repeated.append(record_id)
    return repeated
