"""Declared checksums and tables in pure SQL: characters by their weights, keys by their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.patterns import Untranslatable, translated
from chassis_metadata.expressions.typed import Operation
from chassis_metadata.function_tables import table_of
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import Condition, Piece, Template, Value, filled, text, truth
from chassis_platform.sql.formulas.texts import EMPTY

LARGEST_TABLE = 2_000
LONGEST_ARGUMENT = 1_000

Body = Mapping[str, Any]


def _definition(compiler: Compiler, node: Operation) -> FunctionDefinition:
    if compiler.rows.snapshot is None:
        raise ValueError("no snapshot to look functions up in")
    return compiler.rows.snapshot.functions[node.detail[0]]


def normalized(body: Body, words: Value) -> Value:
    """The value as the function compares it: trimmed, without what is ignored, in capitals if so declared."""
    value: Value = sa.func.btrim(words, text(" \t\n\r\x0b\x0c"), type_=sa.Text())
    if body.get("ignore"):
        value = sa.func.translate(value, text(body["ignore"]), EMPTY, type_=sa.Text())
    upper = sa.func.upper(sa.collate(value, "default"), type_=sa.Text()).collate("C")
    return upper if body.get("uppercase") else value


def _matches(pattern: str, words: Value, *, whole: bool) -> Condition:
    try:
        form = translated(pattern if whole else f"(?s)(?:{pattern}).*")
    except Untranslatable as fault:
        raise Invalid.of("invalid_pattern", str(fault)) from None
    return words.op("~", return_type=sa.Boolean())(text(form))


def _fits_form(body: Body, words: Value) -> Condition:
    short = sa.func.length(words) <= LONGEST_ARGUMENT
    return sa.and_(short, _matches(body["pattern"], words, whole=True)) if "pattern" in body else short


def _check_character(body: Body, words: Value) -> Value:
    """The character that the others demand: the weighted sum of all, looked up by its remainder."""
    characters: Mapping[str, int] = body.get("characters", {})
    worth = {str(each): each for each in range(10)} | dict(characters)
    order = "".join(worth)
    counts = ",".join(str(worth[each]) for each in order)
    terms = [(place, weight) for place, weight in enumerate(body["weights"], 1) if weight]
    sums = " + ".join(f"{weight} * {_worth(place)}" for place, weight in terms)
    remainders: str = body["remainders"]
    modulus = body["modulus"]
    rest = f"mod(mod(mod({sums}, {modulus}) + {modulus}, {modulus}), {len(remainders)})"
    form = f"substr({{1}}, {rest} + 1, 1)"
    return Template(
        form, words, text(remainders), text(order), sa.literal_column(f"ARRAY[0,{counts}]"), type_=sa.Text()
    )


def _worth(place: int) -> str:
    character = f"substr({{0}}, {place}, 1)"
    return f"({{3}})[1 + CASE WHEN {character} = '' THEN 0 ELSE strpos({{2}}, {character}) END]"


def _checksum_fits(body: Body, words: Value) -> Condition:
    given = sa.func.substr(words, body["check_position"], 1, type_=sa.Text()).collate("C")
    return sa.and_(_fits_form(body, words), given == _check_character(body, words))


def _strictness(body: Body, words: Value) -> Value:
    cases: Sequence[Body] = body.get("strictness", ())
    steps = [(_matches(each["pattern"], words, whole=False), text(each["is"])) for each in cases if "pattern" in each]
    otherwise = next((text(each["is"]) for each in cases if "pattern" not in each), text("error"))
    return sa.case(*steps, else_=otherwise) if steps else otherwise


def _checksum(compiler: Compiler, node: Operation) -> Piece:
    (piece,) = compiler.pieces(node.arguments)
    body = _definition(compiler, node).body
    parts = {
        "valid": _checksum_fits,
        "form": _fits_form,
        "character": _check_character,
        "strictness": _strictness,
    }
    part = parts[node.detail[1]]
    value = compiler.once(normalized(body, filled(piece)), lambda words: part(body, words.collate("C")))
    return Piece(node.kind, truth(value) if node.kind is Kind.BOOLEAN else value, piece.failed)


def _table(compiler: Compiler, node: Operation) -> Piece:
    """The rows stand in the statement; a prefix table answers for the longest key that the value begins with."""
    (piece,) = compiler.pieces(node.arguments)
    definition = _definition(compiler, node)
    body = definition.body
    found = _rows(definition, node.detail[1])
    keys, values = (sa.literal(list(each), sa.ARRAY(sa.Text())) for each in (found, found.values()))

    def looked_up(words: Value) -> Value:
        fits = "starts_with(lower({0}), k)" if body.get("match") == "prefix" else "lower({0}) = k"
        rows = "unnest({1}::text[], {2}::text[]) AS t(k, v)"
        form = f"SELECT v FROM {rows} WHERE {fits} ORDER BY length(k) DESC LIMIT 1"  # noqa: S608  all of it is our own
        value = Template(form, words.collate("C"), keys, values, type_=sa.Text())
        return sa.case((_fits_form(body, words.collate("C")), value))

    value = compiler.once(normalized(body, filled(piece)), looked_up)
    return Piece(node.kind, value.is_not(None) if node.kind is Kind.BOOLEAN else value, piece.failed)


def _rows(definition: FunctionDefinition, part: str) -> dict[str, str]:
    body = definition.body
    table = table_of(definition, body["data"], body["key"])
    column = body["values"][part] if part else None
    if len(table.places) > LARGEST_TABLE:
        message = f"{definition.name} has {len(table.places)} rows; formulas take tables of {LARGEST_TABLE} at most."
        raise Invalid.of("table_too_large", message)
    rows = {key: table.row(key) or {} for key in table.places}
    return {key: row.get(column, "") if column else "x" for key, row in rows.items()} or {"": ""}


DECLARED: dict[str, Function] = {"CHECKSUM": _checksum, "TABLE": _table}
