"""Encrypted fields in SQL: a value as it is handed out, what it is found by, and the marks of what goes in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from chassis_metadata.fields import CASELESS_TYPES
from chassis_metadata.masks import Mask
from chassis_metadata.snapshot import Field
from chassis_tenants.seal_marks import mask_in_mark, opening_of, to_find, to_find_either, to_seal
from chassis_tenants.sealing import IN_CLEAR, SEALED_FORM


class Sealed(FunctionElement[str]):
    """An encrypted value as SQL hands it out: a mark, which is opened where the row leaves the connection."""

    name = "sealed"
    inherit_cache = False

    def __init__(
        self, field: Field, record_id: ColumnElement[Any], stored: ColumnElement[Any], mask: Mask | None
    ) -> None:
        self.type = sa.Text()
        self.field, self.mask = field, mask
        self._parts = record_id, stored
        super().__init__(record_id, stored)

    def masked(self, mask: Mask) -> Sealed:
        """The same, of which the mask's text is shown."""
        return Sealed(self.field, *self._parts, mask)


@compiles(Sealed)
def _compile_sealed(element: Sealed, compiler: SQLCompiler, **options: Any) -> str:
    compiler.meets_sealed = True  # type: ignore[attr-defined]  # read by compile_statement
    record_id, stored = (compiler.process(each, **options) for each in element.clauses)
    either = element.field.conversion is not None
    opening = opening_of(place_of(element.field), either=either)
    content = _of_either_kind(stored) if either else f"({stored})"
    return f"('{opening}' || {record_id} || '|{mask_in_mark(element.mask)}|' || {content} || ';')"


def _of_either_kind(stored: str) -> str:
    """A value that may lie in clear: without the signs that mean something in a mark."""
    in_clear = f"'{IN_CLEAR}' || encode(convert_to({stored}, 'UTF8'), 'hex')"
    return f"CASE WHEN {stored} ~ '{SEALED_FORM}' THEN {stored} ELSE {in_clear} END"


class FoundBy(FunctionElement[str]):
    """What an encrypted field is compared by: it equals marks made by `to_find`."""

    name = "found_by"
    inherit_cache = False

    def __init__(self, found: ColumnElement[Any]) -> None:
        self.type = sa.Text(collation="C")
        super().__init__(found)


@compiles(FoundBy)
def _compile_found_by(element: FoundBy, compiler: SQLCompiler, **options: Any) -> str:
    compiler.meets_sealed = True  # type: ignore[attr-defined]  # read by compile_statement
    [found] = (compiler.process(each, **options) for each in element.clauses)
    return found


def place_of(field: Field) -> str:
    """What an encrypted value is bound to, besides tenant and record."""
    return f"{field.object_name}.{field.name}"


def form_of(field: Field, text: str) -> str:
    """A text in the form in which the field is compared."""
    return text.lower() if field.type in CASELESS_TYPES and not field.case_sensitive else text


def finding_mark(field: Field, text: str) -> str:
    """The mark of a value that an encrypted field is to be compared with; equal values have equal marks.

    Of a field that is converted, it stands in a list: it becomes two elements there.
    """
    made = to_find if field.conversion is None else to_find_either
    return made(place_of(field), form_of(field, text))


def index_mark(field: Field, text: str) -> str:
    """What the index of a tenant's own fields is to hold of a value of an encrypted field."""
    form = form_of(field, text)
    return to_find(place_of(field), form) if field.is_sealed_when_saved else form


def sealing_mark(field: Field, record_id: str, text: str) -> str:
    """The mark of a value that an encrypted field of a record is to hold."""
    return to_seal(place_of(field), record_id, text, form_of(field, text) if field.has_index else None)
