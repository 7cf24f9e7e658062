"""A formula's names bound and its kinds found out; all problems are told at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.expressions.catalogue import ARITHMETIC, CATALOGUE, EQUALITY, NUMERIC, ORDER
from chassis_metadata.expressions.kinds import TEXT_LIKE, Kind, common_kind
from chassis_metadata.expressions.left_out import LEFT_OUT
from chassis_metadata.expressions.operators import added, comparable
from chassis_metadata.expressions.parse import parse_expression, problem_at
from chassis_metadata.expressions.scope import Scope, Unknown, near
from chassis_metadata.expressions.signatures import ACCEPTED, Signature
from chassis_metadata.expressions.tree import Call, Literal, Name, Node
from chassis_metadata.expressions.typed import (
    Constant,
    Expression,
    FieldValue,
    Inlined,
    Many,
    Operation,
    Related,
    Typed,
    children,
)

NOTHING = Constant(Kind.NULL, None)
#: What may be asked of an encrypted field: it says nothing of the value.
_PRESENCE = frozenset({"ISBLANK", "ISCHANGED"})
_LITERAL_KINDS: dict[type, Kind] = {str: Kind.TEXT, bool: Kind.BOOLEAN, type(None): Kind.NULL}


def type_expression(text: str, scope: Scope, *, expects: Kind | None = None, blanks_as: str = "zero") -> Expression:
    """Check a formula. Raises Invalid with everything that is wrong with it."""
    checker = Checker(text, scope)
    node = parse_expression(text)
    root = checker.typed(node)
    if not checker.problems and expects is not None and not _answers(root.kind, expects):
        checker.complain(node, "wrong_kind", f"The formula answers {named(root.kind)}; {named(expects)} is expected.")
    if not checker.problems and _misplaced_set(root, is_allowed=bool(scope.calling)):
        checker.complain(node, "misplaced_set", "A set of values stands only after IN: `x IN SET(…)`.")
    if checker.problems:
        raise Invalid(checker.problems)
    return Expression(text, root.kind, root, blanks_as)


def named(kind: Kind) -> str:
    """`a date and time`, `text`: how messages call a kind."""
    words = {Kind.DATETIME: "a date and time", Kind.TEXT: "text", Kind.ID: "an id", Kind.NULL: "nothing"}
    return words.get(kind, f"a {kind.value.replace('_', '-select ')}")


def _misplaced_set(node: Typed, *, is_allowed: bool) -> bool:
    """Whether many values stand where one is asked for."""
    if isinstance(node, Many) or (isinstance(node, Related) and node.function == "SET"):
        within = isinstance(node, Many)
        return not is_allowed or any(_misplaced_set(each, is_allowed=within) for each in children(node))
    inside = (isinstance(node, Operation) and node.name == "IN") or (isinstance(node, Inlined) and is_allowed)
    return any(_misplaced_set(each, is_allowed=inside) for each in children(node))


def _answers(found: Kind, expected: Kind) -> bool:
    textual = found in TEXT_LIKE | {Kind.MULTI_PICKLIST} and expected in TEXT_LIKE | {Kind.MULTI_PICKLIST}
    return found in {Kind.NULL, expected} or textual


@dataclass
class Checker:
    """Types the nodes of one formula. A node with a problem becomes blank, so that one mistake is told once."""

    text: str
    scope: Scope
    problems: list[Problem] = field(default_factory=list)

    def complain(self, node: Node, code: str, message: str) -> Typed:
        """Note a problem; what stands there counts as blank."""
        self.problems.append(problem_at(self.text, node.position, code, message))
        return NOTHING

    def typed(self, node: Node) -> Typed:
        """The node with its names bound."""
        match node:
            case Literal():
                return Constant(_LITERAL_KINDS.get(type(node.value), Kind.NUMBER), node.value)
            case Name():
                return self._named(node)
            case Call():
                return self._called(node)

    def all_typed(self, nodes: Iterable[Node]) -> tuple[Typed, ...]:
        """Several nodes."""
        return tuple(self.typed(each) for each in nodes)

    def _named(self, node: Name) -> Typed:
        try:
            return self.scope.resolve(node.parts)
        except Unknown as unknown:
            return self.complain(node, "unknown_name", str(unknown))

    def _called(self, call: Call) -> Typed:
        if call.name not in _PRESENCE or not all(isinstance(each, Name) for each in call.arguments):
            return self._by_name(call)
        scope, self.scope = self.scope, replace(self.scope, asks_presence=True)
        try:
            return self._by_name(call)
        finally:
            self.scope = scope

    def _by_name(self, call: Call) -> Typed:
        from chassis_metadata.expressions.special import SPECIAL  # noqa: PLC0415  its rules call back to this checker

        rule = _OPERATORS.get(call.name)
        if rule is not None:
            return rule(self, call)
        special = SPECIAL.get(call.name)
        if special is not None:
            return special(self, call)
        signature = CATALOGUE.get(call.name)
        return self._applied(call, signature) if signature is not None else self._declared(call)

    def _declared(self, call: Call) -> Typed:
        from chassis_metadata.expressions.declared import declared_call, declared_names  # noqa: PLC0415  as above

        found = declared_call(self, call)
        if found is not None:
            return found
        self.all_typed(call.arguments)
        if call.name in LEFT_OUT:
            return self.complain(call, "unknown_function", f"{call.name} is not here. {LEFT_OUT[call.name]}")
        known = (*CATALOGUE, *declared_names(self.scope))
        return self.complain(call, "unknown_function", f"There is no function {call.name}.{near(call.name, known)}")

    def _applied(self, call: Call, signature: Signature) -> Typed:
        arguments = self.all_typed(call.arguments)
        if not self.counted(call, signature):
            return NOTHING
        for index, (node, argument) in enumerate(zip(call.arguments, arguments, strict=True)):
            self.accept(node, argument, signature.parameter(index).word, call.name)
        returns = arguments[0].kind if signature.returns == "first" else Kind(signature.returns)
        return Operation(returns, call.name, arguments)

    def counted(self, call: Call, signature: Signature) -> bool:
        """Whether the call has as many arguments as the function takes."""
        if signature.fewest <= len(call.arguments) <= signature.most:
            return True
        self.complain(call, "wrong_argument_count", f"Write {signature.usage}: {len(call.arguments)} arguments found.")
        return False

    def accept(self, node: Node, argument: Typed, word: str, name: str) -> bool:
        """Whether the argument has one of the kinds that the word stands for."""
        kinds = ACCEPTED[word]
        if argument.kind is Kind.NULL or argument.kind in kinds:
            return True
        expected = " or ".join(sorted({named(each) for each in kinds}))
        self.complain(node, "wrong_kind", f"{name} takes {expected} here, not {named(argument.kind)}.")
        return False

    def common(self, call: Call, nodes: Iterable[Node], arguments: Iterable[Typed]) -> Kind:
        """The kind that all have in common."""
        kind = Kind.NULL
        for node, argument in zip(nodes, arguments, strict=True):
            both = common_kind(kind, argument.kind)
            if both is None:
                message = (
                    f"The values of {call.name} must be of one kind: {named(kind)} before, {named(argument.kind)} here."
                )
                self.complain(node, "mixed_kinds", message)
                return kind
            kind = both
        return kind


def _arithmetic(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    total = arguments[0]
    kinds = {each.kind for each in arguments}
    if kinds == {Kind.NUMBER}:
        return Operation(Kind.NUMBER, call.name, arguments)
    if call.name == "+" and kinds <= TEXT_LIKE:
        return Operation(Kind.TEXT, "&", arguments)
    for node, argument in zip(call.arguments[1:], arguments[1:], strict=True):
        kind = added(call.name, total.kind, argument.kind)
        if kind is None:
            message = f"{named(total.kind)} {call.name} {named(argument.kind)} makes no sense."
            return checker.complain(node, "wrong_kind", message[0].upper() + message[1:])
        total = Operation(kind, call.name, (total, argument))
    return total


def _numeric(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    for node, argument in zip(call.arguments, arguments, strict=True):
        checker.accept(node, argument, "number", call.name[0])
    return Operation(Kind.NUMBER, call.name, arguments)


def _joined(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    for node, argument in zip(call.arguments, arguments, strict=True):
        if not checker.accept(node, argument, "text", "&"):
            break
    return Operation(Kind.TEXT, "&", arguments)


def _compared(checker: Checker, call: Call) -> Typed:
    arguments = checker.all_typed(call.arguments)
    left, right = arguments
    if not comparable(call.name, left.kind, right.kind):
        message = f"{named(left.kind)} and {named(right.kind)} cannot be compared with {call.name}."
        checker.complain(call, "wrong_kind", message[0].upper() + message[1:])
    if call.name in EQUALITY and NOTHING in arguments:
        field = left if right == NOTHING else right
        if isinstance(field, FieldValue):
            return _blank_test(field, negated=call.name == "<>")
    return Operation(Kind.BOOLEAN, call.name, arguments)


def _blank_test(field: FieldValue, *, negated: bool) -> Typed:
    """`Field = NULL` asks whether the field is blank."""
    blank = Operation(Kind.BOOLEAN, "IS NULL", (field,))
    return Operation(Kind.BOOLEAN, "NOT", (blank,)) if negated else blank


Rule = Callable[[Checker, Call], Typed]
_OPERATORS: dict[str, Rule] = {
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(NUMERIC, _numeric),
    **dict.fromkeys(EQUALITY | ORDER, _compared),
    "&": _joined,
}
