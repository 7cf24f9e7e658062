"""The step that calls another system: where to, what is said, and who hears of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.flow import Step, formula_of
from chassis_platform.automation.flows.consent_gate import agreed
from chassis_platform.automation.flows.frame import Frame, Item
from chassis_platform.automation.flows.message_steps import CLEAR
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.steps import verb
from chassis_platform.automation.flows.texts import written_with
from chassis_platform.automation.webhooks import Answer, Call, queue_calls
from chassis_platform.records.trail import as_text

#: What is said: values, which go as JSON, or a text.
Document = Mapping[str, Any] | str


@verb("webhook")
async def webhook(run: Run, frame: Frame, step: Step) -> None:
    """Call another system once the transaction is committed."""
    say = _texts if "text" in step.body else _documents
    documents: Sequence[Document] = await say(run, frame, step)
    targets = await _targets(run, frame, step)
    may = await agreed(run, frame, step.body, [each.get("person") for each in targets], step.body.get("channel"))
    calls, name = [], frame.obj.name if frame.obj else None
    for place, (item, document, target) in enumerate(zip(frame.items, documents, targets, strict=True)):
        if not may[place]:
            run.did(frame, step, "not_agreed", name, item.record_id, purpose=step.body["purpose"])
        elif _has_address(step, target):
            calls.append(_call(frame, step, document, target))
            url = target.get("address") or step.body["url"]
            run.did(frame, step, "called", name, item.record_id, url=url, body=str(document))
    await queue_calls(run.transaction, run.context, calls)


def _has_address(step: Step, target: Mapping[str, Any]) -> bool:
    return "url" in step.body or bool(target["address"])


def _call(frame: Frame, step: Step, document: Document, target: Mapping[str, Any]) -> Call:
    body: Mapping[str, Any] = step.body
    call = Call(body.get("url"), body.get("secret"), document, f"flow.{frame.flow.name}", target.get("address"))
    if "text" in body:
        call = replace(call, content_type=f"{body['text']['type']}; charset=utf-8")
    answer = Answer(body["answer"]["flow"], str(target["about"])) if target.get("about") else None
    return replace(call, attempts=body.get("attempts"), answer=answer)


async def _texts(run: Run, frame: Frame, step: Step) -> Sequence[Document]:
    text = step.body["text"]
    variants = {"content": {"": text["content"]}}
    found, _ = await written_with(run, frame, step, variants, [], in_clear=CLEAR in step.body)
    return [each.text("content", "", is_html=text["type"].endswith("xml")) for each in found]


async def _documents(run: Run, frame: Frame, step: Step) -> Sequence[Document]:
    body: Mapping[str, Any] = step.body.get("body", {})
    formulas = [run.formula(frame.standing, formula_of(each)) for each in body.values()]
    answers = await run.ask(frame, step, formulas, told=0 if CLEAR in step.body else len(formulas))
    return [_said(frame, item, list(body), each.values) for item, each in zip(frame.items, answers, strict=True)]


def _said(frame: Frame, item: Item, names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    said = {key: _plain(value) for key, value in zip(names, values, strict=True)}
    return said or {"object": frame.obj.name if frame.obj else None, "id": item.record_id}


async def _targets(run: Run, frame: Frame, step: Step) -> list[dict[str, Any]]:
    """The address, the record whose flow hears of the answer, who must have agreed: as far as formulas say them."""
    asked = {
        "address": (step.body.get("address"), Kind.TEXT),
        "about": (step.body.get("answer", {}).get("about"), Kind.ID),
        "person": (step.body.get("person"), Kind.ID),
    }
    texts = {name: each for name, each in asked.items() if each[0] is not None}
    formulas = [run.formula(frame.standing, text, kind) for text, kind in texts.values()]
    answers = await run.ask(frame, step, formulas)
    return [dict(zip(texts, each.values, strict=True)) for each in answers]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int) else as_text(value)
