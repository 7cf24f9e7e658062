"""A package's demo plan: `demo/plan.yaml` and its step files, read and checked, with every problem at once.

docs/reference/demo-plan.md says what may stand in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.forms import near
from chassis_metadata.places import Source, Where, problem_at
from chassis_metadata.yaml_text import read_yaml
from chassis_platform.demo.expressions import Compiler, Expression, Names, World
from chassis_platform.demo.operators import OPERATORS
from chassis_platform.demo.sources import RowSource

Operation = Literal["insert", "update"]
PLAN_FILE = "plan.yaml"

_PLAN_KEYS = frozenset({"lists", "tenants"})
_LIST_KEYS = frozenset({"file", "column", "weight", "only"})
_TENANT_KEYS = frozenset(
    {"name", "label", "language", "time_zone", "currency", "packages", "administrator", "client", "inbound"}
    | {"settings", "variables", "steps"}
)
_PERSON_KEYS = frozenset(
    {"username", "first_name", "last_name", "title", "language", "time_zone", "email", "persona", "permission_sets"}
    | {"role", "user_type", "sign_in"}
)
_STEP_KEYS = frozenset({"set", "title", "object", "users", "operation", "rows", "let", "needs", "values", "keep"})
_ROW_KEYS = frozenset({"file", "inline", "count", "set", "cross", "where", "distinct", "times", "limit", "whole"})
_SOURCES = ("file", "inline", "count", "set", "cross")


@dataclass(frozen=True, slots=True)
class Text:
    """A YAML file of the plan: its value, and where each part of it stands."""

    file: str
    value: Any
    places: Mapping[Where, Source]


@dataclass(frozen=True, slots=True)
class ListSource:
    """A declared list: a column of a file."""

    file: str
    column: str
    weight: str | None = None
    only: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Door:
    """An API client or an inbound key, and the user that it acts as."""

    label: str
    run_as: str


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """A tenant to be, with its values of settings and the texts of its steps."""

    name: str
    label: str
    language: str
    time_zone: str
    currency: str
    packages: tuple[str, ...]
    administrator: Mapping[str, Any]
    client: Door
    inbound: Door
    settings: Mapping[str, Any]
    variables: Mapping[str, Any]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """All tenants of a plan. `digest` names its content: an interrupted load goes on only with the same plan."""

    folder: Path
    digest: str
    lists: Mapping[str, ListSource]
    tenants: tuple[TenantPlan, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One set of records, compiled for a tenant's World. Without an object, its values are documents of users."""

    name: str
    title: str
    object_name: str | None
    operation: Operation
    rows: RowSource
    let: Sequence[tuple[str, Expression]]
    needs: tuple[str, ...]
    values: Sequence[tuple[str, Expression]]
    keep: tuple[str, ...] | None


def read_plan(folder: Path) -> DemoPlan:
    """The plan in a folder; raises Invalid with every problem of its form, each with file and line."""
    reading = _Reading(folder)
    plan = reading.plan()
    if reading.problems:
        raise Invalid(reading.problems)
    return plan


def compile_steps(tenant: TenantPlan, plan: DemoPlan, world: World) -> list[Step]:
    """The steps of a tenant in their order."""
    problems: list[Problem] = []
    steps = list(_compiled(tenant, frozenset(plan.lists), world, problems))
    if problems:
        raise Invalid(problems)
    return steps


def _compiled(tenant: TenantPlan, lists: frozenset[str], world: World, problems: list[Problem]) -> Iterator[Step]:
    known: set[str] = set()
    for text in tenant.texts:
        sources = text.value.get("steps") if isinstance(text.value, Mapping) else None
        for place, source in enumerate(sources if isinstance(sources, list) else []):
            compiler = Compiler(world, Names(frozenset(known), lists), OPERATORS, text.places, problems)
            step = _step(compiler, source, ("steps", place))
            known.add(step.name)
            yield step


def _step(compiler: Compiler, source: Any, where: Where) -> Step:
    source = _mapping(compiler, source, where, _STEP_KEYS)
    if bool(source.get("users")) == ("object" in source):
        compiler.complain(where, "no_object", "A step names an `object`, or says `users: true`.")
    keep = source.get("keep")
    name = str(source.get("set", source.get("object", "users")))
    return Step(
        name=name,
        title=str(source.get("title", name)),
        object_name=source.get("object"),
        operation="update" if source.get("operation") == "update" else "insert",
        rows=_rows(compiler, source.get("rows"), (*where, "rows")),
        let=_expressions(compiler, source.get("let", {}), (*where, "let")),
        needs=tuple(source.get("needs", ())),
        values=_expressions(compiler, source.get("values", {}), (*where, "values")),
        keep=None if keep is None else tuple(keep),
    )


def _rows(compiler: Compiler, source: Any, where: Where) -> RowSource:
    source = _mapping(compiler, source, where, _ROW_KEYS)
    if sum(name in source for name in _SOURCES) != 1:
        compiler.complain(where, "no_rows", f"Rows come from exactly one of: {', '.join(_SOURCES)}.")
    condition, times, count = source.get("where"), source.get("times"), source.get("count")
    return RowSource(
        file=source.get("file"),
        inline=source.get("inline", ()),
        count=None if count is None else compiler.compile(count, (*where, "count")),
        of_set=compiler.known_set(source["set"], (*where, "set")) if "set" in source else None,
        cross=[_rows(compiler, each, (*where, "cross", place)) for place, each in enumerate(source.get("cross", []))],
        where=None if condition is None else compiler.condition(condition, (*where, "where")),
        distinct=tuple(source.get("distinct", ())),
        times=None if times is None else compiler.compile(times, (*where, "times")),
        limit=source.get("limit"),
        whole=bool(source.get("whole")),
    )


def _expressions(compiler: Compiler, source: Any, where: Where) -> list[tuple[str, Expression]]:
    named = _mapping(compiler, source, where, None)
    return [(name, compiler.compile(each, (*where, name))) for name, each in named.items()]


def _mapping(compiler: Compiler, source: Any, where: Where, keys: frozenset[str] | None) -> Mapping[str, Any]:
    if not isinstance(source, Mapping):
        compiler.complain(where, "not_a_map", f"Expected a map, not {source!r}.")
        return {}
    for name in source.keys() - (source.keys() if keys is None else keys):
        compiler.complain((*where, name), "unknown_key", f"{name!r} is not known here.{near(name, keys or ())}")
    return source


class _Reading:
    """A plan in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._digest = hashlib.sha256()
        self._text = self._read(PLAN_FILE)

    def plan(self) -> DemoPlan:
        source = self._map(self._text.value, (), _PLAN_KEYS)
        lists = {
            name: ListSource(**self._known(each, ("lists", name), _LIST_KEYS, "file", "column"))
            for name, each in source.get("lists", {}).items()
        }
        tenants = [self._tenant(each, ("tenants", place)) for place, each in enumerate(source.get("tenants", []))]
        plan = DemoPlan(self.folder, self._digest.hexdigest(), lists, tuple(tenants))
        for tenant in plan.tenants:
            self._try_steps(tenant, plan)
        return plan

    def _tenant(self, source: Any, where: Where) -> TenantPlan:
        given = self._known(source, where, _TENANT_KEYS, "name", "administrator", "client", "inbound", "steps")
        name = given["name"]
        return TenantPlan(
            name=name,
            label=given.get("label", name),
            language=given.get("language", "en_US"),
            time_zone=given.get("time_zone", "UTC"),
            currency=given.get("currency", "USD"),
            packages=tuple(given.get("packages", ())),
            administrator=self._known(
                given["administrator"], (*where, "administrator"), _PERSON_KEYS, "username", "last_name", "persona"
            ),
            client=Door(**self._door(given["client"], (*where, "client"))),
            inbound=Door(**self._door(given["inbound"], (*where, "inbound"))),
            settings=given.get("settings", {}),
            variables=given.get("variables", {}),
            texts=tuple(self._read(each) for each in given["steps"] or ()),
        )

    def _door(self, source: Any, where: Where) -> Mapping[str, Any]:
        return self._known(source, where, frozenset({"label", "run_as"}), "label", "run_as")

    def _try_steps(self, tenant: TenantPlan, plan: DemoPlan) -> None:
        """Compile once for the problems alone."""
        world = World(date(2000, 1, 1), ZoneInfo("UTC"))
        for step in _compiled(tenant, frozenset(plan.lists), world, self.problems):
            self._check_files(step.rows)

    def _check_files(self, rows: RowSource) -> None:
        for each in (rows, *rows.cross):
            if each.file is not None and not (self.folder / each.file).is_file():
                self.problems.append(
                    Problem(each.file, "no_such_file", f"There is no file {each.file} in {self.folder}.")
                )

    def _read(self, name: str) -> Text:
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Invalid.of("no_such_file", f"{path} can't be read: {error.strerror}.", path=name) from None
        self._digest.update(content)
        read = read_yaml(content.decode(), str(path))
        self.problems += read.problems
        return Text(str(path), read.value, read.places)

    def _map(self, source: Any, where: Where, keys: frozenset[str]) -> Mapping[str, Any]:
        if not isinstance(source, Mapping):
            self._complain(where, "not_a_map", f"Expected a map, not {source!r}.")
            return {}
        for name in source.keys() - keys:
            self._complain((*where, name), "unknown_key", f"{name!r} is not known here.{near(name, keys)}")
        return source

    def _known(self, source: Any, where: Where, keys: frozenset[str], *required: str) -> dict[str, Any]:
        """A map's known entries; those that are required and missing are complained about and None."""
        given = self._map(source, where, keys)
        for name in required:
            if name not in given:
                self._complain(where, "required_key_missing", f"{name!r} is missing.")
        return {**dict.fromkeys(required), **{name: each for name, each in given.items() if name in keys}}

    def _complain(self, where: Where, code: str, message: str) -> None:
        self.problems.append(problem_at(self._text.places, where, code, message))
