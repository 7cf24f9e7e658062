"""The expressions of a mapping: their paths and regular expressions can be read, and what they name is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chassis_metadata.check.function_bodies import check_pattern
from chassis_metadata.check.look import Look, missing_field, unknown
from chassis_metadata.check.settings import check_shown_setting
from chassis_metadata.document_paths import compile_path, split_start
from chassis_metadata.errors import Invalid
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.decision_table import KIND as DECISION_TABLE
from chassis_metadata.logic.decision_table import table_of
from chassis_metadata.places import Where

_SEVERAL = ("all", "least", "greatest")
#: Steps whose option is a regular expression, or holds one.
_PATTERN_STEPS = ("extract", "match")
_PATTERN_KEYS = ("pattern", "matching", "without")


@dataclass(frozen=True, slots=True)
class ExpressionCheck:
    """Checks expressions and conditions of one mapping: by the language of its paths, over what there is.

    `values` are the names of its values; `made` those of targets whose records may be referred to.
    """

    look: Look
    language: str
    namespaces: Mapping[str, str]
    values: frozenset[str]

    def expression(self, said: Any, where: Where, made: Iterable[str] = ()) -> Iterator[Complaint]:
        """A path, or a map with one source and steps."""
        if isinstance(said, str):
            yield from self.path(said, where)
            return
        for key, option in said.items():
            if key == "then":
                yield from _steps(option, (*where, key))
            else:
                yield from self._source(key, option, (*where, key), made)

    def path(self, text: str, where: Where) -> Iterator[Complaint]:
        """A path of the mapping's language."""
        start, rest = split_start(text)
        if start and not rest:
            return
        try:
            compile_path(self.language, rest.removeprefix("/") if start else rest, self.namespaces)
        except Invalid as error:
            yield Complaint(where, "invalid_path", error.problems[0].message)

    def condition(self, said: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
        """Any, all, not, exists, or a value that is compared."""
        for key in ("any", "all"):
            for number, each in enumerate(said.get(key, ())):
                yield from self.condition(each, (*where, key, number))
        if "not" in said:
            yield from self.condition(said["not"], (*where, "not"))
        for key in ("exists", "value"):
            if key in said:
                yield from self.expression(said[key], (*where, key))
        if "matches" in said:
            yield from check_pattern(said["matches"], (*where, "matches"))

    def _source(self, key: str, option: Any, where: Where, made: Iterable[str]) -> Iterator[Complaint]:
        match key:
            case "path":
                yield from self.path(option, where)
            case "first" | "join":
                listed, place = (option, where) if key == "first" else (option["of"], (*where, "of"))
                for number, each in enumerate(listed):
                    yield from self.expression(each, (*place, number), made)
            case "case":
                for number, each in enumerate(option):
                    yield from self.condition(each.get("when", {}), (*where, number, "when"))
                    yield from self.expression(each["then"], (*where, number, "then"), made)
            case "days":
                for name in ("from", "to"):
                    yield from self.expression(option[name], (*where, name))
            case _ if key in _SEVERAL:
                yield from self._several(option, where)
            case _:
                yield from self._named(key, option, where, made)

    def _several(self, option: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
        if "path" not in option and not {"each", "value"} <= option.keys():
            yield Complaint(where, "required_key_missing", "Give 'path', or 'each' with 'value'.")
        for key in ("path", "each", "sort_by"):
            if key in option:
                yield from self.path(option[key], (*where, key))
        if "value" in option:
            yield from self.expression(option["value"], (*where, "value"))
        yield from _steps(option.get("steps", ()), (*where, "steps"))

    def _named(self, key: str, option: Any, where: Where, made: Iterable[str]) -> Iterator[Complaint]:
        after = self.look.after
        match key:
            case "value" if option not in self.values:
                yield unknown(where, "value", option, self.values)
            case "record" if option not in made:
                yield unknown(where, "earlier target", option, made)
            case "setting":
                yield from check_shown_setting(option, after.settings, where)
            case "function":
                if option["name"] not in after.functions:
                    yield unknown(where, "function", option["name"], after.functions)
                yield from self.expression(option["argument"], (*where, "argument"))
            case "decide":
                yield from self._decide(option, where)
            case "lookup":
                yield from self._lookup(option, where)

    def _decide(self, option: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
        for name, each in option["inputs"].items():
            yield from self.expression(each, (*where, "inputs", name))
        after = self.look.after
        table = table_of(after, option["table"]) if option["table"] in after.logic_of(DECISION_TABLE) else None
        if table is None:
            yield unknown((*where, "table"), "decision table", option["table"], after.logic_of(DECISION_TABLE))
            return
        inputs = [each.name for each in table.inputs]
        yield from (
            unknown((*where, "inputs"), "input", each, inputs) for each in option["inputs"] if each not in inputs
        )
        outputs = [each.name for each in table.outputs]
        if option.get("take", outputs[0]) not in outputs:
            yield unknown((*where, "take"), "output", option["take"], outputs)

    def _lookup(self, option: Mapping[str, Any], where: Where) -> Iterator[Complaint]:
        by = option["by"] if isinstance(option["by"], list) else [option["by"]]
        given = option["value"] if isinstance(option["value"], list) else [option["value"]]
        for number, each in enumerate(given):
            yield from self.expression(each, (*where, "value", number))
        if len(by) != len(given):
            yield Complaint(where, "wrong_count", f"{len(by)} fields and {len(given)} values: give one for each.")
        obj = self.look.after.objects.get(option["object"])
        if obj is None:
            yield unknown((*where, "object"), "object", option["object"], self.look.after.objects)
            return
        taken = str(option.get("take", "Id"))
        yield from (missing_field(where, obj, name) for name in (*by, taken) if name not in obj.fields)


def _steps(steps: Iterable[Any], where: Where) -> Iterator[Complaint]:
    for number, step in enumerate(steps):
        name, option = (step, "") if isinstance(step, str) else next(iter(step.items()))
        here = (*where, number, name)
        if name in _PATTERN_STEPS:
            yield from check_pattern(option, here)
        elif isinstance(option, Mapping):
            yield from (
                complaint
                for key in _PATTERN_KEYS
                if key in option
                for complaint in check_pattern(option[key], (*here, key))
            )
