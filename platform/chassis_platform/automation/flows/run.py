"""A run of a flow over the records of a batch: what it asks, what it did, what was wrong with which record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis_metadata.errors import Problem
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.flow import Flow, Step
from chassis_metadata.logic.flow_formulas import Standing, flow_formula
from chassis_metadata.masks import HIDDEN
from chassis_metadata.snapshot import Field, Snapshot
from chassis_platform.access.context import Context
from chassis_platform.access.masking import masks_kept
from chassis_platform.automation.flows.evaluate import Answer, Question, Search, ask, find
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.plan.changes import RecordResult
from chassis_platform.plan.write import Operation, Payload
from chassis_platform.records.trail import as_text
from chassis_platform.records.write import write_within
from chassis_tenants.database import Transaction

FAILED = "cannot_execute_flow_trigger"
VALIDATION = "field_custom_validation_exception"
ROLLED_BACK = "all_or_none_operation_rolled_back"


class Refused(Exception):
    """Something is wrong with some records: the attempt is over, and may be made again without them."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that was done to one record, or told to somebody."""

    flow: str
    step: str
    did: str  # updated | created | deleted | notified | mailed | called | waits …
    object_name: str | None = None
    record_id: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As runs and dry runs show it."""
        found = {"flow": self.flow, "step": self.step, "did": self.did}
        if self.object_name:
            found |= {"object": self.object_name}
        if self.record_id:
            found |= {"id": self.record_id}
        return {**found, **({"changes": self.changes} if self.changes else {})}


@dataclass(slots=True)
class Run:
    """One attempt. `known` are the fields whose values before the change the items hold."""

    transaction: Transaction
    context: Context
    flow: Flow
    known: frozenset[str] = frozenset()
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    failed_step: str | None = None
    is_whole: bool = False  # what is wrong can't be laid at one record's door
    has_failed: bool = False  # something went wrong that no author of a flow or rule meant

    @property
    def snapshot(self) -> Snapshot:
        """The tenant's metadata."""
        return self.context.snapshot

    def formula(self, standing: Standing, text: str, expects: Kind | None = None) -> Expression:
        """A formula that the checks have seen."""
        return flow_formula(self.snapshot, standing, text, expects)

    async def ask(
        self,
        frame: Frame,
        step: Step,
        expressions: Sequence[Expression],
        fields: Sequence[Field] = (),
        *,
        told: int = 0,
    ) -> list[Answer]:
        """The answers for the frame's items. A formula that can't be computed fails the record.

        The first `told` of the formulas are for readers: what rules mask is masked in them.
        """
        question = Question(tuple(expressions), tuple(fields), told)
        if not expressions and not fields:
            return [Answer((), (), (), each.record_id) for each in frame.items]
        answers = await ask(self.transaction, self.context, frame, question, self.known)
        for item, answer in zip(frame.items, answers, strict=True):
            self._note_failures(frame, step, item, answer, expressions)
        self.check()
        return answers

    async def find(
        self, frame: Frame, step: Step, search: Search, expressions: Sequence[Expression], fields: Sequence[Field] = ()
    ) -> list[tuple[Item, Answer]]:
        """What is found for each item, with the answers over it."""
        question = Question(tuple(expressions), tuple(fields))
        found = await find(self.transaction, self.context, frame, search, question)
        for item, answer in found:
            self._note_failures(frame, step, item, answer, expressions)
        self.check()
        return found

    def _note_failures(
        self, frame: Frame, step: Step, item: Item, answer: Answer, expressions: Sequence[Expression]
    ) -> None:
        for number in answer.failed:
            text = expressions[number].text
            message = f"the formula can't be computed for this record: {text[:200]}"
            self.fail(frame, step, item, Problem("", FAILED, message))

    async def holding(self, frame: Frame, step: Step, formula: str) -> list[Item]:
        """The items for which a condition is true."""
        expression = self.formula(frame.standing, formula, Kind.BOOLEAN)
        answers = await self.ask(frame, step, [expression])
        return [item for item, answer in zip(frame.items, answers, strict=True) if answer.values[0]]

    def fail(self, frame: Frame, step: Step, item: Item, problem: Problem) -> None:
        """Note a problem, in the flow's name, with the record that the run began with."""
        label = frame.flow.label_in(self.snapshot, self.context.principal.language)
        self.has_failed = self.has_failed or problem.code != VALIDATION
        self.refuse(step, item, Problem("", problem.code, f"{label}: {problem.message}", problem.fields))

    def refuse(self, step: Step, item: Item, problem: Problem) -> None:
        """Note a problem as it is."""
        self.failed_step = self.failed_step or step.place
        self.problems.setdefault(item.root, []).append(problem)
        item.is_active = False

    def check(self) -> None:
        """End the attempt if anything is wrong."""
        if self.problems:
            raise Refused

    async def write(
        self,
        frame: Frame,
        step: Step,
        object_name: str,
        operation: Operation,
        payloads: Sequence[Payload],
        items: Sequence[Item],
    ) -> list[RecordResult]:
        """Write records as automation; what is wrong with one is wrong with the record of the run."""
        if not payloads:
            return []
        results = await write_within(self.transaction, self.context, object_name, operation, payloads, all_or_none=True)
        for item, result in zip(items, results, strict=True):
            for problem in result.problems:
                if problem.code != ROLLED_BACK:
                    own = item.record_id is not None and result.id == item.record_id
                    self.fail(frame, step, item, problem if own else _elsewhere(object_name, problem))
        self.check()
        return results

    def did(
        self,
        frame: Frame,
        step: Step,
        did: str,
        object_name: str | None = None,
        record_id: str | None = None,
        **changes: Any,
    ) -> None:
        """Note what was done. Others read runs than the records: no value of a masked or encrypted field is noted."""
        hidden = set(masks_kept(self.snapshot, frozenset()).get(object_name or "", {}))
        obj = self.snapshot.objects.get(object_name or "")
        hidden |= {each.name for each in obj.fields.values() if each.encrypted} if obj is not None else set()
        known = {name: HIDDEN if name in hidden else each for name, each in changes.items()}
        self.effects.append(Effect(frame.flow.name, step.place, did, object_name, record_id, shown(known)))


def _elsewhere(object_name: str, problem: Problem) -> Problem:
    """A problem with another record: its fields are none of this one's."""
    fields = f" [{', '.join(problem.fields)}]" if problem.fields else ""
    return Problem("", problem.code, f"{object_name}: {problem.message}{fields}")


def shown(changes: dict[str, Any]) -> dict[str, Any]:
    """Values as texts, pairs of old and new as lists of two."""
    return {
        name: [as_text(each) for each in value] if isinstance(value, tuple) else as_text(value)
        for name, value in changes.items()
    }
