"""Forms in which a value is searched besides its own; `chassis_tenants/tables.py` has an index for each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from chassis_metadata.soql.tree import SearchForm
from chassis_tenants.search_indexes import DIGITS, HAS_IDEOGRAPHS, HAS_SIGNS, PAIRS

Value = ColumnElement[Any]


def in_form(form: SearchForm, value: Value, bound: Value) -> ColumnElement[bool]:
    """Whether the value in this form is like what was bound."""
    if form is SearchForm.MISSPELLED:
        return value.op("%>", is_comparison=True)(bound)
    shape, condition = (PAIRS, HAS_IDEOGRAPHS) if form is SearchForm.PAIR else (DIGITS, HAS_SIGNS)
    pattern = _shaped(shape, bound) if form is SearchForm.PAIR else bound
    return sa.and_(value.op("~", is_comparison=True)(_literal(condition)), _shaped(shape, value).like(pattern))


def _shaped(shape: tuple[str, str], value: Value) -> Value:
    searched, replacement = shape
    return sa.func.regexp_replace(value, _literal(searched), _literal(replacement), _literal("g"), type_=sa.Text())


def _literal(text: str) -> ColumnElement[str]:
    """As the index has it: a parameter would be another expression."""
    return sa.literal_column(f"'{text}'", sa.Text())
