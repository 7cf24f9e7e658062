"""Paths of mappings: XPath 1.0 over elements, JSONPath (RFC 9535) over JSON. Compiled once; a package's are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.exceptions import JSONPathError
from lxml import etree

from chassis_metadata.errors import Invalid

#: A compiled path: from where it begins to what it finds.
Finder = Callable[[Any], Any]

JSON = "json"
#: Where a path may begin instead of the place at which it is evaluated.
UNIT, DOCUMENT = "$unit", "$document"


class _Environment(JSONPathEnvironment):
    """Without `match` and `search`: a document could bring a regular expression that never ends."""

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            del self.function_extensions[name]


_JSON_PATHS = _Environment()


def language_of(body: Mapping[str, Any]) -> str:
    """The language of a mapping's paths: `json` for JSONPath, `xml` for XPath."""
    return JSON if body.get("format") == JSON else "xml"


def split_start(path: str) -> tuple[str, str]:
    """Where a path begins (`$unit`, `$document` or nothing) and the rest of it."""
    start = next((each for each in (UNIT, DOCUMENT) if path.startswith(each)), "")
    return start, path.removeprefix(start)


def compile_path(language: str, path: str, namespaces: Mapping[str, str]) -> Finder:
    """What finds the nodes of a path, which has no start any more; Invalid says what is wrong with it."""
    if language == JSON:
        return json_path(path if path.startswith("$") else f"${path}")
    return xpath(path.removeprefix("/") if path.startswith("/@") else path, tuple(sorted(namespaces.items())))


@lru_cache(maxsize=4_000)
def xpath(path: str, namespaces: tuple[tuple[str, str], ...]) -> etree.XPath:
    """A compiled XPath; regular expressions of EXSLT are not part of it."""
    try:
        return etree.XPath(path, namespaces=dict(namespaces) or None, smart_strings=False, regexp=False)
    except etree.XPathError as error:
        raise Invalid.of("invalid_path", f"{path!r} is no XPath: {error}.") from None


@lru_cache(maxsize=4_000)
def json_path(path: str) -> Finder:
    """A compiled JSONPath: from a value to the values that it finds."""
    try:
        query = _JSON_PATHS.compile(path)
    except (JSONPathError, RecursionError) as error:
        raise Invalid.of("invalid_path", f"{path!r} is no JSONPath: {error}.") from None

    def find(value: Any) -> list[Any]:
        try:
            return [node.value for node in query.find(value)]
        except (JSONPathError, RecursionError) as error:
            raise Invalid.of("invalid_mapping", f"The path {path!r} does not work: {error}.") from None

    return find
