"""All functions of the language by name."""

from __future__ import annotations

from collections.abc import Mapping

from chassis_platform.sql.formulas.arithmetic import NUMBERS
from chassis_platform.sql.formulas.business import BUSINESS
from chassis_platform.sql.formulas.compiler import Function
from chassis_platform.sql.formulas.dates import DATES
from chassis_platform.sql.formulas.declared import DECLARED
from chassis_platform.sql.formulas.escapes import ENCODINGS
from chassis_platform.sql.formulas.formats import FORMATS
from chassis_platform.sql.formulas.json_values import JSON
from chassis_platform.sql.formulas.logic import LOGIC
from chassis_platform.sql.formulas.texts import TEXTS

FUNCTIONS: Mapping[str, Function] = {
    **LOGIC,
    **NUMBERS,
    **TEXTS,
    **FORMATS,
    **JSON,
    **ENCODINGS,
    **DATES,
    **BUSINESS,
    **DECLARED,
}
