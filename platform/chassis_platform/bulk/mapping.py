"""The mapping of an import: which column goes where, what its values mean, what is the same for all rows.

    {"columns": {"Firma": "Company", "Status": {"field": "Status", "values": {"neu": "New"}, "otherwise": "Working"}},
     "constants": {"LeadSource": "Web"}}

A column that is not named is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis_metadata.errors import Invalid, Problem
from chassis_metadata.snapshot import Object
from chassis_platform.access.context import Context
from chassis_platform.bulk.columns import MOST_COLUMNS, ReadRow, check_columns, check_header, reader_of
from chassis_platform.bulk.csv_rows import Cells
from chassis_platform.plan.forms import form_for

_KEYS = frozenset({"columns", "constants"})
_COLUMN_KEYS = frozenset({"field", "values", "otherwise"})
_MOST_VALUES = 5_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a column goes. `values` is what its values become, `otherwise` what others become; else they stay."""

    field: str
    values: Mapping[str, str]
    otherwise: str | None = None

    def value(self, cell: str) -> str:
        """The cell as the field gets it."""
        if not self.values:
            return cell
        found = self.values.get(cell.strip())
        if found is not None:
            return found
        return cell if self.otherwise is None or not cell.strip() else self.otherwise


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A whole mapping, by the columns' headings."""

    columns: Mapping[str, Target]
    constants: Mapping[str, str]

    @property
    def fields(self) -> list[str]:
        """Everything that a record gets."""
        return [*(each.field for each in self.columns.values()), *self.constants]


def read_mapping(document: object) -> ColumnMapping:
    """A mapping as it was sent; all that is wrong with its form at once."""
    problems: list[Problem] = []
    if not isinstance(document, Mapping):
        raise _wrong("mapping", "must be an object with columns and constants")
    problems += [_problem(f"mapping.{key}", "is no key of a mapping") for key in sorted(set(document) - _KEYS)]
    columns, constants = document.get("columns", {}), document.get("constants", {})
    if not isinstance(columns, Mapping) or not isinstance(constants, Mapping) or len(columns) > MOST_COLUMNS:
        raise _wrong("mapping", f"columns and constants must be objects, of at most {MOST_COLUMNS} keys")
    targets = {name: _target(name, each, problems) for name, each in columns.items()}
    problems += [
        _problem(f"mapping.constants.{name}", "must be a text")
        for name, value in constants.items()
        if not isinstance(value, str)
    ]
    read = ColumnMapping({name: each for name, each in targets.items() if each is not None}, dict(constants))
    problems += _repeated(read)
    if problems:
        raise Invalid(problems)
    return read


def _target(name: str, sent: object, problems: list[Problem]) -> Target | None:
    path = f"mapping.columns.{name}"
    if isinstance(sent, str):
        return Target(sent, {})
    if not isinstance(sent, Mapping) or not isinstance(sent.get("field"), str) or set(sent) - _COLUMN_KEYS:
        problems.append(_problem(path, f"must be a field's name, or an object with {', '.join(sorted(_COLUMN_KEYS))}"))
        return None
    values, otherwise = sent.get("values", {}), sent.get("otherwise")
    is_fine = isinstance(values, Mapping) and len(values) <= _MOST_VALUES
    if not is_fine or not all(isinstance(each, str) for each in values.values()):
        problems.append(_problem(f"{path}.values", f"must be an object of at most {_MOST_VALUES} texts"))
        return None
    if otherwise is not None and not isinstance(otherwise, str):
        problems.append(_problem(f"{path}.otherwise", "must be a text"))
        return None
    return Target(sent["field"], dict(values), otherwise)


def _repeated(mapping: ColumnMapping) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for name in mapping.fields:
        if name.lower() in seen:
            problems.append(_problem("mapping", f"{name} gets its value twice"))
        seen.add(name.lower())
    return problems


def _problem(path: str, message: str) -> Problem:
    return Problem(path, "invalid_mapping", f"{path} {message}.")


def _wrong(path: str, message: str) -> Invalid:
    return Invalid(_problem(path, message))


def check_mapping(context: Context, obj: Object, operation: str, mapping: ColumnMapping, header: Sequence[str]) -> None:
    """Refuse columns that the file has not, and fields that mean nothing to this user."""
    there = {name.strip() for name in header}
    missing = [name for name in mapping.columns if name.strip() not in there]
    if missing:
        raise Invalid([_problem(f"mapping.columns.{name}", "is no column of the file") for name in missing])
    if not mapping.fields:
        raise _wrong("mapping", "names no field")
    check_header(mapping.fields)
    check_columns(context, obj, operation, mapping.fields)


def mapped_reader(header: Sequence[str], mapping: ColumnMapping) -> ReadRow:
    """The function that reads the file's rows by the mapping."""
    by_name = {name.strip(): target for name, target in mapping.columns.items()}
    places = [(place, by_name[name.strip()]) for place, name in enumerate(header) if name.strip() in by_name]
    constants = list(mapping.constants.values())
    read = reader_of([*(target.field for _, target in places), *mapping.constants])

    def read_mapped(cells: Cells) -> Mapping[str, Any]:
        return read([*(target.value(cells[place]) for place, target in places), *constants])

    return read_mapped


def suggested(context: Context, obj: Object, header: Sequence[str]) -> dict[str, str]:
    """Which column probably goes where: by the field's name, or by its label in the user's language."""
    known: dict[str, str] = {}
    for name in form_for(context, obj, creating=True).converters:
        field = obj.fields[name]
        key = f"objects.{obj.name}.fields.{name}.label"
        for each in (context.snapshot.text(context.principal.language, key, field.label), field.label, name):
            known[_plain(each)] = name
    found: dict[str, str] = {}
    for column in header:
        field_name = known.get(_plain(column))
        if field_name is not None and field_name not in found.values():
            found[column] = field_name
    return found


def _plain(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalnum())
