"""References that lead to whatever records some logic is about: approvals of any object have one history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chassis_metadata.components import FieldDefinition, Package
from chassis_metadata.fields import FieldType

#: Kind of logic -> object and field that refer to the records of the object that its components name.
REFERRING: Mapping[str, tuple[str, str]] = {
    "approval": ("ProcessInstance", "TargetObjectId"),
    "milestone": ("RecordMilestone", "RecordId"),
    "scoring_model": ("ScoreResult", "TargetId"),
    "task_plan": ("TaskPlanRun", "RecordId"),
}


def references_of_logic(content: Package) -> Iterator[tuple[str, FieldDefinition]]:
    """Objects with the extensions of their references that the components of a package bring about."""
    for each in content.logic:
        target = each.body.get("object")
        if each.kind in REFERRING and isinstance(target, str):
            object_name, name = REFERRING[each.kind]
            yield object_name, FieldDefinition(name, FieldType.LOOKUP, name, references=(target,), extends=True)
