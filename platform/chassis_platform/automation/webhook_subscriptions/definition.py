"""What a webhook is: where changes are sent, of which objects, under which conditions, as whom they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chassis_metadata.errors import ChassisError, Invalid, Problem
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.forms import near
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.logic.webhook import Watched, webhooks_of
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.tree import Path, Query, SelectedField
from chassis_platform.access.context import Context
from chassis_platform.plan.names import Names
from chassis_platform.plan.query import plan_query
from chassis_platform.records.told import ChangeType, is_told_of
from chassis_platform.records.try_formula import demand_readable

LONGEST_LABEL, LONGEST_URL, MOST_OBJECTS, MOST_FIELDS = 80, 2_000, 50, 200
LARGEST_BATCH, USUAL_BATCH = 200, 50
_KEYS = frozenset({"label", "url", "objects", "run_as_user_id", "batch_size", "is_active", "declared"})
_WATCHED_KEYS = frozenset({"object", "events", "criteria", "fields", "changed"})


@dataclass(frozen=True, slots=True)
class Definition:
    """What somebody set."""

    label: str
    url: str
    run_as_user_id: str
    batch_size: int
    is_active: bool
    watched: tuple[Watched, ...]
    declared: str | None = None  # the component that says what is watched

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What is watched, as it is kept."""
        return [each.document for each in self.watched]


def read_definition(context: Context, document: Mapping[str, Any]) -> Definition:
    """The definition as the user to run as may have it: `context` is theirs. Raises all that is wrong."""
    reader = _Reader(context)
    definition = reader.read(document)
    if reader.problems:
        raise Invalid(reader.problems)
    return definition


@dataclass(frozen=True, slots=True)
class _Reader:
    context: Context
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, message: str, code: str = "invalid_field") -> None:
        self.problems.append(Problem(path, code, message, fields=(path,)))

    def read(self, document: Mapping[str, Any]) -> Definition:
        for unknown in sorted(document.keys() - _KEYS):
            self.wrong(unknown, f"There is no {unknown!r}.{near(unknown, _KEYS)}")
        batch, active = document.get("batch_size", USUAL_BATCH), document.get("is_active", True)
        if not isinstance(batch, int) or isinstance(batch, bool) or not 1 <= batch <= LARGEST_BATCH:
            self.wrong("batch_size", f"A call tells of 1 to {LARGEST_BATCH} records.")
        if not isinstance(active, bool):
            self.wrong("is_active", "is_active is true or false.")
        label = self._text(document, "label", LONGEST_LABEL)
        user_id = str(document.get("run_as_user_id"))
        declared = document.get("declared")
        watched = self._objects(document) if declared is None else self._declared(declared)
        return Definition(label, self._url(document), user_id, batch, active, watched, declared)

    def _text(self, document: Mapping[str, Any], name: str, longest: int) -> str:
        value = document.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            self.wrong(name, f"{name} is a text of 1 to {longest:,} characters.")
            return ""
        return value.strip()

    def _url(self, document: Mapping[str, Any]) -> str:
        url = self._text(document, "url", LONGEST_URL)
        if not url:
            return url
        if not _is_address(url):
            self.wrong("url", "An address is as in https://example.com/changes, without a user name or password.")
        return url

    def _objects(self, document: Mapping[str, Any]) -> tuple[Watched, ...]:
        listed = document.get("objects")
        if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_OBJECTS:
            self.wrong("objects", f"objects lists 1 to {MOST_OBJECTS} objects.")
            return ()
        found = [self._watched(f"objects[{place}]", each) for place, each in enumerate(listed)]
        watched = tuple(each for each in found if each is not None)
        if len({each.object_name for each in watched}) < len(watched):
            self.wrong("objects", "An object stands here once.")
        return watched

    def _declared(self, name: object) -> tuple[Watched, ...]:
        """Nothing is kept of what the component says, but the user may read it: it may say something else tomorrow."""
        known = webhooks_of(self.context.snapshot)
        if not isinstance(name, str) or name not in known:
            self.wrong("declared", f"There is no webhook {name!r}.{near(str(name), known)}")
            return ()
        for each in known[name].documents:
            self._watched("declared", each)
        return ()

    def _watched(self, path: str, document: object) -> Watched | None:
        if not isinstance(document, dict) or document.keys() - _WATCHED_KEYS:
            self.wrong(path, f"Each has these keys: {', '.join(sorted(_WATCHED_KEYS))}.")
            return None
        obj = self._object(path, document.get("object"))
        events = document.get("events") or list(ChangeType)
        if not isinstance(events, list) or not set(map(str, events)) <= set(ChangeType):
            self.wrong(f"{path}.events", f"events are some of {', '.join(ChangeType)}.")
            return None
        if obj is None:
            return None
        fields = self._names(f"{path}.fields", document.get("fields"))
        changed = self._changed(f"{path}.changed", obj, document.get("changed"))
        self._check_fields(f"{path}.fields", obj, fields)
        criteria = self._criteria(f"{path}.criteria", obj, document.get("criteria"))
        return Watched(obj.name, frozenset(map(str, events)), criteria, fields, changed)

    def _object(self, path: str, name: object) -> Object | None:
        try:
            obj = Names(self.context.snapshot, self.context.policy).object(str(name))
        except ChassisError as error:
            self.wrong(f"{path}.object", error.problems[0].message)
            return None
        if not is_told_of(obj):
            self.wrong(f"{path}.object", f"{obj.name} is a journal: its entries are no changes.")
            return None
        return obj

    def _names(self, path: str, names: object) -> tuple[str, ...]:
        if names is None:
            return ()
        if not isinstance(names, list) or len(names) > MOST_FIELDS or not all(isinstance(each, str) for each in names):
            self.wrong(path, f"A list of at most {MOST_FIELDS} names of fields.")
            return ()
        return tuple(dict.fromkeys(names))

    def _changed(self, path: str, obj: Object, names: object) -> frozenset[str]:
        readable = {each.name for each in Names(self.context.snapshot, self.context.policy).readable_fields(obj)}
        found = self._names(path, names)
        for unknown in sorted(set(found) - readable):
            self.wrong(path, f"The user sees no field {unknown!r} of {obj.name}.{near(unknown, readable)}")
        return frozenset(found)

    def _check_fields(self, path: str, obj: Object, names: Sequence[str]) -> None:
        selected = tuple(SelectedField(Path(tuple(each.split(".")))) for each in names)
        if not selected:
            return
        try:
            plan_query(Query(selected=selected, source=obj.name), self.context)
        except ChassisError as error:
            for each in error.problems:
                self.wrong(path, each.message)

    def _criteria(self, path: str, obj: Object, text: object) -> str | None:
        if text is None or text == "":
            return None
        try:
            demand_readable(self.context, formula_of(self.context.snapshot, obj, str(text), Kind.BOOLEAN))
        except ChassisError as error:
            for each in error.problems:
                self.wrong(path, each.message)
        return str(text)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return (
        is_plain and has_port and parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    )
