"""The flow step `match`: the record that another matches by a matching rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_metadata.logic.matching_rule import KIND, matching_rules
from chassis_platform.automation.flows.steps import EngineStep, register_engine
from chassis_platform.automation.matching.duplicates import find_matches
from chassis_platform.coverage import note


async def match_step(step: EngineStep) -> Mapping[str, Any]:
    """The id of each record's first match, by the first key that has one."""
    rule = matching_rules(step.context.snapshot).get(step.use)
    if rule is None:
        raise Invalid.of("unknown_component", f"There is no matching rule {step.use!r} in force.")
    if step.obj.name != rule.object_name:
        message = f"{rule.name} is about {rule.object_name}; the step has records of {step.obj.name}."
        raise Invalid.of("wrong_type", message)
    findings = await find_matches(step.transaction, step.context, [rule], step.record_ids)
    if findings:
        note(KIND, rule.name)
    return {record_id: matches[0].record_id for record_id, matches in findings.items()}


register_engine("match", match_step)
