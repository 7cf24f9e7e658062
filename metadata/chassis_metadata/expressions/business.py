"""Functions over business time: which hours they mean is a text in quotes, so that it can be checked beforehand."""

from __future__ import annotations

from collections.abc import Callable

from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.infer import Checker
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import near
from chassis_metadata.expressions.tree import Call, Literal
from chassis_metadata.expressions.typed import Operation, Typed

_WITH_HOURS = 3


def _minutes(checker: Checker, call: Call) -> Typed:
    return _over_hours(checker, call, "datetime", Kind.NUMBER)


def _after(checker: Checker, call: Call) -> Typed:
    return _over_hours(checker, call, "number", Kind.DATETIME)


def _over_hours(checker: Checker, call: Call, second: str, kind: Kind) -> Typed:
    if len(call.arguments) not in (_WITH_HOURS - 1, _WITH_HOURS):
        usage = CATALOGUE[call.name].usage
        return checker.complain(call, "wrong_argument_count", f"Write {usage}: {len(call.arguments)} arguments found.")
    arguments = checker.all_typed(call.arguments[:2])
    for node, argument, word in zip(call.arguments, arguments, ("datetime", second), strict=False):
        checker.accept(node, argument, word, call.name)
    names = tuple(_hours(checker, call))
    return Operation(kind, call.name, arguments, names)


def _hours(checker: Checker, call: Call) -> list[str]:
    """The name of the hours, if one is given."""
    if len(call.arguments) < _WITH_HOURS:
        return []
    node, snapshot = call.arguments[-1], checker.scope.snapshot
    known = snapshot.logic_of("business_hours") if snapshot is not None else {}
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        checker.complain(node, "hours_expected", "Give the name of business hours as a text in quotes.")
        return []
    if node.value not in known:
        message = f"There are no business hours {node.value!r}.{near(node.value, known)}"
        checker.complain(node, "unknown_business_hours", message)
        return []
    return [node.value]


BUSINESS: dict[str, Callable[[Checker, Call], Typed]] = {"BUSINESS_MINUTES": _minutes, "ADD_BUSINESS_MINUTES": _after}
