"""Calls of functions, planned: what they take checked, their fields resolved, their values in slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from chassis_metadata.errors import Invalid
from chassis_metadata.fields import NUMERIC_TYPES, FieldType
from chassis_metadata.snapshot import Object
from chassis_metadata.soql.functions import DATE_FUNCTIONS, SIGNS, read_formula
from chassis_metadata.soql.tree import FunctionCall, Literal, Path
from chassis_platform.plan.names import Aliases, Names
from chassis_platform.plan.problems import refuse, unsupported
from chassis_platform.plan.read_plan import Aggregate, Computed, PlannedField, PlannedOperand
from chassis_platform.plan.values import DAY_TYPES, Slots

#: FORM is a field under another name.
FORM, LABELS, FORMAT, DISTANCE, GROUPING = "FORM", "TOLABEL", "FORMAT", "DISTANCE", "GROUPING"
_NEED_A_TIME = frozenset({"HOUR_IN_DAY", "DAY_ONLY"})
_FORMATTED = NUMERIC_TYPES | DAY_TYPES | {FieldType.TIME}
_LABELLED = frozenset({FieldType.PICKLIST, FieldType.MULTI_PICKLIST, FieldType.TEXT})
PlanOther = Callable[[FunctionCall], PlannedOperand]


@dataclass(frozen=True, slots=True)
class Functions:
    """Plans the calls in one query over `obj`; `other` plans those that are no functions of one record: aggregates."""

    names: Names
    obj: Object
    aliases: Aliases
    slots: Slots
    other: PlanOther

    def plan(self, call: FunctionCall, *, asked: str | None = None) -> PlannedOperand:
        """The value that the call stands for; `asked`: no masked value may be told by what is done with it."""
        found = self._plan(call)
        for each in bare_fields(found):
            self._demand_known(each, call)
            if asked is not None:
                self.names.demand_clear(each, Path((each.name,), call.position), asked)
        return found

    def _demand_known(self, field: PlannedField, call: FunctionCall) -> None:
        if field.is_encrypted:
            message = f"field '{field.name}' is encrypted: {call.name}() can't be worked out of it"
            raise refuse("invalid_field", message, call.position)

    def _plan(self, call: FunctionCall) -> PlannedOperand:
        name = call.name.upper()
        if name in DATE_FUNCTIONS:
            return self._of_day(name, call)
        if name in SIGNS:
            return self._sum(call)
        return _PLANS.get(name, Functions._any_other)(self, call)

    def _any_other(self, call: FunctionCall) -> PlannedOperand:
        return self.other(call)

    def _of_day(self, name: str, call: FunctionCall) -> Computed:
        argument = call.arguments[0] if len(call.arguments) == 1 else None
        in_zone = isinstance(argument, FunctionCall) and argument.name.upper() == "CONVERTTIMEZONE"
        if isinstance(argument, FunctionCall) and in_zone and len(argument.arguments) == 1:
            argument = argument.arguments[0]
        if not isinstance(argument, Path):
            raise refuse("malformed_query", f"{call.name}() takes one field", call.position)
        found = self.names.field(self.obj, argument, aliases=self.aliases)
        wants_time = in_zone or name in _NEED_A_TIME
        if found.type is not FieldType.DATETIME and (wants_time or found.type is not FieldType.DATE):
            kind = "dateTime" if wants_time else "date or dateTime"
            raise _unfit(call, argument, f"a {kind} field")
        kind = FieldType.DATE if name == "DAY_ONLY" else FieldType.NUMBER
        return Computed(name, (found,), kind, in_zone=in_zone)

    def _sum(self, call: FunctionCall) -> Computed:
        found = [self._field(call, each) for each in call.arguments if isinstance(each, Path)]
        for each in found:
            if each.type not in NUMERIC_TYPES:
                raise _unfit(call, each.name, "a number")
        return Computed(call.name, tuple(found), FieldType.NUMBER)

    def _formula(self, call: FunctionCall) -> Computed:
        return self._sum(read_formula(call))

    def _distance(self, call: FunctionCall) -> Computed:
        match call.arguments:
            case (Path() as path, FunctionCall(arguments=(Literal(latitude), Literal(longitude))), Literal(unit)):
                parts = self._coordinates(call, path)
                slots = tuple(self.slots.put(float(str(each))) for each in (latitude, longitude))
                return Computed(DISTANCE, parts, FieldType.NUMBER, slots, (("unit", str(unit).lower()),))
        raise refuse("malformed_query", "DISTANCE() takes a field, GEOLOCATION() and a unit", call.position)

    def _coordinates(self, call: FunctionCall, path: Path) -> tuple[PlannedField, ...]:
        place = self.names.field(self.obj, path, aliases=self.aliases)
        if place.type is not FieldType.GEOLOCATION:
            raise _unfit(call, path, "a geolocation field")
        self._demand_known(place, call)
        above = path.names[:-1]
        parts = (Path((*above, each), path.position) for each in place.field.components)
        return tuple(self.names.field(self.obj, each, aliases=self.aliases) for each in parts)

    def _labels(self, call: FunctionCall) -> Computed:
        found = self._one_field(call)
        if found.type not in _LABELLED:
            raise _unfit(call, found.name, "a picklist")
        labels = {
            each.value: self.names.value_label(field, each.value, each.label)
            for field in found.fields
            for each in field.values
        }
        return Computed(LABELS, (found,), FieldType.TEXT, words=tuple(labels.items()), hops=found.hops)

    def _format(self, call: FunctionCall) -> Computed:
        match call.arguments:
            case (FunctionCall() as inner,):
                found = self._plan(inner)
            case _:
                found = self._one_field(call)
        field_type = _type_of(found)
        if field_type not in _FORMATTED:
            raise _unfit(call, str(call.arguments[0]), "a number, a date or a time")
        words = (("language", self.names.language),)
        hops = found.hops if isinstance(found, PlannedField) else ()
        return Computed(FORMAT, (found,), FieldType.TEXT, words=words, in_zone=True, hops=hops)

    def _currency(self, call: FunctionCall) -> PlannedField:
        """A tenant has one currency: what is in it needs no conversion."""
        found = self._one_field(call)
        if found.type is not FieldType.CURRENCY:
            raise _unfit(call, found.name, "a currency field")
        return found

    def _zone(self, call: FunctionCall) -> PlannedOperand:
        raise refuse("malformed_query", "convertTimezone() stands inside a date function only", call.position)

    def _one_field(self, call: FunctionCall) -> PlannedField:
        match call.arguments:
            case (Path() as path,):
                return self._field(call, path)
            case _:
                raise refuse("malformed_query", f"{call.name}() takes one field", call.position)

    def _field(self, call: FunctionCall, path: Path) -> PlannedField:
        found = self.names.field(self.obj, path, aliases=self.aliases)
        self._demand_known(found, call)
        return found


def _unfit(call: FunctionCall, what: object, wanted: str) -> Invalid:
    message = f"field '{what}' can not be used in {call.name}(): it takes {wanted}"
    return refuse("invalid_field", message, call.position)


def _type_of(operand: PlannedOperand) -> FieldType:
    if not isinstance(operand, Aggregate):
        return operand.type
    picks = operand.function in ("min", "max") and operand.field is not None
    return operand.field.type if picks and operand.field is not None else FieldType.NUMBER


_PLANS: Mapping[str, Callable[[Functions, FunctionCall], PlannedOperand]] = {
    "FORMULA": Functions._formula,  # noqa: SLF001  this file's own
    "DISTANCE": Functions._distance,  # noqa: SLF001
    "TOLABEL": Functions._labels,  # noqa: SLF001
    "FORMAT": Functions._format,  # noqa: SLF001
    "CONVERTCURRENCY": Functions._currency,  # noqa: SLF001
    "CONVERTTIMEZONE": Functions._zone,  # noqa: SLF001
}


def bare_fields(operand: PlannedOperand) -> tuple[PlannedField, ...]:
    """The fields that stand outside aggregates, which have rules of their own."""
    if isinstance(operand, Aggregate):
        return ()
    if isinstance(operand, Computed):
        return tuple(field for each in operand.operands for field in bare_fields(each))
    return (operand,)


def no_others(call: FunctionCall) -> PlannedOperand:
    """Where one record is asked, not many."""
    raise unsupported(f"{call.name}() in this place", call.position)


def answered_at_top(operand: PlannedOperand) -> PlannedOperand:
    """The value under a name of its own, not where its field stands."""
    return replace(operand, hops=()) if isinstance(operand, Computed) else operand
