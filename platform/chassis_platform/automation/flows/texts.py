"""Texts with merge fields, written for each record and in the language of each reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression, FieldValue
from chassis_metadata.logic.flow import Step
from chassis_metadata.logic.merge_fields import Merge, formulas_of, parts_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.automation.flows.frame import Frame
from chassis_platform.automation.flows.run import Run
from chassis_platform.records.trail import as_text

#: Key to language to text; the empty language is what the author wrote.
Variants = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """The texts of one record: `values` are those of all formulas that any variant asks for."""

    variants: Variants
    expressions: Mapping[str, Expression]
    values: Mapping[str, Any]
    snapshot: Snapshot
    zone: ZoneInfo

    def text(self, key: str, language: str, *, is_html: bool = False) -> str:
        """The text in a language, or as the author wrote it."""
        texts = self.variants[key]
        safe: Callable[[str], str] = escape if is_html else str
        return "".join(
            safe(self._shown(each.formula, language)) if isinstance(each, Merge) else each
            for each in parts_of(texts.get(language, texts[""]))
        )

    def _shown(self, formula: str, language: str) -> str:
        value, expression = self.values[formula], self.expressions[formula]
        if value is None:
            return ""
        if expression.kind is Kind.PICKLIST and isinstance(expression.root, FieldValue):
            return _label(self.snapshot, language, expression.root, str(value))
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        if isinstance(value, datetime):
            return value.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
        return as_text(value) or ""


def _label(snapshot: Snapshot, language: str, root: FieldValue, value: str) -> str:
    """What users read for a picklist's value."""
    field = snapshot.objects[root.obj].fields[root.field]
    label = next((each.label for each in field.values if each.value == value), value)
    return snapshot.text(language, f"objects.{root.obj}.fields.{root.field}.values.{value}", label)


def variants_of(snapshot: Snapshot, prefix: str, texts: Mapping[str, str | None]) -> Variants:
    """The texts with their translations, whose keys begin with `prefix`."""
    found: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        if text is not None:
            full = f"{prefix}.{key}"
            found[key] = {"": text} | {name: each[full] for name, each in snapshot.texts.items() if full in each}
    return found


async def written(run: Run, frame: Frame, step: Step, texts: Mapping[str, str | None]) -> list[Written]:
    """The texts of a step for each item."""
    variants = variants_of(run.snapshot, step.texts, texts)
    found, _ = await written_with(run, frame, step, variants, [])
    return found


async def written_with(
    run: Run, frame: Frame, step: Step, variants: Variants, others: Sequence[Expression], *, in_clear: bool = False
) -> tuple[list[Written], list[tuple[Any, ...]]]:
    """The texts and the values of other formulas, asked for together.

    What rules mask is masked in the texts, unless the author says why they are `in_clear`.
    """
    asked = dict.fromkeys(
        formula for texts in variants.values() for text in texts.values() for formula in formulas_of(text)
    )
    expressions = {each: run.formula(frame.standing, each) for each in asked}
    count = len(expressions)
    answers = await run.ask(frame, step, [*expressions.values(), *others], told=0 if in_clear else count)
    zone = ZoneInfo(run.context.tenant.time_zone)
    texts = [
        Written(variants, expressions, dict(zip(expressions, each.values[:count], strict=True)), run.snapshot, zone)
        for each in answers
    ]
    return texts, [each.values[count:] for each in answers]
