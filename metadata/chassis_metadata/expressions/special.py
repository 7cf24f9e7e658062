"""Functions whose arguments are checked by rules of their own: branches, fields, picklists, change."""

from __future__ import annotations

from collections.abc import Callable

from chassis_metadata.expressions.business import BUSINESS
from chassis_metadata.expressions.catalogue import CATALOGUE
from chassis_metadata.expressions.infer import NOTHING, Checker, named
from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind
from chassis_metadata.expressions.related import RELATED
from chassis_metadata.expressions.tree import Call, Literal, Name, Node
from chassis_metadata.expressions.typed import Constant, FieldValue, Many, Operation, Source, Typed
from chassis_metadata.expressions.written import WRITTEN

Rule = Callable[[Checker, Call], Typed]


def _has(checker: Checker, call: Call, fewest: int, most: int | None = None, *, even: bool | None = None) -> bool:
    count = len(call.arguments)
    fits = fewest <= count <= (most if most is not None else 1_000) and (even is None or (count % 2 == 0) is even)
    if not fits:
        usage = CATALOGUE[call.name].usage
        checker.complain(call, "wrong_argument_count", f"Write {usage}: {count} arguments found.")
    return fits


def _branches(checker: Checker, call: Call) -> Typed:
    """IF and IFS: conditions and values in turn, the last value without a condition."""
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 3, 3 if call.name == "IF" else None, even=False):
        return NOTHING
    conditions = range(0, len(arguments) - 1, 2)
    for index in conditions:
        checker.accept(call.arguments[index], arguments[index], "boolean", call.name)
    values = [*range(1, len(arguments) - 1, 2), len(arguments) - 1]
    kind = checker.common(call, [call.arguments[each] for each in values], [arguments[each] for each in values])
    return Operation(kind, "IFS", arguments)


def _case(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 4, even=True):
        return NOTHING
    matches = [0, *range(1, len(arguments) - 1, 2)]
    checker.common(call, [call.arguments[each] for each in matches], [arguments[each] for each in matches])
    values = [*range(2, len(arguments) - 1, 2), len(arguments) - 1]
    kind = checker.common(call, [call.arguments[each] for each in values], [arguments[each] for each in values])
    return Operation(kind, "CASE", arguments)


def _instead(checker: Checker, call: Call) -> Typed:
    """IFERROR, BLANKVALUE, NULLVALUE: two values of one kind."""
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 2, 2):
        return NOTHING
    return Operation(checker.common(call, call.arguments, arguments), call.name, arguments)


def _contained(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 2):
        return NOTHING
    checker.common(call, call.arguments, arguments)
    return Operation(Kind.BOOLEAN, "IN", arguments)


def _extreme(checker: Checker, call: Call) -> Typed:
    """MAX and MIN of numbers; with an object's name in front, of its rows."""
    if call.arguments and isinstance(call.arguments[0], Literal) and isinstance(call.arguments[0].value, str):
        return RELATED[call.name](checker, call)
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 1):
        return NOTHING
    kind = checker.common(call, call.arguments, arguments)
    if kind not in {Kind.NUMBER, Kind.NULL, Kind.DATE, Kind.DATETIME, Kind.TIME}:
        return checker.complain(call, "wrong_kind", f"{call.name} compares numbers or dates, not {named(kind)}.")
    return Operation(Kind.NUMBER if kind is Kind.NULL else kind, call.name, arguments)


def _text(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 1, 1):
        return NOTHING
    checker.accept(call.arguments[0], arguments[0], "shown", "TEXT")
    return Operation(Kind.TEXT, "TEXT", arguments)


def _duration(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 1, 2):
        return NOTHING
    kinds = tuple(each.kind for each in arguments)
    allowed = {
        (Kind.NUMBER,),
        (Kind.NUMBER, Kind.BOOLEAN),
        (Kind.TIME, Kind.TIME),
        (Kind.DATETIME, Kind.DATETIME),
    }
    if Kind.NULL not in kinds and kinds not in allowed:
        return checker.complain(call, "wrong_kind", "Write seconds, or two times, or two dates and times.")
    return Operation(Kind.TEXT, "FORMATDURATION", arguments)


# Fields as such


def _field(checker: Checker, call: Call, node: Node) -> FieldValue | None:
    """The argument, which must be a field, or PRIORVALUE of one."""
    if isinstance(node, Call) and node.name == "PRIORVALUE":
        prior = checker.typed(node)
        return prior if isinstance(prior, FieldValue) else None
    if not isinstance(node, Name):
        checker.complain(node, "field_expected", f"{call.name} takes a field here.")
        return None
    found = checker.typed(node)
    if isinstance(found, FieldValue):
        return found
    if not (isinstance(found, Constant) and found.kind is Kind.NULL):
        checker.complain(node, "field_expected", f"{call.name} takes a field here.")
    return None


def _needs_prior(checker: Checker, call: Call) -> bool:
    allowed = checker.scope.has_prior and not checker.scope.is_criteria
    if not allowed:
        where = "inside the criteria; write $Old.Field" if checker.scope.is_criteria else "here: nothing is being saved"
        checker.complain(call, "no_prior_value", f"{call.name} has no meaning {where}.")
    return allowed


def _prior_value(checker: Checker, call: Call) -> Typed:
    if not _needs_prior(checker, call) or not _has(checker, call, 1, 1):
        return NOTHING
    found = _field(checker, call, call.arguments[0])
    if found is None:
        return NOTHING
    if found.steps:
        message = "PRIORVALUE takes a field of the record itself; a parent's is not being saved."
        return checker.complain(call, "field_expected", message)
    return FieldValue(found.kind, Source.PRIOR, found.obj, found.field, (), found.root)


def _is_changed(checker: Checker, call: Call) -> Typed:
    prior = _prior_value(checker, call)
    if not isinstance(prior, FieldValue):
        return NOTHING
    now = FieldValue(prior.kind, Source.ROW, prior.obj, prior.field, (), prior.root)
    return Operation(Kind.BOOLEAN, "ISCHANGED", (now, prior))


def _is_new(checker: Checker, call: Call) -> Typed:
    usable = _needs_prior(checker, call) and _has(checker, call, 0, 0)
    return Operation(Kind.BOOLEAN, call.name, ()) if usable else NOTHING


def _is_picklist_value(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 2, 2):
        return NOTHING
    if arguments[0].kind not in TEXT_LIKE | {Kind.NULL}:
        message = f"ISPICKVAL takes a picklist field here, not {named(arguments[0].kind)}."
        return checker.complain(call.arguments[0], "wrong_kind", message)
    checker.accept(call.arguments[1], arguments[1], "text", "ISPICKVAL")
    return Operation(Kind.BOOLEAN, "ISPICKVAL", arguments)


def _stage_index(checker: Checker, call: Call) -> Typed:
    if not _has(checker, call, 1, 1):
        return NOTHING
    found = _field(checker, call, call.arguments[0])
    if found is None:
        return NOTHING
    obj = checker.scope.snapshot.objects[found.obj] if checker.scope.snapshot else None
    picklist = obj.fields[found.field] if obj else None
    if obj is None or picklist is None or not picklist.values:
        return checker.complain(call, "wrong_kind", "STAGE_INDEX takes a picklist field.")
    stages = next((each.stages for each in obj.paths if each.field == picklist.name), None)
    order = tuple(each.value for each in stages) if stages else tuple(each.value for each in picklist.values)
    return Operation(Kind.NUMBER, "STAGE_INDEX", (found,), order)


def _session_id(checker: Checker, call: Call) -> Typed:
    return checker.complain(call, "not_allowed", "GETSESSIONID is refused: formulas get no session keys.")


def _set(checker: Checker, call: Call) -> Typed:
    """SET("Object", expression, criteria), or SET(value, other set, …)."""
    first = call.arguments[0] if call.arguments else None
    if isinstance(first, Literal) and isinstance(first.value, str):
        return RELATED["SET"](checker, call)
    arguments = checker.all_typed(call.arguments)
    if not _has(checker, call, 1):
        return NOTHING
    return Many(checker.common(call, call.arguments, arguments), arguments)


SPECIAL: dict[str, Rule] = {
    "IF": _branches,
    "IFS": _branches,
    "CASE": _case,
    "IFERROR": _instead,
    "BLANKVALUE": _instead,
    "NULLVALUE": _instead,
    "IN": _contained,
    "MAX": _extreme,
    "MIN": _extreme,
    "TEXT": _text,
    **WRITTEN,
    "FORMATDURATION": _duration,
    "PRIORVALUE": _prior_value,
    "ISCHANGED": _is_changed,
    "ISNEW": _is_new,
    "ISCLONE": _is_new,
    "ISPICKVAL": _is_picklist_value,
    "STAGE_INDEX": _stage_index,
    "GETSESSIONID": _session_id,
    **BUSINESS,
    "SET": _set,
    **{name: rule for name, rule in RELATED.items() if name not in {"MAX", "MIN", "SET"}},
}
