"""E-mail templates: subject and body with merge fields, in the languages that translations give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "email_template"


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """A template in force. `clear` says why its readers see in clear what rules mask; None: they don't."""

    name: str
    object_name: str
    subject: str
    text: str
    html: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    clear: str | None = None

    def texts_in(self, snapshot: Snapshot, language: str) -> tuple[str, str, str | None]:
        """Subject, plain text and HTML in a language."""
        key = f"email_templates.{self.name}"
        html = snapshot.text(language, f"{key}.html", self.html or "") or None
        return (
            snapshot.text(language, f"{key}.subject", self.subject),
            snapshot.text(language, f"{key}.text", self.text),
            html,
        )


def templates(snapshot: Snapshot) -> Mapping[str, EmailTemplate]:
    """The active templates by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_template(each) for name, each in components.items()})


def read_template(component: LogicComponent) -> EmailTemplate:
    """A component as a template."""
    body = component.body
    return EmailTemplate(
        name=component.full_name,
        object_name=body["object"],
        subject=body["subject"],
        text=body["text"],
        html=body.get("html"),
        sender=body.get("from"),
        reply_to=body.get("reply_to"),
        clear=body.get("clear"),
    )
