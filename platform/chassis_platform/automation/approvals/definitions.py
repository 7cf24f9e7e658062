"""The definitions that approvals began with: kept by their digest, and what is wrong with one today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.logic.approval import (
    KIND,
    Action,
    ApprovalProcess,
    approval_of_document,
)
from chassis_metadata.logic.approval_formulas import reference_formula, request_formula, request_value
from chassis_metadata.logic.frozen import digest_of, document_of
from chassis_metadata.snapshot import Object, Snapshot
from chassis_platform.access.compile import Recent
from chassis_platform.automation.approvals.approvers import expressions_of
from chassis_platform.automation.frozen import keep
from chassis_tenants.database import Row
from chassis_tenants.statement import Statement

_processes: Recent[str, ApprovalProcess] = Recent(500)


def keep_definitions(tenant_id: int, snapshot: Snapshot, processes: Iterable[ApprovalProcess]) -> Iterator[Statement]:
    """The statement that keeps the versions that approvals begin with."""
    documents = {}
    for each in processes:
        component = snapshot.logic_of(KIND).get(each.name)
        document = document_of(component) if component is not None else None
        if document is not None and digest_of(document) == each.digest:
            documents[each.digest] = document
    if documents:
        yield keep(tenant_id, documents.values())


def processes_in(rows: Iterable[Row]) -> dict[str, ApprovalProcess]:
    """Rows of versions as processes by digest; the same version is one value."""
    found: dict[str, ApprovalProcess] = {}
    for digest, body in rows:
        found[digest] = _processes.find(digest, partial(approval_of_document, body))
    return found


def what_is_broken(snapshot: Snapshot, process: ApprovalProcess) -> str | None:
    """Why a version can't go on under today's metadata (an upgrade took a field that it names), or None."""
    return snapshot.keep(("approval_broken", process.digest), lambda: _what_is_broken(snapshot, process))


def _what_is_broken(snapshot: Snapshot, process: ApprovalProcess) -> str | None:
    obj = snapshot.objects.get(process.object_name)
    if obj is None:
        return f"There is no object {process.object_name} any more."
    try:
        _type_everything(snapshot, obj, process)
    except Invalid as invalid:
        return invalid.problems[0].message
    except KeyError as missing:
        return f"There is no {missing} any more."
    return None


def _type_everything(snapshot: Snapshot, obj: Object, process: ApprovalProcess) -> None:
    criteria = [
        process.entry,
        *(text for each in process.steps for text in (each.when, each.approve_when, each.reject_when)),
    ]
    for text in criteria:
        if text is not None:
            request_formula(snapshot, obj, text, Kind.BOOLEAN)
    for approvers in (process.fallback, *(each.approvers for each in process.steps)):
        list(expressions_of(snapshot, obj, approvers))
    own = (process.on_submit, process.on_approve, process.on_reject, process.on_recall)
    for actions in (*own, *(each for step in process.steps for each in (step.on_approve, step.on_reject))):
        for action in actions:
            _type_action(snapshot, obj, action)


def _type_action(snapshot: Snapshot, obj: Object, action: Action) -> None:
    target, formulas = obj, action.update or {}
    if action.create is not None:
        target, formulas = snapshot.objects[action.create[0]], action.create[1]
    for name, text in formulas.items():
        request_value(snapshot, obj, target.fields[name], text)
    for path in action.notify[0] if action.notify is not None else ():
        if path not in ("Submitter", "Approver"):
            reference_formula(snapshot, obj, path)
