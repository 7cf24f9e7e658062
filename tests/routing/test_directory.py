"""The directory of routes finds what asking all of them in turn would find."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.routing import Match, Route

from chassis_platform.api.directory import Directory
from chassis_platform.app import api_routes

ROUTES = [each for each in api_routes() if isinstance(each, Route)]
WORDS = ("x", "describe", "composite")


def in_turn(scope: dict[str, Any]) -> tuple[Route | None, Any]:
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            return route, found.get("path_params")
    return None, None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_same_route_is_found_with_the_same_parameters(method: str) -> None:
    directory = Directory(ROUTES)
    paths = {re.sub(r"\{[^}]*\}", word, each.path) for each in ROUTES for word in WORDS}
    paths |= {f"{each}/x" for each in sorted(paths)[::5]} | {"", "/", "//", "/services//data"}
    paths |= {f"/services/data/{each}" for each in ("v/query", "66.0/query", "v66.0/sobjects//x", "v66.0/sobjects/x/")}
    for path in paths:
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        route, parameters = in_turn(scope)
        match, found = directory.matches(scope)
        if route is not None and ":path}" in route.path:
            assert match is Match.NONE, path
        else:
            assert (found.get("chassis.route"), found.get("path_params")) == (route, parameters), path


def test_what_is_met_in_part_is_left_to_others() -> None:
    scope = {"type": "http", "method": "BREW", "path": "/services/data/v66.0/query", "root_path": ""}
    assert Directory(ROUTES).matches(scope)[0] is Match.NONE
    assert Directory(ROUTES).matches({**scope, "method": "GET", "root_path": "/below"})[0] is Match.NONE
