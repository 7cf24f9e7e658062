"""The flow step `submit: Process`: the records of a flow are submitted in the name of whoever set it off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.automation.approvals.requests import Submission
from chassis_platform.automation.approvals.submit import submit
from chassis_platform.automation.flows.steps import EngineStep, register_engine


async def submit_step(step: EngineStep) -> Mapping[str, Any]:
    """The approval of each record. `comments` may be given; a record in approval already stays as it is."""
    arguments = step.arguments or ({},) * len(step.record_ids)
    submissions = [
        Submission(record_id, process=step.use, comments=each.get("comments"))
        for record_id, each in zip(step.record_ids, arguments, strict=True)
    ]
    batch = await submit(step.transaction, step.context, submissions)
    outcomes = batch.outcomes()
    problems = [
        replace(problem, path=record_id)
        for record_id, each in zip(step.record_ids, outcomes, strict=True)
        for problem in each.problems
        if problem.code != "already_in_process"
    ]
    if problems:
        raise Invalid(problems)
    return {record_id: each.instance_id for record_id, each in zip(step.record_ids, outcomes, strict=True)}


register_engine("submit", submit_step)
