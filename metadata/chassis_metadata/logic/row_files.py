"""Rows of decision tables that lie in a file beside them: CSV or JSON, read into the body when a folder is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chassis_metadata.errors import Problem

FOLDER = "decision_tables"
LARGEST_FILE = 1024 * 1024
_ENDINGS = (".csv", ".json")


def is_row_file(file: Path) -> bool:
    """Whether a file of the package (by its relative path) holds rows."""
    return len(file.parts) == 2 and file.parts[0] == FOLDER and file.suffix in _ENDINGS  # noqa: PLR2004


def attach_rows(folder: Path, tables: object) -> list[Problem]:
    """Put the rows of every `rows_file` into `rows`; what could not be read is answered."""
    problems: list[Problem] = []
    for name, body in tables.items() if isinstance(tables, dict) else ():
        file = body.get("rows_file") if isinstance(body, dict) else None
        if not isinstance(file, str):
            continue
        path = f"{FOLDER}.{name}.rows_file"
        if "rows" in body:
            problems.append(_problem(path, name, "invalid_value", "Give `rows` or `rows_file`, not both."))
            continue
        try:
            body["rows"] = _read(folder / FOLDER, file, body)
        except ValueError as error:
            problems.append(_problem(path, name, "invalid_data_file", f"{FOLDER}/{file}: {error}"))
    return problems


def _problem(path: str, name: str, code: str, message: str) -> Problem:
    return Problem(path, code, message, file=f"{FOLDER}/{name}.yaml", line=1)


def _read(folder: Path, file: str, body: dict[str, Any]) -> list[Any]:
    path = folder / file
    if Path(file).name != file or path.suffix not in _ENDINGS or path.is_symlink() or not path.is_file():
        raise ValueError("there is no such .csv or .json file beside the table.")
    content = path.read_bytes()
    if len(content) > LARGEST_FILE:
        raise ValueError(f"at most {LARGEST_FILE:,} bytes.")
    text = content.decode("utf-8-sig")  # what is no UTF-8 is a ValueError
    if path.suffix == ".csv":
        return list(_csv_rows(text, body))
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("a list of rows is expected.")  # noqa: TRY004  told as any other fault of the file
    return rows


def _csv_rows(text: str, body: dict[str, Any]) -> Iterator[list[str]]:
    """Cells in the order of the columns that the table declares; the file's first line names its own."""
    reader = csv.reader(io.StringIO(text))
    heading = [each.strip() for each in next(reader, [])]
    wanted = [str(each.get("name")) for key in ("inputs", "outputs") for each in body.get(key, ())]
    missing = [name for name in wanted if name not in heading]
    if missing:
        raise ValueError(f"its first line has no column {missing[0]!r}. It names the columns: {', '.join(wanted)}.")
    for cells in reader:
        if any(cell.strip() for cell in cells):
            by_name = dict(zip(heading, cells, strict=False))
            yield [by_name.get(name, "") for name in wanted]
