"""YAML text to plain values, with the place of each: no tags, no anchors, no duplicate keys, bounded in size and depth.

Scalars are read as YAML 1.2's core schema has it (`yes` and `001` are text, dates are text), so that JSON and YAML say
the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.places import Source, Where

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 40
_LONGEST_NUMBER = 30
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CONSTANTS = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
#: Under these keys a plain scalar is text even where it looks like a number: `key_prefix: 500`.
_TEXT_KEYS = frozenset({"key_prefix", "version"})


@dataclass(frozen=True, slots=True)
class YamlValue:
    """A plain value and where each of its parts stands, by path below `root`."""

    value: Any
    places: dict[Where, Source]
    problems: tuple[Problem, ...] = ()


def read_yaml(text: str, file: str, root: Where = ()) -> YamlValue:
    """Duplicate keys are reported beside the value; anything worse raises Invalid at the first place."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(Problem("", "file_too_large", f"At most {MAX_CHARACTERS:,} characters.", file=file, line=1))
    tree = _Tree(file, root)
    try:
        for event in _events(text):
            tree.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Invalid(tree.problem("yaml_syntax", str(error.problem or "not YAML"), mark)) from None
    except yaml.YAMLError as error:
        raise Invalid(tree.problem("yaml_syntax", str(error).splitlines()[0], None)) from None
    return YamlValue(tree.value, tree.places, tuple(tree.problems))


def _events(text: str) -> Iterator[yaml.Event]:
    # The parser's own composer recurses in C without a bound; events do not.
    yield from yaml.parse(text, Loader=yaml.CSafeLoader)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def plain_scalar(text: str) -> Any:
    """What an unquoted scalar stands for."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if match is None:
        return text
    number = float(text) if match[2] or match[3] else int(text)
    return number if math.isfinite(number) else text


@dataclass(slots=True)
class _Open:
    """A map or list that is not closed yet; `key` waits for its value."""

    container: dict[str, Any] | list[Any]
    where: Where
    key: str | None = None


@dataclass(slots=True)
class _Tree:
    """Grows from events; the innermost open container is the last of `open`."""

    file: str
    root: Where
    value: Any = None
    places: dict[Where, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    documents: int = 0

    def problem(self, code: str, message: str, mark: Any) -> Problem:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, None)
        path = ".".join(str(part) for part in self.open[-1].where) if self.open else ""
        return Problem(path, code, message, file=self.file, line=line, column=column)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse("yaml_alias", "Anchors and aliases are not allowed. Write the value out.", event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse("yaml_tag", f"Tags such as {tag} are not allowed.", event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)

    def _refuse(self, code: str, message: str, event: yaml.Event) -> None:
        raise Invalid(self.problem(code, message, event.start_mark))

    def _document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse("yaml_documents", "One document a file: remove the `---`.", event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self.open[-1] if self.open else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self._key(top, event)
            return
        is_text = not event.implicit[0] or (top is not None and top.key in _TEXT_KEYS)
        self._put(event.value if is_text else plain_scalar(event.value), event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        top.key = event.value
        if event.value in top.container:
            line = self.places[(*top.where, event.value)].line
            message = f"{event.value!r} is here twice; the first is in line {line}. Keep one."
            self.problems.append(self.problem("duplicate_key", message, event.start_mark))
        self.places[(*top.where, event.value)] = Source(self.file, _line(event))

    def _start(self, container: dict[str, Any] | list[Any], event: yaml.Event) -> None:
        if len(self.open) >= MAX_DEPTH:
            self._refuse("yaml_depth", f"Nested deeper than {MAX_DEPTH} levels.", event)
        if self.open and self.open[-1].key is None and isinstance(self.open[-1].container, dict):
            self._refuse("yaml_key", "A key must be a plain text.", event)
        self.open.append(_Open(container, self._put(container, event)))

    def _put(self, value: Any, event: yaml.Event) -> Where:
        if not self.open:
            self.value = value
            self.places[self.root] = Source(self.file, _line(event))
            return self.root
        top = self.open[-1]
        if isinstance(top.container, list):
            where = (*top.where, len(top.container))
            top.container.append(value)
            self.places[where] = Source(self.file, _line(event))
            return where
        assert top.key is not None  # noqa: S101  a value follows its key
        where = (*top.where, top.key)
        top.container[top.key] = value
        top.key = None
        return where
