"""Values out of texts that hold JSON."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis_metadata.expressions.json_paths import json_path
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.typed import Operation
from chassis_platform.sql.formulas.compiler import Compiler, Function
from chassis_platform.sql.formulas.pieces import Piece, Template, Value, any_failed, filled, text, truth
from chassis_platform.sql.formulas.texts import EMPTY

_JSON = pg.JSONB()
#: The inner CASE keeps PostgreSQL from casting a constant while it plans, before it asks whether that is valid.
_READ = "SELECT (CASE WHEN pg_input_is_valid({0}, 'jsonb') THEN {0} END)::jsonb"


def _read(compiler: Compiler, whole: Value) -> Value:
    """The JSON in a text; blank where the text is blank or no JSON."""
    return compiler.once(whole, lambda words: Template(_READ, words.collate("C"), type_=_JSON), _JSON)


def _value(compiler: Compiler, node: Operation) -> Piece:
    """JSONVALUE: the value of a key; a text that is no JSON fails."""
    (piece,) = compiler.pieces(node.arguments)
    whole = filled(piece)
    found = Template("{0} ->> {1}", _read(compiler, whole), text(node.detail[0]), type_=sa.Text())
    valid = sa.func.pg_input_is_valid(whole, sa.literal_column("'jsonb'"), type_=sa.Boolean())
    wrong = truth(sa.and_(whole != EMPTY, sa.not_(valid)))
    return Piece(Kind.TEXT, found, any_failed((piece.failed, wrong)))


def _path_value(compiler: Compiler, node: Operation) -> Piece:
    """JSONPATHVALUE: what a path leads to; blank where it leads nowhere or the text is no JSON."""
    (piece,) = compiler.pieces(node.arguments)
    path = json_path(node.detail[0])
    function = "jsonb_path_query_array" if path.leads_to_many else "jsonb_path_query_first"
    form = f"{function}({{0}}, {{1}}::jsonpath, '{{{{}}}}', true) #>> '{{{{}}}}'"
    found = Template(form, _read(compiler, filled(piece)), text(path.path), type_=sa.Text())
    return Piece(Kind.TEXT, found, piece.failed)


JSON: dict[str, Function] = {"JSONVALUE": _value, "JSONPATHVALUE": _path_value}
