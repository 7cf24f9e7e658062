"""`composite/tree/{Object}`: new records with their children, all or none, each level of an object as one set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_metadata.snapshot import ChildRelationship, Object
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.composite import list_of_objects
from chassis_platform.api.deps import route, server_of
from chassis_platform.api.describe import visible_object
from chassis_platform.api.errors import problem_document
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.one_transaction import UndoneError, in_one_transaction
from chassis_platform.api.versions import ROOT, demand_version
from chassis_platform.plan.changes import ROLLED_BACK
from chassis_platform.records.write import write_records
from chassis_tenants.database import Transaction

MOST_RECORDS = 200
MOST_LEVELS = 5
MOST_TYPES = 5
LONGEST_ID = 255


@dataclass(slots=True)
class Node:
    """A record to be made. `values` are those of its fields, `reference` the one that refers to its parent."""

    reference_id: str
    obj: Object
    values: dict[str, Any]
    level: int
    parent: Node | None = None
    reference: str | None = None
    id: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def ready(self) -> dict[str, Any]:
        """What is written; the parent is there by then."""
        if self.parent is None or self.reference is None:
            return self.values
        return {**self.values, self.reference: self.parent.id}


async def tree(context: Context, request: Request) -> Response:
    """`POST /composite/tree/{Object}`: 201 with the ids, or 400 with what was wrong with which record."""
    demand_version(request)
    obj = visible_object(context, request.path_params["object"])
    document = await json_object(request)
    records = list_of_objects(document.get("records"), "records", most=MOST_RECORDS)
    nodes = _Reading(context).nodes(obj, records)

    async def work(joined: Request, transaction: Transaction) -> None:
        del transaction
        for level in range(1, MOST_LEVELS + 1):
            await _write_level(context, joined, [each for each in nodes if each.level == level])

    if any(each.problems for each in nodes):
        return _refused(nodes)
    try:
        await in_one_transaction(context, request, work)
    except UndoneError:
        return _refused(nodes)
    ordered = sorted(nodes, key=lambda each: each.level)
    results = [{"referenceId": each.reference_id, "id": each.id} for each in ordered]
    return json_response({"hasErrors": False, "results": results}, 201)


async def _write_level(context: Context, request: Request, nodes: Sequence[Node]) -> None:
    """Write the records of a level, those of one object as one set; all that is wrong on it is told at once."""
    by_object: dict[str, list[Node]] = {}
    for each in nodes:
        each.problems = []  # of a try before this one
        by_object.setdefault(each.obj.name, []).append(each)
    for name, same in by_object.items():
        values = [each.ready() for each in same]
        results = await write_records(server_of(request).database, context, name, "insert", values, all_or_none=True)
        for each, result in zip(same, results, strict=True):
            each.id = result.id
            each.problems = [problem for problem in result.problems if problem is not ROLLED_BACK]
    codes = {problem.code for each in nodes for problem in each.problems}
    if codes:
        raise UndoneError(is_locked="unable_to_lock_row" in codes)


def _refused(nodes: Sequence[Node]) -> Response:
    wrong = sorted((each for each in nodes if each.problems), key=lambda each: each.level)
    results = [
        {
            "referenceId": each.reference_id,
            "errors": [problem_document(problem, code_key="statusCode") for problem in each.problems],
        }
        for each in wrong
    ]
    return json_response({"hasErrors": True, "results": results}, 400)


@dataclass(slots=True)
class _Reading:
    """The records of a call as they are found, down the children of each."""

    context: Context
    found: list[Node] = field(default_factory=list)

    def nodes(self, obj: Object, records: Sequence[Mapping[str, Any]]) -> list[Node]:
        """All of them; what is wrong with one is noted there."""
        for number, record in enumerate(records):
            self._record(obj, record, f"records[{number}]", None, None)
        self._check_ids()
        types = {each.obj.name for each in self.found}
        if len(types) > MOST_TYPES:
            raise Invalid.of("exceeded_max_size_request", f"At most {MOST_TYPES} objects a call: {sorted(types)}.")
        return self.found

    def _record(
        self,
        obj: Object,
        record: Mapping[str, Any],
        place: str,
        parent: Node | None,
        relationship: ChildRelationship | None,
    ) -> None:
        type_name, reference_id = _attributes(record, place)
        node = Node(reference_id, obj, {}, 1 if parent is None else parent.level + 1, parent)
        node.reference = relationship.field if relationship else None
        self.found.append(node)
        if len(self.found) > MOST_RECORDS:
            raise Invalid.of("exceeded_max_size_request", f"At most {MOST_RECORDS} records a call, children included.")
        if node.level > MOST_LEVELS:
            raise Invalid.of("exceeded_max_size_request", f"{place}: records may be nested {MOST_LEVELS} levels deep.")
        if type_name.lower() != obj.name.lower():
            message = f"attributes.type must be {obj.name} here, not {type_name}"
            node.problems.append(Problem("", "invalid_input", message))
        for name, value in record.items():
            below = self._children(obj, name, value)
            if below is None:
                if name.lower() != "attributes":
                    node.values[name] = value
                continue
            for number, child in enumerate(list_of_objects(value["records"], f"{place}.{name}", most=MOST_RECORDS)):
                child_object = self.context.snapshot.objects[below.child]
                self._record(child_object, child, f"{place}.{name}[{number}]", node, below)

    def _children(self, obj: Object, name: str, value: Any) -> ChildRelationship | None:
        """The relationship whose records a value is; None: it is the value of a field."""
        if not isinstance(value, dict) or not isinstance(value.get("records"), list):
            return None
        relationship = obj.children_by_lower_name.get(name.lower())
        if relationship is None:
            return None
        try:
            visible_object(self.context, relationship.child)
        except ChassisError:
            return None
        return relationship

    def _check_ids(self) -> None:
        by_id: dict[str, list[Node]] = {}
        for each in self.found:
            by_id.setdefault(each.reference_id, []).append(each)
        for same in by_id.values():
            for each in same if len(same) > 1 else ():
                each.problems.append(Problem("", "invalid_input", "Duplicate ReferenceId provided in the request."))


def _attributes(record: Mapping[str, Any], place: str) -> Iterator[str]:
    attributes = record.get("attributes")
    found = attributes if isinstance(attributes, dict) else {}
    for name in ("type", "referenceId"):
        value = found.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
            message = f"{place}.attributes.{name}: must be a text of 1 to {LONGEST_ID} letters."
            raise Invalid.of("json_parser_error", message)
        yield value


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [route(f"{ROOT}/composite/tree/{{object}}", ["POST"], idempotent(tree))]
