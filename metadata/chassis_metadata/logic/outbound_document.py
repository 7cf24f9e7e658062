"""Outbound documents: which fields of a record and of its children are read, and what is written of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.components import LogicComponent
from chassis_metadata.snapshot import Snapshot

KIND = "outbound_document"
CONTENT_TYPES = {"xml": "application/xml", "json": "application/json", "csv": "text/csv"}


@dataclass(frozen=True, slots=True)
class OutboundDocument:
    """A document in force; `body` holds the nodes, or the columns, and their expressions."""

    name: str
    label: str
    object_name: str
    format: str
    content_type: str
    body: Mapping[str, Any]

    def label_in(self, snapshot: Snapshot, language: str) -> str:
        """How users call it."""
        return snapshot.text(language, f"outbound_documents.{self.name}.label", self.label)

    def soql(self) -> str:
        """The query for the records whose ids a caller puts behind it."""
        children = [
            f"(SELECT {', '.join(each['fields'])} FROM {name} ORDER BY {each.get('order_by', 'CreatedDate')}, Id)"  # noqa: S608
            for name, each in self.body.get("children", {}).items()
        ]
        fields = dict.fromkeys(["Id", *self.body.get("fields", ())])
        return f"SELECT {', '.join([*fields, *children])} FROM {self.object_name} WHERE Id = "  # noqa: S608  checked names


def outbound_documents(snapshot: Snapshot) -> Mapping[str, OutboundDocument]:
    """The documents in force by name."""
    components = snapshot.logic_of(KIND)
    return snapshot.keep(KIND, lambda: {name: read_outbound_document(each) for name, each in components.items()})


def read_outbound_document(component: LogicComponent) -> OutboundDocument:
    """A component, whose form was checked, as a document."""
    body = component.body
    return OutboundDocument(
        name=component.full_name,
        label=body["label"],
        object_name=body["object"],
        format=body["format"],
        content_type=body.get("content_type", CONTENT_TYPES[body["format"]]),
        body=body,
    )
