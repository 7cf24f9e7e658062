"""When a request is due and when it goes higher, in the business time of the record or the tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.approval import ApprovalProcess, Deadline
from chassis_metadata.logic.approval_formulas import request_formula
from chassis_metadata.logic.business_hours import named_hours
from chassis_metadata.logic.durations import Duration
from chassis_platform.access.context import Context
from chassis_platform.automation.approvals.evaluate import Answer
from chassis_platform.automation.business_time import add_duration, zone_of


def hours_formula(context: Context, process: ApprovalProcess) -> Expression | None:
    """The formula for the name of the business hours that count, if the process has one."""
    if process.hours is None:
        return None
    return request_formula(context.snapshot, context.snapshot.objects[process.object_name], process.hours)


def due_times(
    context: Context, process: ApprovalProcess, deadline: Deadline, answer: Answer, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When a reminder goes out, and when the request goes higher: after twice the limit where nothing is said."""
    limit, later = deadline.limit, deadline.escalate_after
    if later is None and limit is not None:
        later = replace(limit, amount=limit.amount * 2)
    return _after(context, process, limit, answer, now), _after(context, process, later, answer, now)


def _after(
    context: Context, process: ApprovalProcess, length: Duration | None, answer: Answer, now: datetime
) -> datetime | None:
    if length is None:
        return None
    expression = hours_formula(context, process)
    name = answer.value(expression) if expression is not None else None
    hours = named_hours(context.snapshot, name)
    return add_duration(hours, now, length, zone_of(hours, context.tenant.time_zone))
