"""Who agreed to what a step sends: records whose person did not are passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_platform.automation.consent import may_contact
from chassis_platform.automation.flows.frame import Frame
from chassis_platform.automation.flows.run import Run


def person_formulas(run: Run, frame: Frame, body: Mapping[str, Any]) -> list[Expression]:
    """The formula that gives who must have agreed, where it is not the record."""
    return [run.formula(frame.standing, body["person"], Kind.ID)] if "person" in body else []


async def agreed(
    run: Run, frame: Frame, body: Mapping[str, Any], persons: Sequence[Any], channel: str | None
) -> list[bool]:
    """Of each record, whether its person agreed to the step's purpose; a step without one asks nobody."""
    if "purpose" not in body:
        return [True] * len(frame.items)
    who = list(persons) if "person" in body else [item.record_id for item in frame.items]
    asked = [str(each) for each in who if each]
    found = await may_contact(run.transaction, run.context, body["purpose"], channel, asked)
    return [each in found for each in who]
