"""Loads every engine: each registers what saves set off, and the steps that flows may ask of it."""

from __future__ import annotations

from chassis_platform.automation import engine_steps, person_acts
from chassis_platform.automation.approvals import on_save as approvals
from chassis_platform.automation.approvals import submit_step as approvals_submit
from chassis_platform.automation.assignment import on_save as assignment
from chassis_platform.automation.flows import (
    control_steps,
    document_step,
    handler,
    message_steps,
    record_steps,
    waits,
    webhook_step,
)
from chassis_platform.automation.ledgers import merged
from chassis_platform.automation.matching import duplicates, flow_step, related
from chassis_platform.automation.milestones import on_save as milestones
from chassis_platform.automation.scoring import on_save as scoring
from chassis_platform.automation.task_plans import engine as task_plans

#: Importing them is what counts.
ENGINES = (
    approvals,
    approvals_submit,
    assignment,
    control_steps,
    document_step,
    duplicates,
    flow_step,
    engine_steps,
    handler,
    merged,
    message_steps,
    milestones,
    person_acts,
    record_steps,
    related,
    scoring,
    task_plans,
    waits,
    webhook_step,
)
