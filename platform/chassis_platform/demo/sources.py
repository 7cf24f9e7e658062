"""Where a step's rows come from: files of the package, rows in the plan, a count, records of an earlier step."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

from chassis_metadata.errors import Invalid
from chassis_platform.demo.expressions import Expression, Row, WeightedList, World

#: Fewer rows are never left out, however small the scale.
SMALLEST_SCALED = 12
EMPTY: Row = {}


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows before a step's own variables. Exactly one of the first five is given."""

    file: str | None = None
    inline: Sequence[Row] = ()
    count: Expression | None = None
    of_set: str | None = None
    cross: Sequence[RowSource] = ()
    where: Callable[[Row], bool] | None = None
    distinct: tuple[str, ...] = ()
    times: Expression | None = None
    limit: int | None = None
    whole: bool = False


def read_file(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file with a header line, or of a JSON array of objects; either may be compressed."""
    try:
        file = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise Invalid.of("no_such_file", f"{path} can't be read: {error.strerror}.", path=str(path)) from None
    with file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        if path.name.removesuffix(".gz").endswith(".json"):
            yield from json.load(text)
        else:
            yield from csv.DictReader(text)


def read_list(path: Path, column: str, weight: str | None, only: Mapping[str, Any]) -> WeightedList:
    """A column of a file as values to choose from; `only` names the values that other columns must have."""
    rows = (row for row in read_file(path) if all(row.get(name) == str(value) for name, value in only.items()))
    return WeightedList((row[column], float(row[weight]) if weight else 1.0) for row in rows)


def read_rows(
    source: RowSource, world: World, folder: Path, *, scale: float = 1.0, variables: Row = EMPTY
) -> Iterator[dict[str, Any]]:
    """The rows, over what the tenant's variables say, each with its number `n`, from 1 on."""
    rows: Iterable[Row] = ({**variables, **row} for row in _all_rows(source, world, folder, scale, variables))
    if source.where is not None:
        rows = filter(source.where, rows)
    if source.distinct:
        rows = _distinct(rows, source.distinct)
    if source.limit is not None:
        rows = islice(rows, source.limit)
    if source.times is not None:
        rows = _repeated(rows, source.times)
    for number, row in enumerate(rows, start=1):
        yield {**row, "n": number}


def _all_rows(source: RowSource, world: World, folder: Path, scale: float, variables: Row) -> Iterable[Row]:
    if source.file is not None:
        rows = read_file(folder / source.file)
        return rows if source.whole or scale >= 1 else _scaled(list(rows), scale)
    if source.count is not None:
        return ({} for _ in range(_scaled_count(int(source.count(variables)), 1.0 if source.whole else scale)))
    if source.of_set is not None:
        return world.sets[source.of_set].records
    if source.cross:
        parts = [list(read_rows(each, world, folder, scale=scale)) for each in source.cross]
        return ({name: value for part in parts for name, value in part.items()} for parts in product(*parts))
    return source.inline


def _scaled_count(count: int, scale: float) -> int:
    return count if scale >= 1 else min(count, max(SMALLEST_SCALED, round(count * scale)))


def _scaled(rows: Sequence[Row], scale: float) -> Sequence[Row]:
    """Rows at even distances, so that a small load still holds all sorts."""
    wanted = _scaled_count(len(rows), scale)
    return [rows[place * len(rows) // wanted] for place in range(wanted)]


def _distinct(rows: Iterable[Row], names: tuple[str, ...]) -> Iterator[Row]:
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = tuple(row.get(name) for name in names)
        if key not in seen:
            seen.add(key)
            yield row


def _repeated(rows: Iterable[Row], times: Expression) -> Iterator[Row]:
    """Each row as often as `times` says of it; `i` counts."""
    for row in rows:
        for place in range(1, int(times(row) or 0) + 1):
            yield {**row, "i": place}
