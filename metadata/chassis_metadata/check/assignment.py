"""Assignment rules: targets that can hold the answers, one way to decide an entry, formulas that make sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis_metadata.check.engine_formulas import (
    field_complaints,
    formula_complaints,
    object_complaint,
    refers_to,
    repeated,
)
from chassis_metadata.check.formulas import record_formula_complaints
from chassis_metadata.check.look import Look, unknown
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind, kind_of
from chassis_metadata.fields import FieldType
from chassis_metadata.forms import Complaint
from chassis_metadata.logic.assignment import NAMED, OWNER, Candidates, Strategy, read_rule, variables_of
from chassis_metadata.places import Where
from chassis_metadata.snapshot import Object

Body = Mapping[str, Any]
_SETTABLE = frozenset(FieldType) - {FieldType.ADDRESS, FieldType.GEOLOCATION}


def check_assignment_rule(each: LogicComponent, look: Look, where: Where) -> Iterator[Complaint]:
    """A whole rule."""
    body = each.body
    objects = [body["object"], *(one["object"] for one in body.get("candidates", {}).values())]
    missing = [complaint for name in objects for complaint in object_complaint(look, name, (*where, "object"))]
    wrong = missing or list(_strategy_complaints(body, where))
    yield from wrong
    if wrong:
        return
    record = look.after.objects[body["object"]]
    yield from _trigger_complaints(look, record, body, where)
    yield from repeated([one["name"] for one in body["entries"]], (*where, "entries"))
    for name, one in body.get("candidates", {}).items():
        yield from _candidates_complaints(look, record, one, (*where, "candidates", name))
    found = [
        complaint
        for place, one in enumerate(body["entries"])
        for complaint in _Entry(look, record, each, (*where, "entries", place)).complaints(one)
    ]
    yield from dict.fromkeys(found)  # what is wrong with the common target is wrong with every entry


def _strategy_complaints(body: Body, where: Where) -> Iterator[Complaint]:
    candidates = body.get("candidates", {})
    words = [each.value for each in Strategy]
    for place, one in enumerate(body["entries"]):
        here = (*where, "entries", place)
        found = [word for word in words if word in one]
        if len(found) != 1:
            yield Complaint(here, "invalid_value", f"An entry decides in one way. Give one of: {', '.join(words)}.")
        elif "among" in one and one["among"] not in candidates:
            yield unknown((*here, "among"), "candidates", one["among"], candidates)
        elif Strategy(found[0]) not in NAMED and "among" not in one and len(candidates) != 1:
            known = ", ".join(candidates) or "none yet"
            yield Complaint(here, "required_key_missing", f"'among' is missing: which candidates? ({known})")


def _trigger_complaints(look: Look, record: Object, body: Body, where: Where) -> Iterator[Complaint]:
    criteria = body.get("on", {}).get("criteria")
    if criteria is not None:
        yield from record_formula_complaints(look, (*where, "on", "criteria"), record, criteria, Kind.BOOLEAN)


def _candidates_complaints(look: Look, record: Object, body: Body, where: Where) -> Iterator[Complaint]:
    obj = look.after.objects[body["object"]]
    yield from formula_complaints(look, obj, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)
    yield from formula_complaints(look, obj, body.get("capacity"), (*where, "capacity"), Kind.NUMBER)
    wrong: list[Complaint] = []
    for name, text in body.get("values", {}).items():
        wrong += formula_complaints(look, obj, text, (*where, "values", name))
    yield from wrong
    yield from field_complaints(obj, body.get("answer"), (*where, "answer"), written=False)
    for key in ("queue", "role"):
        if key in body and obj.name != "User":
            yield Complaint((*where, key), "invalid_value", f"Only users are members of a {key}: `object: User`.")
    known = {each.name for each in (look.after.queues if "queue" in body else look.after.roles)}
    for key in ("queue", "role"):
        if key in body and body[key] not in known:
            yield unknown((*where, key), key, body[key], known)
    if not wrong:
        yield from _pair_complaints(look, record, obj, body, where)
    if "load" in body:
        yield from _load_complaints(look, body["load"], (*where, "load"))


def _pair_complaints(look: Look, record: Object, obj: Object, body: Body, where: Where) -> Iterator[Complaint]:
    variables = variables_of(look.after, _named_values(obj, body))
    for key in ("match", "except"):
        yield from formula_complaints(
            look, obj, body.get(key), (*where, key), Kind.BOOLEAN, this=record, variables=variables
        )


def _named_values(obj: Object, body: Body) -> Candidates:
    return Candidates("", obj.name, None, body.get("values", {}), None, None, "Id", None, None)


def _load_complaints(look: Look, body: Body, where: Where) -> Iterator[Complaint]:
    yield from object_complaint(look, body["object"], (*where, "object"))
    obj = look.after.objects.get(body["object"])
    if obj is not None:
        yield from field_complaints(obj, body["field"], (*where, "field"), written=False)
        yield from formula_complaints(look, obj, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)


class _Entry:
    """The checks of one entry."""

    def __init__(self, look: Look, record: Object, component: LogicComponent, where: Where) -> None:
        self._look, self._record, self._where = look, record, where
        self._rule = read_rule(component)
        self._target = component.body.get("target", OWNER)

    def complaints(self, body: Body) -> Iterator[Complaint]:
        """What is wrong with it."""
        look, record, where = self._look, self._record, self._where
        yield from formula_complaints(look, record, body.get("criteria"), (*where, "criteria"), Kind.BOOLEAN)
        yield from formula_complaints(look, record, body.get("value"), (*where, "value"), Kind.TEXT)
        yield from self._target_complaints(body)
        for name, text in body.get("set", {}).items():
            here = (*where, "set", name)
            wrong = list(field_complaints(record, name, here, _SETTABLE))
            yield from wrong
            if not wrong:
                yield from formula_complaints(look, record, text, here, kind_of(record.fields[name]))
        queues = {each.name for each in look.after.queues}
        if "queue" in body and body["queue"] not in queues:
            yield unknown((*where, "queue"), "queue", body["queue"], queues)
        yield from self._choice_complaints(body)

    def _target_complaints(self, body: Body) -> Iterator[Complaint]:
        where = (*self._where, "target") if "target" in body else (*self._where[:-2], "target")
        name = body.get("target", self._target)
        wrong = list(field_complaints(self._record, name, where))
        yield from wrong
        field = self._record.fields.get(name)
        if field is None or wrong:
            return
        answered = self._answers(body)
        if answered and not refers_to(field, answered):
            message = f"{self._record.name}.{name} can't hold a {answered}. Give another `target` or `answer`."
            yield Complaint(where, "wrong_type", message)

    def _answers(self, body: Body) -> str | None:
        """The object whose ids the entry answers, as far as it shows."""
        if "queue" in body:
            return "Group"
        if "user" in body:
            return "User"
        entry = next(each for each in self._rule.entries if each.name == body["name"])
        if entry.among is None:
            return None
        among = self._rule.candidates[entry.among]
        if among.answer == "Id":
            return among.object_name
        field = self._look.after.objects[among.object_name].fields.get(among.answer)
        return field.references[0] if field and len(field.references) == 1 else None

    def _choice_complaints(self, body: Body) -> Iterator[Complaint]:
        entry = next(each for each in self._rule.entries if each.name == body["name"])
        if entry.among is None:
            return
        among = self._rule.candidates[entry.among]
        obj = self._look.after.objects[among.object_name]
        try:
            variables = variables_of(self._look.after, among)
        except Invalid:  # told with the candidates
            return
        for key, text, expects in _choices(body):
            where = (*self._where, *key)
            yield from formula_complaints(self._look, obj, text, where, expects, this=self._record, variables=variables)
        for place, term in enumerate(body.get("score", ())):
            if ("value" in term) == ("of" in term):
                message = "A term has a `value` or an `of`, and not both."
                yield Complaint((*self._where, "score", place), "invalid_value", message)
            elif term.get("of") == "free_capacity" and among.capacity is None:
                message = f"{among.name} has no `capacity`, so there is no free share of it."
                yield Complaint((*self._where, "score", place, "of"), "invalid_value", message)
        if entry.strategy is Strategy.LEAST_LOADED and among.load is None:
            yield Complaint(self._where, "required_key_missing", f"{among.name} has no `load` to compare.")


def _choices(body: Body) -> Iterator[tuple[Where, Any, Kind | None]]:
    yield ("when",), body.get("when"), Kind.BOOLEAN
    yield ("nearest", "distance"), body.get("nearest", {}).get("distance"), Kind.NUMBER
    yield from ((("tiers", place), text, Kind.BOOLEAN) for place, text in enumerate(body.get("tiers", ())))
    yield from ((("order", place), text, None) for place, text in enumerate(body.get("order", ())))
    for place, term in enumerate(body.get("score", ())):
        yield ("score", place, "value"), term.get("value"), Kind.NUMBER
