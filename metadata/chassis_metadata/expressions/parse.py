"""Formula text to a tree; what is no formula is refused with its line and column and what was expected there."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.expressions.tree import Call, Literal, Name, Node

LONGEST_FORMULA = 20_000
DEEPEST_NESTING = 60
LONGEST_NUMBER = 60

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_SIGNS = {"==": "=", "!=": "<>"}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_CHAINED = frozenset({"AND", "OR", "&", "+"})
_EXPECTED = {
    "NAME": "a field or function",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "_OPEN": "(",
    "_CLOSE": ")",
    "_COMMA": ",",
    "SUM": "+ - &",
    "PRODUCT": "* /",
    "POWER": "^",
    "EQUALITY": "= <>",
    "RELATION": "< > <= >=",
    "_AND": "&&",
    "_OR": "||",
    "NOT": "NOT",
    "IN": "IN",
    "$END": "the end",
}


def parse_expression(text: str) -> Node:
    """Read one formula. Raises Invalid, and nothing else, for whatever is not one."""
    if len(text) > LONGEST_FORMULA:
        raise Invalid.of("formula_too_long", f"The formula has {len(text)} characters; {LONGEST_FORMULA} are allowed.")
    return _read(text)


@lru_cache(maxsize=4_096)
def _read(text: str) -> Node:
    """The same formula is read for many tenants, and more than once for each."""
    try:
        node: Node = _parser().parse(text)  # type: ignore[assignment]  # the tree is built while parsing
    except UnexpectedInput as fault:
        raise Invalid(_explained(text, fault)) from None
    _check_depth(node, text)
    return node


def place_of(text: str, position: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def problem_at(text: str, position: int, code: str, message: str) -> Problem:
    """A problem with its place in the formula."""
    line, column = place_of(text, position)
    return Problem(path="", code=code, message=message, line=line, column=column)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=_Builder(), g_regex_flags=re.ASCII)


def _explained(text: str, fault: UnexpectedInput) -> Problem:
    position = fault.pos_in_stream if fault.pos_in_stream is not None else len(text)
    if isinstance(fault, UnexpectedToken):
        names = fault.accepts or fault.expected
        ends = fault.token.type == "$END"
        position = len(text) if ends else position
        found = "The formula ends too early" if ends else f"Unexpected {str(fault.token)[:40]!r}"
    else:
        names = fault.allowed if isinstance(fault, UnexpectedCharacters) and fault.allowed else set()
        found = f"Unexpected {_shown(text, position)}"
    expected = ", ".join(sorted({_EXPECTED[name] for name in names if name in _EXPECTED}))
    return problem_at(text, position, "malformed_formula", f"{found}; expected {expected or 'the end'}.")


def _shown(text: str, position: int) -> str:
    character = text[position : position + 1]
    return "text without its closing quote" if character in {'"', "'"} else repr(character)


def _too_deep(text: str, position: int) -> Problem:
    message = f"The formula is nested more than {DEEPEST_NESTING} levels deep. Use CASE or a formula field of its own."
    return problem_at(text, position, "formula_too_deep", message)


def _check_depth(node: Node, text: str) -> None:
    level: list[Node] = [node]
    depth = 0
    while level:
        depth += 1
        if depth > DEEPEST_NESTING:
            raise Invalid(_too_deep(text, level[0].position))
        level = [child for each in level if isinstance(each, Call) for child in each.arguments]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1], flags=re.DOTALL)


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes the tree while the parser reads."""

    def start(self, node: Node) -> Node:
        return node

    def string(self, sign: Token) -> Node:
        return Literal(_unescaped(sign), sign.start_pos or 0)

    def number(self, sign: Token) -> Node:
        return Literal(_number(sign), sign.start_pos or 0)

    def name(self, sign: Token) -> Node:
        word = sign.lower()
        position = sign.start_pos or 0
        return Literal(_WORDS[word], position) if word in _WORDS else Name(tuple(sign.split(".")), position)

    def call(self, sign: Token, arguments: tuple[Node, ...] = ()) -> Node:
        return _flattened_if(Call(sign.upper(), arguments, sign.start_pos or 0, enclosed=True))

    def arguments(self, *nodes: Node) -> tuple[Node, ...]:
        return nodes

    def enclosed(self, node: Node) -> Node:
        if isinstance(node, Call) and not node.enclosed:
            return Call(node.name, node.arguments, node.position, enclosed=True)
        return node

    def or_(self, left: Node, right: Node) -> Node:
        return _chain("OR", left, right, left.position)

    def and_(self, left: Node, right: Node) -> Node:
        return _chain("AND", left, right, left.position)

    def binary(self, left: Node, sign: Token, right: Node) -> Node:
        return _chain(_SIGNS.get(sign, str(sign)), left, right, sign.start_pos or 0)

    def signed(self, sign: Token, operand: Node) -> Node:
        if sign == "&":
            raise _unexpected(sign, "NAME", "NUMBER", "STRING", "_OPEN")
        if sign == "-" and isinstance(operand, Literal) and isinstance(operand.value, Decimal):
            return Literal(-operand.value, sign.start_pos or 0)
        return Call("-x" if sign == "-" else "+x", (operand,), sign.start_pos or 0, enclosed=True)

    def negated(self, sign: Token, operand: Node) -> Node:
        return Call("NOT", (operand,), sign.start_pos or 0, enclosed=True)

    def contained(self, left: Node, sign: Token, items: tuple[Node, ...]) -> Node:
        found = Call("IN", (left, *items), sign.start_pos or 0, enclosed=True)
        return Call("NOT", (found,), found.position, enclosed=True) if sign[0] in "nN" else found

    def contained_in_set(self, left: Node, sign: Token, call: Node) -> Node:
        return self.contained(left, sign, (call,))


def _unexpected(token: Token, *expected: str) -> UnexpectedToken:
    return UnexpectedToken(token, set(expected))  # type: ignore[no-untyped-call]  # untyped in lark


def _number(token: Token) -> Decimal:
    value = Decimal(token)
    if len(token) > LONGEST_NUMBER or abs(value.adjusted()) > LONGEST_NUMBER:
        raise _unexpected(token, "NUMBER")
    return value


def _chain(name: str, left: Node, right: Node, position: int) -> Node:
    """`a & b & c` is one call with three arguments, so that long chains are no deep trees."""
    if name in _CHAINED and isinstance(left, Call) and left.name == name and not left.enclosed:
        return Call(name, (*left.arguments, right), left.position)
    return Call(name, (left, right), position)


def _flattened_if(call: Call) -> Call:
    """`IF(a, b, IF(c, d, e))` is `IFS(a, b, c, d, e)`, for the same reason."""
    if call.name != "IF" or len(call.arguments) != 3:  # noqa: PLR2004  condition, then, else
        return call
    last = call.arguments[2]
    inner = isinstance(last, Call) and (last.name == "IFS" or (last.name == "IF" and len(last.arguments) == 3))  # noqa: PLR2004
    if inner and isinstance(last, Call) and len(last.arguments) % 2:
        return Call("IFS", (*call.arguments[:2], *last.arguments), call.position, enclosed=True)
    return call
