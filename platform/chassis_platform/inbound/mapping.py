"""A document by a mapping to the records that it stands for, unit by unit. Pure: questions are answered elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chassis_metadata.components import InboundMapping
from chassis_metadata.errors import Invalid, Problem
from chassis_platform.documents.expressions import (
    At,
    Expression,
    Scope,
    Setting,
    evaluate,
    holds,
    nodes,
)
from chassis_platform.documents.nodes import Json, Node, beginning_of, digest_of, line_of
from chassis_platform.documents.questions import Question
from chassis_platform.documents.reading import Document
from chassis_platform.documents.tables import FORMATS

#: Units and records of one document; more where units are lines of a table, or written in parts.
MOST_UNITS, MOST_ROWS = 200, 20_000
MOST_RECORDS, MOST_RECORDS_OF_ROWS = 2_000, 60_000
LONGEST_KEY = 300
#: What a target does with the record that `find` found, or without one.
UPDATE, KEEP, REFUSE, INSERT, SKIP, UPSERT = "update", "keep", "refuse", "insert", "skip", "upsert"


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """A record to be written. Values may hold references to records of earlier targets of the same unit.

    `act` is insert, update, upsert (by the field `key`) or keep; `record_id` is the one that was found. `step` is the
    place of its target, `number` its own among that target's records of the unit, `within` the record above it.
    """

    target: str
    object_name: str
    values: Mapping[str, Any]
    act: str = INSERT
    record_id: str | None = None
    key: str | None = None
    step: int = 0
    number: int = 0
    within: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a document tells: its key, by which a repeat is known, and its records in order.

    `base` is the key without what makes a later version of the unit another message. `problems`: it is refused.
    """

    key: str
    line: int
    records: tuple[PlannedRecord, ...]
    base: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All units, as far as the answered questions go; `wanted` are those to be answered before the next try."""

    units: tuple[Unit, ...]
    wanted: frozenset[Question]


@dataclass(slots=True)
class Reader:
    """A document being read by a mapping. What is finished in one round is not looked at again in the next."""

    document: Document
    mapping: InboundMapping
    setting: Setting
    _found: list[Node] | None = None
    _done: dict[int, Unit] | None = None

    def read(self, known: Mapping[Question, Any]) -> Reading:
        """Every unit of the document, with what is wrong in any of them."""
        if self._found is None or self._done is None:
            self._found, self._done = self._units(), {}
        wanted: set[Question] = set()
        units: list[Unit] = []
        for number, node in enumerate(self._found):
            done = self._done.get(number)
            if done is None:
                scope = self._scope(known)
                done = self._unit(node, At(node, node, scope))
                wanted |= scope.wanted
                if not scope.wanted:
                    self._done[number] = done
            units.append(done)
        most = MOST_RECORDS_OF_ROWS if self._is_long else MOST_RECORDS
        if sum(len(unit.records) for unit in units) > most:
            raise Invalid.of("too_many_records", f"A document makes at most {most:,} records. Send several.")
        return Reading(tuple(units), frozenset(wanted))

    @property
    def _is_long(self) -> bool:
        """Whether many units are no reason to refuse: they are lines, or written in parts."""
        return self.mapping.body.get("format") in FORMATS or self.mapping.body.get("acceptance") == "unit"

    def _scope(self, known: Mapping[Question, Any]) -> Scope:
        body = self.mapping.body
        return Scope(
            values=body.get("values", {}),
            namespaces=tuple(sorted(body.get("namespaces", {}).items())),
            known_elements=frozenset(body.get("known_elements", ())),
            setting=self.setting,
            document=self.document.root,
            known=known,
        )

    def _units(self) -> list[Node]:
        root, body = self.document.root, self.mapping.body
        at = At(root, root, self._scope({}))
        default = ["/table/group" if "group_by" in body else "/table/row"]
        declared = body.get("root", default)
        paths: Sequence[str] = [declared] if isinstance(declared, str) else declared
        found = next((places for path in paths if (places := _at_root(path, at))), [])
        if not found:
            message = f"The document has nothing at {' or '.join(paths)}. {beginning_of(root)}"
            raise Invalid(Problem("", "nothing_found", message, line=line_of(root)))
        most = MOST_ROWS if self._is_long else MOST_UNITS
        if len(found) > most:
            raise Invalid.of("too_many_records", f"At most {most:,} at {paths[0]} in one document. Send several.")
        return found

    def _unit(self, node: Node, at: At) -> Unit:
        body = self.mapping.body
        problems = tuple(_missing(body, at)) if "require" in body else ()
        plan = _Plan(at)
        for step, target in enumerate(body["targets"]):
            plan.add(step, target)
        base = _key(body.get("message_key", ()), at)
        revision = evaluate(body["revision"], at) if "revision" in body else None
        key = base if revision is None else _short(f"{base}|{revision}")
        return Unit(key, line_of(node), tuple(plan.records), base, (*problems, *plan.problems))


def _at_root(path: str, at: At) -> list[Node]:
    """The units at a path; of a JSON list as the whole document, its items."""
    found = nodes(path, at)
    if path == "$" and len(found) == 1 and isinstance(found[0], Json) and isinstance(found[0].value, list):
        return [Json(each) for each in found[0].value if each is not None]
    return found


def _missing(body: Mapping[str, Any], at: At) -> Iterator[Problem]:
    for each in body["require"]:
        if not holds(each["that"], at):
            yield Problem("", "required_value_missing", each["message"], line=line_of(at.node), column=1)


def _key(expressions: Sequence[Expression], at: At) -> str:
    """The parts that the mapping names; without the first, a digest of the unit: then only a true copy is a repeat."""
    parts = [evaluate(each, at) for each in expressions]
    if not parts or parts[0] is None:
        return digest_of(at.unit)
    return _short("|".join("" if part is None else str(part) for part in parts))


def _short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@dataclass(slots=True)
class _Plan:
    """The records of one unit, as its targets add them."""

    at: At
    records: list[PlannedRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _places: dict[str, list[Node]] = field(default_factory=dict)

    def add(self, step: int, target: Mapping[str, Any]) -> None:
        """The records of a target: one, or one for each place that it names."""
        name = name_of_target(target)
        made: list[Node] = []
        for place, above in self._places_of(target):
            here = self.at.moved_to(place)
            if "when" in target and not holds(target["when"], here):
                continue
            record = self._record(target, here)
            if record is None:
                continue
            self.records.append(replace(record, target=name, step=step, number=len(made), within=above))
            made.append(place)
        self._places[name] = made

    def _places_of(self, target: Mapping[str, Any]) -> Iterator[tuple[Node, tuple[str, int] | None]]:
        above = target.get("within")
        if above is None:
            for place in nodes(target["each"], self.at) if "each" in target else [self.at.node]:
                yield place, None
            return
        for number, outer in enumerate(self._places.get(above, ())):
            for place in nodes(target["each"], self.at.moved_to(outer)) if "each" in target else [outer]:
                yield place, (above, number)

    def _record(self, target: Mapping[str, Any], here: At) -> PlannedRecord | None:
        """Its values, and what is to be done with them; None where nothing is."""
        object_name = target["object"]
        if "upsert_by" in target:
            values = self._values(target, here, is_new=True)
            return PlannedRecord("", object_name, values, UPSERT, key=target["upsert_by"])
        found = evaluate(target["find"], here) if "find" in target else None
        if found is None:
            act = target.get("if_missing", INSERT) if "find" in target else INSERT
        else:
            act = target.get("if_found", UPDATE)
        if act == REFUSE:
            self._refuse(target, here, is_there=found is not None)
        if act in (REFUSE, SKIP):
            return None
        values = {} if act == KEEP else self._values(target, here, is_new=act == INSERT)
        return PlannedRecord("", object_name, values, act, None if found is None else str(found))

    def _refuse(self, target: Mapping[str, Any], here: At, *, is_there: bool) -> None:
        if here.scope.wanted:
            return  # not known yet
        usual = "is there already" if is_there else "was not found"
        message = target.get("message", f"The {target['object']} {usual}.")
        code = "duplicate_value" if is_there else "record_not_found"
        self.problems.append(Problem("", code, message, line=line_of(here.node), column=1))

    def _values(self, target: Mapping[str, Any], here: At, *, is_new: bool) -> dict[str, Any]:
        fields = {**target.get("fields", {}), **(target.get("new_fields", {}) if is_new else {})}
        values = {name: evaluate(expression, here) for name, expression in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def name_of_target(target: Mapping[str, Any]) -> str:
    """How `{record: …}` calls a target."""
    name: str = target.get("name", target["object"])
    return name
