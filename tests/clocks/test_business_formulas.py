"""BUSINESS_MINUTES and ADD_BUSINESS_MINUTES answer what Python answers, for many rows in one statement."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis_metadata.compile import compile_snapshot
from chassis_metadata.components import Package
from chassis_metadata.errors import Invalid
from chassis_metadata.expressions.infer import type_expression
from chassis_metadata.expressions.kinds import Kind
from chassis_metadata.expressions.scope import Scope
from chassis_metadata.logic.business_hours import BusinessHours, hours_of
from chassis_metadata.logic.holiday_calendar import HolidayCalendar, Opening, SpecialDay
from chassis_metadata.snapshot import Snapshot
from chassis_platform.automation.business_time import add_business_minutes, business_minutes_between
from chassis_platform.sql.business_time import minutes_between, moment_after
from chassis_platform.sql.formulas.compile import compile_expression
from chassis_platform.sql.formulas.rows import Rows, formula_parameters
from chassis_tenants.database import Binding, Database
from chassis_tenants.statement import Statement, compile_statement
from chassis_tenants.tenant import Tenant
from clocks.helpdesk import HELPDESK
from package_folders import package_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOURS = BusinessHours(
    "Made up",
    week=((Opening(540, 720), Opening(780, 1080)),) * 5 + ((Opening(600, 840),), ()),
    calendars=(
        HolidayCalendar(
            "Made up",
            {
                datetime(2026, 3, 11, tzinfo=UTC).date(): SpecialDay("off"),
                datetime(2026, 3, 15, tzinfo=UTC).date(): SpecialDay("on", is_worked=True),
            },
            {"12-24": SpecialDay("half", within=(Opening(0, 660),))},
        ),
    ),
)
moments = st.datetimes(datetime(2026, 2, 1), datetime(2026, 4, 30)).map(  # noqa: DTZ001  a zone is put to it
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


async def _asked(database: Database, tenant: Tenant, text: str, **parameters: object) -> list[object]:
    [rows] = await database.read(Binding(tenant.id), Statement(text, parameters))
    return [row[0] for row in rows]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(moments, moments), min_size=5, max_size=20),
    zone=st.sampled_from([SHANGHAI, ZoneInfo("UTC")]),
)
async def test_the_minutes_between_are_those_of_python(
    database: Database, tenant: Tenant, pairs: list[tuple[datetime, datetime]], zone: ZoneInfo
) -> None:
    inner = minutes_between(_HOURS, "p.a", "p.b", f"'{zone.key}'")
    text = f"SELECT ({inner}) FROM unnest(%(a)s::timestamptz[], %(b)s::timestamptz[]) AS p (a, b)"  # noqa: S608

    found = await _asked(database, tenant, text, a=[a for a, _ in pairs], b=[b for _, b in pairs])

    expected = [business_minutes_between(_HOURS, a, b, zone) for a, b in pairs]
    assert [round(float(str(each)), 6) for each in found] == [round(each, 6) for each in expected]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(moments, st.integers(0, 20_000)), min_size=5, max_size=20))
async def test_the_moment_after_is_that_of_python(
    database: Database, tenant: Tenant, pairs: list[tuple[datetime, int]]
) -> None:
    inner = moment_after(_HOURS, "p.a", "p.n::numeric", "'Asia/Shanghai'")
    text = f"SELECT ({inner}) FROM unnest(%(a)s::timestamptz[], %(n)s::integer[]) AS p (a, n)"  # noqa: S608

    found = await _asked(database, tenant, text, a=[a for a, _ in pairs], n=[n for _, n in pairs])

    assert found == [add_business_minutes(_HOURS, a, n, SHANGHAI) for a, n in pairs]


@pytest.fixture(scope="module")
def snapshot(packages: dict[str, Package], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    helpdesk = package_of(tmp_path_factory.mktemp("helpdesk"), HELPDESK)
    return compile_snapshot([packages["platform"], helpdesk])


async def _value(database: Database, tenant: Tenant, snapshot: Snapshot, formula: str) -> tuple[object, object]:
    compiled = compile_expression(type_expression(formula, Scope(snapshot)), Rows(snapshot, None, None))
    failed = compiled.failed if compiled.failed is not None else sa.false()
    statement = compile_statement(sa.select(compiled.value, failed))
    now = datetime(2026, 3, 10, 2, tzinfo=UTC)
    bound = statement.bind(**formula_parameters(now, "UTC", None, (), {"timezone": "Asia/Shanghai"}))
    [rows] = await database.read(Binding(tenant.id), bound)
    return rows[0][0], rows[0][1]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ('BUSINESS_MINUTES(DATETIMEVALUE("2026-03-10 01:00:00"), DATETIMEVALUE("2026-03-10 03:30:00"))', 150),
        ('BUSINESS_MINUTES(DATETIMEVALUE("2026-02-14 01:00:00"), DATETIMEVALUE("2026-02-24 02:00:00"))', 600),
        ('BUSINESS_MINUTES(DATETIMEVALUE("2026-03-10 03:00:00"), DATETIMEVALUE("2026-03-10 02:00:00"), "Late")', 0),
        ('BUSINESS_MINUTES(DATETIMEVALUE("2026-03-10 06:00:00"), DATETIMEVALUE("2026-03-10 05:00:00"), "Late")', -60),
        ("BUSINESS_MINUTES(NOW(), NULL)", None),
        ('TEXT(ADD_BUSINESS_MINUTES(DATETIMEVALUE("2026-02-14 09:30:00"), 60))', "2026-02-24 01:30:00Z"),
        ('TEXT(ADD_BUSINESS_MINUTES(NOW(), 0, "Late"))', "2026-03-10 02:00:00Z"),
        ("ADD_BUSINESS_MINUTES(NULL, 5)", None),
    ],
)
async def test_formulas_measure_by_the_hours_of_the_metadata(
    database: Database, tenant: Tenant, snapshot: Snapshot, formula: str, value: object
) -> None:
    assert await _value(database, tenant, snapshot, formula) == (value, False)


@pytest.mark.parametrize(
    "formula",
    [
        'BUSINESS_MINUTES(DATETIMEVALUE("1900-01-01 00:00:00"), NOW())',
        'BUSINESS_MINUTES(DATETIMEVALUE("0001-01-01 00:00:00"), DATETIMEVALUE("9999-12-31 23:59:59"))',
        "ADD_BUSINESS_MINUTES(NOW(), -1)",
        "ADD_BUSINESS_MINUTES(NOW(), 10 ^ 12)",
        'ADD_BUSINESS_MINUTES(DATETIMEVALUE("9999-12-31 00:00:00"), 10000)',
    ],
)
async def test_what_has_no_answer_fails_and_raises_nothing(
    database: Database, tenant: Tenant, snapshot: Snapshot, formula: str
) -> None:
    assert await _value(database, tenant, snapshot, formula) == (None, True)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ('BUSINESS_MINUTES(NOW(), NOW(), "Ofice")', "unknown_business_hours"),
        ("BUSINESS_MINUTES(NOW(), NOW(), TEXT(1))", "hours_expected"),
        ("BUSINESS_MINUTES(NOW())", "wrong_argument_count"),
        ("BUSINESS_MINUTES(TODAY(), NOW())", "wrong_kind"),
        ("ADD_BUSINESS_MINUTES(NOW(), NOW())", "wrong_kind"),
    ],
)
def test_wrong_hours_and_kinds_are_told(snapshot: Snapshot, formula: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        type_expression(formula, Scope(snapshot))

    assert [each.code for each in caught.value.problems] == [code]


def test_an_answer_that_changes_with_the_hours_is_not_stored(snapshot: Snapshot) -> None:
    expression = type_expression("BUSINESS_MINUTES(X, X)", Scope(snapshot, variables={"X": Kind.DATETIME}))

    assert not expression.is_deterministic


async def test_ten_thousand_rows_are_measured_in_a_statement(
    database: Database, tenant: Tenant, snapshot: Snapshot
) -> None:
    office = hours_of(snapshot)["Office"]
    inner = moment_after(office, "p.a", "60::numeric", "'Asia/Shanghai'")
    text = f"""
    SELECT count(({inner})) FROM (
        SELECT %(now)s::timestamptz + n * interval '7 minutes' AS a FROM generate_series(1, 10000) AS n) AS p
    """  # noqa: S608

    assert await _asked(database, tenant, text, now=datetime(2026, 3, 1, tzinfo=UTC)) == [10_000]
