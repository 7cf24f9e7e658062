"""`chassis soql`: is this text a query? Nothing is started and no tenant asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from chassis_metadata.errors import ChassisError
from chassis_metadata.soql.check_text import check_text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Queries: SOQL and SOSL.")


@app.callback()
def soql() -> None:
    """Queries: SOQL and SOSL."""


@app.command("check")
def check(
    query: Annotated[str | None, typer.Argument(help="A query, such as 'SELECT Id FROM Lead'.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help='JSON lines with a "query" each; - reads them here.')] = None,
) -> None:
    """Say of each query, a line each, `ok` or what is wrong with it and where."""
    answers = list(_answers(query, jsonl))
    sys.stdout.writelines(f"{each}\n" for each in answers)
    if query is not None and answers != ["ok"]:
        raise typer.Exit(1)


def _answers(query: str | None, jsonl: Path | None) -> Iterator[str]:
    if query is not None:
        yield answer_to(query)
    if jsonl is not None:
        yield from answers_to(sys.stdin if str(jsonl) == "-" else jsonl.read_text(encoding="utf-8").splitlines())


def answers_to(lines: Iterable[str]) -> Iterator[str]:
    """An answer for each line that holds anything."""
    for line in lines:
        if line.strip():
            yield _answer_to_line(line)


def _answer_to_line(line: str) -> str:
    try:
        document = json.loads(line)
    except ValueError as error:
        return f"error: the line is no JSON: {error}"
    if not isinstance(document, dict) or not isinstance(document.get("query"), str):
        return 'error: the line must be an object with a "query"'
    return answer_to(document["query"], partial=document.get("partial") is True)


def answer_to(query: str, *, partial: bool = False) -> str:
    """`ok`, or `error: ` and what is wrong, on one line."""
    try:
        check_text(query, partial=partial)
    except ChassisError as error:
        return "error: " + " ".join(each.message.replace("\n", " ") for each in error.problems)
    return "ok"
