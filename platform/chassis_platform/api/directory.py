"""Finds a request's route by the words of its address: to ask hundreds in turn costs as much as a small read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

#: Where the route that was found is, in what `matches` adds to the scope.
FOUND = "chassis.route"


class _Parameter(NamedTuple):
    """Which word of an address it is, how that begins, and the parameter's name."""

    number: int
    start: str
    name: str


class _End(NamedTuple):
    """A route, its place among all, and its parameters; None where Starlette has to take the address apart."""

    place: int
    route: Route
    parameters: Sequence[_Parameter] | None

    def matches(self, scope: Scope, words: Sequence[str]) -> tuple[Match, Scope]:
        if self.parameters is None:
            return self.route.matches(scope)
        found = {}
        for number, start, name in self.parameters:
            if not words[number].startswith(start):
                return Match.NONE, {}
            found[name] = words[number][len(start) :]
        if not all(found.values()) or scope["method"] not in (self.route.methods or ()):
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.route.endpoint, "path_params": {**scope.get("path_params", {}), **found}}


@dataclass(slots=True)
class _Node:
    """What follows a word of addresses: further words, anything at all, or the end."""

    words: dict[str, _Node] = field(default_factory=dict)
    anything: _Node | None = None
    ends: list[_End] = field(default_factory=list)


class Directory(BaseRoute):
    """The routes that requests meet in whole. What is met in part, or not at all, is left to the routes behind this."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Node()
        for place, each in enumerate(routes):
            if isinstance(each, Route) and ":path}" not in each.path:
                self._add(place, each)

    def _add(self, place: int, route: Route) -> None:
        node, words = self._root, route.path.split("/")
        for word in words:
            if "{" in word:
                node.anything = node.anything or _Node()
                node = node.anything
            else:
                node = node.words.setdefault(word, _Node())
        node.ends.append(_End(place, route, _parameters(words)))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that the request meets in whole."""
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        words = scope["path"].split("/")
        for end in sorted(_met(self._root, words, 0), key=_place):
            match, found = end.matches(scope, words)
            if match is Match.FULL:
                return match, {**found, FOUND: end.route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the route that was found: it knows the method."""
        await scope[FOUND].app(scope, receive, send)


def directory_of(request: Request) -> Directory:
    """The directory of the application that the request came to."""
    directory: Directory = request.app.state.directory
    return directory


class Front:
    """An ASGI application before another one: what the directory finds is answered at once.

    Routes answer every error themselves, so nothing has to stand around them.
    """

    def __init__(self, directory: Directory, others: ASGIApp) -> None:
        self._directory, self._others = directory, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        match, found = self._directory.matches(scope)
        if match is not Match.FULL:
            await self._others(scope, receive, send)
            return
        scope.update(found)
        await found[FOUND].app(scope, receive, send)


def _parameters(words: Sequence[str]) -> Sequence[_Parameter] | None:
    """Those words that are a parameter or end with one; None if there are any of another kind."""
    found = [_parameter(number, word) for number, word in enumerate(words) if "{" in word]
    return None if None in found else [each for each in found if each is not None]


def _parameter(number: int, word: str) -> _Parameter | None:
    start, _, rest = word.partition("{")
    name = rest.removesuffix("}")
    return _Parameter(number, start, name) if name.isidentifier() and rest == name + "}" else None


def _place(end: _End) -> int:
    return end.place


def _met(node: _Node, words: list[str], number: int) -> Iterator[_End]:
    """The routes whose words are these, with anything at the places of parameters."""
    if number == len(words):
        yield from node.ends
        return
    following = node.words.get(words[number])
    if following is not None:
        yield from _met(following, words, number + 1)
    if node.anything is not None:
        yield from _met(node.anything, words, number + 1)
