"""`composite/graph`: several composites in one call, each of them whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from chassis_metadata.errors import Invalid, Problem
from chassis_platform.access.context import Context
from chassis_platform.api.bodies import json_object, json_response
from chassis_platform.api.composite import (
    demand_only_writes,
    list_of_objects,
    read_subrequests,
    result_documents,
    send_together,
)
from chassis_platform.api.composite_subrequests import Subrequest, halted
from chassis_platform.api.deps import route
from chassis_platform.api.idempotency import idempotent
from chassis_platform.api.versions import ROOT, demand_version

MOST_GRAPHS = 75
MOST_NODES = 500
#: After so many graphs that failed, the others are not tried.
MOST_FAILURES = 14
LONGEST_ID = 255
_RECORDS = re.compile(r"/services/data/v[0-9.]+/sobjects/[^/]+(?:/[^/]+){0,2}")
_TOO_MANY_FAILED = f"Not tried: more than {MOST_FAILURES} graphs of this call failed before."


@dataclass(frozen=True, slots=True)
class Graph:
    """Subrequests on single records that belong together."""

    id: str
    subrequests: Sequence[Subrequest]


async def graph(context: Context, request: Request) -> Response:
    """`POST /composite/graph`: each graph is a transaction of its own."""
    demand_version(request)
    document = await json_object(request)
    graphs = read_graphs(list_of_objects(document.get("graphs"), "graphs", most=MOST_GRAPHS))
    demand_only_writes(request, [each for one in graphs for each in one.subrequests])
    results: list[dict[str, Any]] = []
    for each in graphs:
        failed = sum(1 for one in results if not one["isSuccessful"])
        if failed > MOST_FAILURES:
            outcomes = [halted(_TOO_MANY_FAILED)] * len(each.subrequests)
        else:
            outcomes = await send_together(context, request, each.subrequests)
        answered = {"compositeResponse": result_documents(each.subrequests, outcomes)}
        succeeded = not any(one.is_failure for one in outcomes)
        results.append({"graphId": each.id, "graphResponse": answered, "isSuccessful": succeeded})
    return json_response({"graphs": results})


def read_graphs(documents: Sequence[Mapping[str, Any]]) -> list[Graph]:
    """The graphs of a call; raises all that is wrong with them."""
    problems: list[Problem] = []
    graphs: list[Graph] = []
    for number, document in enumerate(documents):
        try:
            graphs.append(_graph(document, f"graphs[{number}]"))
        except Invalid as error:
            problems += error.problems
    repeated = sorted({each.id for each in graphs if sum(1 for one in graphs if one.id == each.id) > 1})
    problems += [Problem("graphs", "invalid_input", f"graphs: the graphId {each} comes twice.") for each in repeated]
    if problems:
        raise Invalid(tuple(problems))
    nodes = sum(len(each.subrequests) for each in graphs)
    if nodes > MOST_NODES:
        raise Invalid.of("exceeded_max_size_request", f"At most {MOST_NODES} nodes a call; {nodes} came.")
    return graphs


def _graph(document: Mapping[str, Any], place: str) -> Graph:
    graph_id = document.get("graphId")
    if not isinstance(graph_id, str) or not 0 < len(graph_id) <= LONGEST_ID:
        raise Invalid.of("json_parser_error", f"{place}.graphId: must be a text of 1 to {LONGEST_ID} letters.")
    subrequests = read_subrequests(document.get("compositeRequest"), f"{place}.compositeRequest", most=MOST_NODES)
    wrong = [each for each in subrequests if not _RECORDS.fullmatch(each.path)]
    if wrong:
        message = "a graph takes requests on single records only (/sobjects/Object, by id or by external id)."
        names = ", ".join(each.reference_id for each in wrong[:5])
        raise Invalid.of("invalid_input", f"{place}: {names}: {message}")
    return Graph(graph_id, subrequests)


def routes() -> list[BaseRoute]:
    """The routes of this file."""
    return [route(f"{ROOT}/composite/graph", ["POST"], idempotent(graph))]
