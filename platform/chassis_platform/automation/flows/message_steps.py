"""Steps that tell somebody: notify, email."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Expression
from chassis_metadata.logic.email_template import templates
from chassis_metadata.logic.flow import Step
from chassis_platform.automation.flows.consent_gate import agreed, person_formulas
from chassis_platform.automation.flows.frame import Frame
from chassis_platform.automation.flows.run import Run
from chassis_platform.automation.flows.steps import verb
from chassis_platform.automation.flows.texts import Written, variants_of, written_with
from chassis_platform.automation.mail import Mail, queue_mails
from chassis_platform.automation.notify import Notice, give_notice
from chassis_platform.automation.people import Naming, Person, people

To = Sequence[Mapping[str, str]]
_BY_RECORD = ("field", "email")
#: Why the readers of a message may see masked values in clear.
CLEAR = "clear"


def _expressions(run: Run, frame: Frame, to: To) -> list[Expression]:
    """The formulas among the recipients, in order."""
    kinds = {"field": Kind.ID, "email": Kind.TEXT}
    pairs = [next(iter(each.items())) for each in to]
    return [run.formula(frame.standing, value, kinds[key]) for key, value in pairs if key in _BY_RECORD]


def _namings(to: To, values: Sequence[Any]) -> tuple[list[Naming], list[str]]:
    """What the recipients of one record are: ways to name users, and plain addresses."""
    left = iter(values)
    namings, addresses = [], []
    for each in to:
        [(key, value)] = each.items()
        found = next(left) if key in _BY_RECORD else value
        if key == "email" and found:
            addresses.append(str(found))
        elif key == "field" and found:
            namings.append(Naming("id", str(found)))
        elif key not in _BY_RECORD:
            namings.append(Naming(key, value))
    return namings, addresses


async def _readers(run: Run, to: To, values: Sequence[Sequence[Any]]) -> list[tuple[list[Person], list[str]]]:
    """The people behind the recipients of each record, each once, and the addresses."""
    wanted = [_namings(to, each) for each in values]
    known = await people(run.transaction, run.context, [one for namings, _ in wanted for one in namings])
    return [
        (list({each.id: each for one in namings for each in known[one]}.values()), addresses)
        for namings, addresses in wanted
    ]


@verb("notify")
async def notify(run: Run, frame: Frame, step: Step) -> None:
    """Tell users, each in their language."""
    texts = {"title": step.body["title"], "body": step.body.get("body")}
    variants = variants_of(run.snapshot, step.texts, texts)
    to: To = step.body["to"]
    others, in_clear = _expressions(run, frame, to), CLEAR in step.body
    written, values = await written_with(run, frame, step, variants, others, in_clear=in_clear)
    readers = await _readers(run, to, values)
    name = frame.obj.name if frame.obj else None
    notices = []
    for item, text, (persons, _) in zip(frame.items, written, readers, strict=True):
        for each in persons:
            body = text.text("body", each.language) if "body" in variants else None
            title = text.text("title", each.language)
            notices.append(Notice(each.id, title, body, name, item.record_id, f"flow.{frame.flow.name}"))
            run.did(frame, step, "notified", name, item.record_id, user=each.name, title=title)
    await give_notice(run.transaction, run.context, notices)


@verb("email")
async def email(run: Run, frame: Frame, step: Step) -> None:
    """Send an e-mail of a template, to each reader in their language."""
    template = templates(run.snapshot).get(step.body["template"])
    if template is None:  # switched off
        return
    parts = {"subject": template.subject, "text": template.text, "html": template.html}
    variants = variants_of(run.snapshot, f"email_templates.{template.name}", parts)
    to: To = step.body["to"]
    others = [*_expressions(run, frame, to), *person_formulas(run, frame, step.body)]
    in_clear = template.clear is not None
    written, values = await written_with(run, frame, step, variants, others, in_clear=in_clear)
    readers = await _readers(run, to, values)
    may = await agreed(run, frame, step.body, [each[-1] if each else None for each in values], "Email")
    mails = []
    for place, (item, text, (persons, addresses)) in enumerate(zip(frame.items, written, readers, strict=True)):
        if not may[place]:
            run.did(frame, step, "not_agreed", template.object_name, item.record_id, purpose=step.body["purpose"])
            continue
        targets: list[tuple[str, str, str | None]] = [(each.email, each.language, each.id) for each in persons]
        targets += [(each, run.context.tenant.language, None) for each in addresses]
        for address, language, user_id in targets:
            subject, plain, html = _mail_texts(text, language)
            mails.append(
                Mail(
                    to=address,
                    subject=subject,
                    text=plain,
                    html=html,
                    sender=template.sender,
                    reply_to=template.reply_to,
                    template=template.name,
                    user_id=user_id,
                    object_name=template.object_name,
                    record_id=item.record_id,
                    source=f"flow.{frame.flow.name}",
                )
            )
            run.did(frame, step, "mailed", template.object_name, item.record_id, to=address, subject=subject)
    await queue_mails(run.transaction, run.context, mails)


def _mail_texts(text: Written, language: str) -> tuple[str, str, str | None]:
    html = text.text("html", language, is_html=True) if "html" in text.variants else None
    return " ".join(text.text("subject", language).split()), text.text("text", language), html
