"""Declared functions in formulas: checksums and tables in pure SQL, expressions put in place."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from chassis_metadata.check.functions import check_functions
from chassis_metadata.check.look import Look
from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import FunctionDefinition
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.functions import evaluate
from chassis_metadata.package import read_package
from chassis_metadata.snapshot import Snapshot
from chassis_platform.clock import now
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows, formula_parameters
from chassis_tenants.statement import compile_statement

PACKAGES = Path(__file__).parents[2] / "packages"

Compute = Callable[..., Any]


@pytest.fixture(scope="module")
def automotive() -> Snapshot:
    return compile_snapshot([read_package(PACKAGES / name) for name in ("platform", "crm", "automotive")])


@pytest.fixture(scope="module")
def compute(owner_dsn: str, automotive: Snapshot) -> Compute:
    """The value of a formula that needs no record."""

    def run(formula: str, snapshot: Snapshot = automotive, **how: Any) -> Any:
        compiled = compile_expression(type_expression(formula, Scope(snapshot)), Rows(snapshot, None, None))
        statement = compile_statement(sa.select(compiled.value))
        parameters = {**statement.parameters, **formula_parameters(now(), "UTC", None, how.get("permissions", ()))}
        with psycopg.connect(owner_dsn) as connection:
            row = connection.execute(statement.text.encode(), parameters).fetchone()
        assert row is not None
        return row[0]

    return run


def test_what_an_argument_looks_up_is_written_once_and_not_in_each_of_its_places(automotive: Snapshot) -> None:
    inner, outer = 'ORDER_ITEM_REACHED("a")', 'ORDER_STEPS_OK("", "Effective", ORDER_ITEM_REACHED("a"))'

    written = [_written(each, automotive) for each in (inner, outer)]

    assert written[0].count("FROM tenant.logistics_event") == written[1].count("FROM tenant.logistics_event")
    assert "OFFSET 0) AS v" in written[1], "else PostgreSQL puts it in each place again"


def _written(formula: str, snapshot: Snapshot) -> str:
    compiled = compile_expression(type_expression(formula, Scope(snapshot)), Rows(snapshot, None, None))
    return compile_statement(sa.select(compiled.value)).text


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('VIN_CHECK_DIGIT("1M8GDM9AXKP042788")', "X"),
        ('VIN_CHECK_DIGIT("1M8GDM9AXKP042788", "valid")', True),
        ('VIN_CHECK_DIGIT(" 1m8gdm9axkp042788 ", "valid")', True),
        ('VIN_CHECK_DIGIT("1M8GDM9A1KP042788", "valid")', False),
        ('VIN_CHECK_DIGIT("1M8GDM9AXKP04278", "form")', False),
        ('VIN_ENFORCED("LSVAA4182E2184847")', True),
        ('VIN_ENFORCED("WBA12345678901234")', False),
        ('CN_ID_VALID("11010519491231002X")', True),
        ('CN_ID_VALID("11010519491231002x")', True),
        ('CN_ID_VALID("110105194912310021")', False),
        ('CN_ID_VALID("")', False),
        ('CN_PLATE_VALID("京A12345")', True),
        ('CN_PLATE_VALID("粤BD12345")', True),
        ('CN_PLATE_VALID("京I12345")', False),
        ('ORDER_STEP_OK("Sales", "NotEffective", "DepositPaid")', True),
        ('ORDER_STEP_OK("KeyAccount", "NotEffective", "DepositPaid")', False),
        ('ORDER_STEP_OK("PartsPurchase", "BranchReceived", "Closed")', True),
        ('ORDER_STEP_OK("Sales", "BranchReceived", "Closed")', False),
        ('DOC_DIRECTION_OK("In", "TransferIn")', True),
        ('DOC_DIRECTION_OK("Out", "TransferIn")', False),
        ('DOC_DIRECTION_OK("Out", "DeliveryOut")', True),
    ],
)
def test_the_packages_functions(compute: Compute, formula: str, expected: Any) -> None:
    assert compute(formula) == expected


def test_the_checksum_in_sql_agrees_with_the_interface(compute: Compute, automotive: Snapshot) -> None:
    for vin in ("LSVAA4182E2184847", "1M8GDM9AXKP042788", "WVWZZZ1JZXW000001", "abc", "1M8GDM9AXKP042789", "京" * 17):
        known = evaluate(automotive.functions["vin_check_digit"], vin)
        assert isinstance(known, Mapping)
        assert compute(f'VIN_CHECK_DIGIT("{vin}", "valid")') == known["valid"]
        assert compute(f'VIN_CHECK_DIGIT("{vin}", "strictness")') == known["strictness"]


def test_settings_and_permissions_are_known(compute: Compute, automotive: Snapshot) -> None:
    assert compute('IN($Setting.VinCheckDigitMode, "Auto")') is True
    permission = next(iter(getattr(automotive, "custom_permissions", {"Some": None})))
    assert compute(f"$Permission.{permission}", permissions=[permission]) is True
    assert compute(f"$Permission.{permission}") is False
    with pytest.raises(Invalid, match=r"Did you mean 'VinCheckDigitMode'\?"):
        compute("$Setting.VinCheckDigitMod")


def _function(name: str, kind: str, **body: Any) -> FunctionDefinition:
    return FunctionDefinition(name, name.title(), kind, body)


def _expression(name: str, formula: str, returns: str = "number", **arguments: str) -> FunctionDefinition:
    given = [{"name": each, "type": kind} for each, kind in arguments.items()]
    return _function(name, "expression", arguments=given, returns=returns, formula=formula)


def _with(snapshot: Snapshot, *functions: FunctionDefinition) -> Snapshot:
    return replace(snapshot, functions={each.name: each for each in functions})


@pytest.fixture(scope="module")
def table() -> FunctionDefinition:
    csv = base64.b64encode("code,en,zh\nA1,One,一\nA1B,Longer,长\n".encode()).decode()
    return _function(
        "area",
        "table",
        data="a.csv",
        key="code",
        match="prefix",
        values={"name": "en", "zh": "zh"},
        files={"a.csv": csv},
    )


def test_a_table_answers_its_row_and_whether_there_is_one(compute: Compute, automotive: Snapshot, table: Any) -> None:
    snapshot = _with(automotive, table)
    assert compute('AREA("a1bxx", "name")', snapshot) == "Longer"
    assert compute('AREA("A1", "zh")', snapshot) == "一"
    assert compute('AREA("B", "name")', snapshot) is None
    assert compute('AREA("A1")', snapshot) is True
    assert compute('AREA("")', snapshot) is False
    with pytest.raises(Invalid, match="AREA knows name, zh, not 'nam'"):
        compute('AREA("A1", "nam")', snapshot)


def test_expressions_call_each_other_with_their_arguments(compute: Compute, automotive: Snapshot) -> None:
    twice = _expression("twice", "x * 2", x="number")
    hyphened = _expression("four_times", "TWICE(TWICE(x)) + IF(ISBLANK(x), 1, 0)", x="number")
    snapshot = _with(automotive, twice, hyphened)
    assert compute("FOUR_TIMES(3) + fourtimes(1)", snapshot) == 16
    assert compute("BLANKVALUE(TWICE(NULL), -1)", snapshot) == -1


def test_a_set_stands_behind_in(compute: Compute, automotive: Snapshot) -> None:
    both = _expression("both", "SET(a, b, SET(a & b))", "text", a="text", b="text")
    snapshot = _with(automotive, both)
    assert compute('"xy" IN BOTH("x", "y")', snapshot) is True
    assert compute('"z" NOT IN BOTH("x", "y")', snapshot) is True
    with pytest.raises(Invalid, match="A set of values stands only after IN"):
        compute('BOTH("x", "y") & "z"', snapshot)


def test_a_function_cannot_use_itself(compute: Compute, automotive: Snapshot) -> None:
    snapshot = _with(automotive, _expression("ping", "PONG(x)", x="number"), _expression("pong", "PING(x)", x="number"))
    with pytest.raises(Invalid, match="a function cannot use itself"):
        compute("PING(1)", snapshot)


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (_expression("bad", "x + y", x="number"), "unknown_name"),
        (_expression("bad", "x", "date", x="number"), "wrong_kind"),
        (_expression("left", "x", x="number"), "duplicate_function"),
        (_function("odd", "table", pattern="a++", data="", key="", values={}), "invalid_pattern"),
    ],
)
def test_what_is_wrong_with_a_function_is_told(automotive: Snapshot, function: FunctionDefinition, code: str) -> None:
    package = replace(read_package(PACKAGES / "crm"), functions=(function,))
    snapshot = _with(automotive, function)
    assert [each.code for each in check_functions(Look(package, automotive, snapshot))] == [code]


def test_the_packages_functions_are_sound(automotive: Snapshot) -> None:
    package = read_package(PACKAGES / "automotive")
    assert list(check_functions(Look(package, automotive, automotive))) == []


#: The rest of the domain's functions, over objects that exist today: what is declared in packages when theirs do.
def test_functions_over_other_records_can_be_declared(automotive: Snapshot) -> None:
    slot_free = _expression(
        "slot_free",
        'LOOKUP("TimeSlot", MaxAppointments, Id = slot)'
        ' - COUNT("ServiceAppointment", Name <> "x" AND OwnerId = branch AND DATEVALUE(CreatedDate) = day)',
        branch="id",
        day="date",
        slot="id",
    )
    allowed = _expression(
        "fault_code_allowed",
        'EXISTS("CodeSet", Name = code AND Id = product) OR NOT(EXISTS("CodeSet", Id = product))',
        "boolean",
        product="id",
        code="text",
    )
    snapshot = _with(automotive, slot_free, allowed)
    scope = Scope(snapshot, snapshot.objects["ServiceAppointment"])
    formula = "OR(SLOT_FREE(OwnerId, TODAY(), Id) > 0, FAULT_CODE_ALLOWED(Id, Name))"
    assert type_expression(formula, scope).objects == {"TimeSlot", "ServiceAppointment", "CodeSet"}
