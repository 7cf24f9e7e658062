"""`chassis formula`: try formulas out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from chassis_platform.cli.shared import app, installed
from chassis_platform.formula_eval.evaluate import answers_to

formula_app = typer.Typer(no_args_is_help=True, help="Formulas: try them out.")
app.add_typer(formula_app, name="formula")


@formula_app.command("eval")
def formula_eval(
    formula: Annotated[str | None, typer.Argument(help="A formula without fields, such as 'ROUND(10/3, 2)'.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="JSON lines with formulas and fields; - reads them here.")] = None,
) -> None:
    """Compute formulas and print an answer a line: {"value": …} or {"error": …}."""
    with installed() as (_, prepared), psycopg.connect(prepared.urls.server, autocommit=True) as connection:
        for answer in answers_to(connection, formula, jsonl):
            sys.stdout.write(f"{answer}\n")
