"""The flows that waits began with: a wait goes on with the steps that it was in, whatever was published meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chassis_metadata.logic.flow import KIND, Flow, flows, read_flow
from chassis_metadata.logic.frozen import component_of, digest_of, document_of
from chassis_metadata.snapshot import Snapshot
from chassis_platform.access.compile import Recent
from chassis_platform.access.context import Context
from chassis_platform.automation.frozen import ask_for, keep
from chassis_tenants.database import Transaction
from chassis_tenants.statement import Statement

_flows: Recent[str, Flow] = Recent(500)


def version_of(snapshot: Snapshot, flow: Flow) -> str:
    """The digest that the flow is kept by."""
    return flow.frozen or digest_of(_document(snapshot, flow))


def keep_flow(context: Context, flow: Flow) -> list[Statement]:
    """The statement that keeps the flow as it is; one that was kept goes on as it is."""
    return [] if flow.frozen else [keep(context.tenant.id, [_document(context.snapshot, flow)])]


def _document(snapshot: Snapshot, flow: Flow) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        return document_of(snapshot.logic_of(KIND)[flow.name], version=flow.version)

    return snapshot.keep(("flow_document", flow.name), make)


async def flow_as_begun(transaction: Transaction, context: Context, name: str, version: str | None) -> Flow | None:
    """The flow as it was when the wait began; None where it is not there any more, or switched off."""
    today = flows(context.snapshot).get(name)
    if today is None or version is None or version_of(context.snapshot, today) == version:
        return today
    asked = ask_for(context.tenant.id, "d.digest = %(digest)s", digest=version)
    for _, body in await transaction.fetch(asked):
        return _flows.find(version, lambda: _read(body, version))  # noqa: B023  called at once
    return today


def _read(document: dict[str, Any], digest: str) -> Flow:
    return replace(read_flow(component_of(KIND, document), document["version"]), frozen=digest)
