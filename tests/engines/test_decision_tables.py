"""Decision tables: cells, hit policies, what the checks find, and the SQL beside a slow reading of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.check import check_package
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import LogicComponent
from chassis_metadata.errors import Invalid
from chassis_metadata.logic.decision_cells import read_condition
from chassis_metadata.logic.decision_overlaps import gap, overlaps
from chassis_metadata.logic.decision_table import DecisionTable, read_table
from chassis_metadata.logic.formula_of import formula_of
from chassis_metadata.package import read_package
from chassis_metadata.snapshot import Snapshot
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows
from chassis_tenants.statement import compile_statement
from package_folders import CRM, PLATFORM, package_of, write_folder

NUMBER = [{"name": "amount", "type": "number"}]
GRADE = [{"name": "grade", "type": "text"}]
Ask = Callable[..., Any]


def component(rows: Sequence[Sequence[Any]], **more: Any) -> LogicComponent:
    body = {"label": "Table", "inputs": NUMBER, "outputs": GRADE, "hit": "first", "rows": rows, **more}
    return LogicComponent("decision_table", "Grades", body)


def table(rows: Sequence[Sequence[Any]], **more: Any) -> DecisionTable:
    return read_table(component(rows, **more))


@pytest.fixture(scope="module")
def ask(owner_dsn: str) -> Any:
    """A function: the answer of a formula, with tables in force, by PostgreSQL; ERROR where it fails."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:

        def run(formula: str, *tables: LogicComponent) -> Any:
            logic: Mapping[str, Mapping[str, LogicComponent]] = {"decision_table": {each.name: each for each in tables}}
            snapshot = Snapshot("test", {}, {}, logic=logic)
            compiled = compile_expression(formula_of(snapshot, None, formula), Rows(snapshot, None, None))
            failed = sa.false() if compiled.failed is None else compiled.failed
            statement = compile_statement(sa.select(compiled.value, failed))
            [(value, has_failed)] = connection.execute(statement.text.encode(), statement.parameters).fetchall()
            return "ERROR" if has_failed else value

        yield run


@pytest.mark.parametrize(
    ("cell", "fits", "fits_not"),
    [
        ("-", [1, None], []),
        ("", [1, None], []),
        (5, [5], [4, None]),
        ("5", [5], [6]),
        (">= 5", [5, 6], [4, None]),
        ("< 5", [4], [5]),
        ("!= 5", [4], [5, None]),
        ("[1..5)", [1, 4], [0, 5]),
        ("]1..5]", [2, 5], [1, 6]),
        ("(1..5[", [2], [1, 5]),
        ("1, 3, [7..9]", [1, 3, 8], [2, 10]),
        ("not(1, > 5)", [2, 5], [1, 6, None]),
        ("null", [None], [0]),
        ("null, 3", [None, 3], [0]),
        ("not(null)", [0], [None]),
        ("-5", [-5], [5]),
    ],
)
def test_cells_are_read_as_dmn_reads_them(cell: Any, fits: list[Any], fits_not: list[Any], ask: Ask) -> None:
    condition = read_condition(cell, "number")
    made = component([[cell, "yes"]], outputs=[{"name": "grade", "type": "text", "default": "no"}])

    assert all(condition.fits(value) for value in fits)
    assert not any(condition.fits(value) for value in fits_not)
    for value in (*fits, *fits_not):
        shown = "NULL" if value is None else str(value)
        assert ask(f"GRADES({shown})", made) == ("yes" if value in fits else "no"), value


def test_texts_may_hold_commas_and_words_of_the_notation_in_quotes() -> None:
    condition = read_condition('"a, b", "not(c)", d e', "text")
    assert condition.tests == ("a, b", "not(c)", "d e")


@pytest.mark.parametrize("cell", [">= x", "[5..1]", "1,,2", '"open', "1..", "(1..2"])
def test_what_can_not_be_read_is_refused(cell: str) -> None:
    with pytest.raises(Invalid):
        read_condition(cell, "number")


def test_texts_have_no_order() -> None:
    with pytest.raises(Invalid, match="has no order"):
        read_condition("> a", "text")


def test_the_first_row_that_fits_answers(ask: Ask) -> None:
    made = component([[">= 10", "A"], [">= 5", "B"], ["-", "= TEXT(amount * 2)"]])

    assert [ask(f"GRADES({value})", made) for value in (10, 7, 2)] == ["A", "B", "4"]


def test_outputs_have_functions_of_their_own_and_defaults(ask: Ask) -> None:
    outputs = [*GRADE, {"name": "factor", "type": "number", "default": 1}]
    made = component([[">= 10", "A", 1.5]], outputs=outputs)

    assert ask("GRADES_FACTOR(11) * 2", made) == 3
    assert ask("GRADES_FACTOR(1)", made) == 1
    assert ask("ISBLANK(GRADES(1))", made) is True


@pytest.mark.parametrize(
    ("collect", "answer", "nothing"),
    [("sum", 6, 0), ("min", 1, None), ("max", 3, None), ("count", 3, 0), ("list", "3;1;2", None)],
)
def test_collected_outputs_are_put_together(collect: str, answer: Any, nothing: Any, ask: Ask) -> None:
    rows = [["> 0", 3], ["> 1", 1], ["> 2", 2], ["> 100", 50]]
    made = component(rows, hit="collect", collect=collect, outputs=[{"name": "points", "type": "number"}])

    assert ask("GRADES(5)", made) == answer
    assert ask("GRADES(0)", made) == nothing


def test_a_unique_table_fails_where_formulas_let_two_rows_fit(ask: Ask) -> None:
    made = component([["= amount > 5", "A"], ["= amount > 10", "B"]], hit="unique")

    assert [ask(f"GRADES({value})", made) for value in (7, 11)] == ["A", "ERROR"]


def test_other_kinds_than_numbers_and_texts(ask: Ask) -> None:
    inputs = [{"name": "day", "type": "date"}, {"name": "open", "type": "checkbox"}, {"name": "hour", "type": "time"}]
    rows = [["[2026-01-01..2026-02-01)", True, "< 12:00:00", "2026-03-01"]]
    made = component(rows, inputs=inputs, outputs=[{"name": "due", "type": "date"}])

    fits = 'GRADES(DATE(2026, 1, 31), TRUE, TIMEVALUE("08:00:00.000"))'
    assert str(ask(fits, made)) == "2026-03-01"
    assert ask(fits.replace("TRUE", "FALSE"), made) is None
    assert ask(fits.replace("1, 31", "2, 1"), made) is None


def test_overlapping_rows_are_found() -> None:
    found = table([[">= 10", "A"], ["[5..10]", "B"], ["< 5", "C"], ["= amount = 3", "D"]], hit="unique")
    assert list(overlaps(found)) == [(0, 1)]


def test_a_gap_is_found_with_an_example() -> None:
    inputs = [*NUMBER, {"name": "city", "type": "text"}]
    found = table([[">= 10", "-", "A"], ["< 10", "Shanghai", "B"]], inputs=inputs)
    assert gap(found) == ["below 10", "another text"]
    assert gap(table([[">= 10", "A"], ["< 10", "B"]])) is None


CELLS = st.one_of(
    st.just("-"),
    st.integers(0, 6).map(str),
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "!="]), st.integers(0, 6)).map(
        lambda each: f"{each[0]} {each[1]}"
    ),
    st.tuples(st.sampled_from("[("), st.integers(0, 3), st.integers(3, 6), st.sampled_from("])")).map(
        lambda each: f"{each[0]}{each[1]}..{each[2]}{each[3]}"
    ),
    st.lists(st.integers(0, 6), min_size=1, max_size=3).map(lambda each: f"not({', '.join(map(str, each))})"),
)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5)
VALUES = [Decimal(each) / 2 for each in range(-1, 14)]
TWO = [{"name": "amount", "type": "number"}, {"name": "other", "type": "number"}]


def slowly(rows: DecisionTable, *values: Decimal | None) -> list[int]:
    """The rows that fit, asked one by one."""
    return [
        place
        for place, row in enumerate(rows.rows)
        if all(condition.fits(value) for condition, value in zip(row.conditions, values, strict=True))
    ]


@given(ROWS)
def test_overlaps_and_gaps_agree_with_trying_all_values(cells: list[tuple[str, str]]) -> None:
    found = table([[*each, "x"] for each in cells], inputs=TWO)
    tried = [slowly(found, one, other) for one in VALUES for other in VALUES]

    met = {(one, other) for fits in tried for one in fits for other in fits if one < other}
    assert set(overlaps(found)) == met
    assert (gap(found) is None) == all(tried)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS, st.sampled_from(["first", "sum", "count"]), st.sampled_from([None, *VALUES]), st.sampled_from(VALUES))
def test_sql_answers_as_the_slow_reading_does(
    ask: Ask, cells: list[tuple[str, str]], policy: str, one: Decimal | None, other: Decimal
) -> None:
    more = {"hit": "first"} if policy == "first" else {"hit": "collect", "collect": policy}
    rows = [[*each, place + 1] for place, each in enumerate(cells)]
    made = component(rows, inputs=TWO, outputs=[{"name": "points", "type": "number"}], **more)

    fits = [place + 1 for place in slowly(read_table(made), one, other)]
    expected = {"first": fits[0] if fits else None, "sum": sum(fits), "count": len(fits)}[policy]
    assert ask(f"GRADES({'NULL' if one is None else one}, {other})", made) == expected


def problems(folder: Path, text: str, **files: str) -> list[tuple[str, str]]:
    base = package_of(folder / "platform", PLATFORM)
    more = {"decision_tables/Grades.yaml": text, **{f"decision_tables/{name}": each for name, each in files.items()}}
    try:
        package = read_package(write_folder(folder / "crm", CRM, more))
    except Invalid as invalid:
        return [(each.code, each.message) for each in invalid.problems]
    return [(each.code, each.message) for each in check_package(package, [base])]


HEAD = "label: T\nhit: unique\ninputs: [{name: amount, type: number}]\noutputs: [{name: grade, type: text}]\n"


@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        ("[['>= 5', A], ['>= 7', B], ['< 5', C]]", "overlapping_rows", "Rows 1 and 2 can fit at once"),
        ("[['>= 5', A]]", "decision_table_gap", "No row fits amount below 5"),
        ("[['-', A, B]]", "wrong_number_of_cells", "Row 1 has 3 cells"),
        ("[['>= big', A]]", "invalid_value", "Row 1, amount: 'big' is no number"),
        ("[['= amont > 1', A], ['-', '-']]", "unknown_name", "Did you mean 'amount'"),
        ("[['= amount', A]]", "wrong_kind", "a boolean is expected"),
    ],
)
def test_checks_tell_what_is_wrong_with_a_table(tmp_path: Path, rows: str, code: str, message: str) -> None:
    found = problems(tmp_path, f"{HEAD}rows: {rows}\n")
    assert any(each == code and message in text for each, text in found), found


def test_rows_may_lie_in_a_file(tmp_path: Path) -> None:
    text = f"{HEAD}rows_file: grades.csv\n"
    csv = "note,grade,amount\nhigh,A,>= 5\nlow,B,< 5\n"
    assert problems(tmp_path, text, **{"grades.csv": csv}) == []
    package = read_package(tmp_path / "crm")
    [found] = [each for each in package.logic if each.kind == "decision_table"]
    assert found.body["rows"] == [[">= 5", "A"], ["< 5", "B"]]
    snapshot = compile_snapshot([read_package(tmp_path / "platform"), package])
    assert formula_of(snapshot, None, "GRADES(5)").kind == "text"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("grades.csv", "grade\nA\n", "no column 'amount'"),
        ("grades.json", "{", "Expecting"),
        ("other.csv", "", "no such .csv or .json file"),
    ],
)
def test_a_file_that_can_not_be_read_is_told(tmp_path: Path, name: str, content: str, message: str) -> None:
    wanted = "grades.json" if name.endswith("json") else "grades.csv"
    [(code, text)] = problems(tmp_path, f"{HEAD}rows_file: {wanted}\n", **{name: content})
    assert code == "invalid_data_file"
    assert message in text


def test_a_table_that_is_renamed_keeps_nothing_of_the_old_name(ask: Ask) -> None:
    made = component([["-", "A"]])
    assert ask("NEWNAME(1)", replace(made, name="New_Name")) == "A"
    with pytest.raises(Invalid, match="There is no function GRADES"):
        ask("GRADES(1)", replace(made, name="New_Name"))
